"""Near copies in a class: functions that two submissions have in common, to look at and never to grade by.

Nothing of a submission is run. A function is compared together with the helpers that it needs, as copydetect normalizes
code: without comments, whitespace and the text of strings, and with one letter for every name. The handout's code is taken out.

The limits are measured. Among ten independent right solutions of one assignment, published by as many students, no two
vectorized losses shared more than 83 characters (42 % of the shorter one; they have 160 to 220), and no two naive ones more than 79 (75 %),
where the handout gives most of the code. docs/decisions/0023-near-copies.md has the rest.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from grader import formatting
from grader.batch.similar.function_code import RUN, Code, Document, Numbers, code_of, document_of, stripped
from grader.errors import SubmissionError, UsageError
from grader.extract import extract
from grader.extract.source.reading import read_sources
from grader.grading.grade import guarded
from grader.intake.entry import ClassEntry, load_entry
from grader.intake.submission import Submission
from grader.spec import Spec

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

    equal: tuple[tuple[str, ...], ...] = ()
    """Submissions of several students with the same files, byte for byte, which are no pairs."""


@dataclass(frozen=True, slots=True)
class _Sheet:
    """What is compared of one submission."""

    entry: ClassEntry
    sha256: str
    functions: Mapping[str, tuple[Document, Code]]
    """By name."""

    left_out: tuple[str, ...]
    """Functions that are not compared, with the reasons."""


@dataclass(frozen=True, slots=True)
class _Function:
    """One function in all submissions that have it."""

    name: str

    owners: Sequence[int]
    """The numbers of the submissions."""

    common: Numbers
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
    return Similarities(tuple(pairs), len(sheets), tuple(left_out), words, is_cut, _equal(sheets, template))


def _equal(sheets: Sequence[_Sheet], template: Submission | None) -> tuple[tuple[str, ...], ...]:
    """The submissions with the same files, unless these are the template's, or all of one student's."""
    groups: dict[str, list[_Sheet]] = {}
    for sheet in sheets:
        if template is None or sheet.sha256 != template.sha256:
            groups.setdefault(sheet.sha256, []).append(sheet)
    return tuple(
        tuple(each.entry.id for each in group)
        for group in groups.values()
        if any(not _persons(group[0].entry) & _persons(each.entry) for each in group[1:])
    )


def _require_copydetect() -> None:
    logging.getLogger("matplotlib").setLevel(
        logging.ERROR
    )  # it comes with it, and remarks on a HOME that is closed
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
        f"nothing. With {formatting.count(count, 'submission')} the handout's code cannot be told from"
        " theirs, so only"
        " functions that are alike nearly throughout are shown; pass the handout with --template to see more"
    )


# Reading


def _given(template: Submission | None, spec: Spec) -> Numbers | None:
    """The fingerprints of all statements of the template."""
    if template is None:
        return None
    sources, _ = read_sources(template.sources, list(spec.functions))
    texts = {stripped(each.source) for statements in sources.values() for each in statements}
    found = [code_of(text).fingerprints for text in texts]
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
        document = document_of(extracted, name)
        if (length := len(document.text)) > MOST_CHARACTERS:
            most = f"at most {MOST_CHARACTERS:,} are compared"
            left_out.append(f"{name} with its helpers has {length:,} characters; {most}")
        else:
            functions[name] = document, code_of(document.text)
    return _Sheet(entry, submission.sha256, functions, tuple(left_out))


# Comparing


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


def _function(name: str, sheets: Sequence[_Sheet], given: Numbers | None) -> _Function | None:
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


def _shared_by_most(codes: Sequence[Code]) -> Numbers:
    """The fingerprints that more than half have; none of a small class."""
    if len(codes) < FEWEST:
        return np.array([], dtype=np.int64)
    each_once = np.concatenate([np.unique(code.fingerprints) for code in codes])
    values, counts = np.unique(each_once, return_counts=True)
    return values[counts > len(codes) / 2]


def _times(own: Sequence[Numbers]) -> npt.NDArray[np.float32]:
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


def _covered(at: Numbers) -> int:
    """The characters in fingerprints that begin at these places."""
    return int(np.minimum(np.diff(at), RUN).sum()) + RUN if len(at) else 0
