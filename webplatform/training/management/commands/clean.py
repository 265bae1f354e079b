"""``manage.py clean``: see ``ml/verbs/clean.py``."""

from webplatform.training.management.commands._verb import command_for

Command = command_for("clean")
