"""The score in words, and why there is none."""

from __future__ import annotations

from grader import formatting
from grader.model.report import Report


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
