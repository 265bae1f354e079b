"""``manage.py ingest``: see ``ml/verbs/ingest.py``."""

from webplatform.training.management.commands._verb import command_for

Command = command_for("ingest")
