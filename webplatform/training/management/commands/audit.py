"""``manage.py audit``: see ``ml/verbs/audit.py``."""

from webplatform.training.management.commands._verb import command_for

Command = command_for("audit")
