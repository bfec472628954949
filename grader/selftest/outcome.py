"""How one implementation fared with a spec, and how all of them together did."""

from __future__ import annotations

from dataclasses import dataclass

from grader.model.report import FunctionStatus
from grader.selftest.implementation import Implementation


@dataclass(frozen=True, slots=True)
class Outcome:
    """One implementation after grading."""

    implementation: Implementation

    is_right: bool
    """For this spec."""

    status: FunctionStatus
    """Of its function."""

    checks: tuple[str, ...]
    """Ids of the checks that name the function."""

    lost: tuple[str, ...]
    """Ids of those that did not give all their points."""

    errored: tuple[str, ...]
    """Ids of those in which the grader failed."""

    named: frozenset[str]
    """The misconceptions that the diagnosis names."""

    message: str
    """Of the first check that took points."""

    @property
    def is_caught(self) -> bool:
        """Whether it was found wrong in any way."""
        return bool(self.lost) or self.status in {"incorrect", "missing"}

    @property
    def is_false_pass(self) -> bool:
        """A wrong one that got away, though there is a check for its mistake."""
        return not self.is_right and not self.is_caught and self.implementation.awaits is None

    @property
    def is_known_pass(self) -> bool:
        """A wrong one that got away because the check that would catch it is still to come."""
        return not self.is_right and not self.is_caught and self.implementation.awaits is not None

    @property
    def is_false_fail(self) -> bool:
        """A right one that lost points, or that was said to have a mistake."""
        return self.is_right and (self.is_caught or bool(self.named))

    @property
    def is_named_wrongly(self) -> bool:
        """A wrong one of the catalogue whose diagnosis names a mistake that it does not have."""
        is_known = self.implementation.kind == "wrong" and not self.is_right
        return is_known and not self.named <= self.implementation.diagnosis

    @property
    def is_named_rightly(self) -> bool:
        """A wrong one of the catalogue whose diagnosis names its mistake, and nothing else."""
        return self.implementation.kind == "wrong" and bool(self.named) and not self.is_named_wrongly


@dataclass(frozen=True, slots=True)
class Result:
    """All outcomes."""

    outcomes: tuple[Outcome, ...]

    left_out: int
    """How many implementations are of functions, or in a convention, that the spec does not have."""

    seed: int
    seconds: float

    @property
    def false_passes(self) -> tuple[Outcome, ...]:
        """Wrong ones that the spec lets pass."""
        return tuple(each for each in self.outcomes if each.is_false_pass)

    @property
    def false_fails(self) -> tuple[Outcome, ...]:
        """Right ones that the spec fails."""
        return tuple(each for each in self.outcomes if each.is_false_fail)

    @property
    def known_passes(self) -> tuple[Outcome, ...]:
        """Wrong ones whose check is still to come."""
        return tuple(each for each in self.outcomes if each.is_known_pass)

    @property
    def named_wrongly(self) -> tuple[Outcome, ...]:
        """Wrong ones whose diagnosis names another mistake."""
        return tuple(each for each in self.outcomes if each.is_named_wrongly)

    @property
    def wrong_losses(self) -> tuple[Outcome, ...]:
        """Wrong losses of the catalogue that return wrong values: a diagnosis can name their mistakes."""
        return tuple(
            each
            for each in self.outcomes
            if each.implementation.kind == "wrong"
            and is_loss(each.implementation)
            and each.implementation.help is None
            and each.implementation.awaits is None
        )

    @property
    def grader_faults(self) -> tuple[Outcome, ...]:
        """Those in which the grader itself failed."""
        return tuple(each for each in self.outcomes if each.errored)

    @property
    def is_clean(self) -> bool:
        """Whether the spec lets none pass, fails none and names none wrongly, as far as the grader did not fail."""
        return not (self.false_passes or self.false_fails or self.named_wrongly or self.grader_faults)


def is_loss(implementation: Implementation) -> bool:
    """Whether it is a loss function of the linear classifier, or a function of another catalogue with a named mistake."""
    if implementation.family is not None:
        return bool(implementation.diagnosis)
    return "_loss_" in implementation.function
