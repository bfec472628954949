"""Charts as SVG within a page: one color scheme in the page's style sheet, every number in words as well."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from grader import formatting
from grader.feedback.svg import LEFT, RIGHT, WIDTH, line, log_ticks, polyline, rect, short, svg, text, ticks

_PIECE_GAP = 1.0

_TINTED, _DARK = 12, 120
"""How far apart the red and the blue of a pixel are that has a sign, and its channels where that sign is white."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A share between 0 and 1 beside the share that is needed."""

    label: str
    value: float
    needed: float | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """A measured value between two ends, beside a bound. is_least: the bound is to be reached, not to be kept below."""

    low: float
    middle: float
    high: float
    bound: float | None = None
    is_least: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """A check's part of the score. is_waiting: what is missing of it waits for a function that is not there."""

    points: float
    most: float
    is_waiting: bool = False


def score_bar(pieces: Sequence[Piece], alt: str) -> Markup:
    """The points of each check side by side: full as far as they were earned."""
    total = sum(piece.most for piece in pieces)
    if total <= 0:
        return Markup()
    parts, at = [], 0.0
    for piece in (piece for piece in pieces if piece.most > 0):
        wide = piece.most / total * WIDTH
        inner = max(wide - _PIECE_GAP, wide / 2)
        earned = min(max(piece.points / piece.most, 0.0), 1.0) * inner
        parts += [
            rect(at, 0, inner, 10, "waiting" if piece.is_waiting else "lost"),
            rect(at, 0, earned, 10, "earned"),
        ]
        at += wide
    return svg(10, parts, alt, is_stretched=True)


def shares(bars: Sequence[Bar], alt: str) -> Markup:
    """Horizontal bars on a scale from 0 to 1, each with a mark where it is needed to be."""
    row = 44
    parts: list[Markup] = []
    for number, bar in enumerate(bars):
        y = number * row
        value = min(max(bar.value, 0.0), 1.0)
        tone = "good" if bar.needed is None or bar.value >= bar.needed else "bad"
        needed = "" if bar.needed is None else f" ({formatting.number(bar.needed, 4)} needed)"
        parts += [
            text(LEFT, y + 12, f"{bar.label}{needed}", "label"),
            text(RIGHT, y + 12, formatting.number(bar.value, 4), f"number {tone}-text", anchor="end"),
            rect(LEFT, y + 20, RIGHT - LEFT, 10, "track"),
            rect(LEFT, y + 20, max(value * (RIGHT - LEFT), 1), 10, tone),
        ]
        if bar.needed is not None:
            x = LEFT + bar.needed * (RIGHT - LEFT)
            parts.append(line(x, y + 16, x, y + 34, "bound"))
    return svg(len(bars) * row - 8, parts, alt)


def span(seen: Span, alt: str) -> Markup:
    """An interval on a logarithmic scale beside its bound; the side of the bound that is wanted is shaded."""
    numbers = [
        each for each in (seen.low, seen.middle, seen.high, seen.bound) if each is not None and each > 0
    ]
    if not numbers:
        return Markup()
    low, high = math.log10(min(numbers)) - 0.15, math.log10(max(numbers)) + 0.15
    if high - low < 1:
        low, high = (low + high) / 2 - 0.5, (low + high) / 2 + 0.5

    def x(number: float) -> float:
        share = (math.log10(number) - low) / (high - low) if number > 0 else 0.0
        return LEFT + min(max(share, 0.0), 1.0) * (RIGHT - LEFT)

    top, middle, bottom = 2.0, 18.0, 34.0
    parts = [
        part
        for tick in log_ticks(low, high)
        for part in (
            line(x(tick), top, x(tick), bottom, "grid"),
            text(x(tick), bottom + 14, f"{tick:,g}\N{MULTIPLICATION SIGN}", "tick", anchor="middle"),
        )
    ]
    is_good = True
    if seen.bound is not None and seen.bound > 0:
        at = x(seen.bound)
        start, end = (at, RIGHT) if seen.is_least else (LEFT, at)
        parts += [
            rect(start, top + 4, end - start, bottom - top - 8, "wanted"),
            line(at, top, at, bottom, "bound"),
        ]
        is_good = seen.middle >= seen.bound if seen.is_least else seen.middle <= seen.bound
    tone = "good" if is_good else "bad"
    ends = x(seen.low), x(seen.high)
    parts += [
        line(ends[0], middle, ends[1], middle, f"whisker {tone}-line"),
        *(line(end, middle - 4, end, middle + 4, f"whisker {tone}-line") for end in ends),
        Markup('<circle cx="{}" cy="{}" r="4.5" class="{}"/>').format(
            short(x(seen.middle)), short(middle), tone
        ),
    ]
    return svg(bottom + 20, parts, alt)


