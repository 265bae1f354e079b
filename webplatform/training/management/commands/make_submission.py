"""``manage.py make_submission``: another name for ``manage.py submit``."""

from webplatform.training.management.commands._verb import command_for

Command = command_for("submit")
