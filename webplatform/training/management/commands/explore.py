"""``manage.py explore``: see ``ml/verbs/explore.py``."""

from webplatform.training.management.commands._verb import command_for

Command = command_for("explore")
