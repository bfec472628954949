"""Whose score may leave the grader, whose is withheld, and who has none. Every export asks here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

from grader import formatting
from grader.exporters.export import Withheld
from grader.model.report import Report, student_view
from grader.model.student_result import StudentResult


@dataclass(frozen=True, slots=True)
class Grade:
    """A score that counts, rounded once for all exports."""

    result: StudentResult

    score: float
    """In points, to two decimals."""

    max_score: float | None
    """None if the instructor gave points for no submission."""

    @property
    def words(self) -> str:
        """The score in words: 87.5 of 100."""
        most = "" if self.max_score is None else f" of {formatting.points(self.max_score)}"
        return f"{formatting.points(self.score)}{most}"

    @property
    def who(self) -> str:
        """The student as a sentence names them."""
        return self.result.words


class Told(TypedDict):
    """Fields of `Export`."""

    withheld: tuple[Withheld, ...]
    not_submitted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Grades:
    """The students of a class, each in one of these."""

    given: tuple[Grade, ...]

    withheld: tuple[tuple[StudentResult, Withheld], ...]

    not_submitted: tuple[StudentResult, ...]

    @property
    def told(self) -> Told:
        """What every export says of those without a score."""
        return {
            "withheld": tuple(each for _, each in self.withheld),
            "not_submitted": tuple(each.words for each in self.not_submitted),
        }


def grades(results: Sequence[StudentResult]) -> Grades:
    """The students by whether they have a score, in the given order."""
    given, withheld, not_submitted = [], [], []
    for each in results:
        if each.score is not None:
            most = each.max_score
            given.append(Grade(each, rounded(each.score), None if most is None else rounded(most)))
        elif each.status == "not_submitted" and not each.remarks:
            not_submitted.append(each)
        else:
            withheld.append((each, Withheld(each.words, each.id, _why(each))))
    return Grades(tuple(given), tuple(withheld), tuple(not_submitted))


def with_several(results: Sequence[StudentResult]) -> Iterator[str]:
    """The problem of each student who has a score, and more than one submission: nobody knows which one counts."""
    for own in by_student(results).values():
        if (
            len({each.id for each in own}) > 1
            and len({each.words for each in own}) == 1
            and any(each.score is not None for each in own)
        ):
            yield several_words(own)


def by_student(results: Sequence[StudentResult]) -> Mapping[str, Sequence[StudentResult]]:
    """The results of each student, by their id; two whom the download knows by the same name are two."""
    entries: defaultdict[str, list[StudentResult]] = defaultdict(list)
    for each in results:
        if each.student is not None:
            known = each.student.platform
            is_name = known.get("name") == each.student.id
            entries["\n".join((each.student.id, *known.values())) if is_name else each.student.id].append(
                each
            )
    return entries


def several_words(own: Sequence[StudentResult]) -> str:
    """The problem of a student's several submissions."""
    submissions = formatting.listing(sorted({formatting.printable(each.id) for each in own}))
    return (
        f"{own[0].words} has several submissions ({submissions}): decide which one counts, and grade"
        " the class without the others"
    )


def about_scores(results: Sequence[StudentResult]) -> Iterator[str]:
    """Remarks on scores that may not be what the instructor takes them for: of quick runs, and of what could not be read."""
    scored = [
        each
        for each in results
        if each.status != "unreadable" and each.report is not None and each.report.score is not None
    ]
    left_out = {each.words: points for each in scored if (points := _not_run(each))}
    if left_out:
        is_all = all(map(_not_run, scored))
        who = "" if is_all else f" ({formatting.several([*left_out], 20)})"
        yield (
            f"graded with --quick{who}: checks worth {formatting.points(max(left_out.values()))} points were left out, and the"
            " scores are out of the rest"
        )
    unread = {each.words: None for each in results if each.status == "unreadable" and each.score == 0}
    if unread:
        yield (
            f"0 points because the submission could not be read: {formatting.several([*unread], 20)}; if it"
            " deserves points, ask for it again or use grader override"
        )


def _not_run(result: StudentResult) -> float:
    """Points of the checks that were left out."""
    checks = () if result.report is None else result.report.checks
    return sum(check.max_points for check in checks if check.status == "not_run")


def rounded(points: float) -> float:
    """Points to two decimals, as the gradebook has them; never -0. Of the four that scores have: sums are off by less."""
    return round(round(points, 4), 2) + 0.0


def decimal(points: float) -> str:
    """Points as a gradebook's cell: 87.50."""
    return f"{rounded(points):.2f}"


def of_one(grade: Grade) -> float:
    """The score as a part of 1, for platforms that know no points."""
    return round(grade.score / (grade.max_score or 1.0), 6)


def problems_of_one(grade: Grade, platform: str) -> Iterator[str]:
    """The problem of a score above the maximum, which a platform that counts to 1 does not know."""
    most = grade.max_score or 0.0
    if grade.score > most:
        yield (
            f"{formatting.points(grade.score)} of {formatting.points(most)} points: {platform} takes no score above the"
            " maximum; lower the override"
        )


def _why(result: StudentResult) -> str:
    report = result.report
    if report is None and result.is_awaited:
        return "not graded yet: run grader batch again"
    if report is None:  # handed in nothing, as far as is known
        return f"{formatting.listing(result.remarks)}: give a roster with the ids of the download and grade again, or use grader override"
    return why_withheld(student_view(report))  # a platform may show it to students


def why_withheld(report: Report) -> str:
    """Why a report has no score."""
    failed = [check.title for check in report.checks if check.status == "errored"]
    if failed:
        return f"the grader failed in {formatting.several(failed, 3)}: grade again"
    if not report.max_score:
        return "nothing in this assignment is worth points"
    return "not every check was run: grade again without --only"
