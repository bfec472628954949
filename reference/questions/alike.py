"""Whether arrays are nearly right: what must be so before anything is said of what lies around them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from reference.losses.problem import Array

ALIKE = 0.8
"""The least cosine between what is nearly right and what is right: a term may be missing, or a factor another one."""


def are_alike(pairs: Iterable[tuple[Array, Array]]) -> bool:
    """Whether arrays, all taken together, point where the right ones do; each pair is of one shape."""
    listed = [(np.ravel(one), np.ravel(right)) for one, right in pairs]
    seen, wanted = (np.concatenate(each) for each in zip(*listed, strict=True))
    with np.errstate(all="ignore"):
        lengths = float(np.linalg.norm(seen)), float(np.linalg.norm(wanted))
        if not all(lengths):
            return lengths[0] == lengths[1]
        return float(seen @ wanted) / (lengths[0] * lengths[1]) >= ALIKE
