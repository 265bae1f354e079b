"""Numbers and names as the page writes them."""

from collections.abc import Sequence

from ml.metrics import Estimate

# A number and its unit or sign stay on one line.
TIGHT = "\N{NO-BREAK SPACE}"


def percent(share: float) -> str:
    """Return a share of 0 to 1; only nothing is written as 0 %, and only all as 100 %."""
    if 0 < share < 0.001:
        return f"< 0.1{TIGHT}%"
    if 0.999 < share < 1:
        return f"> 99.9{TIGHT}%"
    return f"{100 * share:.1f}".removesuffix(".0") + f"{TIGHT}%"


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return ``1 picture``, ``1,200 pictures``."""
    return f"{number:,}{TIGHT}{noun if number == 1 else plural or noun + 's'}"


def interval(estimate: Estimate) -> str:
    """Return a figure such as an AUC with its 95 % interval."""
    return f"{estimate.value:.2f} ({estimate.low:.2f}\N{EN DASH}{estimate.high:.2f})"


def listed(names: Sequence[str], most: int = 4) -> str:
    """Return ``a, b and c``, with only the number of those beyond ``most``."""
    names = list(names)
    if len(names) > most:
        names = [*names[: most - 1], f"{len(names) - most + 1:,} more"]
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def sizes(width: int, height: int) -> str:
    """Return the size of a picture in pixels."""
    return f"{width}{TIGHT}\N{MULTIPLICATION SIGN}{TIGHT}{height}"
