"""``manage.py submit``: see ``ml/verbs/submit.py``."""

from webplatform.training.management.commands._verb import command_for

Command = command_for("submit")
