"""Which column of a sheet is meant: by name or id, and never one of two."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from grader import formatting
from grader.exporters.sheets.grid import Line, SheetError
from grader.intake.persons import folded

_SHOWN = 12

IdOf = Callable[[str], tuple[str, str | None]]
"""From a header to the column's title and id; None for one without."""


def title_and_id(pattern: re.Pattern[str]) -> IdOf:
    """By a pattern with the groups title and id."""

    def parted(header: str) -> tuple[str, str | None]:
        seen = pattern.fullmatch(header)
        return (header, None) if seen is None else (seen["title"].strip(), seen["id"])

    return parted


def _plain(header: str) -> tuple[str, str | None]:
    return header, None


def named(header: Line, wanted: str, id_of: IdOf = _plain) -> int:
    """The one column of this header, id or title. SheetError, with all headers, if there is none, or more than one."""
    parts = [id_of(cell.plain) for cell in header.cells]
    text = wanted.strip()
    ways: Sequence[Callable[[int], bool]] = (
        lambda at: header[at] == text,
        lambda at: parts[at][1] is not None and parts[at][1] == text.strip("()| "),
        lambda at: parts[at][0] == text,
        lambda at: folded(parts[at][0]) == folded(text) or folded(header[at]) == folded(text),
    )
    for fits in ways:
        found = [at for at in range(len(header.cells)) if text and fits(at)]
        if len(found) > 1:
            raise SheetError(
                f"{len(found)} columns are named {formatting.printable(text)!r}; {listed(header)}"
            )
        if found:
            return found[0]
    raise SheetError(f"there is no column {formatting.printable(text)!r}; {listed(header)}")


def only(header: Line, candidates: Iterable[int], words: str) -> int:
    """The one candidate. SheetError, with the header and what to do, if there is none, or more than one.

    words: for a column of this kind, as in "column of an assignment".
    """
    found = list(candidates)
    if len(found) == 1:
        return found[0]
    if not found:
        raise SheetError(f"there is no {words}; name the column with --column; {listed(header)}")
    shown = formatting.several([repr(formatting.printable(header[each])) for each in found], _SHOWN)
    raise SheetError(f"which column? {len(found)} match: {shown}; name one with --column")


def graded(
    header: Line,
    wanted: str | None,
    pattern: re.Pattern[str],
    words: str,
    is_out: Callable[[int], bool] = lambda _: False,
) -> int:
    """The column of grades that was asked for; else the only one that fits the pattern, and is not out. SheetError if it is not sure.

    words: for such a column, with an example.
    """
    if wanted is not None:
        return named(header, wanted, title_and_id(pattern))
    fitting = (at for at, cell in enumerate(header.cells) if pattern.fullmatch(cell.plain))
    return only(header, (at for at in fitting if not is_out(at)), words)


def listed(header: Line) -> str:
    """The header in words."""
    cells = [repr(formatting.shortened(formatting.printable(cell.plain), 60)) for cell in header.cells]
    return f"the header is {formatting.several(cells, _SHOWN)}"
