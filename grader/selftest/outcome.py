"""The outcome for one implementation, and the result for a spec."""

from __future__ import annotations

from dataclasses import dataclass

from grader.model.report import FunctionStatus
from grader.selftest.implementation import Implementation
from grader.selftest.own import OwnImplementation


@dataclass(frozen=True, slots=True)
class Outcome:
    """One implementation after grading."""

    implementation: Implementation | OwnImplementation
    is_right: bool
    """Whether it is right for this spec."""

    status: FunctionStatus
    checks: tuple[str, ...]
    """Ids of the checks that name the function."""

    lost: tuple[str, ...]
    """Ids of those that took points."""

    errored: tuple[str, ...]
    """Ids of those that errored."""

    named: frozenset[str]
    """The misconceptions that the diagnosis names."""

    message: str
    """From the first check that took points."""

    @property
    def is_caught(self) -> bool:
        """Whether it was found wrong in any way."""
        return bool(self.lost) or self.status not in {"correct", "unjudged"}

    @property
    def _is_pass(self) -> bool:
        return not self.is_right and not self.is_caught and not self.errored

    @property
    def is_false_pass(self) -> bool:
        """A wrong one that passed, although a check should have caught it."""
        return self._is_pass and self.implementation.awaits is None and not self.implementation.may_be_right

    @property
    def is_worth_a_look(self) -> bool:
        """A change that passed: it is right all the same, or no check sees it. Nobody but a reader can tell."""
        return self._is_pass and self.implementation.may_be_right

    @property
    def is_known_pass(self) -> bool:
        """A wrong one that passed because its check does not exist yet."""
        return self._is_pass and self.implementation.awaits is not None

    @property
    def is_false_fail(self) -> bool:
        """A right one that lost points or got a diagnosis."""
        return self.is_right and (self.is_caught or bool(self.named))

    @property
    def is_named_wrongly(self) -> bool:
        """A wrong one of the catalogue whose diagnosis names a mistake it does not have."""
        is_known = self.implementation.kind == "wrong" and not self.is_right
        return is_known and self.implementation.is_misnamed(self.named)

    @property
    def is_named_rightly(self) -> bool:
        """A wrong one of the catalogue whose diagnosis names its mistake and no other."""
        return self.implementation.kind == "wrong" and bool(self.named) and not self.is_named_wrongly


@dataclass(frozen=True, slots=True)
class Result:
    """All outcomes of one spec."""

    outcomes: tuple[Outcome, ...]
    left_out: int
    """How many implementations do not fit the spec because they need another function, convention or dtype."""

    seed: int
    seconds: float

    @property
    def false_passes(self) -> tuple[Outcome, ...]:
        """Wrong ones that pass."""
        return tuple(each for each in self.outcomes if each.is_false_pass)

    @property
    def false_fails(self) -> tuple[Outcome, ...]:
        """Right ones that fail."""
        return tuple(each for each in self.outcomes if each.is_false_fail)

    @property
    def worth_a_look(self) -> tuple[Outcome, ...]:
        """Changes that pass, and may be right."""
        return tuple(each for each in self.outcomes if each.is_worth_a_look)

    @property
    def known_passes(self) -> tuple[Outcome, ...]:
        """Wrong ones that pass because their check does not exist yet."""
        return tuple(each for each in self.outcomes if each.is_known_pass)

    @property
    def named_wrongly(self) -> tuple[Outcome, ...]:
        """Wrong ones with the wrong diagnosis."""
        return tuple(each for each in self.outcomes if each.is_named_wrongly)

    @property
    def wrong_losses(self) -> tuple[Outcome, ...]:
        """Wrong ones whose mistake a diagnosis can name."""
        return tuple(each for each in self.outcomes if each.implementation.has_named_mistake)

    @property
    def grader_faults(self) -> tuple[Outcome, ...]:
        """Those on which the grader failed."""
        return tuple(each for each in self.outcomes if each.errored)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was tried: there is no implementation, or no check for a right one."""
        return not self.false_passes and not any(each.checks for each in self.outcomes)

    @property
    def is_clean(self) -> bool:
        """Whether any were graded, all passed, failed and were named as they should, and the grader never failed."""
        is_amiss = self.false_passes or self.false_fails or self.named_wrongly or self.grader_faults
        return not self.is_empty and not is_amiss
