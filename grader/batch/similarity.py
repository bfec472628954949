"""Near copies in a class: functions that two submissions have in common, to look at and never to grade by.

Nothing of a submission is run. A function is compared together with the helpers that it needs, as copydetect normalizes
code: without comments, whitespace and the text of strings, and with one letter for every name. The handout's code is taken out.

The limits are measured. Among ten independent right solutions of one assignment, published by as many students, no two
vectorized losses shared more than 83 characters (42 % of the shorter one; they have 160 to 220), and no two naive ones more than 79 (75 %),
where the handout gives most of the code. docs/decisions/0024-near-copies.md has the rest.
"""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from grader.errors import SubmissionError, UsageError
from grader.extract import Chunk, Extracted, extract
from grader.extract.source.reading import read_sources
from grader.grading.grade import guarded
from grader.intake.entry import ClassEntry, load_entry
from grader.intake.submission import Submission
from grader.spec import Spec

RUN = 35
"""Characters of normalized code that are the same in one place: a fingerprint. Two statements, roughly."""

LEAST_SHARED = 120
"""Characters that two functions share at least."""

LEAST_SHARE = 0.6
"""And so much of the shorter one, without the handout's code."""

LEAST_SHARE_UNKNOWN = 0.9
"""The same where nobody knows what the handout gave: no template, and a small class."""

FEWEST = 9
"""Without a template, code that more than half of so many submissions have is taken for the handout's."""

LEAST_FINGERPRINTS = 30
LEAST_FINGERPRINT_SHARE = 0.25
"""Functions with fewer in common are not looked at more closely: that is too many small pieces to be told from chance."""

MOST_CHARACTERS = 20_000
"""Of a function with its helpers; a longer one is left out and named. It takes a quarter of a second."""

MOST_PAIRS = 200
"""A class where everybody shares something has n^2 of them."""

_COLUMNS = 2048
"""Fingerprints that are counted at a time: 8 MB for a class of 1,000."""

_GAP = 3
"""Places that are so few lines apart are told as one: comments lie between them."""

_Numbers = npt.NDArray[np.int64]

Progress = Callable[[int, int], None]
"""Called with the number of submissions read and of all."""


@dataclass(frozen=True, slots=True)
class Alike:
    """A function that two submissions have in common."""

    function: str

    share: float
    """Of the code of the one with less of its own, 0 to 1."""

    shared: int
    """Characters of normalized code."""

    left: tuple[str, ...]
    right: tuple[str, ...]
    """Files, cells and lines that match."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two submissions that are worth a look, by their ids."""

    left: str
    right: str
    functions: tuple[Alike, ...]

    @property
    def shared(self) -> int:
        """Characters of normalized code that all the functions share."""
        return sum(each.shared for each in self.functions)


@dataclass(frozen=True, slots=True)
class Similarities:
    """The pairs of a class, those that share the most code first, and what they were compared by."""

    pairs: tuple[Pair, ...]

    compared: int
    """Submissions with code to compare."""

    left_out: tuple[str, ...]
    """Submissions and functions that were not compared, with the reasons."""

    taken_out: str
    """The code that did not count, in words."""

    is_cut: bool = False
    """Whether there may be more pairs, with less in common."""


@dataclass(frozen=True, slots=True)
class _Document:
    """A function with its helpers."""

    chunks: tuple[Chunk, ...]

    @property
    def text(self) -> str:
        """Their source, without blanks at the ends of lines: copydetect's lexer takes quadratic time for lines of blanks."""
        return "\n".join(_stripped(chunk.source) for chunk in self.chunks)

    def places(self, spans: Iterable[tuple[int, int]]) -> tuple[str, ...]:
        """The locations of some spans of the text."""
        text = self.text
        starts = list(accumulate((_stripped(each.source).count("\n") + 1 for each in self.chunks), initial=0))
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


def _stripped(source: str) -> str:
    return "\n".join(line.rstrip() for line in source.split("\n"))


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
class _Code:
    """The normalized code of a document.

    All fingerprints are kept and none is winnowed away: functions are short, and which ones went would depend on Python's
    random hashes of strings, so that two runs would find different shares.
    """

    fingerprints: _Numbers
    """By their place in the normalized code."""

    offsets: npt.NDArray[np.int64]
    """Places in the normalized code, and how many characters of the text were left out before each."""

    def in_text(self, slices: npt.NDArray[np.int64]) -> list[tuple[int, int]]:
        """The starts and ends in the normalized code, in the text."""
        after = np.searchsorted(self.offsets[:, 0], slices)
        found = slices + self.offsets[:, 1][np.minimum(after, len(self.offsets) - 1)]
        return [(int(start), int(end)) for start, end in found.T]


