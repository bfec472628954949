"""Landlock: the files that a worker may open, enforced by Linux (landlock(7)) without any privilege.

It is an allow-list: a file without a rule cannot be opened, listed, made, renamed or removed. The system call
filter covers what Landlock does not: modes, owners, times and attributes of files, and truncate by path.
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
"""How many file rights each version knows; 16 from version 5 on."""

READ = _READ_FILE | _READ_DIR
WRITE_DEVICE = _READ_FILE | _WRITE_FILE
CONTROL_DEVICE = WRITE_DEVICE | _DEVICE_CONTROL
WRITE_BELOW = READ | _WRITE_FILE | _TRUNCATE
"""For the existing files of a folder."""
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
    """The rights on a file, or on a folder and everything below. descriptor: opened with O_PATH."""

    descriptor: int
    allowed: int


def version() -> int:
    """The kernel's version of Landlock; 0 if it has none, or it is switched off."""
    try:
        known: int = linux.call(_CREATE_RULESET, 0, 0, _ASK_VERSION)
    except OSError:
        return 0
    return known


def open_rules(paths: Iterable[str], allowed: int) -> list[Rule]:
    """Rules for the paths that exist. The caller closes their descriptors."""
    rules = []
    for path in paths:
        with contextlib.suppress(OSError):
            rules.append(Rule(os.open(path, os.O_PATH | os.O_CLOEXEC), allowed))
    return rules


def restrict(rules: Iterable[Rule], private_folder: str) -> None:
    """Restrict this thread, and all that it will start, to the rules and to its private folder, for good.

    The process must have no_new_privs. Raises OSError if the kernel does not have Landlock.
    """
    known = version()
    network = 0b11 if known >= 4 else 0  # bind and connect of TCP
    scoped = 0b11 if known >= 6 else 0  # abstract sockets, and signals to processes outside
    size = 8 if known < 4 else 16 if known < 6 else 24
    private = Rule(os.open(private_folder, os.O_PATH | os.O_CLOEXEC), _PRIVATE)
    try:
        _restrict(_RulesetAttributes(_known_rights(), network, scoped), size, (*rules, private))
    finally:
        os.close(private.descriptor)


def restrict_reading(paths: Iterable[str]) -> None:
    """Let this thread, and all that it will start, read only files below these paths, for good; it may list any folder.

    As for `restrict`, which narrows further.
    """
    rules = [*open_rules(paths, _READ_FILE), *open_rules((os.sep,), _REFER)]  # moving is refused if unnamed
    try:
        _restrict(_RulesetAttributes(_known_rights() & (_READ_FILE | _REFER)), 8, rules)
    finally:
        for rule in rules:
            os.close(rule.descriptor)


def _known_rights() -> int:
    return (1 << _BITS_BY_VERSION.get(version(), 16)) - 1


def _restrict(attributes: _RulesetAttributes, size: int, rules: Iterable[Rule]) -> None:
    ruleset = linux.call(_CREATE_RULESET, ctypes.byref(attributes), size, 0)
    try:
        for rule in rules:
            is_folder = stat.S_ISDIR(os.fstat(rule.descriptor).st_mode)
            allowed = rule.allowed if is_folder else rule.allowed & _OF_FILES
            if allowed & attributes.files:
                beneath = _PathBeneath(allowed & attributes.files, rule.descriptor)
                linux.call(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.byref(beneath), 0)
        linux.call(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def without(folder: str, hidden: Iterable[str]) -> Iterator[str]:
    """The fewest paths that cover a folder except the hidden ones; the folder itself if none lies inside.

    folder, hidden: real paths.
    """
    inside = [path for path in hidden if os.path.commonpath([folder, path]) == folder]
    if folder in inside:
        return
    if not inside:
        yield folder
        return
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda each: each.name):
            if not entry.is_symlink():  # its target has its own rule, or is hidden
                yield from without(entry.path, inside)
