"""A look at the first submissions of a class before any is graded: are they the spec's at all?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Literal

from grader import formatting
from grader.batch.class_record import ClassRecord
from grader.errors import SpecError, SubmissionError
from grader.grading.grade import guarded
from grader.intake.entry import ClassEntry, load_entry
from grader.intake.submission import Submission
from grader.spec import Spec
from grader.spec.detect import detect_spec, has_functions_of, is_of_another_year

LOOKED_AT = 10
FEWEST_OTHERS = 3
"""So many submissions without a function of the spec, and more than half of those looked at, stop a class."""


def require_own(entries: Sequence[ClassEntry], spec: Spec) -> None:
    """SpecError if most of the first entries have no function of the spec, or are another year's; nothing of them is run.

    An entry that cannot be read counts for neither side.
    """
    loaded = (each for entry in entries if (each := _loaded(entry)) is not None)
    read = [(each, fit) for each in loaded if (fit := _fit(each, spec)) is not None]
    others = [each for each, fit in read if fit != "own"]
    if len(others) < FEWEST_OTHERS or len(others) <= len(read) / 2:
        return
    expected = f"a function of {spec.name} in most submissions"
    seen = f"{len(others)} of the first {len(read)} submissions have no function of {spec.name}"
    if len(others) == len(read):
        seen = f"none of the first {len(read)} submissions has a function of {spec.name}"
    if any(fit == "another year" for _, fit in read):
        expected = f"the assignment of {spec.name} in most submissions"
        seen = f"{len(others)} of the first {len(read)} submissions are another year's assignment than {spec.name}"
    names = Counter(name for each in others if (name := _look(each)) is not None)
    if not names:
        words = "none of them looks like another shipped spec's either. Grade the class with its own spec"
    else:
        ((name, times),) = names.most_common(1)
        words = f"{times} of them {'looks' if times == 1 else 'look'} like {name}. Grade the class with --spec {name}"
    advice = f"or pass --anyway to grade it as {spec.name} anyway"
    raise SpecError(f"{seen}; {words}, {advice}", expected=expected, seen=seen)


def require_same_spec(record: ClassRecord | None, spec: Spec, out: Path) -> None:
    """SpecError if the folder has the class graded with another spec: its reports would be lost."""
    if record is None or record.spec == spec.name:
        return
    shown = formatting.printable(str(out))
    raise SpecError(
        (
            f"{shown} holds this class graded as {record.spec}; choose another --out for {spec.name}, or"
            f" pass --anyway to regrade it as {spec.name}"
        ),
        expected=record.spec,
        seen=spec.name,
    )


def _loaded(entry: ClassEntry) -> Submission | None:
    try:
        return load_entry(entry)
    except SubmissionError:
        return None


def _fit(submission: Submission, spec: Spec) -> Literal["own", "another year", "none"] | None:
    """Whether it has a function of the spec, and is not the assignment of another year; None if that cannot be told."""
    try:
        if guarded(partial(is_of_another_year, submission, spec), SubmissionError):
            return "another year"
        has_own = guarded(partial(has_functions_of, submission, spec), SubmissionError)
    except SubmissionError:
        return None
    return None if has_own is None else "own" if has_own else "none"


def _look(submission: Submission) -> str | None:
    """The name of the shipped spec that the submission belongs to."""
    try:
        return detect_spec(submission).spec.name
    except (SpecError, SubmissionError):
        return None
