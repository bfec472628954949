"""A wrong gradient as images: where it is off, and in which direction."""

from __future__ import annotations

import numpy as np

from grader.model.trial import Array
from grader.model.verdict import Picture
from reference.conventions import Layout

TOO_HIGH, TOO_LOW, RIGHT = (178, 24, 43), (33, 102, 172), (247, 247, 247)
"""Red, blue and white, which the color-blind tell apart too; in between, the colors are mixed."""

GREATEST_SIDE = 64
"""Of dW, in entries; nobody looks at more of them one by one."""


_GRAY, _REACH = 128, 127


def error_images(off: Array) -> Picture | None:
    """An image 32 x 32 for each class of what dW (3073, C) is off by on images; the bias row is left out.

    Gray where it is right; in each color brighter where it is too high, darker where it is too low, relative to the greatest
    entry, the bias row's too. None where there is nothing to see.
    """
    images = off[:-1].astype(np.float64).T.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    greatest = float(np.abs(off).max(initial=0.0))
    if not 0 < greatest < np.inf:
        return None
    levels = np.rint(_GRAY + _REACH * images / greatest).astype(np.uint8)
    if (levels == _GRAY).all():  # only the bias row is off
        return None
    return Picture(count=len(levels), height=32, width=32, rgb=levels.tobytes())


def error_picture(seen: Array, right: Array, layout: Layout) -> Picture | None:
    """A pixel for each entry of dW, a row for each feature and a column for each class.

    The depth of color is the difference, relative to the greatest one. None where there is nothing to see: dW is zero throughout,
    too large, or not finite.
    """
    with np.errstate(all="ignore"):
        off = seen.astype(np.float64) - right.astype(np.float64)
    off = off.T if layout == "CD" else off
    greatest = float(np.abs(off).max(initial=0.0))
    if not seen.any() or not 0 < greatest < np.inf or max(off.shape) > GREATEST_SIDE:
        return None
    share = (off / greatest)[..., None]
    ends = np.where(share > 0, np.array(TOO_HIGH), np.array(TOO_LOW))
    pixels = np.rint(np.array(RIGHT) + np.abs(share) * (ends - np.array(RIGHT))).astype(np.uint8)
    return Picture(count=1, height=off.shape[0], width=off.shape[1], rgb=pixels.tobytes())
