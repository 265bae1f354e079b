"""``manage.py evaluate``: see ``ml/verbs/evaluate.py``."""

from webplatform.training.management.commands._verb import command_for

Command = command_for("evaluate")
