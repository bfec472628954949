"""Large arrays in sealed memory, which workers map: a data set is there once, for the judge and all workers.

They map it privately, so a student's writes stay in that process.
"""

from __future__ import annotations

import os
import weakref

from grader.data.sealed import memory_of, sealed_copy
from grader.model.trial import Array

LEAST_BYTES = 1 << 20


class SharedArrays:
    """Descriptors of memory with the bytes of arrays: their own where they are sealed, else of a copy."""

    def __init__(self) -> None:
        self._copies: dict[int, tuple[int, weakref.finalize[..., Array]]] = {}

    def descriptor(self, array: Array) -> tuple[int, int] | None:
        """A descriptor, and where in its memory the array begins; None if it is small or writeable, or cannot be shared.

        It stays open as long as the array lives.
        """
        if array.flags.writeable or array.nbytes < LEAST_BYTES or not array.flags.c_contiguous:
            return None
        memory = memory_of(array)
        if memory is not None:
            return memory[0].descriptor, memory[1]
        known = self._copies.get(id(array))
        if known is None:
            made = sealed_copy(array)
            if made is None:
                return None
            known = made, weakref.finalize(array, self._forget, id(array))
            self._copies[id(array)] = known
        return known[0], 0

    def _forget(self, number: int) -> None:
        os.close(self._copies.pop(number)[0])

    def close(self) -> None:
        """Free the copies."""
        for _, finalize in list(self._copies.values()):
            finalize()
