"""Loss and gradient of one function against the reference, on the value cases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from pydantic import Field

from grader import formatting
from grader.checks.base.call import failure_sentence, sentence
from grader.checks.base.check import CheckFields, Evidence, random_stream
from grader.checks.base.comparison import MISSING, Comparison
from grader.checks.base.context import CheckContext
from grader.checks.losses.calls import case_of, in_dtype, loss_trial, right_loss
from grader.checks.losses.cases import GAP, SECOND_DTYPE_CASES, Draw
from grader.checks.losses.diagnosis import diagnose, diagnose_both
from grader.checks.losses.error_picture import error_picture
from grader.checks.losses.handout import handout_comparisons, is_handout, more_handout_trials, probe
from grader.checks.losses.truth import FLOAT32_NOTE, Truth
from grader.model.assignment import Assignment, LossFunction
from grader.model.observation import Observation, Raised, Received, Refused, Returned
from grader.model.trial import DTypeName, Replacement, Trial
from grader.model.verdict import Diagnosis, Finding, Picture, Verdict, is_reportable

TELLING_CASES = 3
"""Three cases of different sizes tell all known mistakes apart, except a margin that is far too great."""


class ValuesCheck(CheckFields):
    """Right loss and right gradient, on every case and in every dtype that the assignment asks for."""

    kind: Literal["values"]
    function: str
    loss_share: float = Field(
        default=0.0, ge=0, le=1, description="Share of the points for a right loss with a wrong gradient."
    )
    gradient_share: float = Field(
        default=0.0, ge=0, le=1, description="Share of the points for a right gradient with a wrong loss."
    )

    def replacement(self, assignment: Assignment, /) -> Replacement:
        """A right loss."""
        return right_loss(assignment, self.function)

    def trials(self, context: CheckContext) -> tuple[Trial, ...]:
        """Every case in the main dtype, some in the other; for a vectorized function a large one as well."""
        function = context.assignment.loss_function(self.function)
        main = function.main_dtype
        other: DTypeName = "float32" if main == "float64" else "float64"
        draw = Draw(random_stream(context.seed, self.id), context.assignment.convention)
        cases = draw.value_cases()
        plan = [(case, main) for case in cases]
        plan += [(case, other) for case in cases if case.name in SECOND_DTYPE_CASES]
        if function.style == "vectorized":
            plan.append((draw.large(), main))
        drawn = tuple(loss_trial(context.assignment, self.function, case, dtype) for case, dtype in plan)
        return (*drawn, probe(context, self.function, draw.rng))

    def more_trials(self, context: CheckContext, evidence: Evidence) -> tuple[Trial, ...]:
        """The handouts' own sizes, as far as the probe, the last trial so far, says that they take no more than a second."""
        rng = random_stream(context.seed, self.id, "handout")
        return more_handout_trials(context, *evidence[-1], rng)

    def judge(self, context: CheckContext, evidence: Evidence) -> Verdict:
        """Passed when loss and gradient are right wherever they must be; a share for one of them."""
        function = context.assignment.loss_function(self.function)
        tally = _Tally(self.function, function)
        unneeded: dict[str, None] = {}  # worth a note only where the other dtype works
        for trial, observation in evidence:
            dtype = function.main_dtype if is_handout(trial) else case_of(trial)[1]
            if isinstance(observation, Returned) and is_handout(trial):
                tally.add_coarsely(trial, dtype, handout_comparisons(context.assignment, trial, observation))
            elif isinstance(observation, Returned):
                tally.add(trial, Truth.of(context.assignment, trial), observation)
            elif dtype not in function.dtypes and isinstance(observation, Raised):
                unneeded.setdefault(
                    f"it raises {observation.kind} in {dtype}, which this assignment does not need"
                )
            else:
                tally.add_failure(trial, dtype, observation)
        notes = (*tally.all_notes, *(unneeded if tally.broken is None else ()))
        if tally.is_right:
            return self.passed(
                f"{self.function} gives the reference's loss and gradient in {tally.loss.calls} calls.",
                measured=tally.worst_right,
                findings=(Finding(self.function, True, (), notes),),
            )
        # A wrong value may happen to be a number of float32's.
        notes = tuple(note for note in notes if note != FLOAT32_NOTE)
        diagnoses = tally.diagnoses(context.assignment)
        shares = ((tally.loss, self.loss_share), (tally.gradient, self.gradient_share))
        right = [share for part, share in shares if part.is_right and tally.broken is None]
        measured, allowed = (tally.gradient if tally.loss.is_right else tally.loss).numbers()
        return self.failed(
            " ".join(tally.sentences(diagnoses)),
            credit=right[0] if right else 0.0,
            measured=measured,
            allowed=allowed,
            findings=(Finding(self.function, False, diagnoses, notes),),
            pictures=tally.pictures(context.assignment),
        )


