"""What a worker reports of its own confinement before it is given any student's code: a few bits, one for each tier."""

from __future__ import annotations

import struct

LIMITS = 1 << 0
"""A session of its own, death with its parent, resource limits, nothing inherited, output to nowhere."""
FILES = 1 << 1
"""Landlock: the interpreter, its libraries and a private folder are all the files there are."""
SYSTEM_CALLS = 1 << 2
"""seccomp: no sockets, processes, signals to others, shared memory, changes of modes and owners."""
USER = 1 << 3
"""Neither root nor any capability that could change something."""

ALL = LIMITS | FILES | SYSTEM_CALLS | USER

DEVICE = 1 << 4
"""No tier: a context on the GPU is there, and kernels have run on it under what else holds."""

HELLO = struct.Struct("<4sI")
MAGIC = b"held"
DEVICE_HELLO = struct.Struct("<QH")
"""Follows where a GPU was asked for: its memory in bytes, and the length of a text, its name or why there is none."""
DEVICE_TEXT_CAP = 400
