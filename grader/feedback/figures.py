"""The pictures of a page: for the checks whose numbers are better looked at than read."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from grader import formatting
from grader.feedback import charts
from grader.feedback.png import data_uri, png
from grader.model.report import CheckPart, PicturePart

_LABELS = {
    "val_accuracy": "validation images",
    "test_accuracy": "test images",
    "grid_accuracy": "best pair, trained by the reference",
    "own_accuracy": "best pair, trained by your code",
}
"""Accuracies in words; others by their own names."""

_SPANS = {
    "slowdown": ("Time relative to the reference", "at most"),
    "speedup": ("Speedup over the naive function", "at least"),
}
"""Ratios with an interval, and how their bound is meant."""

_MOST_IMAGES = 100
"""In one figure."""

_ERROR = "dW_error"
"""The picture that a check of values leaves; see grader.checks.losses.error_picture."""

_IMAGES = {
    "weights": ("weights", "The learned weights of each class as an image, scaled to their own range."),
    _ERROR: (
        "error in dW",
        (
            "Where dW is off on images of the training, class by class. Gray is correct, brighter is too"
            " high, darker is too low."
        ),
    ),
}
"""Images in few words and in a sentence; others by their own names."""

_RIGHT = bytes([247, 247, 247])
"""The color of an entry that is right."""

_NEARLY = 0.9

_MOST_PIXELS = 1_000
"""Of a picture that is drawn as a table of squares."""


@dataclass(frozen=True, slots=True)
class Image:
    """One image. alt: its content in words."""

    source: str
    alt: str
    label: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture with a sentence that tells how to read it: a chart, or images side by side."""

    words: str
    chart: Markup | None = None
    images: tuple[Image, ...] = ()


@dataclass(frozen=True, slots=True)
class Pictures:
    """The pictures of one check."""

    check: CheckPart
    figures: tuple[Figure, ...]


def pictures(checks: Sequence[CheckPart]) -> tuple[Pictures, ...]:
    """All pictures of checks that ran, in the order of the checks."""
    starts = {
        check.functions[0]: check.allowed["loss"]
        for check in checks
        if check.kind == "initial_loss" and check.functions and "loss" in check.allowed
    }
    found = (
        Pictures(
            check,
            (
                *_accuracies(check),
                *_speeds(check),
                *_curves(check, starts),
                *_searches(check),
                *_images_of(check),
            ),
        )
        for check in checks
        if check.status in {"passed", "failed"}
    )
    return tuple(each for each in found if each.figures)


def _accuracies(check: CheckPart) -> Iterator[Figure]:
    """Every measured share with a name that ends so; an accuracy of the student's own needs as much as the grid's."""
    needed = dict(check.allowed)
    if "grid_accuracy" in needed:
        needed.setdefault("own_accuracy", needed["grid_accuracy"])
    bars = [
        charts.Bar(_LABELS.get(name, name.replace("_", " ")), value, _share(needed.get(name)))
        for name, value in check.measured.items()
        if name.endswith("accuracy") and 0 <= value <= 1
    ]
    is_missed = any(bar.needed is not None and bar.value < bar.needed for bar in bars)
    if is_missed and check.status == "passed":
        return  # the message says why that is enough
    if bars:
        alt = "; ".join(
            f"{bar.label}: {formatting.number(bar.value, 4)}"
            + ("" if bar.needed is None else f" ({formatting.number(bar.needed, 4)} needed)")
            for bar in bars
        )
        words = "The share of images labelled correctly. The mark shows the share needed."
        yield Figure(words, charts.shares(bars, alt))


def _share(value: float | None) -> float | None:
    return value if value is not None and 0 <= value <= 1 else None


def _speeds(check: CheckPart) -> Iterator[Figure]:
    """Every measured number with two ends."""
    for name, (words, bound_words) in _SPANS.items():
        ends = (f"{name}_low", name, f"{name}_high")
        if not check.measured.keys() >= {*ends}:
            continue
        low, middle, high = (check.measured[end] for end in ends)
        bound = check.allowed.get(name)
        span = charts.Span(low, middle, high, bound, is_least=name == "speedup")
        told = (
            f"{words}: {formatting.rough(middle)} times, between {formatting.rough(low)} and"
            f" {formatting.rough(high)}"
        )
        if bound is not None:
            told += f"; {bound_words} {formatting.rough(bound)} times for full points"
        yield Figure(f"{told}. The line shows how uncertain the measurement is.", charts.span(span, told))


