"""``manage.py folds``: see ``ml/verbs/folds.py``."""

from webplatform.training.management.commands._verb import command_for

Command = command_for("folds")
