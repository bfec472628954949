"""What a regrade leaves in a report of the score before it, and how that is said."""

from __future__ import annotations

from collections.abc import Collection
from typing import get_args

from grader import formatting
from grader.model.report import PreviousPart, RegradeReason, Report


def with_previous(report: Report, old: Report | None, reasons: Collection[RegradeReason]) -> Report:
    """The report with the score that it replaces.

    reasons: why it was made although there was an old one. On the same basis the earlier previous score stays, unless the
    score differs, so a run that was killed and repeated leaves the same.
    """
    if old is None:
        return report
    is_same_basis = not set(reasons) - {"asked"}
    if is_same_basis and old.score in {None, report.score}:
        return report.model_copy(update={"previous": old.previous})
    if old.score is not None:
        part = PreviousPart(
            score=old.score, max_score=old.max_score, graded_at=old.started_at, reasons=_sorted(reasons)
        )
    elif old.previous is not None:  # the grader failed since: the score before that is still the previous one
        part = old.previous.model_copy(update={"reasons": _sorted({*old.previous.reasons, *reasons})})
    else:
        return report
    return report.model_copy(update={"previous": part})


def _sorted(reasons: Collection[RegradeReason]) -> tuple[RegradeReason, ...]:
    return tuple(each for each in get_args(RegradeReason) if each in reasons)


def change_in_words(name: str, old: Report, new: Report) -> str:
    """As "ann 40 -> 42 (spec)"; empty if the score is the same."""
    if (old.score, old.max_score) == (new.score, new.max_score):
        return ""
    has_other_maximum = old.max_score != new.max_score
    before, after = (_score(each, with_maximum=has_other_maximum) for each in (old, new))
    why = f" ({', '.join(new.previous.reasons)})" if new.previous is not None and new.previous.reasons else ""
    return f"{formatting.printable(name)} {before} -> {after}{why}"


def _score(report: Report, *, with_maximum: bool) -> str:
    if report.score is None:
        return "no score"
    maximum = f" of {formatting.points(report.max_score)}" if with_maximum else ""
    return f"{formatting.points(report.score)}{maximum}"
