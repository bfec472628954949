"""Tells a library's own code objects from all others, whatever file those claim to come from.

A code object can be given any name, so its file is asked: only what the library's file compiles to is the library's.
"""

from __future__ import annotations

import _imp
import sys
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

_FROZEN = "<frozen "
_FROZEN_AS = {
    "importlib._bootstrap": "_frozen_importlib",
    "importlib._bootstrap_external": "_frozen_importlib_external",
}
"""Under which name a frozen module is kept, where its file has another."""

_folders: list[str] = []
_known: dict[int, tuple[CodeType, bool]] = {}
"""By id; the code object is kept, so that no other one gets its id."""
_by_file: dict[str, frozenset[CodeType]] = {}


def prepare() -> None:
    """Remember where the libraries are, and the code of the worker's own files, which it cannot read once confined."""
    here = str(Path(__file__).resolve().parent)
    _folders[:] = [entry for entry in sys.path if entry and entry != here]
    modules: list[object] = list(sys.modules.values())
    for module in modules:
        file_name = str(vars(module).get("__file__")) if isinstance(module, ModuleType) else ""
        if file_name.startswith(here):
            _by_file[file_name] = _codes_in(file_name)


def is_library(code: CodeType) -> bool:
    """Whether the file that the code object names is a library's, or ours, and compiles to it."""
    known = _known.get(id(code))
    if known is None:
        file_name = code.co_filename
        if file_name not in _by_file:
            is_there = file_name.startswith((_FROZEN, *_folders))
            _by_file[file_name] = _codes_in(file_name) if is_there else frozenset()
        known = _known[id(code)] = (code, code in _by_file[file_name])
    return known[1]


def nested(code: CodeType) -> Iterator[CodeType]:
    """A code object and those inside it, in order."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from nested(constant)


def _codes_in(file_name: str) -> frozenset[CodeType]:
    """All code objects of a file; none if it cannot be read."""
    try:
        if file_name.startswith(_FROZEN):
            name = file_name.removeprefix(_FROZEN).removesuffix(">")
            return frozenset(nested(_imp.get_frozen_object(_FROZEN_AS.get(name, name))))
        code = SourceFileLoader("library", file_name).get_code("library")
        return frozenset() if code is None else frozenset(nested(code))
    except (ImportError, OSError, SyntaxError, ValueError, EOFError, TypeError):
        return frozenset()
