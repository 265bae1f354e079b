"""What one can do with the package, declared once for every door.

``python -m ml VERB`` and the site's management commands both read ``VERBS``.
Each verb imports what it needs only when it runs: ``predict`` never loads the
training stack, and asking for help loads nothing.
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import dataclass

from ml.verbs import (
    audit,
    average,
    bundle,
    clean,
    evaluate,
    explore,
    fetch,
    folds,
    ingest,
    lr_find,
    metadata,
    predict,
    select,
    submit,
    train,
)


@dataclass(frozen=True)
class Verb:
    """A command: its arguments, and what runs them and returns the exit status."""

    help: str
    add_arguments: Callable[[ArgumentParser], None]
    run: Callable[[Namespace], int]


VERBS = {
    module.__name__.rpartition(".")[2]: Verb(module.HELP, module.add_arguments, module.run)
    for module in (
        fetch,
        ingest,
        explore,
        audit,
        clean,
        folds,
        metadata,
        lr_find,
        train,
        average,
        evaluate,
        select,
        bundle,
        predict,
        submit,
    )
}
