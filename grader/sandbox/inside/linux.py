"""The few Linux calls that Python has no function for. Importable anywhere; OSError on other systems."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from functools import cache
from typing import Any

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_KEEPCAPS = 8
PR_SET_NO_NEW_PRIVS = 38
PR_SET_CHILD_SUBREAPER = 36

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3

Argument = int | Any
"""A number, passed as an unsigned long, or a ctypes value, passed unchanged."""


@cache
def _library() -> ctypes.CDLL:
    if sys.platform != "linux":
        raise OSError(errno.ENOSYS, "this is not Linux")
    return ctypes.CDLL(None, use_errno=True)


def control_process(option: int, *arguments: int) -> None:
    """prctl(2). Raises OSError."""
    _checked("prctl", option, *arguments, *(0 for _ in range(4 - len(arguments))))


def call(number: int, *arguments: Argument) -> int:
    """syscall(2), for calls without a function in libc; the result. Raises OSError."""
    return _checked("syscall", number, *arguments)


def advise_memory(address: int, length: int, advice: int) -> None:
    """madvise(2). Raises OSError."""
    _checked("madvise", address, length, advice)


def keep_freed_memory(array_bytes: int, total_bytes: int) -> None:
    """mallopt(3): reuse freed memory for arrays up to `array_bytes`, retain `total_bytes`. Needs glibc."""
    mallopt = getattr(_library(), "mallopt", None)
    if mallopt is None:
        raise OSError(errno.ENOSYS, "this libc has no mallopt")
    mallopt(_M_MMAP_THRESHOLD, array_bytes)
    mallopt(_M_TRIM_THRESHOLD, total_bytes)


def set_capabilities(mask: int) -> None:
    """Make `mask` (bits 0 to 31) this process's permitted and effective capabilities; none is inheritable."""
    version_3 = 0x20080522
    header = (ctypes.c_uint32 * 2)(version_3, 0)
    data = (ctypes.c_uint32 * 6)(mask, mask, 0, 0, 0, 0)
    _checked("capset", ctypes.byref(header), ctypes.byref(data))


def _checked(name: str, *arguments: Argument) -> int:
    function = getattr(_library(), name)
    function.restype = ctypes.c_long
    given = [ctypes.c_ulong(each) if isinstance(each, int) else each for each in arguments]
    result = int(function(*given))
    # Some of these functions return int: the upper half of a negative one need not be set.
    if ctypes.c_int(result).value == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
