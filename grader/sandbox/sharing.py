"""Large arrays in sealed memory: a data set is written once for a class, and workers map it.

They map it privately, so a student's writes stay in that process.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections import OrderedDict

import numpy as np

from grader.model.trial import Array

if sys.platform == "linux":
    import fcntl

LEAST_BYTES = 1 << 20
_MOST_ARRAYS = 8
_ADD_SEALS, _ALL_SEALS = 1033, 0x1 | 0x2 | 0x4 | 0x8
"""fcntl's F_ADD_SEALS; F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW and F_SEAL_WRITE (Linux's fcntl.h)."""


class SharedArrays:
    """The arrays shared most recently."""

    def __init__(self) -> None:
        self._known: OrderedDict[int, tuple[Array, int]] = OrderedDict()

    def descriptor(self, array: Array) -> int | None:
        """A descriptor of memory with the array's bytes; None if it is small or writeable, or cannot be shared.

        It stays open while the array is among the latest eight.
        """
        if array.flags.writeable or array.nbytes < LEAST_BYTES or not array.flags.c_contiguous:
            return None
        known = self._known.get(id(array))
        if known is None:
            made = _sealed(array)
            if made is None:
                return None
            known = self._known[id(array)] = (array, made)  # holds the array, so that its id is not reused
            while len(self._known) > _MOST_ARRAYS:
                os.close(self._known.popitem(last=False)[1][1])
        self._known.move_to_end(id(array))
        return known[1]

    def close(self) -> None:
        """Free the memory."""
        while self._known:
            os.close(self._known.popitem()[1][1])


def _sealed(array: Array) -> int | None:
    """A descriptor of sealed memory with the array's bytes; None if the system has none."""
    if sys.platform != "linux":
        return None
    try:
        descriptor = os.memfd_create("data", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    except OSError:
        return None
    try:
        left = array.reshape(-1).view(np.uint8).data
        while left.nbytes:
            left = left[os.write(descriptor, left) :]
        fcntl.fcntl(descriptor, _ADD_SEALS, _ALL_SEALS)
    except OSError:
        with contextlib.suppress(OSError):
            os.close(descriptor)
        return None
    return descriptor
