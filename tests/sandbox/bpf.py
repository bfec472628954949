"""Programs of classic BPF, run as the kernel runs them on a system call, and the names of the calls."""

from __future__ import annotations

import errno
import re
import struct
from collections.abc import Sequence
from pathlib import Path

LOAD, AND, JUMP, RETURN = 0x20, 0x54, 0x05, 0x06
IF_EQUAL, IF_AT_LEAST, IF_ANY_BIT = 0x15, 0x35, 0x45
CONDITIONAL = (IF_EQUAL, IF_AT_LEAST, IF_ANY_BIT)

ALLOW, KILL, PRETENDED = "allow", "kill", "pretended"

AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

Instruction = tuple[int, int, int, int]

_HEADERS = {
    "x86_64": ("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "/usr/include/asm/unistd_64.h"),
    "aarch64": ("/usr/include/asm-generic/unistd.h",),
}


def instructions_of(program: bytes) -> list[Instruction]:
    """(code, jump if true, jump if false, k) of each."""
    return list(struct.iter_unpack("<HBBI", program))


def verdict_of(program: Sequence[Instruction], architecture: int, number: int, *arguments: int) -> str:
    """What the filter answers to a call: a word of this module, or the name of the error."""
    padded = (*arguments, *(0 for _ in range(6 - len(arguments))))
    data = struct.pack("<IIQ6Q", number, architecture, 0x7F00_0000_1234, *padded)
    accumulator, at = 0, 0
    while True:
        code, if_true, if_false, k = program[at]
        at += 1
        if code == LOAD:
            accumulator = struct.unpack_from("<I", data, k)[0]
        elif code == AND:
            accumulator &= k
        elif code == JUMP:
            at += k
        elif code == RETURN:
            return word_for(k)
        else:
            holds = {
                IF_EQUAL: accumulator == k,
                IF_AT_LEAST: accumulator >= k,
                IF_ANY_BIT: bool(accumulator & k),
            }[code]
            at += if_true if holds else if_false


def word_for(action: int) -> str:
    """An action of seccomp as a word."""
    if action == 0x7FFF0000:
        return ALLOW
    if action == 0x80000000:
        return KILL
    assert action >> 16 == 5, hex(action)
    if action & 0xFFFF == 0:
        return PRETENDED
    return errno.errorcode[action & 0xFFFF]


def numbers_of_headers(machine: str) -> dict[str, int]:
    """Name to number, as the C compiler's headers have them; empty without headers."""
    for place in map(Path, _HEADERS[machine]):
        if place.exists():
            lines = re.findall(r"^#define __NR(?:3264)?_(\w+)\s+(\d+)$", place.read_text(), re.MULTILINE)
            return {name: int(number) for name, number in lines}
    return {}
