"""Landlock: which files a worker may open, held by Linux itself (landlock(7)); needs no privilege.

An allow-list: what no rule names can be neither opened nor listed, nor made, renamed or removed. What Landlock does not
cover (modes, owners, times and attributes of files, the path form of truncate) the filter of system calls does.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import linux

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same numbers on every architecture
_ASK_VERSION = 1
_PATH_BENEATH = 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REMOVE_DIR, _REMOVE_FILE, _MAKE_DIR, _MAKE_REGULAR = 1 << 4, 1 << 5, 1 << 7, 1 << 8
_REFER, _TRUNCATE, _DEVICE_CONTROL = 1 << 13, 1 << 14, 1 << 15
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _DEVICE_CONTROL

_BITS_BY_VERSION = {1: 13, 2: 14, 3: 15, 4: 15}
"""How many rights over files each version knows; from 5 on it is 16."""

READ = _READ_FILE | _READ_DIR
WRITE_DEVICE = _READ_FILE | _WRITE_FILE
CONTROL_DEVICE = WRITE_DEVICE | _DEVICE_CONTROL
WRITE_BELOW = READ | _WRITE_FILE | _TRUNCATE
"""Files of a folder that are there already."""
_PRIVATE = READ | _WRITE_FILE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REGULAR | _REFER | _TRUNCATE
"""In a worker's own folder: everything but links, sockets, pipes and devices."""


class _RulesetAttributes(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed", ctypes.c_uint64), ("descriptor", ctypes.c_int32))


@dataclass(frozen=True, slots=True)
class Rule:
    """What may be done with a file, or with a folder and all below it. descriptor: opened with O_PATH."""

    descriptor: int
    allowed: int


def version() -> int:
    """The version of Landlock that the kernel has; 0 where it has none, or has it switched off."""
    try:
        known: int = linux.call(_CREATE_RULESET, 0, 0, _ASK_VERSION)
    except OSError:
        return 0
    return known


def open_rules(paths: Iterable[str], allowed: int) -> list[Rule]:
    """Rules for those of the paths that are there. The open descriptors are the caller's to close."""
    rules = []
    for path in paths:
        with contextlib.suppress(OSError):
            rules.append(Rule(os.open(path, os.O_PATH | os.O_CLOEXEC), allowed))
    return rules


def restrict(rules: Iterable[Rule], private_folder: str) -> None:
    """Hold this thread, and all that it will start, to the rules and to reading and writing in its own folder.

    For good: nobody can lift it. The process must have no_new_privs. Raises OSError where Landlock is not there.
    """
    known = version()
    handled = (1 << _BITS_BY_VERSION.get(known, 16)) - 1
    network = 0b11 if known >= 4 else 0  # bind and connect of TCP
    scoped = 0b11 if known >= 6 else 0  # abstract sockets, and signals to processes outside
    attributes = _RulesetAttributes(handled, network, scoped)
    size = 8 if known < 4 else 16 if known < 6 else 24
    ruleset = linux.call(_CREATE_RULESET, ctypes.byref(attributes), size, 0)
    private = os.open(private_folder, os.O_PATH | os.O_CLOEXEC)
    try:
        for rule in (*rules, Rule(private, _PRIVATE)):
            of_kind = (
                rule.allowed if stat.S_ISDIR(os.fstat(rule.descriptor).st_mode) else rule.allowed & _OF_FILES
            )
            beneath = _PathBeneath(of_kind & handled, rule.descriptor)
            linux.call(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.byref(beneath), 0)
        linux.call(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(private)
        os.close(ruleset)


def without(folder: str, hidden: Iterable[str]) -> Iterator[str]:
    """Paths that together hold all of a folder but the hidden ones, as few as possible.

    folder, hidden: real paths. Where nothing hidden lies in the folder it is the folder itself.
    """
    inside = [path for path in hidden if os.path.commonpath([folder, path]) == folder]
    if folder in inside:
        return
    if not inside:
        yield folder
        return
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda each: each.name):
            if not entry.is_symlink():  # a link leads to what has a rule of its own, or to what is hidden
                yield from without(entry.path, inside)
