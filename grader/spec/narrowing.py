"""The files of a submission that matter for some functions, found in their bytes: detection parses no others."""

from __future__ import annotations

import codecs
import re
from collections.abc import Collection, Iterable, Sequence
from pathlib import PurePosixPath

from grader.intake.submission import SourceFile

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

_BEFORE_A_NAME = (rb"def\W{1,16}", rb"class\W{1,16}", rb"as[ \t]+")
_BEFORE_A_VALUE = (rb"\n", rb"\\n", rb'"')
"""How a definition begins, and a line: in a module, in a notebook's string, and at the beginning of that."""

_IMPORTS = tuple(re.compile(word + rb'([^\n\\"]{1,200})') for word in (rb"import", rb"from", rb"%run"))
_WORD = re.compile(rb"\w+")


def defining_files(
    files: Sequence[SourceFile], names: Collection[str]
) -> tuple[tuple[SourceFile, ...], frozenset[str]]:
    """The files that seem to define one of the names, with the files that they import; and the names.

    A file in UTF-16 counts as defining all of them.
    """
    name = b"(" + b"|".join(re.escape(name).encode() for name in names) + b")"
    # Each begins with a literal, which is what makes them fast on megabytes of pictures.
    patterns = [re.compile(before + name + rb"\b") for before in _BEFORE_A_NAME]
    patterns += [re.compile(before + name + rb"[ \t]*=(?!=)") for before in _BEFORE_A_VALUE]
    chosen: list[SourceFile] = []
    defined: set[str] = set()
    for file in files:
        found = {each.decode() for pattern in patterns for each in pattern.findall(file.content)}
        if file.content.startswith(_UTF_16):
            found = set(names)
        defined |= found
        chosen += [file] if found else []
    return _with_imported(chosen, files), frozenset(defined)


def _with_imported(chosen: Iterable[SourceFile], files: Sequence[SourceFile]) -> tuple[SourceFile, ...]:
    """These files and all whose module name they import, directly or through others."""
    by_stem: dict[bytes, list[SourceFile]] = {}
    for file in files:
        by_stem.setdefault(PurePosixPath(file.path).stem.encode(), []).append(file)
    kept = {file.path for file in chosen}
    pending = list(chosen)
    while pending:
        content = pending.pop().content
        lines = (line for each in _IMPORTS for line in each.findall(content))
        for word in {word for line in lines for word in _WORD.findall(line)} & by_stem.keys():
            new = [file for file in by_stem[word] if file.path not in kept]
            kept.update(file.path for file in new)
            pending += new
    return tuple(file for file in files if file.path in kept)
