"""How fast the vectorized function is, by the judge's clock, in turn with the reference's; every timed output is checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from grader.checks.base.call import failure_sentence, sentence
from grader.checks.base.check import CheckFields, Evidence, Roles, random_stream
from grader.checks.base.context import CheckContext
from grader.checks.losses.agreement import unlike
from grader.checks.speed.rounds import (
    MANY_SAMPLES,
    WARM_UPS,
    draw_round,
    round_and_size,
    rounds_of,
    seconds_of,
)
from grader.checks.speed.timing import (
    LEAST_ROUNDS,
    Interval,
    Reading,
    Rung,
    credit_above,
    credit_below,
    interval,
    is_enough,
    is_ladder,
)
from grader.checks.speed.truth import compared, timed_fault
from grader.errors import SpecFault
from grader.model.assignment import FunctionSpec
from grader.model.observation import Checked
from grader.model.trial import Trial
from grader.model.verdict import Flag, Verdict

IMPOSSIBLE = 0.3
"""No honest function takes less than this share of the reference's time, which is two matrix products."""

CUDA_RESERVE = 1.5
"""The handout's factor counts where the reference itself reaches this many times it."""


MANY_RESERVE = 2.0
"""Times the first bound that full points reach with many samples: honest functions take up to 4 times as long as the
reference there, as they make lists of the row numbers, and loops of torch operations over the samples more than 20."""


