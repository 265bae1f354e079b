"""The learning rate, as a pure function of the step."""

import math

# One-cycle begins at a 25th of its peak and ends at a 100,000th (fastai's defaults).
START = 1 / 25
END = 1e-5


def learning_rate(
    step: int, *, peak: float, warmup_steps: int, total_steps: int, schedule: str = "cosine"
) -> float:
    """Return the rate for a step counted from 0.

    ``cosine`` climbs evenly to ``peak`` over the warm-up and then follows half a
    cosine down to zero (Loshchilov & Hutter 2017, without restarts);
    ``one-cycle`` climbs along half a cosine as well (Smith & Topin 2018); ``constant``
    stays at the peak, for weights that are averaged all the way (Izmailov et al. 2018).
    """
    if schedule == "one-cycle":
        if step < warmup_steps:
            return _between(peak * START, peak, (step + 1) / warmup_steps)
        return _between(peak, peak * END, _share(step, warmup_steps, total_steps))
    if step < warmup_steps:
        return peak * (step + 1) / warmup_steps
    if schedule == "constant":
        return peak
    return _between(peak, 0, _share(step, warmup_steps, total_steps))


def _share(step: int, warmup_steps: int, total_steps: int) -> float:
    return min(1.0, (step - warmup_steps) / max(1, total_steps - warmup_steps))


def _between(start: float, end: float, share: float) -> float:
    """Return the value at a share of the way, along half a cosine."""
    return end + (start - end) * 0.5 * (1 + math.cos(math.pi * share))
