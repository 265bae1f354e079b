"""``manage.py bundle``: see ``ml/verbs/bundle.py``."""

from webplatform.training.management.commands._verb import command_for

Command = command_for("bundle")
