"""How fast the vectorized function is: timed by the judge, in turn with the reference's, every timed output checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from grader.checks.base.call import failure_sentence, sentence
from grader.checks.base.check import CheckFields, Evidence, random_stream
from grader.checks.base.context import CheckContext
from grader.checks.losses.agreement import unlike
from grader.checks.speed.speedup_rounds import (
    MANY_SAMPLES,
    WARM_UPS,
    Measured,
    draw_round,
    is_reference,
    round_and_size,
    rounds_of,
    timed_fault,
)
from grader.checks.speed.timing import (
    Interval,
    Rounds,
    Rung,
    credit_above,
    credit_below,
    interval,
    is_ladder,
    reference_speedup,
    slowdown,
    speedup,
)
from grader.errors import SpecFault
from grader.model.assignment import FunctionSpec, Role
from grader.model.observation import Returned
from grader.model.trial import Trial
from grader.model.verdict import Flag, Verdict

LEAST_ROUNDS, MOST_ROUNDS, MOST_SECONDS = 5, 20, 30.0
HALF_WIDTH = 0.10
"""From the least number of rounds on, a gate that is clear ends the measuring once the speedup is known to within
this, or earns nothing."""

NAIVE_CAP = 1.5
"""A naive function that dawdles counts for this many times the reference's."""

IMPOSSIBLE = 0.3
"""No honest function takes less than this share of the reference's time, which is two matrix products."""

CUDA_RESERVE = 1.5
"""The handout's factor is asked for where the reference itself reaches this many times it."""


