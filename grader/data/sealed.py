"""Arrays in sealed memory: written once, never changed, and mapped by every process that is handed the descriptor."""

from __future__ import annotations

import contextlib
import math
import mmap
import os
import sys
import weakref
from collections.abc import Callable
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

if sys.platform == "linux":
    import fcntl

Array = NDArray[Any]

CHUNK_BYTES = 1 << 21
"""Rows are made and written this much at a time: nothing of their size is needed beside the memory itself."""

_ADD_SEALS, _GET_SEALS, _ALL_SEALS = 1033, 1034, 0x1 | 0x2 | 0x4 | 0x8
"""fcntl's F_ADD_SEALS and F_GET_SEALS; F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW and F_SEAL_WRITE (Linux's fcntl.h)."""


class Origin(NamedTuple):
    """Where another process of this machine finds an array, as long as the one that made it keeps it."""

    process_id: int
    descriptor: int
    inode: int
    dtype: str
    shape: tuple[int, ...]


class SealedMemory(mmap.mmap):
    """A mapping that can only be read, and the descriptor that others map the same memory from. It closes with its arrays."""

    descriptor: int

    def __new__(cls, descriptor: int) -> Self:
        """Of a sealed descriptor, which is now this mapping's own."""
        made = super().__new__(cls, descriptor, 0, flags=mmap.MAP_SHARED, prot=mmap.PROT_READ)
        made.descriptor = descriptor
        weakref.finalize(made, os.close, descriptor)
        return made


def sealed_rows(shape: tuple[int, ...], dtype: DTypeLike, rows: Callable[[slice], Array]) -> Array:
    """A read-only array of these rows, asked for part by part and cast to the dtype.

    In ordinary memory where the system has none that can be sealed.
    """
    numbers = np.dtype(dtype)
    row_bytes = max(1, math.prod(shape[1:]) * numbers.itemsize)
    step = max(1, CHUNK_BYTES // row_bytes)
    parts = [slice(start, min(start + step, shape[0])) for start in range(0, shape[0], step)]
    descriptor = _memory()
    if descriptor is not None and parts:
        try:
            for part in parts:
                _write(descriptor, np.ascontiguousarray(rows(part), dtype=numbers))
            _seal(descriptor)
            return _mapped(descriptor, numbers, shape)
        except OSError:
            with contextlib.suppress(OSError):
                os.close(descriptor)
    made = np.empty(shape, numbers)
    for part in parts:
        made[part] = rows(part)
    made.flags.writeable = False
    return made


def sealed_copy(array: Array) -> int | None:
    """A descriptor of sealed memory with the bytes of a contiguous array; None if the system has none."""
    descriptor = _memory()
    if descriptor is None:
        return None
    try:
        _write(descriptor, array)
        _seal(descriptor)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def memory_of(array: Array) -> tuple[SealedMemory, int] | None:
    """The sealed memory that a contiguous array is in, and at which byte it begins; None for any other array."""
    owner: Any = array
    while isinstance(owner, np.ndarray):
        owner = owner.base
    if not isinstance(owner, SealedMemory) or not array.flags.c_contiguous:
        return None
    start = np.frombuffer(owner, np.uint8).ctypes.data
    return owner, array.ctypes.data - start


def origin_of(array: Array) -> Origin | None:
    """Where others find an array that begins its sealed memory; None for any other array."""
    memory = memory_of(array)
    if memory is None or memory[1]:
        return None
    descriptor = memory[0].descriptor
    inode = os.fstat(descriptor).st_ino
    return Origin(os.getpid(), descriptor, inode, array.dtype.str, array.shape)


def mapped(origin: Origin) -> Array | None:
    """The same array in this process; None where its memory is gone, or is not what was told."""
    try:
        descriptor = os.open(
            f"/proc/{origin.process_id}/fd/{origin.descriptor}", os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
        )
    except OSError:
        return None
    length = math.prod(origin.shape) * np.dtype(origin.dtype).itemsize
    try:
        status = os.fstat(descriptor)
        is_same = (status.st_ino, status.st_size) == (origin.inode, length)
        if is_same and fcntl.fcntl(descriptor, _GET_SEALS) == _ALL_SEALS:
            return _mapped(descriptor, np.dtype(origin.dtype), origin.shape)
    except OSError:
        pass
    os.close(descriptor)
    return None


def return_freed_memory() -> None:
    """Give the system what was freed after large work: glibc would keep up to 64 MiB of it. Nothing with another libc."""
    import ctypes

    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def _mapped(descriptor: int, dtype: np.dtype[Any], shape: tuple[int, ...]) -> Array:
    return np.ndarray(shape, dtype, SealedMemory(descriptor))


def _memory() -> int | None:
    if sys.platform != "linux":
        return None
    try:
        return os.memfd_create("data", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    except OSError:
        return None


def _write(descriptor: int, array: Array) -> None:
    left = array.reshape(-1).view(np.uint8).data
    while left.nbytes:
        left = left[os.write(descriptor, left) :]


def _seal(descriptor: int) -> None:
    fcntl.fcntl(descriptor, _ADD_SEALS, _ALL_SEALS)