@dataclass(frozen=True, slots=True)
class _Sheet:
    """What is compared of one submission."""

    entry: ClassEntry
    sha256: str
    functions: Mapping[str, tuple[_Document, _Code]]
    """By name."""

    left_out: tuple[str, ...]
    """Functions that are not compared, with the reasons."""


@dataclass(frozen=True, slots=True)
class _Function:
    """One function in all submissions that have it."""

    name: str

    owners: Sequence[int]
    """The numbers of the submissions."""

    common: _Numbers
    """The fingerprints that do not count."""

    least_share: float

    times: npt.NDArray[np.float32]
    """Between each two of the owners, the number of fingerprints in common; 0 for too few."""


def find_similar(
    entries: Sequence[ClassEntry],
    spec: Spec,
    template: Submission | None = None,
    progress: Progress | None = None,
) -> Similarities:
    """The pairs of submissions that share more code than independent ones do.

    Submissions with equal files, and those of the same student, are no pair.

    template: the handout's own files; without it, what more than half of at least nine submissions share is taken for it.
    Raises UsageError if copydetect is missing, or if there is no code in the template; SubmissionError if it cannot be read.
    """
    _require_copydetect()
    given = _given(template, spec)
    sheets, left_out = _read(entries, spec, progress)
    functions = [each for name in spec.functions if (each := _function(name, sheets, given)) is not None]
    pairs: list[Pair] = []
    is_cut = False
    for left, right in _closest(sheets, functions):
        if len(pairs) == MOST_PAIRS:
            is_cut = True
            break
        found = [_compared(each, sheets[left], sheets[right]) for each in functions]
        if alike := tuple(each for each in found if each is not None):
            pairs.append(Pair(sheets[left].entry.id, sheets[right].entry.id, alike))
    pairs.sort(key=lambda pair: -pair.shared)
    words = _taken_out(template, len(sheets))
    return Similarities(tuple(pairs), len(sheets), tuple(left_out), words, is_cut)


def _require_copydetect() -> None:
    try:
        import copydetect  # noqa: F401
    except ImportError as error:
        raise UsageError(
            'near copies are found with copydetect, which is not installed: pip install "copydetect>=0.5,<0.6"'
        ) from error


def _are_strangers(left: _Sheet, right: _Sheet) -> bool:
    """Whether a pair says more than that two files are equal, or that one student handed in twice."""
    return left.sha256 != right.sha256 and not _persons(left.entry) & _persons(right.entry)


def _persons(entry: ClassEntry) -> set[str]:
    return {key for student in entry.students for key in student.identity}


def _taken_out(template: Submission | None, count: int) -> str:
    if template is not None:
        return f"the code of the template {template.id}"
    if count >= FEWEST:
        return f"code that more than half of the {count} submissions have"
    return (
        f"nothing. {count} submissions are too few to tell the handout's code from theirs, so only functions that are"
        " alike nearly throughout are shown; pass the handout with --template to see more"
    )


# Reading


def _given(template: Submission | None, spec: Spec) -> _Numbers | None:
    """The fingerprints of all statements of the template."""
    if template is None:
        return None
    sources, _ = read_sources(template.sources, list(spec.functions))
    texts = {_stripped(each.source) for statements in sources.values() for each in statements}
    found = [_code_of(text).fingerprints for text in texts]
    given = np.unique(np.concatenate([np.array([], dtype=np.int64), *found]))
    if not given.size:
        raise UsageError(
            f"the template {template.id} has no code; give the handout's notebook, module or folder"
        )
    return given


def _read(
    entries: Sequence[ClassEntry], spec: Spec, progress: Progress | None
) -> tuple[list[_Sheet], list[str]]:
    """The submissions with functions of the spec, and what else there is, with the reasons."""
    sheets: list[_Sheet] = []
    left_out: list[str] = []
    for number, entry in enumerate(entries):
        if progress is not None:
            progress(number, len(entries))
        try:
            sheet = guarded(partial(_sheet, entry, spec), SubmissionError)
        except SubmissionError as error:
            left_out.append(f"{entry.id}: {error}")
            continue
        if sheet is None:
            left_out.append(f"{entry.id}: the grader failed; this is not the student's fault")
            continue
        left_out.extend(f"{entry.id}: {reason}" for reason in sheet.left_out)
        if sheet.functions:
            sheets.append(sheet)
        elif not sheet.left_out:
            left_out.append(f"{entry.id}: has no function of {spec.name}")
    if progress is not None:
        progress(len(entries), len(entries))
    return sheets, left_out


def _sheet(entry: ClassEntry, spec: Spec) -> _Sheet:
    submission = load_entry(entry)
    extracted = extract(submission, list(spec.functions), spec.files)
    left_out = [extracted.missing[name] for name in extracted.unparsed]
    functions = {}
    for name in extracted.functions:
        document = _document(extracted, name)
        if (length := len(document.text)) > MOST_CHARACTERS:
            most = f"at most {MOST_CHARACTERS:,} are compared"
            left_out.append(f"{name} with its helpers has {length:,} characters; {most}")
        else:
            functions[name] = document, _code_of(document.text)
    return _Sheet(entry, submission.sha256, functions, tuple(left_out))


