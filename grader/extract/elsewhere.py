"""Definitions in text that is not run: a Markdown or raw cell, a comment."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping

from grader.errors import UnreadableNotebook
from grader.intake.notebook import read_text_cells
from grader.intake.submission import SourceFile, decode_source
from grader.model.observation import Location

_DEFINITION = r"^[ \t>]*{comment}[ \t]*(?:async[ \t]+)?(?:def|class)[ \t]+({names})[ \t]*[(:]"


def definitions_elsewhere(files: Iterable[SourceFile], names: Collection[str]) -> Mapping[str, str]:
    """By name, a sentence on where its definition is, and what to do."""
    found: dict[str, str] = {}
    for file in files:
        mentioned = [name for name in names if name.encode() in file.content]
        if mentioned:
            for name, sentence in _in_file(file, "|".join(map(re.escape, mentioned))):
                found.setdefault(name, sentence)
    return found


def _in_file(file: SourceFile, names: str) -> Iterator[tuple[str, str]]:
    plain, comment = (
        re.compile(_DEFINITION.format(comment=comment, names=names), re.MULTILINE) for comment in ("", "#+")
    )
    if not file.path.lower().endswith(".ipynb"):
        yield from _commented(comment, file.path, None, decode_source(file.content))
        return
    try:
        cells, texts = read_text_cells(file.content, file.path)
    except UnreadableNotebook:
        return
    for text in texts:
        place = f"after cell {text.after}" if text.after else "before the first code cell"
        for match in plain.finditer(text.source):
            yield (
                match[1],
                (
                    f"{match[1]} is in a {text.kind} cell ({file.path}, {place}), which is not run:"
                    " change the cell's type to Code"
                ),
            )
    for cell in cells:
        yield from _commented(comment, file.path, cell.number, cell.source)


def _commented(
    pattern: re.Pattern[str], path: str, cell: int | None, source: str
) -> Iterator[tuple[str, str]]:
    for match in pattern.finditer(source):
        place = Location(path, cell, source.count("\n", 0, match.start(1)) + 1)
        yield match[1], f"{match[1]} is commented out ({place}): remove the # before its lines"