def curve(
    values: Sequence[float],
    last: float,
    label: str,
    alt: str,
    start: float | None = None,
    beside: Sequence[float] = (),
) -> Markup:
    """A series over 0 to `last`, with the axes' numbers. A single value is a dot.

    start: where it ought to begin, as a mark on the axis. beside: the reference's series over the same, dashed.
    """
    height, left, top, bottom = 186, 40.0, 22.0, 150.0
    marks = [*values, *beside, *([] if start is None else [start])]
    low, high = min(marks), max(marks)
    steps = ticks(0.0 if 0 <= low < 0.5 * high else low, high, is_beyond=True)
    pad = (0.1 * abs(low) or 1.0) if len(steps) == 1 else 0.0  # a flat line is drawn in the middle
    low, high = min(low, steps[0]) - pad, max(high, steps[-1]) + pad
    span = high - low
    left = max(left, 12 + 6.25 * max(len(formatting.number(tick, 4)) for tick in steps))

    def x(at: float) -> float:
        return left + at / max(last, 1e-300) * (RIGHT - left)

    def y(value: float) -> float:
        return bottom - (value - low) / span * (bottom - top)

    parts = [text(LEFT, 10, label, "tick")]
    for tick in steps:
        parts.append(line(left, y(tick), RIGHT, y(tick), "grid"))
        parts.append(text(left - 6, y(tick) + 4, formatting.number(tick, 4), "tick", anchor="end"))
    for tick in ticks(0.0, last):
        anchor = "start" if tick == 0 else "end" if x(tick) > RIGHT - 12 else "middle"
        parts.append(text(x(tick), bottom + 16, f"{tick:,g}", "tick", anchor=anchor))
    parts.append(text(RIGHT, height - 4, "iterations", "tick", anchor="end"))
    if start is not None:
        parts.append(line(left - 4, y(start), left + 22, y(start), "bound"))

    def path(series: Sequence[float]) -> list[tuple[float, float]]:
        gap = last / len(series)
        return [(x((number + 0.5) * gap), y(value)) for number, value in enumerate(series)]

    points = path(values)
    if len(points) > 1:
        parts.append(polyline(points, "curve"))
    if beside:
        parts += [
            polyline(path(beside), "beside"),
            polyline([(RIGHT - 156, 6), (RIGHT - 132, 6)], "beside"),
            text(RIGHT - 128, 10, "reference", "tick"),
            polyline([(RIGHT - 64, 6), (RIGHT - 40, 6)], "curve"),
            text(RIGHT, 10, "yours", "tick", anchor="end"),
        ]
    end = points[-1]
    parts.append(Markup('<circle cx="{}" cy="{}" r="3.5" class="dot"/>').format(*map(short, end)))
    return svg(height, parts, alt)


