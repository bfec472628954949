"""A report as a piece of HTML in a notebook: no style sheet, no script, readable on any background, every word escaped.

Notebooks strip style sheets from what they do not trust, and have themes that a page cannot ask for. So colors are the
text's own, or show on white and black alike, and styles are in the elements.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from markupsafe import Markup

from grader import formatting
from grader.checks import tells_numbers
from grader.feedback import remarks as told_remarks
from grader.feedback.causes import OPTIONAL, absent_lines
from grader.feedback.document import template
from grader.feedback.paragraphs import paragraphs, to_fix
from grader.feedback.score import score, why_no_score
from grader.model.report import Report
from grader.sandbox.isolation import not_isolated

_TEMPLATE = "brief.html.jinja"

_TAG = re.compile(r"(<[^>]*>)")
_MATHS = re.compile(r"[$\\]")


def brief(seen: Report, functions: Sequence[str] = (), notes: Sequence[str] = ()) -> str:
    """The result of a check. seen: the student's view. functions: those that were asked for. notes: more to say, at the end."""
    checks = [check for check in seen.checks if check.status != "not_run"]
    told = paragraphs(seen, checks)
    absent = list(absent_lines(seen, checks))
    has_faults = seen.has_grader_faults
    got, worth = seen.points_run
    if has_faults or not checks or not worth:
        headline = why_no_score(seen)
    elif seen.score is None:
        headline = f"{formatting.points(got)} of {formatting.points(worth)} points"
    else:
        headline = f"{score(seen)} points"
    passed = sum(check.status == "passed" for check in checks)
    html = template(_TEMPLATE).render(
        title=seen.assignment.title,
        asked=formatting.listing(functions),
        headline=headline,
        tally=f"{passed} of {formatting.count(len(checks), 'check')} passed",
        is_done=bool(checks) and passed == len(checks),
        to_fix=to_fix(told, absent),
        absent=absent,
        optional=OPTIONAL,
        paragraphs=told,
        flags=list(told_remarks.flags(seen, checks)),
        notes_on=told_remarks.notes(seen, checks),
        checks=checks,
        measured=[check for check in checks if check.status == "passed" and tells_numbers(check.kind)],
        notes=notes,
        circumstances=_circumstances(seen),
        prose=_prose,
    )
    return _without_maths(html)


def _circumstances(seen: Report) -> str:
    """One line on how it was graded."""
    made = seen.environment
    missing = made.isolation_missing
    gaps = f" ({not_isolated(missing)})" if missing else ""
    took = formatting.seconds(seen.seconds)
    return f"Isolation: {made.isolation}{gaps}. Seed {made.seed}, {made.device_words}, {took}."


def _prose(words: str) -> Markup:
    """Words with `this` as code."""
    parts = formatting.printable_lines(words).split("`")
    if len(parts) % 2 == 0:
        parts = ["`".join(parts)]
    code = Markup("<code>{}</code>")
    return Markup().join(code.format(part) if at % 2 else part for at, part in enumerate(parts))


def _without_maths(html: str) -> str:
    """The same, with each sign that begins a formula in an element of its own: MathJax, which reads all outputs, then finds none."""
    return "".join(
        part if part.startswith("<") else _MATHS.sub(r"<span>\g<0></span>", part) for part in _TAG.split(html)
    )