class SpeedupCheck(CheckFields):
    """The vectorized function is fast: on a CPU beside the reference's, on CUDA by the handout's factor.

    On a CPU an honest vectorized function is 10 to 100 times as fast as the naive one, so there the factor says little.
    """

    roles: ClassVar[Mapping[str, tuple[Role, ...]]] = MappingProxyType(
        {"naive": ("loss",), "vectorized": ("loss",)}
    )
    is_timed: ClassVar[bool] = True
    is_slow: ClassVar[bool] = True

    kind: Literal["speedup"]
    naive: str
    vectorized: str
    factor: float = Field(default=100.0, gt=1, description="The handout's: naive over vectorized, on CUDA.")
    ladder: tuple[Rung, ...] = Field(
        default=(Rung(bound=3.0, credit=1.0), Rung(bound=6.0, credit=0.5), Rung(bound=12.0, credit=0.25)),
        min_length=1,
        description="On a CPU: credit up to how many times the reference's time, in rising order; none above.",
    )
    cuda_ladder: tuple[Rung, ...] = Field(
        default=(Rung(bound=1.0, credit=1.0), Rung(bound=0.5, credit=0.5), Rung(bound=0.2, credit=0.25)),
        min_length=1,
        description="On CUDA: credit from which share of the factor on, in falling order; none below.",
    )

    @model_validator(mode="after")
    def _ladders_are_in_order(self) -> Self:
        for name, ladder, falls in (("ladder", self.ladder, False), ("cuda_ladder", self.cuda_ladder, True)):
            if not is_ladder(ladder, falls=falls):
                order = "fall" if falls else "rise"
                raise ValueError(f"{name}: its bounds must {order} from rung to rung, and its credits fall")
        return self

    def misfits(self, functions: Mapping[str, FunctionSpec]) -> Iterator[SpecFault]:
        """The two functions must be different ones of the same classifier."""
        yield from super().misfits(functions)
        yield from unlike(self.naive, self.vectorized, functions)

    @property
    def functions(self) -> tuple[str, ...]:
        """The vectorized one. Where the naive one gives nothing, the reference's is what this one is compared with."""
        return (self.vectorized,)

    def trials(self, context: CheckContext) -> tuple[Trial, ...]:
        """The rounds that warm up; the very first calls are what the notebook times."""
        return tuple(
            trial for number in range(WARM_UPS) for trial in self._round(context, number, self.naive)
        )

    def more_trials(self, context: CheckContext, evidence: Evidence) -> tuple[Trial, ...]:
        """One more round, until the interval is narrow and on one side of every rung."""
        if self._stops(evidence):
            return ()
        naive = None if timed_fault(context.assignment, self.naive, evidence) is not None else self.naive
        done = max(round_and_size(trial)[0] for trial, _ in evidence)
        if done < WARM_UPS:
            is_wrong = timed_fault(context.assignment, self.vectorized, evidence) is not None
            return () if is_wrong else self._round(context, done + 1, naive)
        series = _Series.latest(rounds_of(evidence, self.naive))
        if not series.may_end or not self._reading(context, series).is_enough:
            return self._round(context, done + 1, naive)
        return ()

    def _stops(self, evidence: Evidence) -> bool:
        """Whether a call gave nothing without which no speed is measured: any but the student's naive."""
        return any(
            not isinstance(observation, Returned)
            and (is_reference(trial) or trial.function == self.vectorized)
            for trial, observation in evidence
        )

    def _round(self, context: CheckContext, number: int, naive: str | None) -> tuple[Trial, ...]:
        rng = random_stream(context.seed, self.id, str(number))
        return draw_round(context.assignment, naive, self.vectorized, number, rng)

    def judge(self, context: CheckContext, evidence: Evidence) -> Verdict:
        """Credit by the ladder, where every output of the timed calls is right."""
        for trial, observation in evidence:
            if is_reference(trial) and not isinstance(observation, Returned):
                words = failure_sentence(trial, observation)
                raise RuntimeError(f"the reference could not be timed: {words}")
        fault = timed_fault(context.assignment, self.vectorized, evidence)
        if fault is not None and self._stops(evidence):
            return Verdict("failed", 0.0, sentence(fault), hint=self.hint)
        if fault is not None:
            message = f"Speed earns points once the timed calls give right results. {sentence(fault)}"
            return Verdict("failed", 0.0, message, hint=self.hint)
        reading = self._reading(context, _Series.latest(rounds_of(evidence, self.naive)))
        is_naive_right = timed_fault(context.assignment, self.naive, evidence) is None
        cold = _cold_speedup(evidence, self.naive, self.vectorized) if is_naive_right else None
        return self._conclude(reading, cold)

    def _conclude(self, reading: _Reading, cold: float | None) -> Verdict:
        """cold: the speedup of a first call of each; None where the student's naive function is of no use."""
        measured = reading.measured() | ({} if cold is None else {"cold_speedup": cold})
        allowed = {"speedup": self.factor} if reading.is_by_factor else {"slowdown": self.ladder[0].bound}
        if reading.impossible is not None:
            message = (
                f"{self.vectorized} answered in {_times(reading.impossible)} the reference's"
                " time, which no honest computation does. Speed earns no points here; an instructor should look."
            )
            alarm = Flag("impossible_time", self.vectorized, message)
            return Verdict("failed", 0.0, message, self.hint, measured, allowed, alarms=(alarm,))
        naive = self.naive if cold is not None else "the reference's naive one (yours gives no right results)"
        message = f"{self._words(reading, naive)}{_cold_words(cold)}{_doubt_words(reading)}"
        status: Literal["passed", "failed"] = "passed" if reading.credit == 1.0 else "failed"
        return Verdict(
            status, reading.credit, message, None if status == "passed" else self.hint, measured, allowed
        )

    def _words(self, reading: _Reading, naive: str) -> str:
        speedup = reading.speedup
        plus_minus = f"+-{max(1, round(100 * speedup.half_width))} %"
        said = (
            f"{self.vectorized} is {_times(speedup.middle)} as fast as {naive} ({plus_minus})"
            f" and takes {_times(reading.slowdown.middle)} as long as the reference's"
        )
        if reading.is_by_factor:
            return f"{said}. This GPU allows {self.factor:g} times."
        many = reading.many_samples
        if reading.credit == 1.0:
            return f"{said}."
        at_most = f"at most {self.ladder[0].bound:g} times for full points"
        if many.middle > 2 * reading.slowdown.middle:
            return (
                f"{said}; with {MANY_SAMPLES.N} samples of {MANY_SAMPLES.D} features {_times(many.middle)} as long"
                f" ({at_most}). Its time grows with the samples: is a Python loop over them left?"
            )
        return f"{said} ({at_most})."

    def _reading(self, context: CheckContext, series: _Series) -> _Reading:
        """What a series of rounds says."""
        main = Rounds.joined([each.main for each in series.rounds])
        many = Rounds.joined([each.many for each in series.rounds])
        rng = random_stream(0, self.id, "bootstrap")  # the same every time it is read
        reading = _Reading(
            rounds=len(main),
            speedup=interval(speedup(main, NAIVE_CAP), rng),
            slowdown=interval(slowdown(main), rng),
            many_samples=interval(slowdown(many), rng),
            reference=interval(reference_speedup(main), rng),
        )
        is_by_factor = context.device == "cuda" and reading.reference.middle >= CUDA_RESERVE * self.factor
        reading = replace(reading, is_by_factor=is_by_factor)
        worst, credit = self._credits(reading)
        reading = replace(reading, worst=worst, credit=credit)
        is_straddling = worst != credit
        return replace(
            reading,
            is_enough=reading.is_settled or (series.is_over and (series.is_second or not is_straddling)),
            is_decided_for_student=is_straddling,
        )

    def _credits(self, reading: _Reading) -> tuple[float, float]:
        """The credit at the ends of the intervals that are worse and better for the student."""
        if reading.is_by_factor:
            low, high = (end / self.factor for end in (reading.speedup.low, reading.speedup.high))
            return credit_above(low, self.cuda_ladder), credit_above(high, self.cuda_ladder)
        both = (reading.slowdown, reading.many_samples)
        worst = min(credit_below(each.high, self.ladder) for each in both)
        best = min(credit_below(each.low, self.ladder) for each in both)
        return (
            worst if reading.speedup.low > 1.0 else 0.0,
            best if reading.speedup.high > 1.0 else 0.0,
        )