def grid(
    pairs: Sequence[tuple[float, float]],
    best: tuple[float, float] | None,
    labels: tuple[str, str],
    alt: str,
    values: Sequence[float] = (),
) -> Markup:
    """Pairs as a table of cells, one column for each first number and one row for each second; the best one is framed.

    values: a share between 0 and 1 for each pair, which its cell shows in numbers and by its depth of color.
    """
    columns, rows = (sorted({pair[side] for pair in pairs}) for side in (0, 1))
    left, top, cell = 62.0, 36.0, 28.0
    wide = min(70.0, (RIGHT - left) / len(columns))
    by_pair = dict(zip(pairs, values, strict=True)) if values else {}
    most = max(by_pair.values(), default=0.0) or 1.0
    parts = [
        text(max(left + len(columns) * wide, 190), 10, f"{labels[0]} →", "tick", anchor="end"),
        text(LEFT, 10, f"{labels[1]} ↓", "tick"),
    ]
    for number, column in enumerate(columns):
        at = left + (number + 0.5) * wide
        parts.append(text(at, top - 5, f"{column:g}", "tick", anchor="middle"))
    for number, row in enumerate(rows):
        y = top + 2 + number * cell
        parts.append(text(left - 6, y + 18, f"{row:g}", "tick", anchor="end"))
        for place, column in enumerate(columns):
            if (column, row) not in by_pair and (values or (column, row) not in pairs):
                continue
            x, value = left + place * wide, by_pair.get((column, row))
            depth = 1 if value is None else min(5, 1 + int(4.999 * max(value, 0.0) / most))
            is_best = (column, row) == best
            parts.append(
                rect(x + 1.5, y + 1, wide - 3, cell - 2, f"depth-{depth}{' best' if is_best else ''}")
            )
            words = "best" if value is None and is_best else "" if value is None else f"{value:.3f}"
            if words and wide >= 34:
                parts.append(
                    text(x + wide / 2, y + 18, words, f"on-depth-{depth} cell-number", anchor="middle")
                )
    return svg(top + 6 + len(rows) * cell, parts, alt)


def pixels(rgb: bytes, width: int, height: int, labels: tuple[str, str], alt: str) -> Markup:
    """A small image of signed numbers as a table of squares with numbered columns and rows, in its natural size.

    Red ones have a plus, blue ones a minus, for those who see or print no colors.
    labels: of the columns, and of the rows, which stands beside them.
    """
    left, top, side = 40.0, 34.0, 22.0
    down = (left - 30, top + 2)
    parts = [
        text(left, 10, f"{labels[0]} →", "tick"),
        Markup('<text transform="translate({} {}) rotate(90)" class="tick">{}</text>').format(
            *map(short, down), f"{labels[1]} →"
        ),
    ]
    parts += [
        text(left + (column + 0.5) * side, top - 5, str(column), "tick", anchor="middle")
        for column in range(width)
    ]
    for row in range(height):
        parts.append(text(left - 6, top + (row + 0.5) * side + 4, str(row), "tick", anchor="end"))
        for column in range(width):
            at = 3 * (row * width + column)
            pixel = rgb[at : at + 3]
            parts.append(
                Markup('<rect x="{}" y="{}" width="{}" height="{}" fill="#{}" class="pixel"/>').format(
                    *map(short, (left + column * side, top + row * side, side, side)), pixel.hex()
                )
            )
            if sign := _sign(pixel):
                place = left + (column + 0.5) * side, top + (row + 0.5) * side + 4
                is_dark = max(pixel[0], pixel[2]) - min(pixel) > _DARK
                parts.append(text(*place, sign, "sign on-dark" if is_dark else "sign", anchor="middle"))
    frame = (
        short(left + max(width, 3) * side + 1),
        short(top + max(height, 3) * side + 1),
    )  # the labels' room
    return Markup(
        '<svg viewBox="0 0 {} {}" width="{}" height="{}" class="chart map" role="img" aria-label="{}">{}</svg>'
    ).format(*frame, *frame, alt, Markup().join(parts))


def _sign(pixel: bytes) -> str:
    """A plus for red and a minus for blue; nothing for the palest."""
    red, _, blue = pixel
    return "+" if red - blue > _TINTED else "\N{MINUS SIGN}" if blue - red > _TINTED else ""
