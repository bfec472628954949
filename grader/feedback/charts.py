"""Charts as SVG within a page: one color scheme in the page's style sheet, every number in words as well."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from grader import formatting

WIDTH = 340
"""Of all charts, in their own units: about the pixels of a phone, so that words stay legible there."""

_LEFT, _RIGHT = 2.0, 338.0

_PIECE_GAP = 1.0

_FLAT = 1e-9
"""Relative: values that differ by no more are drawn as equal."""


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
            _rect(at, 0, inner, 10, "waiting" if piece.is_waiting else "lost"),
            _rect(at, 0, earned, 10, "earned"),
        ]
        at += wide
    return _svg(10, parts, alt, is_stretched=True)


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
            _text(_LEFT, y + 12, f"{bar.label}{needed}", "label"),
            _text(_RIGHT, y + 12, formatting.number(bar.value, 4), f"number {tone}-text", anchor="end"),
            _rect(_LEFT, y + 20, _RIGHT - _LEFT, 10, "track"),
            _rect(_LEFT, y + 20, max(value * (_RIGHT - _LEFT), 1), 10, tone),
        ]
        if bar.needed is not None:
            x = _LEFT + bar.needed * (_RIGHT - _LEFT)
            parts.append(_line(x, y + 16, x, y + 34, "bound"))
    return _svg(len(bars) * row - 8, parts, alt)


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
        return _LEFT + min(max(share, 0.0), 1.0) * (_RIGHT - _LEFT)

    top, middle, bottom = 2.0, 18.0, 34.0
    parts = [
        part
        for tick in _log_ticks(low, high)
        for part in (
            _line(x(tick), top, x(tick), bottom, "grid"),
            _text(x(tick), bottom + 14, f"{tick:,g}\N{MULTIPLICATION SIGN}", "tick", anchor="middle"),
        )
    ]
    is_good = True
    if seen.bound is not None and seen.bound > 0:
        at = x(seen.bound)
        start, end = (at, _RIGHT) if seen.is_least else (_LEFT, at)
        parts += [
            _rect(start, top + 4, end - start, bottom - top - 8, "wanted"),
            _line(at, top, at, bottom, "bound"),
        ]
        is_good = seen.middle >= seen.bound if seen.is_least else seen.middle <= seen.bound
    tone = "good" if is_good else "bad"
    ends = x(seen.low), x(seen.high)
    parts += [
        _line(ends[0], middle, ends[1], middle, f"whisker {tone}-line"),
        *(_line(end, middle - 4, end, middle + 4, f"whisker {tone}-line") for end in ends),
        Markup('<circle cx="{}" cy="{}" r="4.5" class="{}"/>').format(
            _short(x(seen.middle)), _short(middle), tone
        ),
    ]
    return _svg(bottom + 20, parts, alt)


def curve(values: Sequence[float], last: float, label: str, alt: str, start: float | None = None) -> Markup:
    """A series over 0 to `last`, with the axes' numbers. A single value is a dot.

    start: where it ought to begin, as a mark on the axis.
    """
    height, left, top, bottom = 186, 40.0, 22.0, 150.0
    marks = [*values, *([] if start is None else [start])]
    low, high = min(marks), max(marks)
    steps = _ticks(0.0 if 0 <= low < 0.5 * high else low, high, is_beyond=True)
    pad = (0.1 * abs(low) or 1.0) if len(steps) == 1 else 0.0  # a flat line is drawn in the middle
    low, high = min(low, steps[0]) - pad, max(high, steps[-1]) + pad
    span = high - low

    def x(at: float) -> float:
        return left + at / max(last, 1e-300) * (_RIGHT - left)

    def y(value: float) -> float:
        return bottom - (value - low) / span * (bottom - top)

    parts = [_text(_LEFT, 10, label, "tick")]
    for tick in steps:
        parts.append(_line(left, y(tick), _RIGHT, y(tick), "grid"))
        parts.append(_text(left - 6, y(tick) + 4, formatting.number(tick, 4), "tick", anchor="end"))
    for tick in _ticks(0.0, last):
        anchor = "start" if tick == 0 else "end" if x(tick) > _RIGHT - 12 else "middle"
        parts.append(_text(x(tick), bottom + 16, f"{tick:,g}", "tick", anchor=anchor))
    parts.append(_text(_RIGHT, height - 4, "iterations", "tick", anchor="end"))
    if start is not None:
        parts.append(_line(left - 4, y(start), left + 22, y(start), "bound"))
    gap = last / len(values)
    points = [(x((number + 0.5) * gap), y(value)) for number, value in enumerate(values)]
    if len(points) > 1:
        path = " ".join(f"{_short(px)},{_short(py)}" for px, py in points)
        parts.append(Markup('<polyline points="{}" class="curve"/>').format(path))
    end = points[-1]
    parts.append(Markup('<circle cx="{}" cy="{}" r="3.5" class="dot"/>').format(*map(_short, end)))
    return _svg(height, parts, alt)


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
    wide = min(70.0, (_RIGHT - left) / len(columns))
    by_pair = dict(zip(pairs, values, strict=True)) if values else {}
    most = max(by_pair.values(), default=0.0) or 1.0
    parts = [
        _text(_RIGHT, 10, f"{labels[0]} →", "tick", anchor="end"),
        _text(_LEFT, 10, f"{labels[1]} ↓", "tick"),
    ]
    for number, column in enumerate(columns):
        at = left + (number + 0.5) * wide
        parts.append(_text(at, top - 5, f"{column:g}", "tick", anchor="middle"))
    for number, row in enumerate(rows):
        y = top + 2 + number * cell
        parts.append(_text(left - 6, y + 18, f"{row:g}", "tick", anchor="end"))
        for place, column in enumerate(columns):
            if (column, row) not in by_pair and (values or (column, row) not in pairs):
                continue
            x, value = left + place * wide, by_pair.get((column, row))
            depth = 1 if value is None else min(5, 1 + int(4.999 * max(value, 0.0) / most))
            is_best = (column, row) == best
            parts.append(
                _rect(x + 1.5, y + 1, wide - 3, cell - 2, f"depth-{depth}{' best' if is_best else ''}")
            )
            words = "best" if value is None and is_best else "" if value is None else f"{value:.3f}"
            if words and wide >= 34:
                parts.append(
                    _text(x + wide / 2, y + 18, words, f"on-depth-{depth} cell-number", anchor="middle")
                )
    return _svg(top + 6 + len(rows) * cell, parts, alt)


def pixels(rgb: bytes, width: int, height: int, alt: str) -> Markup:
    """A small image as a table of squares with numbered columns and rows, in its natural size."""
    left, top, side = 22.0, 18.0, 22.0
    parts = [
        _text(left + (column + 0.5) * side, top - 5, str(column), "tick", anchor="middle")
        for column in range(width)
    ]
    for row in range(height):
        parts.append(_text(left - 6, top + (row + 0.5) * side + 4, str(row), "tick", anchor="end"))
        for column in range(width):
            at = 3 * (row * width + column)
            parts.append(
                Markup('<rect x="{}" y="{}" width="{}" height="{}" fill="#{}" class="pixel"/>').format(
                    *map(_short, (left + column * side, top + row * side, side, side)), rgb[at : at + 3].hex()
                )
            )
    frame = (_short(left + width * side + 1), _short(top + height * side + 1))
    return Markup(
        '<svg viewBox="0 0 {} {}" width="{}" height="{}" class="chart map" role="img" aria-label="{}">{}</svg>'
    ).format(*frame, *frame, alt, Markup().join(parts))


def _ticks(low: float, high: float, *, is_beyond: bool = False) -> list[float]:
    """Three to seven round numbers from at most `low` on, up to `high` or the first one beyond it."""
    if high - low <= max(_FLAT * max(abs(low), abs(high)), sys.float_info.min):
        return [low]
    rough = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(each * power for each in (1, 2, 2.5, 5, 10) if each * power >= rough * (1 - 1e-9))
    first = math.floor(low / step * (1 + 1e-12))
    last = math.ceil(high / step * (1 - 1e-12)) if is_beyond else math.floor(high / step * (1 + 1e-12))
    return [number * step for number in range(first, last + 1)]


def _log_ticks(low: float, high: float) -> Iterator[float]:
    """1, 2 and 5 times powers of ten, or only these powers on a long scale, between two logarithms."""
    factors: Iterable[int] = (1, 2, 5) if high - low < 2.2 else (1,)
    every = max(1, math.ceil((high - low) / 8))
    for power in range(math.floor(low), math.ceil(high) + 1):
        for factor in factors if power % every == 0 else ():
            if low + 0.02 <= power + math.log10(factor) <= high - 0.02:
                yield factor * 10.0**power


def _svg(height: float, parts: Iterable[Markup], alt: str, *, is_stretched: bool = False) -> Markup:
    stretched = Markup(' preserveAspectRatio="none"') if is_stretched else Markup()
    return Markup('<svg viewBox="0 0 {} {}" class="chart" role="img" aria-label="{}"{}>{}</svg>').format(
        WIDTH, _short(height), alt, stretched, Markup().join(parts)
    )


def _rect(x: float, y: float, width: float, height: float, name: str) -> Markup:
    return Markup('<rect x="{}" y="{}" width="{}" height="{}" class="{}"/>').format(
        *map(_short, (x, y, width, height)), name
    )


def _line(x1: float, y1: float, x2: float, y2: float, name: str) -> Markup:
    return Markup('<line x1="{}" y1="{}" x2="{}" y2="{}" class="{}"/>').format(
        *map(_short, (x1, y1, x2, y2)), name
    )


def _text(x: float, y: float, words: str, name: str, anchor: str = "start") -> Markup:
    return Markup('<text x="{}" y="{}" class="{}" text-anchor="{}">{}</text>').format(
        _short(x), _short(y), name, anchor, words
    )


def _short(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