@dataclass(frozen=True, slots=True)
class _Series:
    """Rounds that are read together. is_over: no more may follow. is_second: those before straddled a rung."""

    rounds: Sequence[Measured]
    is_over: bool
    is_second: bool

    @classmethod
    def latest(cls, rounds: Sequence[Measured]) -> Self:
        """The first series of these rounds, or what follows it: rounds that go on beyond its end are a second one."""
        end = _end_of_series(rounds)
        if end is None or end == len(rounds):
            return cls(rounds, is_over=end is not None, is_second=False)
        return cls(rounds[end:], is_over=_end_of_series(rounds[end:]) is not None, is_second=True)

    @property
    def may_end(self) -> bool:
        return self.is_over or len(self.rounds) >= LEAST_ROUNDS


def _end_of_series(rounds: Sequence[Measured]) -> int | None:
    """How many rounds use up what one series may take; None where there is room for more."""
    seconds = 0.0
    for count, each in enumerate(rounds, start=1):
        seconds += each.seconds
        if count >= MOST_ROUNDS or seconds >= MOST_SECONDS:
            return count
    return None


@dataclass(frozen=True, slots=True)
class _Reading:
    """What a series of rounds says. credit: at the better end of the intervals; worst: at the other."""

    rounds: int
    speedup: Interval
    slowdown: Interval
    many_samples: Interval
    reference: Interval
    is_by_factor: bool = False
    worst: float = 0.0
    credit: float = 0.0
    is_enough: bool = False
    is_decided_for_student: bool = False

    @property
    def is_straddling(self) -> bool:
        return self.worst != self.credit

    @property
    def is_settled(self) -> bool:
        is_known = self.speedup.half_width <= HALF_WIDTH or self.credit == 0.0
        return not self.is_straddling and is_known and self.rounds >= LEAST_ROUNDS

    @property
    def impossible(self) -> float | None:
        return self.slowdown.middle if self.slowdown.high < IMPOSSIBLE else None

    def measured(self) -> dict[str, float]:
        return {
            "speedup": self.speedup.middle,
            "speedup_low": self.speedup.low,
            "speedup_high": self.speedup.high,
            "slowdown": self.slowdown.middle,
            "slowdown_many_samples": self.many_samples.middle,
            "reference_speedup": self.reference.middle,
            "rounds": float(self.rounds),
        }


def _cold_speedup(evidence: Evidence, naive: str, vectorized: str) -> float:
    """Of the first call of each, without anything taken off: what the notebook's cell prints."""
    first: dict[str, float] = {}
    for trial, observation in evidence:
        if not is_reference(trial) and isinstance(observation, Returned):
            first.setdefault(trial.function, observation.seconds)
    return first[naive] / first[vectorized]


def _cold_words(cold: float | None) -> str:
    if cold is None:
        return ""
    return f" A single first call of each, which is what a notebook's cell times, says {_times(cold)}."


def _doubt_words(reading: _Reading) -> str:
    if reading.is_decided_for_student:
        return " The machine was too busy to tell for sure; it is decided for you."
    return ""


def _times(ratio: float) -> str:
    return f"{ratio:.3g} times"
