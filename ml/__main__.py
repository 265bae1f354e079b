"""``python -m ml VERB``."""

import argparse
import sys

from ml.verbs import VERBS


def main(argv: list[str] | None = None) -> int:
    """Run one verb and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m ml", description=__doc__)
    commands = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for name, verb in VERBS.items():
        verb.add_arguments(commands.add_parser(name, help=verb.help, description=verb.help))
    args = parser.parse_args(argv)
    return VERBS[args.verb].run(args)


if __name__ == "__main__":
    sys.exit(main())