class SpeedupCheck(CheckFields):
    """The vectorized function is fast: on a CPU beside the reference's, on CUDA by the handout's factor.

    On a CPU an honest vectorized function is 10 to 100 times as fast as the naive one, so there the factor says little.
    """

    roles: ClassVar[Roles] = {"naive": ("loss",), "vectorized": ("loss",)}
    is_timed: ClassVar[bool] = True
    is_slow: ClassVar[bool] = True

    kind: Literal["speedup"]
    naive: str
    vectorized: str
    factor: float = Field(default=100.0, gt=1, description="The handout's: naive over vectorized, on CUDA.")
    ladder: tuple[Rung, ...] = Field(
        default=(Rung(bound=3.0, credit=1.0), Rung(bound=6.0, credit=0.5), Rung(bound=12.0, credit=0.25)),
        min_length=1,
        description="On a CPU: credit up to how many times the reference's time, in rising order; none above. With"
        f" {MANY_SAMPLES.N} samples of few features, full points reach up to twice the first bound.",
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
        """The vectorized one: without a naive one it is compared with the reference's."""
        return (self.vectorized,)

    def trials(self, context: CheckContext) -> tuple[Trial, ...]:
        """The warm-up rounds; the notebook times their very first calls."""
        return tuple(
            trial for number in range(WARM_UPS) for trial in self._round(context, number, self.naive)
        )

    def digest(self, context: CheckContext, evidence: Evidence) -> Evidence:
        """The times, and whether the outputs were right: each is compared once."""
        return compared(context.assignment, evidence)

    def more_trials(self, context: CheckContext, evidence: Evidence) -> tuple[Trial, ...]:
        """One more round, until `is_enough`. Nothing more where a call failed or gave wrong results."""
        if self._is_cut_short(evidence):
            return ()
        done = max(round_and_size(trial)[0] for trial, _ in evidence)
        if timed_fault(self.vectorized, evidence) is not None:
            return ()
        if done + 1 >= WARM_UPS + LEAST_ROUNDS and is_enough(self._reading(context, evidence)):
            return ()
        is_naive_right = timed_fault(self.naive, evidence) is None
        return self._round(context, done + 1, self.naive if is_naive_right else None)

    def _is_cut_short(self, evidence: Evidence) -> bool:
        """Whether a call failed that measuring depends on: any but the student's naive one."""
        return any(
            not isinstance(observation, Checked)
            and (trial.runner == "reference" or trial.function == self.vectorized)
            for trial, observation in evidence
        )

    def _round(self, context: CheckContext, number: int, naive: str | None) -> tuple[Trial, ...]:
        rng = random_stream(context.seed, self.id, str(number))
        return draw_round(context.assignment, naive, self.vectorized, number, rng)

    def judge(self, context: CheckContext, evidence: Evidence) -> Verdict:
        """Credit by the ladder, where every output of the timed calls is right."""
        for trial, observation in evidence:
            if trial.runner == "reference" and not isinstance(observation, Checked):
                words = failure_sentence(trial, observation)
                raise RuntimeError(f"the reference could not be timed: {words}")
        fault = timed_fault(self.vectorized, evidence)
        if fault is not None and self._is_cut_short(evidence):
            return self.failed(fault)
        if fault is not None:
            return self.failed(
                f"{sentence(fault)} No points for speed until the timed calls return correct results.",
                blames=self.functions,
            )
        reading = self._reading(context, evidence)
        is_naive_right = timed_fault(self.naive, evidence) is None
        cold = self._cold_speedup(evidence) if is_naive_right else None
        measured = _measured(reading) | ({} if cold is None else {"cold_speedup": cold})
        allowed = {"speedup": self.factor} if reading.is_by_factor else {"slowdown": self.ladder[0].bound}
        if reading.slowdown.high < IMPOSSIBLE:
            message = (
                f"{self.vectorized} took {_times(reading.slowdown)} the reference's time, less than any honest"
                " computation needs. No points for speed; an instructor should look at it."
            )
            flag = Flag("impossible_time", self.vectorized, message)
            return self.failed(message, measured=measured, allowed=allowed, alarms=(flag,))
        return self.scored(
            reading.credit,
            self._message(reading, cold),
            measured=measured,
            allowed=allowed,
            is_open=reading.is_straddling,
        )

    def _message(self, reading: Reading, cold: float | None) -> str:
        """cold: the speedup of the first calls; None where the student's naive function gives no right results."""
        naive = self.naive
        if cold is None:
            naive = "the reference's naive one (you have no correct one yet)"
        speedup = f"{_times(reading.speedup)} as fast as {naive}{_bounds(reading.speedup)}"
        slowdown = f"{_times(reading.slowdown)} as long as the reference"
        bound = self.ladder[0].bound
        at_most = f"(at most {bound:g} times for full points)"
        facts, question = f"It is {speedup} and takes {slowdown}.", ""
        if reading.credit == 1.0:
            fault, facts = "", f"{self.vectorized} is {speedup} and takes {slowdown}."
        elif reading.is_by_factor:
            fault = f"{self.vectorized} is too slow for full points."
        elif reading.speedup.high <= 1.0:
            fault = f"{self.vectorized} is not faster than {naive}."
        elif reading.many_samples.middle > 2 * reading.slowdown.middle:
            fault = (
                f"{self.vectorized} is too slow with many samples: with {MANY_SAMPLES.N} samples of {MANY_SAMPLES.D}"
                f" features it takes {_times(reading.many_samples)} as long as the reference"
                f" (at most {MANY_RESERVE * bound:g} times for full points)."
            )
            facts = f"At the handout's size it is {speedup} and takes {slowdown}."
            question = "Is a Python loop over the samples left?"
        else:
            fault = f"{self.vectorized} is too slow: it takes {slowdown} {at_most}."
            facts = f"It is {speedup}."
        parts = [fault, facts]
        if reading.is_by_factor:
            parts.append(f"On this GPU, full points need a factor of {self.factor:g}.")
        if cold is not None:
            parts.append(
                "The first call of each, the only one the notebook times, gives a factor of"
                f" {_number(cold, 3)}."
            )
        if reading.is_straddling:
            parts.append("Timing was too noisy to decide; you get the higher credit.")
        return " ".join(part for part in (*parts, question) if part)

    def _reading(self, context: CheckContext, evidence: Evidence) -> Reading:
        """The rounds so far; the same every time."""
        rounds = rounds_of(evidence)
        speedup = interval([each.speedup for each in rounds])
        slowdown = interval([each.slowdown for each in rounds])
        many_samples = interval([each.many_samples for each in rounds])
        reference_speedup = interval([each.reference_speedup for each in rounds])
        is_by_factor = context.device == "cuda" and reference_speedup.middle >= CUDA_RESERVE * self.factor
        if is_by_factor:
            worst, best = (
                credit_above(end / self.factor, self.cuda_ladder) for end in (speedup.low, speedup.high)
            )
        else:
            worst = min(credit_below(slowdown.high, self.ladder), self._credit_many(many_samples.high))
            best = min(credit_below(slowdown.low, self.ladder), self._credit_many(many_samples.low))
            worst, best = worst * (speedup.low > 1.0), best * (speedup.high > 1.0)
        worst, best = worst * (slowdown.low >= IMPOSSIBLE), best * (slowdown.high >= IMPOSSIBLE)
        return Reading(
            rounds=len(rounds),
            seconds=seconds_of(evidence),
            speedup=speedup,
            slowdown=slowdown,
            many_samples=many_samples,
            reference_speedup=reference_speedup,
            is_by_factor=is_by_factor,
            worst=worst,
            credit=best,
        )

    def _credit_many(self, slowdown: float) -> float:
        first = self.ladder[0]
        is_full = slowdown <= MANY_RESERVE * first.bound
        return first.credit if is_full else credit_below(slowdown, self.ladder)

    def _cold_speedup(self, evidence: Evidence) -> float:
        """The ratio of the first calls, with nothing taken off, as the notebook's cell prints it."""
        first: dict[str, float] = {}
        for trial, observation in evidence:
            if trial.runner == "student" and isinstance(observation, Checked):
                first.setdefault(trial.function, observation.own_seconds)
        return first[self.naive] / first[self.vectorized]


def _measured(reading: Reading) -> dict[str, float]:
    return {
        "speedup": reading.speedup.middle,
        "speedup_low": reading.speedup.low,
        "speedup_high": reading.speedup.high,
        "slowdown": reading.slowdown.middle,
        "slowdown_low": reading.slowdown.low,
        "slowdown_high": reading.slowdown.high,
        "slowdown_many_samples": reading.many_samples.middle,
        "reference_speedup": reading.reference_speedup.middle,
        "rounds": float(reading.rounds),
    }


def _times(ratio: Interval) -> str:
    """The middle of the interval; about so much where its ends are far apart, as they say nothing then."""
    middle = _number(ratio.middle, 1 if ratio.is_wide else 3)
    return f"about {middle} times" if ratio.is_wide else f"{middle} times"


def _bounds(ratio: Interval) -> str:
    return "" if ratio.is_wide else f" (between {_number(ratio.low, 2)} and {_number(ratio.high, 2)})"


def _number(value: float, digits: int) -> str:
    """So many digits, and the rest of a large number as zeros: 4000, not 4e+03."""
    return f"{float(f'{value:.{digits}g}'):g}"
