"""The tiers of confinement, as bits that a worker reports before it receives any student code."""

from __future__ import annotations

import struct

LIMITS = 1 << 0
"""Its own session, death with its parent, resource limits, nothing inherited, no output."""
FILES = 1 << 1
"""Landlock: no files but the interpreter, its libraries and a private folder."""
SYSTEM_CALLS = 1 << 2
"""seccomp: no sockets, processes, signals to others, shared memory, or changes of modes and owners."""
USER = 1 << 3
"""Not root, and without any capability that could change something."""

ALL = LIMITS | FILES | SYSTEM_CALLS | USER

DEVICE = 1 << 4
"""Not a tier: the GPU is open, and kernels have run on it under the tiers that hold."""

HELLO = struct.Struct("<4sI")
MAGIC = b"held"
DEVICE_HELLO = struct.Struct("<QH")
"""Follows if a GPU was requested: its memory in bytes, and the length of its name or of the failure."""
DEVICE_TEXT_CAP = 400
