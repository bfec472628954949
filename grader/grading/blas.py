"""Matrix products of the judge on one thread.

OpenBLAS's further threads wait for the next product in a busy loop. The judge's products are small, so that costs it up
to twenty times their own time, on cores that a worker or another job needs.
"""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Generator
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np


@contextlib.contextmanager
def one_thread() -> Generator[None]:
    """Set it, and set it back; does nothing where NumPy came without its own OpenBLAS."""
    controls = _controls()
    if controls is None:
        yield
        return
    read, write = controls
    before = read()
    write(1)
    try:
        yield
    finally:
        write(before)


@lru_cache(maxsize=1)
def _controls() -> tuple[Any, Any] | None:
    """The functions of NumPy's OpenBLAS that read and write its number of threads."""
    package = Path(np.__file__).parent
    for file in (*package.parent.glob("numpy.libs/*openblas*"), *package.glob(".dylibs/*openblas*")):
        with contextlib.suppress(OSError):
            library = ctypes.CDLL(str(file))  # the one that NumPy has loaded
            for prefix, suffix in product(("scipy_", ""), ("64_", "")):
                names = (f"{prefix}openblas_{verb}_num_threads{suffix}" for verb in ("get", "set"))
                read, write = (getattr(library, name, None) for name in names)
                if read is not None and write is not None:
                    return read, write
    return None
