"""A graded function with its helpers as one text, its code as copydetect normalizes it, and where a part of it stands."""

from __future__ import annotations

import io
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from grader.extract import Chunk, Extracted

RUN = 35
"""Characters of normalized code that are the same in one place: a fingerprint. Two statements, roughly."""

_GAP = 3
"""Places that are so few lines apart are told as one: comments lie between them."""

_IDLE = re.compile(r"\s*(?:pass|None|True|False|\.\.\.|[0-9]+)[\s;]*")
"""A line that does nothing."""

Numbers = npt.NDArray[np.int64]
"""Fingerprints, or places."""


@dataclass(frozen=True, slots=True)
class Document:
    """A function with its helpers."""

    chunks: tuple[Chunk, ...]

    @property
    def text(self) -> str:
        """Their source."""
        return "\n".join(stripped(chunk.source) for chunk in self.chunks)

    def places(self, spans: Iterable[tuple[int, int]]) -> tuple[str, ...]:
        """The locations of some spans of the text."""
        text = self.text
        starts = list(accumulate((stripped(each.source).count("\n") + 1 for each in self.chunks), initial=0))
        lines: set[int] = set()
        for start, end in spans:
            first = text.count("\n", 0, start)
            lines.update(range(first, first + 1 + text[start:end].rstrip().count("\n")))
        inside: dict[int, list[int]] = {}
        for line in sorted(lines):
            number = bisect_right(starts, line) - 1
            inside.setdefault(number, []).append(line - starts[number])
        found: dict[str, list[str]] = {}
        for number, own in inside.items():
            for first, last in _runs(own):
                place, run = _place(self.chunks[number], first, last)
                found.setdefault(place, []).append(run)
        return tuple(f"{place}, {_lines(runs)}" for place, runs in found.items())


def _lines(runs: Sequence[str]) -> str:
    return f"{'line' if len(runs) == 1 and runs[0].isdecimal() else 'lines'} {', '.join(runs)}"


def stripped(source: str) -> str:
    """Without blanks at the ends of lines, and without lines that do nothing, which would hide a copy if put between all others.

    copydetect's lexer takes quadratic time for lines of blanks.
    """
    return "\n".join("" if _IDLE.fullmatch(line) else line.rstrip() for line in source.split("\n"))


def _runs(lines: Sequence[int]) -> Iterator[tuple[int, int]]:
    """The first and last of lines that are close to one another."""
    start = 0
    for at in range(1, len(lines) + 1):
        if at == len(lines) or lines[at] - lines[at - 1] > _GAP:
            yield lines[start], lines[at - 1]
            start = at


def _place(chunk: Chunk, first: int, last: int) -> tuple[str, str]:
    """The place and the lines, as the student counts them, of lines of a chunk, counted from 0."""
    begin, end = (chunk.location_of(chunk.location.line + line) for line in (first, last))
    if begin.inner is None or end.inner is None:
        return begin.place, _range(begin.line, end.line)
    return f"{begin.place}, string in line {begin.line}", _range(begin.inner, end.inner)


def _range(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}-{last}"


@dataclass(frozen=True, slots=True)
class Code:
    """The normalized code of a document.

    All fingerprints are kept and none is winnowed away: functions are short, and which ones went would depend on Python's
    random hashes of strings, so that two runs would find different shares.
    """

    fingerprints: Numbers
    """By their place in the normalized code."""

    offsets: npt.NDArray[np.int64]
    """Places in the normalized code, and how many characters of the text were left out before each."""

    def in_text(self, slices: npt.NDArray[np.int64]) -> list[tuple[int, int]]:
        """The starts and ends in the normalized code, in the text."""
        after = np.searchsorted(self.offsets[:, 0], slices)
        found = slices + self.offsets[:, 1][np.minimum(after, len(self.offsets) - 1)]
        return [(int(start), int(end)) for start, end in found.T]


def document_of(extracted: Extracted, name: str) -> Document:
    """A function and the functions and classes that it needs, apart from the other graded ones."""
    function = extracted.functions[name]
    others = {each.location for other, each in extracted.functions.items() if other != name}
    return Document(
        tuple(
            chunk
            for chunk in extracted.chunks
            if chunk.number in function.chunks
            and chunk.location not in others
            and (chunk.location == function.location or _is_definition(chunk.source))
        )
    )


def _is_definition(source: str) -> bool:
    return source.startswith(("def ", "class ", "async ", "@"))


def code_of(text: str) -> Code:
    """The normalized code of a text that is `stripped`."""
    from copydetect import CodeFingerprint

    made = CodeFingerprint("function.py", RUN, 1, fp=io.StringIO(text), language="python")
    places = {int(at): int(fingerprint) for fingerprint, found in made.hash_idx.items() for at in found}
    return Code(np.array([places[at] for at in sorted(places)], dtype=np.int64), made.offsets)
