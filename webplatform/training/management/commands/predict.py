"""``manage.py predict``: see ``ml/verbs/predict.py``."""

from webplatform.training.management.commands._verb import command_for

Command = command_for("predict")
