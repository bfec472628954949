"""What a student sees of a result: each check with the points that count, and in words what else made the score."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from grader import formatting
from grader.exporters.grades import rounded
from grader.model.report import CheckPart, Report, student_view
from grader.model.student_result import StudentResult

NOT_GRADED = "The grader failed here; this is not your fault. This check is not graded yet."


@dataclass(frozen=True, slots=True)
class SeenCheck:
    """A check that was run."""

    id: str
    """A hidden one has an id that tells nothing."""

    title: str
    """Different from all others of the report."""

    is_hidden: bool

    group: str
    """The title of the function or part that it belongs to; one for all hidden checks."""

    functions: tuple[str, ...]

    status: Literal["passed", "failed", "fault"]
    """fault: the grader failed, and nobody gave points."""

    points: float | None
    """To two decimals; None for a fault."""

    max_points: float

    words: str
    """The result, the hint, and what the instructor changed."""

    depends_on: str | None
    """Id of a check that it failed because of."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Line:
    """Something beside the checks that belongs to a score."""

    name: str

    words: str

    points: float = 0.0
    """What it adds to the score."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A result as its student may see it. The points of checks and lines add up to the score, if there is one."""

    report: Report

    checks: tuple[SeenCheck, ...]

    lines: tuple[Line, ...]


def seen(result: StudentResult, report: Report) -> Seen:
    """The student's view of a result. report: the result's own."""
    view = student_view(report)
    pairs = [(own, check) for own, check in _paired(report, view) if check.status != "not_run"]
    titles = _different([check.title for _, check in pairs])
    checks = tuple(
        _seen_check(result, own, check, title) for (own, check), title in zip(pairs, titles, strict=True)
    )
    return Seen(view, checks, tuple(_lines(result, report, checks)))


def whole(points: float) -> int | float:
    """The same number, without .0 if it is whole."""
    return int(points) if points.is_integer() else points


def in_utc(time: str | None) -> str | None:
    """A time of a report as 2026-04-20T21:03:11Z; None if there is none, or nobody knows its zone."""
    try:
        read = datetime.fromisoformat(time or "")
    except ValueError:
        return None
    return None if read.tzinfo is None else f"{read.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def cut(text: str, most: int) -> str:
    """A text of about so many characters, cut at the end of a line, with a note."""
    if len(text) <= most:
        return text
    kept = text[:most]
    kept = kept.rpartition("\n")[0] or kept
    return f"{kept}\n(cut: {len(text) - len(kept):,} more characters)"


def _paired(report: Report, view: Report) -> Iterator[tuple[CheckPart, CheckPart]]:
    """Each check with its view, which has the hidden ones that were run after the visible ones, in the same order."""
    visible = [check for check in report.checks if check.visibility == "visible"]
    hidden = [check for check in report.checks if check.visibility == "hidden" and check.status != "not_run"]
    yield from zip((*visible, *hidden), view.checks, strict=False)


def _different(titles: Sequence[str]) -> list[str]:
    """The titles; of equal ones, the second gets a 2."""
    taken: set[str] = set()
    found = []
    for title in titles:
        name, number = title, 1
        while name in taken:
            number += 1
            name = f"{title} {number}"
        taken.add(name)
        found.append(name)
    return found


def _seen_check(result: StudentResult, own: CheckPart, check: CheckPart, title: str) -> SeenCheck:
    points = result.points(own)
    changes = [each for each in result.changes if each.check == own.id]
    words = [check.message, *([f"Hint: {check.hint}"] if check.hint else [])]
    if points is None:
        words = [NOT_GRADED]
    for change in changes:
        words.append(
            f"Changed by the instructor, {_signed(change.points)} points: {formatting.sentence(change.reason)}"
        )
    has_passed = check.status == "passed"
    if changes and points is not None:
        has_passed = points >= own.max_points
    group, colon, _ = title.partition(": ")
    return SeenCheck(
        id=check.id,
        title=title,
        is_hidden=check.visibility == "hidden",
        group=("Hidden checks" if check.visibility == "hidden" else group if colon else "Checks"),
        functions=check.functions,
        status="fault" if points is None else "passed" if has_passed else "failed",
        points=None if points is None else rounded(points),
        max_points=rounded(check.max_points),
        words="\n".join(formatting.printable_lines(each) for each in words if each),
        depends_on=next(iter(check.caused_by), None),
        seconds=round(check.seconds, 3),
    )


def _lines(result: StudentResult, report: Report, checks: Sequence[SeenCheck]) -> Iterator[Line]:
    made = [*_changes(result)]
    if result.score is not None:
        told = sum(each.points or 0.0 for each in checks) + sum(each.points for each in made)
        rest = rounded(rounded(result.score) - told)
        if rest and not result.score:
            made.append(Line("Lowest score", "A score is never below 0.", rest))
        elif rest:
            made.append(Line("Rounding", "Points are rounded to two decimals.", rest))
    yield from made
    part = report.submission
    if part.attempt is not None or part.submitted_at:
        words = [] if part.attempt is None else [f"attempt {part.attempt}"]
        words += [f"submitted {in_utc(part.submitted_at) or part.submitted_at}"] if part.submitted_at else []
        yield Line("Submission", _sentence(", ".join(words)))
    if report.previous is not None:
        before = report.previous
        score = f"{formatting.points(before.score)} of {formatting.points(before.max_score)}"
        graded = in_utc(before.graded_at) or before.graded_at
        reasons = formatting.listing(before.reasons)
        yield Line("Score before", _sentence(f"{score}, graded {graded}; changed since: {reasons}"))


def _changes(result: StudentResult) -> Iterator[Line]:
    """Late, and points that the instructor gave for the whole."""
    is_told = False
    for each in result.changes:
        if each.check is not None:
            continue
        is_late = each.kind == "late"
        is_told |= is_late
        words = f"{_signed(each.points)} points: {each.reason}"
        yield Line("Late" if is_late else "Changed by the instructor", _sentence(words), rounded(each.points))
    if result.late_words and not is_told:
        yield Line("Late", _sentence(result.late_words))


def _signed(points: float) -> str:
    return f"{'+' if points >= 0 else '-'}{formatting.points(abs(points))}"


def _sentence(words: str) -> str:
    return formatting.sentence(formatting.printable_lines(words))
