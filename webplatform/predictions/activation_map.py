"""Draw the class activation map as a picture to lay over the photo."""

import io

from PIL import Image

LONGEST_SIDE = 512
# Faint to full: no colour where there is no evidence, so that the skin shows.
_MAX_OPACITY = 190
_COLOUR = (124, 58, 237)

Grid = list[list[float]]


def render(activation_map: dict, width: int, height: int) -> bytes:
    """Return a PNG with the photo's proportions, transparent where evidence is low.

    ``activation_map`` is an ``ml.contracts.ActivationMap`` as stored.
    """
    scale = LONGEST_SIDE / max(width, height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    left, top, right, bottom = activation_map["box"]
    box = (round(left * size[0]), round(top * size[1]))
    box_size = (
        max(1, round(right * size[0]) - box[0]),
        max(1, round(bottom * size[1]) - box[1]),
    )
    grid: Grid = activation_map["grid"]
    values = Image.new("L", (len(grid[0]), len(grid)))
    values.putdata([round(value * _MAX_OPACITY) for row in grid for value in row])
    opacity = Image.new("L", size)
    opacity.paste(values.resize(box_size, Image.Resampling.BICUBIC), box)
    overlay = Image.new("RGB", size, _COLOUR)
    overlay.putalpha(opacity)
    out = io.BytesIO()
    overlay.save(out, "PNG")
    return out.getvalue()


def in_words(activation_map: dict) -> str:
    """Say where in the photo the strongest evidence lies."""
    grid: Grid = activation_map["grid"]
    left, top, right, bottom = activation_map["box"]
    value, row, column = max(
        (value, row, column)
        for row, values in enumerate(grid)
        for column, value in enumerate(values)
    )
    if value <= 0:
        return "The evidence was the same everywhere in the photo."
    x = left + (right - left) * (column + 0.5) / len(grid[0])
    y = top + (bottom - top) * (row + 0.5) / len(grid)
    vertical = ("upper", "middle", "lower")[min(2, int(y * 3))]
    horizontal = ("left", "centre", "right")[min(2, int(x * 3))]
    place = (
        "centre" if (vertical, horizontal) == ("middle", "centre") else f"{vertical} {horizontal}"
    )
    return f"The evidence for a melanoma was strongest in the {place} of the photo."
