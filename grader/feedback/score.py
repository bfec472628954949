"""The score in words: why there is none, and what the instructor's rules changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grader import formatting
from grader.model.report import RegradeReason, Report
from grader.model.student_result import Change, StudentResult

REGRADE_REASONS: Mapping[RegradeReason, str] = {
    "spec": "a changed spec",
    "grader": "a new version of the grader",
    "submission": "a new submission",
    "seed": "another random seed",
    "device": "another device",
    "data": "another data set",
    "isolation": "stricter isolation",
    "full": "checks that were left out before",
    "asked": "the instructor's request",
}
"""Why a submission was graded again, in words."""


def score(report: Report) -> str:
    """The points, as in "62.2 of 100"."""
    if not report.max_score:
        return "nothing to score"
    if report.score is None:
        return "no score"
    return f"{formatting.points(report.score)} of {formatting.points(report.max_score)}"


def why_no_score(report: Report) -> str:
    """A sentence or two where the report has no score, or nothing is worth points."""
    got, worth = report.points_run
    ran = [check.status for check in report.checks if check.status in {"passed", "failed"}]
    skipped = sum(check.status == "skipped" for check in report.checks)
    told = (
        f"The checks that ran earned {formatting.points(got)} of {formatting.points(worth)} points"
        f" (of {formatting.points(report.max_score)} in all)."
    )
    if ran and not worth:
        passed = f"{ran.count('passed')} of {formatting.count(len(ran), 'check')}"
        told = f"The checks that ran are worth no points; passed: {passed}."
    if report.has_grader_faults:
        return f"No score: the grader failed in some checks; grade again.{f' {told}' if ran else ''}"
    if ran:
        return (
            f"No score: not every check was run. {told}" if report.max_score else f"Nothing to score. {told}"
        )
    if skipped:
        asked = "the only check asked for was" if skipped == 1 else f"the {skipped} checks asked for were"
        return f"Nothing was graded: {asked} skipped."
    return "Nothing was graded: no check was run."


@dataclass(frozen=True, slots=True)
class Standing:
    """The score that counts, and the changes that the instructor's rules and overrides made to it, in words.

    Attributes:
        score: None if there is none.
    """

    score: float | None
    changes: tuple[str, ...] = ()


def standing(report: Report, results: Sequence[StudentResult] = ()) -> Standing:
    """The score on a submission. Where its students have different ones, the report's, and each student's in words."""
    graded = report.score if report.max_score else None
    if len({(each.score, each.changes) for each in results}) == 1:
        (result, *_) = results
        changes = tuple(map(_change, result.changes))
        return Standing(result.score, (f"Graded: {score(report)}", *changes) if changes else ())
    lines = []
    for each in results:
        name = (each.student.name or each.student.id) if each.student is not None else each.id
        words = [formatting.points(each.score) if each.score is not None else "no score"]
        lines.append(f"{name}: {'; '.join([*words, *map(_change, each.changes)])}")
    return Standing(graded, tuple(lines))


def _change(change: Change) -> str:
    sign = "+" if change.points >= 0 else "\N{MINUS SIGN}"
    return f"{sign}{formatting.points(abs(change.points))} points: {change.reason}"
