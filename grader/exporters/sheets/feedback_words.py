"""A few lines on a score for a cell of a sheet: only what the student may see."""

from __future__ import annotations

import html

from grader import formatting
from grader.exporters.grades import Grade
from grader.exporters.seen import seen

_GREATEST = 1500
_GREATEST_LINE = 400
_ROUNDING = 0.05
"""Lines below are of rounding, which nobody asks about."""


def feedback_words(grade: Grade, *, is_html: bool) -> str:
    """The score, what else made it, and the checks that cost points; about 1,500 characters at most.

    It begins with a number, so no spreadsheet takes it for a formula.
    """
    kept: list[str] = []
    for line in _lines(grade):
        shown = formatting.shortened(" ".join(formatting.printable_lines(line).split()), _GREATEST_LINE)
        shown = html.escape(shown, quote=False) if is_html else shown
        if sum(map(len, kept)) + len(shown) > _GREATEST:
            kept.append("More on your feedback page.")
            break
        kept.append(shown)
    return ("<br />" if is_html else "\n").join(kept)


def _lines(grade: Grade) -> list[str]:
    lines = [f"{grade.words} points."]
    report = grade.result.report
    if report is None:
        return lines
    view = seen(grade.result, report)
    lines += [f"{each.name}: {each.words}" for each in view.lines if abs(each.points) > _ROUNDING]
    titles: dict[str, list[str]] = {}
    for check in view.checks:
        if check.points is not None and check.points < check.max_points:
            points = f"{formatting.points(check.points)} of {formatting.points(check.max_points)}"
            titles.setdefault(check.words, []).append(f"{check.title} ({points})")
    for words, several in titles.items():  # one cause is told once
        lines.append(": ".join(filter(None, (formatting.several(several), words))))
    return lines
