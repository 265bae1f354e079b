"""The runs that a run builds on: its teachers, and the one whose weights it begins with.

Whatever one of them has learnt is no longer unseen. So a picture that a run holds
out must have been held out by all of them.
"""

from pathlib import Path
from typing import Any

from ml import runs
from ml.data.store import Store, sha256
from ml.training.recipe import Recipe, RecipeError

KEPT = (
    "recipe",
    "trained_on",
    "processes",
    "seconds",
    "began_with",
    "first_weights",
    "averaged",
    "judged_at",
)


def check(facts: dict[str, Any], name: str, recipe: Recipe, store: Store) -> None:
    """Raise ``RecipeError`` where a run may have learnt from what the recipe holds out."""
    if facts["folds"]["sha256"] != store.folds_sha256():
        raise RecipeError(
            f"{name} was trained with other folds than {store.folder} has: "
            "it may have learnt from what this run holds out"
        )
    if learnt := sorted(set(recipe.held_out) - set(facts["recipe"]["held_out"])):
        folds = ", ".join(map(str, learnt))
        raise RecipeError(
            f"{name} has learnt from fold {folds}, which this run holds out: "
            "the figures would be of pictures that it was told about"
        )
    if sources := sorted(set(recipe.without) - set(facts["recipe"].get("without", []))):
        raise RecipeError(
            f"{name} has learnt from {', '.join(sources)}, without which this run is to learn"
        )


def check_beginning(recipe: Recipe, store: Store) -> None:
    """Raise ``RecipeError`` where the first weights are of a run that knows too much.

    Nobody can tell of weights that do not lie in the folder of a run.
    """
    if facts := _facts(recipe):
        check(facts, f"the run of {recipe.init}", recipe, store)


def beginning(recipe: Recipe) -> dict[str, Any] | None:
    """Return what to remember of the run whose weights a recipe begins with, if it is one."""
    if not (facts := _facts(recipe)):
        return None
    kept = {key: facts[key] for key in KEPT if key in facts}
    return kept | {"epochs": len(facts["history"]), "sha256": sha256(Path(recipe.init))}


def _facts(recipe: Recipe) -> dict[str, Any] | None:
    folder = Path(recipe.init).parent
    if not recipe.init or not (folder / runs.FACTS).is_file():
        return None
    return runs.read_facts(folder)
