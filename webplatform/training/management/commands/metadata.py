"""``manage.py metadata``: see ``ml/verbs/metadata.py``."""

from webplatform.training.management.commands._verb import command_for

Command = command_for("metadata")
