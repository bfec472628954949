"""Charts of a whole class: how many students are where."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from grader.feedback.svg import LEFT, RIGHT, WIDTH, line, log_ticks, rect, short, svg, text


@dataclass(frozen=True, slots=True)
class Column:
    """A bar of a histogram. label: below its left edge, or below its middle if it is one number and not a range."""

    label: str
    count: int
    is_full: bool = False


@dataclass(frozen=True, slots=True)
class Box:
    """Measured numbers of many: the ends, and the quartiles between them."""

    lowest: float
    lower: float
    median: float
    upper: float
    highest: float


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole between 0 and 1. name: of its color in the style sheet."""

    size: float
    name: str


def histogram(columns: Sequence[Column], alt: str) -> Markup:
    """Bars side by side with their counts above; the last one, of full marks, stands apart."""
    top, bottom, height = 16.0, 130.0, 152.0
    most = max((each.count for each in columns), default=0) or 1
    wide = (RIGHT - LEFT) / (len(columns) + 0.5)
    parts = [line(LEFT, bottom, RIGHT, bottom, "grid")]
    for number, each in enumerate(columns):
        x = LEFT + number * wide + (0.5 * wide if each.is_full else 0)
        tall = each.count / most * (bottom - top)
        if each.count:
            parts.append(rect(x + 1, bottom - tall, wide - 2, tall, "good" if each.is_full else "column"))
            parts.append(
                text(x + wide / 2, bottom - tall - 4, f"{each.count:,}", "tick strong", anchor="middle")
            )
        at, anchor = (x + wide / 2, "middle") if each.is_full else (x, "start" if number == 0 else "middle")
        parts.append(text(at, bottom + 14, each.label, "tick", anchor=anchor))
    return svg(height, parts, alt)


def boxes(rows: Sequence[tuple[Box, str]], unit: str) -> list[Markup]:
    """A chart for each (box, numbers in words), all on one logarithmic scale: a line from end to end, and a box over the middle half."""
    numbers = [end for each, _ in rows for end in (each.lowest, each.highest) if end > 0]
    if not numbers:
        return [Markup() for _ in rows]
    low, high = math.log10(min(numbers)) - 0.05, math.log10(max(numbers)) + 0.05
    if high - low < 0.8:
        low, high = (low + high) / 2 - 0.4, (low + high) / 2 + 0.4

    def x(number: float) -> float:
        share = (math.log10(number) - low) / (high - low) if number > 0 else 0.0
        return LEFT + min(max(share, 0.0), 1.0) * (RIGHT - LEFT)

    middle, bottom = 10.0, 20.0
    axis = [
        part
        for tick in log_ticks(low, high)
        for part in (
            line(x(tick), 0, x(tick), bottom, "grid"),
            text(
                x(tick), bottom + 13, f"{tick:,g}{unit}", "tick", "end" if x(tick) > RIGHT - 14 else "middle"
            ),
        )
    ]
    return [
        svg(
            bottom + 18,
            [
                *axis,
                line(x(each.lowest), middle, x(each.highest), middle, "reach"),
                rect(x(each.lower), middle - 6, max(x(each.upper) - x(each.lower), 2), 12, "box"),
                line(x(each.median), middle - 9, x(each.median), middle + 9, "median"),
            ],
            alt,
        )
        for each, alt in rows
    ]


def stack(shares: Sequence[Share]) -> Markup:
    """Parts of a whole as one bar, for words beside it that tell the same."""
    parts, at = [rect(0, 0, WIDTH, 8, "track")], 0.0
    for each in shares:
        wide = min(max(each.size, 0.0), 1.0) * WIDTH
        if wide:
            parts.append(rect(at, 0, wide, 8, each.name))
        at += wide
    return Markup(
        '<svg viewBox="0 0 {} 8" class="chart stack" preserveAspectRatio="none" aria-hidden="true">{}</svg>'
    ).format(short(WIDTH), Markup().join(parts))
