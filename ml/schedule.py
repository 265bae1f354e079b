"""The learning rate, as a pure function of the step."""

import math


def learning_rate(step: int, *, peak: float, warmup_steps: int, total_steps: int) -> float:
    """Return the rate for a step counted from 0.

    It climbs evenly to ``peak`` over the warm-up and then follows half a cosine
    down to zero (Loshchilov & Hutter 2017, without restarts).
    """
    if step < warmup_steps:
        return peak * (step + 1) / warmup_steps
    progress = (step - warmup_steps) / max(1, total_steps - warmup_steps)
    return peak * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
