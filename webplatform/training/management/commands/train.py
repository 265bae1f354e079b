"""``manage.py train``: see ``ml/verbs/train.py``."""

from webplatform.training.management.commands._verb import command_for

Command = command_for("train")
