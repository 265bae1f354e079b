"""``manage.py fetch``: see ``ml/verbs/fetch.py``."""

from webplatform.training.management.commands._verb import command_for

Command = command_for("fetch")
