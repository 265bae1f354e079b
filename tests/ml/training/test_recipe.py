"""A recipe is typed, and whatever it does not know is an error."""

from pathlib import Path

import pytest

import ml
from ml.training.recipe import Recipe, RecipeError, read


def test_the_command_line_goes_before_the_file(tmp_path):
    file = tmp_path / "recipe.toml"
    file.write_text('model = "resnet18"\nepochs = 3\nheld_out = [2, 4]\nlr = 1\n')
    recipe = read(file, ["epochs=7", "pretrained=true", "target=9-class", "mixup=0.2"])
    assert recipe == Recipe(
        model="resnet18",
        epochs=7,
        held_out=(2, 4),
        lr=1.0,
        pretrained=True,
        target="9-class",
        mixup=0.2,
    )
    assert type(recipe.lr) is float


def test_first_weights_are_found_beside_the_recipe(tmp_path):
    file = tmp_path / "recipe.toml"
    file.write_text('init = "weights.safetensors"\n')
    assert read(file).init == str(tmp_path / "weights.safetensors")
    assert read(file).plain()["init"] == "weights.safetensors"


def test_teachers_are_found_beside_the_recipe_and_recorded_without_their_folder(tmp_path):
    file = tmp_path / "recipe.toml"
    file.write_text('teachers = ["runs/a", "runs/b"]\n')
    recipe = read(file)
    assert recipe.teachers == (str(tmp_path / "runs" / "a"), str(tmp_path / "runs" / "b"))
    assert recipe.plain()["teachers"] == ["a", "b"]
    assert read(file, ['teachers=["c"]']).teachers == ("c",)


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("epoch=3", "no recipe has epoch; known are model"),
        ("epochs", "not of the form key=value"),
        ("epochs=3.5", "epochs is 3.5, which is not a whole number"),
        ("epochs=true", "epochs is True, which is not a whole number"),
        ("epochs=many", "epochs is 'many'"),
        ("lr=fast", "lr is 'fast', which is not a number"),
        ("pretrained=1", "not true or false"),
        ("target=8-class", "not binary or 3-class or 4-class or 9-class"),
        ("held_out=1", "not a list of whole numbers"),
        ("held_out=[1.5]", "not a list of whole numbers"),
        ("model=3", "not a text"),
        ("epochs=0", "makes no sense"),
        ("dropout=2", "makes no sense"),
        ("held_out=[1, 1]", "held_out"),
        ("freeze_epochs=10", "freeze_epochs"),
        ("teachers=runs/a", "not a list of texts"),
        ("teachers=[1]", "not a list of texts"),
        ("teacher_weight=1.5", "makes no sense"),
        ("keep_head=true", "keep_head without init"),
        ("temperature=0", "temperature"),
    ],
)
def test_what_makes_no_sense_is_named(override, says):
    with pytest.raises(RecipeError, match=says.replace("(", r"\(")):
        read(None, [override])


def test_a_file_that_is_no_toml_is_named(tmp_path):
    (tmp_path / "recipe.toml").write_text("epochs: 3")
    with pytest.raises(RecipeError, match=r"recipe\.toml"):
        read(tmp_path / "recipe.toml")


@pytest.mark.parametrize("name", ["default", "finish"])
def test_the_recipes_of_the_shipped_model_are_recipes(name):
    made = read(Path(ml.__file__).parent / "recipes" / f"{name}.toml")
    assert (made.model, made.held_out) == ("mobilenetv2_100", (0, 1))
