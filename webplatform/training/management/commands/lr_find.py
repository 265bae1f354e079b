"""``manage.py lr_find``: see ``ml/verbs/lr_find.py``."""

from webplatform.training.management.commands._verb import command_for

Command = command_for("lr_find")
