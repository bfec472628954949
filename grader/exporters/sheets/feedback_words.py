"""A few lines on a score for a cell of a sheet: only what the student may see."""

from __future__ import annotations

import html

from grader import formatting
from grader.model.report import student_view
from grader.model.student_result import StudentResult

_GREATEST = 1500


def feedback_words(result: StudentResult, score: float, *, is_html: bool) -> str:
    """The score, the changes to it with their reasons, and the visible checks that cost points; at most 1,500 characters.

    It begins with a number, so no spreadsheet takes it for a formula.
    """
    most = result.max_score
    of = "" if most is None else f" of {formatting.points(most)}"
    lines = [f"{formatting.points(score)}{of} points."]
    lines += [
        f"{each.kind.capitalize()} {'+' if each.points >= 0 else ''}{formatting.points(each.points)}: {each.reason}"
        for each in result.changes
    ]
    titles: dict[str, list[str]] = {}
    for check in () if result.report is None else student_view(result.report).checks:
        if check.status in {"failed", "skipped"} and check.points < check.max_points:
            points = f"{formatting.points(check.points)} of {formatting.points(check.max_points)}"
            titles.setdefault(" ".join(check.message.split()), []).append(f"{check.title} ({points})")
    for message, several in titles.items():  # one cause is told once
        lines.append(": ".join(filter(None, (formatting.several(several), message))))
    kept: list[str] = []
    for line in map(formatting.printable, lines):
        shown = formatting.shortened(line, 400)
        shown = html.escape(shown, quote=False) if is_html else shown
        if sum(map(len, kept)) + len(shown) > _GREATEST:
            kept.append("More on your feedback page.")
            break
        kept.append(shown)
    return ("<br />" if is_html else "\n").join(kept)