@dataclass(slots=True)
class _PartTally:
    """The calls in which one part, the loss or the gradient, was right and wrong."""

    part: Literal["loss", "gradient"]
    calls: int = 0
    wrong: list[tuple[Comparison, str, DTypeName]] = field(default_factory=list)
    """The wrong values, each with the label of its trial and its dtype."""
    tried: dict[str, set[DTypeName]] = field(default_factory=dict)
    """The dtypes in which each case was called, by label."""
    excuses: list[tuple[str, ...]] = field(default_factory=list)
    """For each value that counts as right all the same: the harmless deviations that explain it, the likeliest first."""

    @property
    def is_right(self) -> bool:
        return not self.wrong

    def add(self, comparison: Comparison, label: str, dtype: DTypeName) -> None:
        self.calls += 1
        self.tried.setdefault(label, set()).add(dtype)
        if not comparison.is_right:
            self.wrong.append((comparison, label, dtype))

    def notes(self) -> Iterator[str]:
        """Few deviations that together explain every excused value; none on a part that is wrong in other calls."""
        left = self.excuses if self.is_right else []
        while left:
            often = Counter(note for notes in left for note in notes)
            likeliest = {note: -at for notes in reversed(left) for at, note in enumerate(notes)}
            note = max(often, key=lambda each: (often[each], likeliest[each]))
            yield note
            left = [notes for notes in left if note not in notes]

    def sentence(self, function: str, mistakes: str) -> str:
        """The mistakes that explain it, the first call in which it was wrong, and in how many it was."""
        first = self.wrong[0][0]
        often = "" if len(self.wrong) == 1 else f" It is wrong in {self.often}."
        if not mistakes:
            return f"{function}: {first.sentence}, on {self.first_label}.{often}"
        name = "dW" if self.part == "gradient" else "loss"
        return f"{function}: {name} is wrong. {mistakes} On {self.first_label}, {first.sentence}.{often}"

    @property
    def first_label(self) -> str:
        """The first call in which it was wrong."""
        _, label, _ = self.wrong[0]
        return label + in_dtype(
            {dtype for _, wrong, dtype in self.wrong if wrong == label}, self.tried[label]
        )

    @property
    def often(self) -> str:
        return f"{len(self.wrong)} of {formatting.count(self.calls, 'call')}"

    def numbers(self) -> list[dict[str, float]]:
        """The relative difference of the first wrong value and its bound, by name; those that no report holds are left out."""
        numbers = [(each.relative, each.allowed) for each, *_ in self.wrong[:1]] or [(np.inf, np.inf)]
        name = f"{self.part}_relative_difference"
        return [{name: value} if is_reportable(value) else {} for value in numbers[0]]


