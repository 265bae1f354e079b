"""Which vectors lie too far from what is known."""

import numpy as np
import pytest

from ml import bundle, gate
from ml.appearance import describe
from ml.strangers import made_up
from tests.ml.made_up import made_up_picture


def cloud(seed: int, n: int = 2000, dimensions: int = 20) -> np.ndarray:
    """Return vectors that vary widely in three directions, little in all others."""
    chance = np.random.default_rng(seed)
    scales = np.full(dimensions, 0.3)
    scales[:3] = (5, 3, 2)
    return chance.normal(size=(n, dimensions)) * scales + 4


@pytest.fixture
def domain() -> gate.Domain:
    return gate.fit(cloud(1), cloud(2), directions=3, refused=0.02)


def test_known_vectors_lie_about_1_away(domain):
    assert domain.distance(cloud(1)).mean() == pytest.approx(1, abs=0.02)
    assert domain.distance(cloud(3)).mean() == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("refused", [0.0, 0.01, 0.1])
def test_the_share_asked_of_those_held_out_is_refused(refused):
    domain = gate.fit(cloud(1), cloud(2), directions=3, refused=refused)
    assert domain.excludes(cloud(2)).mean() == pytest.approx(refused, abs=0.001)
    assert domain.excludes(cloud(3)).mean() == pytest.approx(refused, abs=0.02)


def test_far_vectors_are_excluded_along_free_directions_and_across_them(domain):
    centre = cloud(1).mean(axis=0)
    along, across = np.zeros(20), np.zeros(20)
    along[0], across[10] = 5, 5
    assert not domain.excludes(centre[None] + along)[0]  # one deviation
    assert domain.excludes(centre[None] + 20 * along)[0]
    assert domain.excludes(centre[None] + across)[0]  # 17 deviations


def test_fewer_vectors_than_directions_are_enough():
    domain = gate.fit(cloud(1, n=10), cloud(2), directions=64, refused=0.05)
    assert np.isfinite(domain.limit)
    assert domain.excludes(cloud(2)).mean() == pytest.approx(0.05, abs=0.001)


def test_a_gate_survives_the_file(tmp_path):
    before = gate.Gate(
        gate.fit(cloud(1), cloud(2), directions=3, refused=0.01),
        gate.fit(cloud(4, dimensions=14), cloud(5, dimensions=14), directions=13, refused=0.01),
    )
    facts = bundle.write_gate(tmp_path / "gate.safetensors", before)
    after = bundle.read_gate(tmp_path / "gate.safetensors", facts)
    for name, vectors in (("embedding", cloud(6)), ("appearance", cloud(6, dimensions=14))):
        one, other = getattr(before, name), getattr(after, name)
        assert one.limit == other.limit
        assert other.distance(vectors) == pytest.approx(one.distance(vectors), rel=0.1)
        assert (other.excludes(vectors) == one.excludes(vectors)).mean() > 0.99


def pixels(pictures) -> np.ndarray:
    return np.stack([np.asarray(picture) for picture in pictures])


def test_the_description_is_14_finite_numbers_even_of_a_plain_picture():
    plain = np.stack([np.full((32, 32, 3), value, np.uint8) for value in (0, 120, 255)])
    assert describe(plain).shape == (3, 14)
    assert np.isfinite(describe(plain)).all()


def test_one_picture_is_described_as_it_is_among_others():
    chance = np.random.default_rng(0)
    batch = pixels(made_up_picture(chance) for _ in range(3))
    assert describe(batch[1:2])[0] == pytest.approx(describe(batch)[1])


def test_appearance_tells_noise_and_pages_from_skin():
    chance = np.random.default_rng(0)
    skin = [made_up_picture(chance) for _ in range(300)]
    known, held_out, fresh = (describe(pixels(skin[i::3])) for i in range(3))
    domain = gate.fit(known, held_out, directions=13, refused=0.01)
    assert domain.excludes(fresh).mean() < 0.1
    strange = list(made_up(64))
    excluded = domain.excludes(describe(pixels(picture for _, picture in strange)))
    kinds = np.array([kind for kind, _ in strange])
    for kind in set(kinds):
        assert excluded[kinds == kind].mean() >= 0.9, kind


def test_either_domain_alone_refuses():
    chance = np.random.default_rng(0)
    skin = pixels(made_up_picture(chance) for _ in range(200))
    look = gate.fit(describe(skin[::2]), describe(skin[1::2]), directions=13, refused=0.0)
    both = gate.Gate(gate.fit(cloud(1), cloud(2), directions=3, refused=0.0), look)
    near, far = cloud(2)[:1], cloud(2)[:1] + 100
    known, noise = skin[1:2], chance.integers(0, 256, (1, 64, 64, 3), np.uint8)
    assert [
        bool(both.refuses(*pair)[0]) for pair in ((known, near), (known, far), (noise, near))
    ] == [
        False,
        True,
        True,
    ]