def _curves(check: CheckPart, starts: Mapping[str, float]) -> Iterator[Figure]:
    """starts: where the loss of a function ought to begin, by the function's name."""
    for name, values in check.curves.items():
        if name in _AXES or name == _PER_PAIR or name.startswith(_REFERENCE) or not values:
            continue
        beside = check.curves.get(f"{_REFERENCE}{name}", ())
        iterations = check.measured.get("iterations", 0.0)
        last = iterations if iterations > 0 else float(len(values))
        start = next((starts[each] for each in check.functions if each in starts and name == "loss"), None)
        first = formatting.rough(check.measured.get(f"first_{name}", values[0]))
        end = formatting.rough(values[-1])
        label = name.replace("_", " ")
        wanted = (
            ""
            if start is None
            else f"; the mark shows where a correct one starts ({formatting.rough(start)})"
        )
        alt = f"{label} over {last:,g} iterations: {first} at the start, {end} at the end"
        words = f"The {label} while it trains, from {first} to {end}{wanted}."
        if beside:
            its_end = f"ends at {formatting.rough(beside[-1])}"
            alt += f"; the reference's {its_end}"
            words += (
                f" The dashed line is the reference's, trained the same way on the same images; it {its_end}."
            )
        yield Figure(words, charts.curve(values, last, label, alt, start, beside))


_AXES = ("learning_rates", "regularization_strengths")
_PER_PAIR = "accuracies"
_REFERENCE = "reference_"
"""A curve of this name before another's is the reference's."""


def _searches(check: CheckPart) -> Iterator[Figure]:
    """The grid of pairs, from the curves that the search leaves."""
    if not all(check.curves.get(axis) for axis in _AXES):
        return
    pairs = list(zip(*(check.curves[axis] for axis in _AXES), strict=False))
    if len(pairs) < 2:  # a grid of one is a point
        return
    values = check.curves.get(_PER_PAIR, ())
    values = values if len(values) == len(pairs) else ()
    best = check.measured.get("learning_rate"), check.measured.get("regularization_strength")
    where = None if None in best else (float(best[0] or 0), float(best[1] or 0))
    alt = f"{formatting.count(len(pairs), 'pair')}" + (
        "" if where is None else f"; the best one: learning rate {where[0]:g}, regularization {where[1]:g}"
    )
    words = "The pairs that were tried, with their validation accuracy when they were ranked. The best one is framed."
    yield Figure(
        words,
        charts.grid(pairs, where, ("learning rate", "regularization"), alt, values),
    )


def _images_of(check: CheckPart) -> Iterator[Figure]:
    for name, picture in check.pictures.items():
        images = list(_images(picture))
        if name == _ERROR and len(images) == 1 and picture.width * picture.height <= _MOST_PIXELS:
            told = _places(images[0], picture.width, picture.height)
            alt = f"the differences between dW and the reference's, entry by entry. {told}"
            words = (
                f"Where dW is off in the first wrong call. {told} Red entries (+) are too high, blue ones"
                " (\N{MINUS SIGN}) too low; the palest are correct."
            )
            chart = charts.pixels(images[0], picture.width, picture.height, ("class", "feature"), alt)
            yield Figure(words, chart)
        elif images:
            label, words = _IMAGES.get(name, (name.replace("_", " "),) * 2)
            yield Figure(
                words,
                images=tuple(
                    Image(
                        data_uri(png(each, picture.width, picture.height)),
                        f"{label} of class {number}",
                        f"class {number}",
                    )
                    for number, each in enumerate(images)
                ),
            )


def _places(rgb: bytes, width: int, height: int) -> str:
    """A sentence: which entries of a picture of dW are off."""
    pixels = [rgb[at : at + 3] for at in range(0, len(rgb), 3)]
    off = [divmod(number, width) for number, pixel in enumerate(pixels) if pixel != _RIGHT]
    features, classes = ({place[side] for place in off} for side in (0, 1))
    if len(classes) == 1 < width:
        return f"Only class {min(classes)} is off."
    if len(features) == 1 < height:
        (feature,) = features
        last = ", the last one," if feature == height - 1 else ""
        return f"Only feature {feature}{last} is off."
    if len(off) > _NEARLY * len(pixels):
        return "Nearly every entry is off."
    return f"{len(off)} of {formatting.count(len(pixels), 'entry')} are off."


def _images(picture: PicturePart) -> Iterator[bytes]:
    """The pixels of each image; none where the bytes are not those of such images."""
    size = picture.width * picture.height * 3
    try:
        rgb = base64.b64decode(picture.rgb, validate=True)
    except (binascii.Error, ValueError):
        return
    if size <= 0 or picture.count <= 0 or len(rgb) != size * picture.count:
        return
    for number in range(min(picture.count, _MOST_IMAGES)):
        yield rgb[number * size : (number + 1) * size]