@dataclass(slots=True)
class _Tally:
    """How one function did over all calls."""

    function: str
    spec: LossFunction
    loss: _PartTally = field(default_factory=lambda: _PartTally("loss"))
    gradient: _PartTally = field(default_factory=lambda: _PartTally("gradient"))
    notes: dict[str, None] = field(default_factory=dict)
    broken: tuple[Trial, Observation] | None = None
    """The first call that gave no values."""
    broken_calls: list[tuple[str, DTypeName]] = field(default_factory=list)
    """The label and the dtype of each call that was made and gave no values."""
    worst_right: dict[str, float] = field(default_factory=dict)
    """The greatest relative difference of a right value, by part and dtype."""
    _exact: list[tuple[Truth, Returned]] = field(default_factory=list)

    @property
    def is_right(self) -> bool:
        return self.broken is None and self.loss.calls > 0 and self.loss.is_right and self.gradient.is_right

    @property
    def all_notes(self) -> tuple[str, ...]:
        """Each once, and none that another one begins with."""
        notes = tuple(dict.fromkeys((*self.loss.notes(), *self.gradient.notes(), *self.notes)))
        return tuple(each for each in notes if not any(other.startswith(f"{each},") for other in notes))

    def add(self, trial: Trial, truth: Truth, observation: Returned) -> None:
        loss, gradient = observation.values
        for part, comparison in (
            (self.loss, truth.compare_loss(loss)),
            (self.gradient, truth.compare_gradient(gradient)),
        ):
            part.add(comparison, trial.label, truth.dtype)
            if comparison.notes:
                part.excuses.append(comparison.notes)
            elif comparison.is_right:
                name = f"{part.part}_relative_difference_{truth.dtype}"
                self.worst_right[name] = max(self.worst_right.get(name, 0.0), comparison.relative)
        expected = {truth.dtype, "bfloat16"}
        is_asked_for = truth.dtype in self.spec.dtypes
        if is_asked_for and isinstance(gradient, Received) and gradient.dtype not in expected:
            self.notes[f"it returns dW in {gradient.dtype} where W is {truth.dtype}"] = None
        if truth.dtype == "float64":
            self._exact.append((truth, observation))

    def add_coarsely(
        self, trial: Trial, dtype: DTypeName, comparisons: Mapping[Literal["loss", "dW"], Comparison]
    ) -> None:
        """Count in a call that tells right from wrong, but neither notes nor mistakes."""
        self.loss.add(comparisons["loss"], trial.label, dtype)
        self.gradient.add(comparisons["dW"], trial.label, dtype)

    def add_failure(self, trial: Trial, dtype: DTypeName, observation: Observation) -> None:
        self.broken = self.broken or (trial, observation)
        if not isinstance(observation, Refused):
            self.broken_calls.append((trial.label, dtype))

    def _broken_sentence(self, trial: Trial, observation: Observation) -> str:
        broken = {dtype for label, dtype in self.broken_calls if label == trial.label}
        dtype = in_dtype(broken, broken | self.loss.tried.get(trial.label, set()))
        words = failure_sentence(replace(trial, label=trial.label + dtype), observation)
        failed, calls = len(self.broken_calls), len(self.broken_calls) + self.loss.calls
        return sentence(words) + (
            f" It gave no values in {failed} of {calls} calls." if 1 < failed < calls else ""
        )

    def _telling(self, part: _PartTally) -> list[tuple[Truth, Returned]]:
        """The calls that mistakes are matched on, some of them wrong.

        For the SVM also one where no likely margin makes all classes active.
        """
        first, rest = self._exact[:TELLING_CASES], self._exact[TELLING_CASES:]
        labels = {label for _, label, dtype in part.wrong if dtype == "float64"}
        if not any(truth.case.name in labels for truth, _ in first):
            return first[:2] + [each for each in rest if each[0].case.name in labels]
        is_gap = self.spec.classifier == "svm"
        return first + [each for each in rest if is_gap and each[0].case.name.startswith(GAP)]

    def diagnoses(self, assignment: Assignment) -> tuple[Diagnosis, ...]:
        """The mistakes that explain each wrong part."""
        named: list[Diagnosis] = []
        for position, part in enumerate((self.loss, self.gradient)):
            if part.is_right:
                continue
            telling = self._telling(part)
            seen = [(truth.case.inputs, returned.values[position]) for truth, returned in telling]
            if position == 0:
                both = [(truth.case.inputs, returned.values) for truth, returned in telling]
                named += diagnose_both(both, self.spec.classifier)
            beside = {each.misconception for each in named}
            named += diagnose(self.spec.classifier, part.part, seen, assignment.convention, beside=beside)
        return tuple(named)

    def pictures(self, assignment: Assignment) -> dict[str, Picture]:
        """Where dW is off in the first call in which it is wrong."""
        labels = {label for _, label, dtype in self.gradient.wrong if dtype == "float64"}
        for truth, returned in self._exact:
            seen = returned.values[1]
            if truth.case.name in labels and isinstance(seen, Received):
                right = truth.answer.dW.astype(np.float64)
                picture = error_picture(seen.array, right, assignment.convention.layout)
                return {} if picture is None else {"dW_error": picture}
        return {}

    @property
    def _are_wrong_alike(self) -> bool:
        """Whether loss and gradient are wrong in the same calls, as far as sentences tell."""
        loss, gradient = self.loss, self.gradient
        if loss.is_right or gradient.is_right:
            return False
        return (loss.first_label, loss.often) == (gradient.first_label, gradient.often)

    def sentences(self, diagnoses: tuple[Diagnosis, ...]) -> list[str]:
        """Each wrong part with its diagnosis."""
        said: list[str] = []
        if self.broken is not None:
            said.append(self._broken_sentence(*self.broken))
        parts = (self.loss, self.gradient)
        if not diagnoses and self._are_wrong_alike:
            words = [part.wrong[0][0].sentence for part in parts]
            whole = {each.partition(MISSING)[2] for each in words}
            fault = f": {', and '.join(words)}"
            if len(whole) == 1 and all(whole):
                fault = f" returned {whole.pop()} instead of loss and dW"
            often = "" if len(self.loss.wrong) == 1 else f" Both are wrong in {self.loss.often}."
            said.append(f"{self.function}{fault}, on {self.loss.first_label}.{often}")
            return said
        named = [[each for each in diagnoses if each.part == part.part] for part in parts]
        if self._are_wrong_alike and _are_alike(*named):
            mistakes = " ".join(each.message for each in named[0])
            mistakes = f"The loss {mistakes[3:]}" if mistakes.startswith("It ") else mistakes
            often = "" if len(self.loss.wrong) == 1 else f" Both are wrong in {self.loss.often}."
            first = f"On {self.loss.first_label}, {self.loss.wrong[0][0].sentence}."
            said.append(
                f"{self.function}: loss and dW are wrong for the same reason. {mistakes} {first}{often}"
            )
            return said
        for part, mistaken in zip(parts, named, strict=True):
            if not part.is_right:
                mistakes = " ".join(each.message for each in mistaken)
                said.append(part.sentence(self.function, mistakes))
        if self.broken is None:
            said += [f"The {part.part} is right." for part in parts if part.is_right]
        return said


def _are_alike(loss: Sequence[Diagnosis], gradient: Sequence[Diagnosis]) -> bool:
    """Whether the same mistakes explain both."""
    return [each.misconception for each in loss] == [each.misconception for each in gradient]
