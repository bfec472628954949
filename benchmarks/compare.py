"""What changed since an earlier run: records in, verdicts and sentences out.

Two medians are compared by their ratio and its 95 % interval, from the repetitions of both runs (bootstrap: medians of
repetitions drawn again with replacement). A measure got worse if even the better end of the interval is more than 10 %
worse, so what the repetitions alone can explain is never called a change.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from benchmarks.record import IDLE_LOAD, Measure, Run
from grader.formatting import listing

CHANGE = 1.1
"""A ratio of medians up to this, or down to its inverse, is no change worth telling."""

_LEVEL = 0.05
_Drawn = npt.NDArray[np.float64]
_DRAWS = 4000

Verdict = Literal["worse", "better", "same", "unclear", "new", "skipped"]
"""unclear: the noise is too great to tell a change of 10 %. skipped: a time on another machine."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A measure beside the same one of an earlier run.

    Attributes:
        ratio: how many times as much as before; None where nothing was compared.
        low, high: its interval.
    """

    measure: Measure
    verdict: Verdict
    ratio: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def word(self) -> str:
        """The verdict as the table tells it: a time is slower, a number of bytes only worse."""
        is_time = self.measure.unit in {"s", "CPU s"}
        words = {"worse": "slower", "better": "faster"} if is_time else {}
        return words.get(self.verdict, self.verdict)

    @property
    def sentence(self) -> str:
        """Of a measure that changed."""
        ratio, low, high = (f"{each:.2f}" for each in (self.ratio, self.low, self.high) if each is not None)
        return f"{self.measure.name} is {ratio} times what it was ({low} to {high})."


def compared(now: Run, then: Run | None) -> list[Comparison]:
    """Each measure of the run, in order. On another machine only ratios and counts are compared, not times or bytes."""
    before = {} if then is None else then.by_name()
    is_same_machine = then is not None and now.machine.is_like(then.machine)
    return [_compared(each, before.get(each.name), is_same_machine=is_same_machine) for each in now.measures]


def _compared(now: Measure, then: Measure | None, *, is_same_machine: bool) -> Comparison:
    if then is None or then.unit != now.unit:
        return Comparison(now, "new")
    if not is_same_machine and now.unit not in {"x", "runs", "rounds"}:
        return Comparison(now, "skipped")
    if now.median <= 0 or then.median <= 0:  # no ratio; a difference, say
        return Comparison(now, "same" if now.median == then.median else "unclear")
    low, high = ratio_interval(now, then)
    ratio = now.median / then.median
    worst, best = (low, high) if now.better == "lower" else (1 / high, 1 / low)
    verdict: Verdict = "unclear"
    if worst > CHANGE:
        verdict = "worse"
    elif best < 1 / CHANGE:
        verdict = "better"
    elif worst >= 1 / CHANGE and best <= CHANGE:
        verdict = "same"
    return Comparison(now, verdict, ratio, low, high)


def ratio_interval(now: Measure, then: Measure) -> tuple[float, float]:
    """The interval of the ratio of medians. A run that kept only its medians counts as noisy as the other."""
    drawn, earlier = _medians(now, 0), _medians(then, 1)
    if not then.values:
        earlier = then.median * _medians(now, 1) / now.median
    if not now.values:
        drawn = now.median * _medians(then, 0) / then.median
    return _ends(drawn / earlier)


def noise(measure: Measure) -> float | None:
    """Half the width of the median's interval over the median; None where it cannot be told."""
    if len(measure.values) < 2 or measure.median <= 0:
        return None
    low, high = _ends(_medians(measure, 0))
    return (high - low) / 2 / measure.median


def _medians(measure: Measure, seed: int) -> _Drawn:
    values = np.array(measure.values or (measure.median,))
    rng = np.random.default_rng(seed)
    medians: _Drawn = np.median(rng.choice(values, (_DRAWS, len(values))), axis=1)
    return medians


def _ends(drawn: _Drawn) -> tuple[float, float]:
    low, high = np.quantile(drawn, (_LEVEL / 2, 1 - _LEVEL / 2))
    return float(low), float(high)


def sentences(
    now: Run,
    then: Run | None,
    comparisons: Sequence[Comparison],
    failures: Sequence[str] = (),
    *,
    is_whole: bool = True,
) -> Iterator[str]:
    """What a reader should know beside the table.

    failures: a clause on each benchmark that could not be measured.
    is_whole: every benchmark was asked for, so what is missing is worth telling.
    """
    yield from _conditions(now, then)
    if then is not None:
        worse = [each for each in comparisons if each.verdict == "worse"]
        better = [each.measure.name for each in comparisons if each.verdict == "better"]
        if worse:
            yield "Slower, or more, by more than 10 % beyond noise:"
            yield from (f"  {each.sentence}" for each in worse)
        elif any(each.ratio is not None for each in comparisons):
            yield "Nothing got slower by more than 10 % beyond noise."
        if better:
            yield f"Better by more than 10 % beyond noise: {listing(better)}."
        unclear = [each.measure.name for each in comparisons if each.verdict == "unclear"]
        if unclear:
            yield f"Too noisy to tell a change of 10 %: {listing(unclear)}."
        new = [each.measure.name for each in comparisons if each.verdict == "new"]
        if new:
            yield f"Not in the run compared with: {listing(new)}."
        gone = [name for name in then.by_name() if name not in now.by_name()]
        if gone and is_whole:
            yield f"Only in the run compared with: {listing(gone)}."
    missed = [each for each in now.measures if each.misses_goal]
    if missed:
        yield "Goals missed:"
    for each in missed:
        bound = "at most" if each.better == "lower" else "at least"
        yield f"  {each.name} is {each.median:g} {each.unit}, expected {bound} {each.goal:g}."
    yield from (f"Not measured: {failure}." for failure in failures)


def _conditions(now: Run, then: Run | None) -> Iterator[str]:
    """What the figures are worth, and what they are compared with."""
    if now.was_idle is False:
        assert now.load is not None
        yield (
            f"The machine was not idle: its load was {now.load.before:g} at the start (at most {IDLE_LOAD:g} is"
            " idle). Seconds may be too long; trust ratios and CPU seconds more."
        )
    if then is None:
        yield "There is no committed run to compare with."
        return
    commit = f" of commit {then.machine.commit[:7]}" if then.machine.commit else ""
    yield f"Compared with the run{commit} of {then.measured_at:%Y-%m-%d %H:%M} UTC."
    if not now.machine.is_like(then.machine):
        yield (
            f"It was on another machine ({then.machine.words}), so only ratios within a run are compared, and counts."
        )
    elif (then.machine.python, then.machine.torch) != (now.machine.python, now.machine.torch):
        yield (
            f"It had Python {then.machine.python} and torch {then.machine.torch}; this one has Python"
            f" {now.machine.python} and torch {now.machine.torch}."
        )
    if then.was_idle is False:
        assert then.load is not None
        yield f"That run's machine was not idle: its load was {then.load.before:g} at the start."
