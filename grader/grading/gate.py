"""The gate between judging and the report: whatever a check computed, its verdict leaves here as one a report can hold.

A check computes on a student's numbers, and the sums, means and ratios of finite numbers need not be finite. Where a
number that it measured is not, the student's values are such as no right submission returns, and the check fails. What
is only drawn, a curve or a picture, is left out, which the message says and which takes no points.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from grader import formatting
from grader.checks import AnyCheck
from grader.model.verdict import GREATEST_NUMBER, Picture, Verdict, is_reportable

GREATEST_CURVE = 10_000
"""Numbers in one curve."""

GREATEST_PICTURE = 1 << 22
"""Bytes in one picture."""

_BEYOND = f"not finite, or larger than {GREATEST_NUMBER:g}"


def reportable(check: AnyCheck, verdict: Verdict) -> Verdict:
    """The verdict with finite, bounded numbers, none of them -0; failed, without points, if one that the check measured is not."""
    measured, allowed = _numbers(verdict.measured), _numbers(verdict.allowed)
    curves = {
        name: tuple(float(each) + 0.0 for each in curve)
        for name, curve in verdict.curves.items()
        if len(curve) <= GREATEST_CURVE and all(map(is_reportable, curve))
    }
    pictures = {name: each for name, each in verdict.pictures.items() if _is_whole(each)}
    left_out = [
        name for name in (*verdict.curves, *verdict.pictures) if name not in curves and name not in pictures
    ]
    message = verdict.message
    if left_out:
        message += f" Not drawn, because of numbers that are {_BEYOND}: {_in_words(left_out)}."
    credit = min(max(float(verdict.credit), 0.0), 1.0) if is_reportable(verdict.credit) else 0.0
    kept = replace(
        verdict,
        credit=credit,
        message=message,
        measured=measured,
        allowed=allowed,
        curves=curves,
        pictures=pictures,
    )
    unreported = [name for name in verdict.measured if name not in measured]
    return _failed(check, kept, unreported) if unreported and (credit or kept.status == "passed") else kept


def _failed(check: AnyCheck, verdict: Verdict, unreported: Iterable[str]) -> Verdict:
    """The verdict on values that give such numbers: whoever returned them is not called right."""
    findings = tuple(replace(each, is_correct=None) if each.is_correct else each for each in verdict.findings)
    message = (
        f"The values returned by {formatting.listing(list(check.functions))} give numbers that are {_BEYOND}:"
        f" {_in_words(unreported)}. This earns no points. Look for an overflow or a division by zero."
    )
    return replace(verdict, status="failed", credit=0.0, message=message, hint=check.hint, findings=findings)


def _numbers(named: Mapping[str, float]) -> dict[str, float]:
    return {name: float(number) + 0.0 for name, number in named.items() if is_reportable(number)}


def _in_words(names: Iterable[str]) -> str:
    return formatting.listing([name.replace("_", " ") for name in names])


def _is_whole(picture: Picture) -> bool:
    """Whether it has the bytes of its sizes, and not too many."""
    size = picture.count * picture.height * picture.width * 3
    return len(picture.rgb) == size <= GREATEST_PICTURE
