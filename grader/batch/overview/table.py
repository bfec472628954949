"""The table of students on the page of a class."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from grader import formatting
from grader.batch.overview.class_words import FLAGS
from grader.batch.student_name import StudentName
from grader.feedback.distributions import Share, stack
from grader.model.report import Report
from grader.model.student_result import ChangeKind, StudentResult

_MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True, slots=True)
class Cell:
    """A number with the words beside it. key: to sort by; None for an empty cell."""

    key: float | None = None
    number: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One student."""

    name: StudentName
    score: Cell
    bar: Markup
    late: Cell
    override: Cell
    before: Cell
    look: tuple[str, ...]
    """Why a person should look, in a few words each, with the state of a submission without a score first."""
    marks: str
    """The ids of the groups that the student is in, with blanks between."""

    @property
    def ids(self) -> str:
        """The student's and the submission's, where they tell more than the name."""
        told = dict.fromkeys((self.name.id, self.name.submission))
        return " \N{MIDDLE DOT} ".join(each for each in told if each != self.name.name)


def rows_of(
    results: Sequence[StudentResult],
    unread: Collection[str],
    marks: Mapping[StudentName, Sequence[str]],
) -> Iterator[Row]:
    """A row for each student, in the order of the class. unread: submissions whose report cannot be read."""
    for each in results:
        name = StudentName.of(each)
        yield Row(
            name,
            _score(each),
            _bar(each),
            _change(each, "late", each.late_words),
            _change(each, "override"),
            _before(each.report),
            tuple(_look(each, is_unread=each.id in unread)),
            " ".join(marks.get(name, ())),
        )


def _score(result: StudentResult) -> Cell:
    if result.score is None:
        return Cell()
    most = result.max_score
    words = "" if most is None else f"of {formatting.points(most)}"
    return Cell(result.score, formatting.points(result.score), words)


def _bar(result: StudentResult) -> Markup:
    """The score as a bar; none where the maximum is not known."""
    if result.score is None or not result.max_score:
        return Markup()
    return stack([Share(result.score / result.max_score, "good")])


def _change(result: StudentResult, kind: ChangeKind, words: str = "") -> Cell:
    changes = [each for each in result.changes if each.kind == kind]
    if not changes:
        return Cell(0.0, "", words) if words else Cell()
    points = sum(each.points for each in changes)
    told = words or "; ".join(
        f"{each.check}: {each.reason}" if each.check is not None else each.reason for each in changes
    )
    sign = _MINUS if points < 0 else "+"
    return Cell(points, f"{sign}{formatting.points(abs(points))}", told)


def _before(report: Report | None) -> Cell:
    """The score before the latest regrade."""
    if report is None or report.previous is None:
        return Cell()
    before = report.previous
    words = "" if before.max_score == report.max_score else f"of {formatting.points(before.max_score)}"
    return Cell(before.score, formatting.points(before.score), words)


def _look(result: StudentResult, *, is_unread: bool) -> Iterator[str]:
    report = result.report
    if report is None:
        awaited = "report cannot be read" if is_unread else "not graded yet"
        yield awaited if result.is_awaited else "did not submit"
    else:
        if report.status == "unreadable":
            yield "could not be graded"
        elif report.has_grader_faults:
            yield "the grader failed"
        elif result.score is None:
            yield "not every check was run" if report.max_score else "nothing to score"
        kinds = dict.fromkeys(flag.kind for flag in report.flags)
        for kind, label in FLAGS.items():
            if kind in kinds:
                yield label.partition(" (")[0].lower()
    yield from result.remarks
