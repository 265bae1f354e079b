"""Every row gets its own picture, in whatever order rows and shards are."""

import pytest

from ml.data.store import Store
from ml.kpis import out_of_fold
from tests.ml.kpis import made_up


@pytest.mark.parametrize("size", [None, 64])
def test_each_row_gets_its_own_picture(tmp_path, size):
    store = made_up.store(tmp_path, large=60, small=20)
    rows = out_of_fold.read(made_up.run(tmp_path / "run", store))
    rows = out_of_fold.with_metadata(rows, store).sample(frac=0.7, random_state=0)
    found = list(out_of_fold.pictures(rows, store, size))
    assert sorted(index for index, _ in found) == sorted(rows.index)
    assert len({jpeg for _, jpeg in found}) == len(rows)
    for index, jpeg in found:
        assert jpeg == _alone(store, rows.loc[index, "key"], rows.loc[index, "image"], size)


def _alone(store: Store, key: str, image: str, size: int | None) -> bytes:
    manifest = store.images()
    row = manifest[(manifest["source"] == key) & (manifest["image"] == image)]
    (jpeg,) = store.pictures(row, size)
    return jpeg
