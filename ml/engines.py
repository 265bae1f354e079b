"""What runs the network: ONNX Runtime on a CPU, torch on a GPU.

Both take ``uint8[n, size, size, 3]`` and return ``logit[n]``, ``texture[n, t]`` and
``feature_map[n, c, h, w]`` as ``float32`` arrays.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

import numpy as np

from ml import views
from ml.bundle import ONNX, WEIGHTS, Bundle

Raw = tuple[np.ndarray, np.ndarray, np.ndarray]


class Engine(Protocol):
    """Runs the network on pictures of the bundle's size."""

    def __call__(self, pixels: np.ndarray) -> Raw:
        """Return logits, textures and last feature maps."""


class OnnxEngine:
    """ONNX Runtime, one picture at a time: on a CPU a batch brings nothing."""

    def __init__(self, model: Path, threads: int = 1) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        # Threads that spin while they wait take the CPU from everything else.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            model, options, providers=["CPUExecutionProvider"]
        )

    def __call__(self, pixels: np.ndarray) -> Raw:
        """Return logits, textures and last feature maps."""
        outputs = [self._session.run(None, {"pixels": one[None]}) for one in pixels]
        logits, textures, maps = (np.concatenate(part) for part in zip(*outputs, strict=True))
        return logits, textures, maps


class TorchEngine:
    """torch, the whole batch at once; in half precision (bfloat16) on a GPU."""

    def __init__(self, bundle: Bundle, device: str) -> None:
        import torch  # the CPU worker has none

        from ml.network import Network

        facts = bundle.facts
        normalisation = facts["input"]["normalisation"]
        network = Network.load(facts["architecture"], normalisation, bundle.folder / WEIGHTS)
        self._torch, self._device = torch, torch.device(device)
        network = network.eval().to(self._device)
        self._network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def __call__(self, pixels: np.ndarray) -> Raw:
        """Return logits, textures and last feature maps."""
        torch, kind = self._torch, self._device.type
        with torch.inference_mode(), torch.autocast(kind, torch.bfloat16, enabled=kind == "cuda"):
            raw = self._network(torch.from_numpy(pixels).to(self._device))
        logits, textures, maps = (part.float().cpu().numpy() for part in raw)
        return logits, textures, maps


class AllViews:
    """Another engine's mean answer over the eight views of each picture."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __call__(self, pixels: np.ndarray) -> Raw:
        """Return logits, textures and last feature maps, as if of one view."""
        logits, textures, maps = self._engine(views.all_views(pixels))
        return views.average(logits), views.average(textures), views.average_maps(maps)


def choose(bundle: Bundle, device: str = "auto", threads: int = 1) -> Engine:
    """Return the engine for ``cpu`` (ONNX Runtime), ``cuda`` or ``torch-cpu``, over all views.

    ``auto`` is a GPU where torch is installed and finds one, else the CPU.
    """
    if device == "auto":
        device = "cuda" if has_gpu() else "cpu"
    engine: Engine
    if device == "cpu":
        engine = OnnxEngine(bundle.folder / ONNX, threads)
    elif device == "cuda" or device.startswith("cuda:"):
        engine = TorchEngine(bundle, device)
    elif device == "torch-cpu":
        engine = TorchEngine(bundle, "cpu")
    else:
        raise ValueError(f"unknown device {device!r}: auto, cpu, cuda, cuda:N or torch-cpu")
    return AllViews(engine)


def has_gpu() -> bool:
    """Tell whether torch is installed and finds a GPU."""
    # Looking for torch's folder is free; importing it takes seconds and 200 MB.
    if find_spec("torch") is None or not _has_nvidia_driver():
        return False
    import torch

    return torch.cuda.is_available()


def _has_nvidia_driver() -> bool:
    return Path("/proc/driver/nvidia/version").exists() or Path("/dev/nvidiactl").exists()
