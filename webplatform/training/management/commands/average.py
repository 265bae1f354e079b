"""``manage.py average``: see ``ml/verbs/average.py``."""

from webplatform.training.management.commands._verb import command_for

Command = command_for("average")
