"""The light augmentation changes colours as it says."""

import pytest
import torch

from ml.training import light

pytestmark = pytest.mark.training


def test_grey_stays_grey_under_hue_and_saturation():
    grey = torch.full((5, 3, 1), 100.0)
    chance = torch.Generator().manual_seed(0)
    assert torch.allclose(light._hue(5, chance) @ grey, grey)
    assert torch.allclose(light._saturation(5, chance) @ grey, grey)
