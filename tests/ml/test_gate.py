"""Which pictures lie too far from what is known."""

from dataclasses import replace

import numpy as np
import pytest

from ml import bundle, gate_fitting
from ml.appearance import FEATURES, describe
from ml.gate import Domain, Gate, looks_of
from ml.gate_fitting import Group, Strangers
from ml.strangers import KINDS, disguised, made_up
from tests.ml.made_up import made_up_picture

SIZE = 64


def cloud(seed: int, n: int = 2000, dimensions: int = 20) -> np.ndarray:
    """Return vectors that vary widely in three directions, little in all others."""
    chance = np.random.default_rng(seed)
    scales = np.full(dimensions, 0.3)
    scales[:3] = (5, 3, 2)
    return chance.normal(size=(n, dimensions)) * scales + 4


@pytest.fixture
def domain() -> Domain:
    return gate_fitting.fit_domain(cloud(1), 3)


def test_known_vectors_lie_about_1_away(domain):
    assert domain.distance(cloud(1)).mean() == pytest.approx(1, abs=0.02)
    assert domain.distance(cloud(3)).mean() == pytest.approx(1, abs=0.05)


def test_distance_counts_deviations_along_free_directions_and_across_them(domain):
    centre = cloud(1).mean(axis=0)
    along, across = np.zeros(20), np.zeros(20)
    along[0], across[10] = 5, 5
    one, twenty, out = domain.distance(centre + np.stack([along, 20 * along, across]))
    assert one == pytest.approx(1 / 20, rel=0.1)  # one deviation in one of 20 dimensions
    assert twenty == pytest.approx(400 / 20, rel=0.1)
    assert out == pytest.approx((5 / 0.3) ** 2 / 20, rel=0.1)


def test_fewer_vectors_than_directions_are_enough():
    small = gate_fitting.fit_domain(cloud(1, n=10), 64)
    assert np.isfinite(small.distance(cloud(2))).all()


def test_no_source_is_refused_more_often_than_asked_however_rare_it_is():
    chance = np.random.default_rng(0)
    values = np.concatenate([chance.normal(0, 1, 5000), chance.normal(3, 1, 200)])
    sources = np.repeat(["large", "small"], [5000, 200])
    limit = gate_fitting.limit(values, sources, 0.01)
    for source in ("large", "small"):
        assert (values[sources == source] > limit).mean() <= 0.01
    assert (values[sources == "small"] > limit).any()  # and no wider than that


def skin(seed: int, n: int) -> np.ndarray:
    chance = np.random.default_rng(seed)
    return np.stack([np.asarray(made_up_picture(chance, SIZE)) for _ in range(n)])


def engine(pixels: np.ndarray):
    """Answer like a network whose textures say nothing about a picture."""
    n = len(pixels)
    return np.zeros(n), cloud(int(pixels.sum()) % 1000, n), np.zeros((n, 1, 2, 2))


def looks(pixels: np.ndarray) -> np.ndarray:
    return looks_of(pixels, engine(pixels)[1])


def group(seed: int, n: int) -> Group:
    return Group(looks(skin(seed, n)), np.array(["a", "b"])[np.arange(n) % 2])


@pytest.fixture(scope="module")
def taught() -> Strangers:
    return gate_fitting.teachers(skin(3, 10), SIZE, engine)


@pytest.fixture(scope="module")
def fitted(taught) -> Gate:
    return gate_fitting.fit(group(1, 300), group(2, 300), taught)


def test_a_gate_lets_skin_pass_and_refuses_what_is_drawn(fitted):
    assert fitted.refuses(looks(skin(5, 100))).mean() < 0.1
    for kind, picture in made_up(SIZE, seed=9, each=5):
        pixels = np.asarray(picture)[None]
        assert fitted.refuses(looks(pixels))[0], kind


def test_a_gate_refuses_a_lesion_in_colours_that_no_skin_has(fitted):
    from PIL import Image

    for pixels in skin(7, 5):
        for kind, picture in disguised(Image.fromarray(pixels)):
            assert fitted.refuses(looks(np.asarray(picture)[None]))[0], kind


@pytest.mark.parametrize("kind", ["text", "inverted lesions", "scenes"])
def test_a_gate_refuses_a_kind_that_it_has_not_learnt_from(taught, kind):
    rest = taught.without(kind)
    assert kind not in rest.kinds
    assert len(rest.kinds) < len(taught.kinds)
    gate = gate_fitting.fit(group(1, 300), group(2, 300), rest)
    assert gate.refuses(taught.looks[taught.kinds == kind]).mean() > 0.9


def test_a_texture_that_no_skin_has_is_enough_to_refuse(fitted):
    known, there = skin(5, 1), cloud(5, 1)
    assert not fitted.refuses(looks_of(known, there))[0]
    assert fitted.refuses(looks_of(known, there + 30))[0]


def test_each_question_alone_refuses(fitted):
    good = looks(skin(5, 1))
    usual = fitted.answers(good)[0]
    for question in range(2):
        centres = fitted.centres.copy()
        centres[question] = usual[question] - 10 * fitted.reaches[question]
        strange = replace(fitted, centres=centres)
        assert strange.strangeness(good)[0] == pytest.approx(10)


def test_a_gate_survives_the_file(fitted, tmp_path):
    facts = bundle.write_gate(tmp_path / "gate.safetensors", fitted)
    after = bundle.read_gate(tmp_path / "gate.safetensors", facts)
    fresh = looks(skin(8, 50))
    assert after.limit == fitted.limit
    assert after.strangeness(fresh) == pytest.approx(fitted.strangeness(fresh), rel=1e-6)


def test_the_description_is_finite_numbers_even_of_a_plain_picture():
    plain = np.stack([np.full((32, 32, 3), value, np.uint8) for value in (0, 120, 255)])
    assert describe(plain).shape == (3, FEATURES)
    assert np.isfinite(describe(plain)).all()


def test_one_picture_is_described_as_it_is_among_others():
    batch = skin(0, 3)
    assert describe(batch[1:2])[0] == pytest.approx(describe(batch)[1])


def test_the_same_seed_draws_the_same_strangers_another_one_others():
    first, again, other = (
        [np.asarray(picture) for _, picture in made_up(32, seed, 2)] for seed in (1, 1, 2)
    )
    assert len(first) == 2 * len(KINDS)
    assert all((one == two).all() for one, two in zip(first, again, strict=True))
    assert not any((one == two).all() for one, two in zip(first, other, strict=True))
