"""A timm backbone with one output: the evidence for melanoma.

The network takes pixels as they lie in memory and normalises them itself, so
that no caller can do it differently.
"""

from pathlib import Path
from typing import Any, Self

import torch
from safetensors.torch import load_file, save_file
from torch import nn

# The shim must come before timm.
from ml import imagenet, torchvision_shim  # noqa: F401

# isort: split
import timm
from timm.data import (
    IMAGENET_DEFAULT_MEAN,
    IMAGENET_DEFAULT_STD,
    IMAGENET_INCEPTION_MEAN,
    IMAGENET_INCEPTION_STD,
)

# Which normalisation the initial weights were trained with, in timm's terms.
NORMALISATIONS = {
    "imagenet": (IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD),
    "inception": (IMAGENET_INCEPTION_MEAN, IMAGENET_INCEPTION_STD),
}


# The stages whose maps tell skin from anything else, by their stride in pixels. Earlier ones
# see edges only; later ones have been trained to overlook all but what makes a melanoma.
TEXTURE_STRIDES = (8, 16)


class Network(nn.Module):
    """``uint8[n, h, w, 3]`` in; logit, texture and last feature map out.

    The head is an average over the feature map and one linear layer. Hence the
    activation map, the feature map weighted by the head, is exact: its mean plus
    the bias is the logit. ``net`` is a plain timm model, and its weights load
    into ``timm.create_model(architecture, num_classes=1)``.
    """

    net: Any  # a timm model; torch declares what modules hold as tensors
    mean: torch.Tensor
    std: torch.Tensor

    def __init__(
        self, architecture: str, normalisation: str, *, pretrained: bool = False, dropout: float = 0
    ) -> None:
        super().__init__()
        packaged = imagenet.packaged(architecture) if pretrained else None
        self.net = timm.create_model(
            architecture,
            num_classes=1,
            pretrained=pretrained and not packaged,
            drop_rate=dropout,
        )
        if packaged:
            imagenet.load(self.net, packaged, self.head_name)
        mean, std = NORMALISATIONS[normalisation]
        self.register_buffer("mean", 255 * torch.tensor(mean)[:, None, None], persistent=False)
        self.register_buffer("std", 255 * torch.tensor(std)[:, None, None], persistent=False)
        self.dropout = nn.Dropout(dropout)
        self._check_head()
        self._texture_stages = self._stages(TEXTURE_STRIDES)
        # Begin undecided: some of timm's first heads answer with large logits.
        nn.init.normal_(self.net.get_classifier().weight, std=0.01)
        nn.init.zeros_(self.net.get_classifier().bias)

    @classmethod
    def load(cls, architecture: str, normalisation: str, weights: Path) -> Self:
        """Return the network with weights that were saved, in single precision."""
        network = cls(architecture, normalisation)
        network.net.load_state_dict(load_file(weights))
        return network

    def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return ``logit[n]``, ``texture[n, t]`` and ``feature_map[n, c, h, w]``.

        The texture is the mean and the spread, over the picture, of each channel of
        the maps of ``TEXTURE_STRIDES``.
        """
        images = self._normalised(pixels.permute(0, 3, 1, 2).float())
        feature_map, maps = self.net.forward_intermediates(images, indices=self._texture_stages)
        # In full precision: a spread is a small difference.
        planes = [one.float().flatten(2) for one in maps]
        parts = [part for one in planes for part in (one.mean(2), one.std(2, correction=0))]
        return self._head(feature_map)[0], torch.cat(parts, dim=1), feature_map

    def judge(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return ``logit[n]`` and ``embedding[n, c]`` of ``float[n, 3, h, w]`` in 0..255."""
        return self._head(self.net.forward_features(self._normalised(images)))

    def _normalised(self, images: torch.Tensor) -> torch.Tensor:
        return (images - self.mean) / self.std

    def _head(self, feature_map: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        embedding = feature_map.mean(dim=(2, 3))
        return self.net.get_classifier()(self.dropout(embedding))[:, 0], embedding

    @property
    def head_name(self) -> str:
        """The name of the linear layer within ``net``, such as ``classifier`` or ``fc``."""
        head = self.net.get_classifier()
        return next(name for name, module in self.net.named_modules() if module is head)

    def _stages(self, strides: tuple[int, ...]) -> list[int]:
        """Return where timm counts the stages of these strides."""
        found = [stage["reduction"] for stage in self.net.feature_info]
        if lacking := set(strides) - set(found):
            raise ValueError(f"this architecture has no stage of stride {sorted(lacking)}")
        return [found.index(stride) for stride in strides]

    @torch.no_grad()
    def _check_head(self) -> None:
        """Refuse an architecture whose head is more than pooling and one layer."""
        self.eval()
        images = torch.rand(2, 3, 64, 64)
        feature_map = self.net.forward_features(images)
        if feature_map.ndim == 4 and feature_map.shape[1] == self.net.get_classifier().in_features:
            ours = self.net.get_classifier()(feature_map.mean(dim=(2, 3)))
            if torch.allclose(ours, self.net(images), atol=1e-4):
                return
        raise ValueError(
            "the head of this architecture is more than average pooling and one linear layer: "
            "its activation map would not be exact"
        )


def save_weights(module: nn.Module, file: Path) -> None:
    """Write the weights of a module as safetensors."""
    weights = {name: tensor.contiguous() for name, tensor in module.state_dict().items()}
    save_file(weights, file, metadata={"format": "pt"})


def load_initial_weights(network: Network, file: Path, *, keep_head: bool = False) -> None:
    """Load everything but the head, or with it; raise ``ValueError`` for any other gap."""
    weights = load_file(file)
    head = {f"{network.head_name}.weight", f"{network.head_name}.bias"}
    if keep_head:
        outputs = [len(tensor) for name, tensor in weights.items() if name in head]
        if outputs != [1, 1]:
            raise ValueError(f"{file} has no head for the melanoma that could be kept")
        head = set()
    weights = {name: tensor for name, tensor in weights.items() if name not in head}
    result = network.net.load_state_dict(weights, strict=False)
    lacking = set(result.missing_keys) - head
    if lacking or result.unexpected_keys:
        raise ValueError(
            f"{file} is not of this architecture: lacks {sorted(lacking)[:3]}, "
            f"has {sorted(result.unexpected_keys)[:3]} too many"
        )
