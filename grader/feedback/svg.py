"""The pieces that charts are drawn of: shapes and words as SVG, and round numbers for an axis."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator

from markupsafe import Markup

from grader import formatting

WIDTH = 340
"""Of all charts, in their own units: about the pixels of a phone, so that words stay legible there."""

LEFT, RIGHT = 2.0, 338.0

_FLAT = 1e-9
"""Relative: values that differ by no more are drawn as equal."""


def ticks(low: float, high: float, *, is_beyond: bool = False) -> list[float]:
    """Three to seven round numbers from at most `low` on, up to `high` or the first one beyond it."""
    if high - low <= max(_FLAT * max(abs(low), abs(high)), sys.float_info.min):
        return [low]
    rough = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(each * power for each in (1, 2, 2.5, 5, 10) if each * power >= rough * (1 - 1e-9))
    first = math.floor(low / step * (1 + 1e-12))
    last = math.ceil(high / step * (1 - 1e-12)) if is_beyond else math.floor(high / step * (1 + 1e-12))
    return [number * step for number in range(first, last + 1)]


def log_ticks(low: float, high: float) -> Iterator[float]:
    """1, 2 and 5 times powers of ten, or only these powers on a long scale, between two logarithms."""
    factors: Iterable[int] = (1, 2, 5) if high - low < 2.2 else (1,)
    every = max(1, math.ceil((high - low) / 8))
    for power in range(math.floor(low), math.ceil(high) + 1):
        for factor in factors if power % every == 0 else ():
            if low + 0.02 <= power + math.log10(factor) <= high - 0.02:
                yield factor * 10.0**power


def svg(height: float, parts: Iterable[Markup], alt: str, *, is_stretched: bool = False) -> Markup:
    """A chart of these parts; alt has its numbers in words. is_stretched: it fills whatever width it is given."""
    stretched = Markup(' preserveAspectRatio="none"') if is_stretched else Markup()
    return Markup('<svg viewBox="0 0 {} {}" class="chart" role="img" aria-label="{}"{}>{}</svg>').format(
        WIDTH, short(height), alt, stretched, Markup().join(parts)
    )


def rect(x: float, y: float, width: float, height: float, name: str) -> Markup:
    """A rectangle of a class of the style sheet."""
    return Markup('<rect x="{}" y="{}" width="{}" height="{}" class="{}"/>').format(
        *map(short, (x, y, width, height)), name
    )


def line(x1: float, y1: float, x2: float, y2: float, name: str) -> Markup:
    """A line of a class of the style sheet."""
    return Markup('<line x1="{}" y1="{}" x2="{}" y2="{}" class="{}"/>').format(
        *map(short, (x1, y1, x2, y2)), name
    )


def polyline(points: Iterable[tuple[float, float]], name: str) -> Markup:
    """A line through points."""
    path = " ".join(f"{short(x)},{short(y)}" for x, y in points)
    return Markup('<polyline points="{}" class="{}"/>').format(path, name)


def text(x: float, y: float, words: str, name: str, anchor: str = "start") -> Markup:
    """Words at a place; every character of them is shown, and none is obeyed."""
    return Markup('<text x="{}" y="{}" class="{}" text-anchor="{}">{}</text>').format(
        short(x), short(y), name, anchor, formatting.unstacked(words)
    )


def short(number: float) -> str:
    """A coordinate with one decimal, or none."""
    return f"{number:.1f}".removesuffix(".0")
