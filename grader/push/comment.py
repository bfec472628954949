"""The comment that goes with a score: plain text, of what the student may see alone."""

from __future__ import annotations

import hashlib

from grader import formatting
from grader.exporters.grades import Grade
from grader.exporters.seen import cut, seen
from grader.model.report import HIDDEN_TITLE
from grader.model.student_result import Change, StudentResult

GREATEST_COMMENT = 4000

_MOST_CHECKS = 20


def comment_of(grade: Grade, max_score: float, end: str) -> str:
    """The score, what changed it, the visible checks that lost points, and the end."""
    lines = [f"{formatting.points(grade.score)} of {formatting.points(max_score)} points"]
    lines += map(_change, grade.result.changes)
    if grade.result.report is None and not grade.result.changes:
        lines.append("Nothing was submitted.")
    lost = list(_lost(grade.result))
    if lost:
        lines += ["Points lost:", *(f"- {each}" for each in formatting.first(lost, _MOST_CHECKS))]
    text, end = (formatting.printable_lines(each) for each in ("\n".join(lines), end))
    return cut(text, GREATEST_COMMENT - len(end)) + (f"\n{end}" if end else "")


def sha256_of(comment: str | None) -> str | None:
    """The hash that stands for a comment in the journal."""
    return None if comment is None else hashlib.sha256(comment.encode()).hexdigest()


def _change(change: Change) -> str:
    sign = "+" if change.points >= 0 else ""
    return f"{sign}{formatting.points(change.points)} points: {change.reason}"


def _lost(result: StudentResult) -> list[str]:
    """Visible checks with their points; hidden ones together."""
    if result.report is None:
        return []
    earned: dict[str, list[float]] = {}
    for check in seen(result, result.report).checks:
        if check.points is not None and check.max_points:
            total = earned.setdefault(HIDDEN_TITLE if check.is_hidden else check.title, [0.0, 0.0])
            total[0] += check.points
            total[1] += check.max_points
    return [
        f"{title}: {formatting.points(points)} of {formatting.points(most)}"
        for title, (points, most) in earned.items()
        if points < most
    ]