def _document(extracted: Extracted, name: str) -> _Document:
    """A function and the functions and classes that it needs, apart from the other graded ones."""
    function = extracted.functions[name]
    others = {each.location for other, each in extracted.functions.items() if other != name}
    return _Document(
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


# Comparing


def _code_of(text: str) -> _Code:
    from copydetect import CodeFingerprint

    made = CodeFingerprint("function.py", RUN, 1, fp=io.StringIO(text), language="python")
    places = {int(at): int(fingerprint) for fingerprint, found in made.hash_idx.items() for at in found}
    return _Code(np.array([places[at] for at in sorted(places)], dtype=np.int64), made.offsets)


def _closest(sheets: Sequence[_Sheet], functions: Sequence[_Function]) -> Iterator[tuple[int, int]]:
    """The pairs of sheets that may share enough, those with the most fingerprints in common first."""
    total = np.zeros((len(sheets), len(sheets)), dtype=np.float32)
    for function in functions:
        owners = np.array(function.owners)
        total[np.ix_(owners, owners)] += function.times
    lefts, rights = np.nonzero(np.triu(total, 1))
    for at in np.argsort(-total[lefts, rights], kind="stable"):
        if _are_strangers(sheets[lefts[at]], sheets[rights[at]]):
            yield int(lefts[at]), int(rights[at])


def _function(name: str, sheets: Sequence[_Sheet], given: _Numbers | None) -> _Function | None:
    """A function in all submissions that have it; None if nobody has."""
    owners = [number for number, sheet in enumerate(sheets) if name in sheet.functions]
    if not owners:
        return None
    codes = [sheets[owner].functions[name][1] for owner in owners]
    common, least_share = given, LEAST_SHARE
    if common is None:
        common = _shared_by_most(codes)
        least_share = LEAST_SHARE if len(codes) >= FEWEST else LEAST_SHARE_UNKNOWN
    own = [np.setdiff1d(code.fingerprints, common) for code in codes]
    return _Function(name, owners, common, least_share, _times(own))


def _shared_by_most(codes: Sequence[_Code]) -> _Numbers:
    """The fingerprints that more than half have; none of a small class."""
    if len(codes) < FEWEST:
        return np.array([], dtype=np.int64)
    each_once = np.concatenate([np.unique(code.fingerprints) for code in codes])
    values, counts = np.unique(each_once, return_counts=True)
    return values[counts > len(codes) / 2]


def _times(own: Sequence[_Numbers]) -> npt.NDArray[np.float32]:
    """How many fingerprints each two have in common; 0 for too few. A product of matrices: theirs, by fingerprint."""
    values, counts = np.unique(np.concatenate(own), return_counts=True)
    shared = values[counts > 1]
    times = np.zeros((len(own), len(own)), dtype=np.float32)
    for start in range(0, len(shared), _COLUMNS):
        columns = shared[start : start + _COLUMNS]
        has = np.stack([np.isin(columns, each, assume_unique=True) for each in own]).astype(np.float32)
        times += has @ has.T
    sizes = np.array([len(each) for each in own])
    enough = np.maximum(LEAST_FINGERPRINTS, np.minimum.outer(sizes, sizes) * LEAST_FINGERPRINT_SHARE)
    return np.where(times >= enough, times, 0)


def _compared(function: _Function, left: _Sheet, right: _Sheet) -> Alike | None:
    """Where the two match, if they share enough of it."""
    from copydetect.utils import get_copied_slices

    if not (function.name in left.functions and function.name in right.functions):
        return None
    sides = [left.functions[function.name], right.functions[function.name]]
    own = [~np.isin(code.fingerprints, function.common) for _, code in sides]
    matched = [
        np.flatnonzero(mine & np.isin(code.fingerprints, other.fingerprints))
        for mine, (_, code), (_, other) in zip(own, sides, reversed(sides), strict=True)
    ]
    lengths = [_covered(at) for at in matched]
    shared = min(lengths)
    if shared < LEAST_SHARED:
        return None
    share = max(length / _covered(np.flatnonzero(mine)) for length, mine in zip(lengths, own, strict=True))
    if share < function.least_share:
        return None
    places = [
        document.places(code.in_text(get_copied_slices(at, RUN)))
        for at, (document, code) in zip(matched, sides, strict=True)
    ]
    return Alike(function.name, share, shared, *places)


def _covered(at: _Numbers) -> int:
    """The characters in fingerprints that begin at these places."""
    return int(np.minimum(np.diff(at), RUN).sum()) + RUN if len(at) else 0
