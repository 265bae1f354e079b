"""The site's door to the verbs of ``ml``: ``manage.py VERB`` is ``python -m ml VERB``."""

import sys
from argparse import Namespace

from django.core.management.base import BaseCommand

from ml.verbs import VERBS


def command_for(name: str) -> type[BaseCommand]:
    """Return the management command of one verb, with the verb's own arguments."""
    verb = VERBS[name]

    class Command(BaseCommand):
        help = verb.help
        requires_system_checks = []

        def add_arguments(self, parser) -> None:
            verb.add_arguments(parser)

        def handle(self, *args, **options) -> None:
            if status := verb.run(Namespace(**options)):
                sys.exit(status)

    return Command
