"""``manage.py select``: see ``ml/verbs/select.py``."""

from webplatform.training.management.commands._verb import command_for

Command = command_for("select")
