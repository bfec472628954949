"""The cost of one function's calls so far, and whether it is called again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from grader.model.observation import Died, Observation, TimedOut
from grader.sandbox.protocols import Budget
from grader.sandbox.waiting import extension


@dataclass(slots=True)
class Account:
    """The running total of one function."""

    budget: Budget
    seconds: float = 0.0
    deaths: int = 0
    refusal: str | None = None
    """Why the function is not called again; None while it is."""
    load_failure: Observation | None = None
    """The observation for every call, if the function could not be loaded."""

    def settle(self, observation: Observation, waited_seconds: Callable[[], float]) -> None:
        """Decide after a call whether the function is called again. waited_seconds: its worker had no core."""
        limit = self.budget.function_seconds
        if isinstance(observation, TimedOut):
            self.refusal = (
                f"not called again: an earlier call did not finish in {observation.limit_seconds:g} s"
            )
        elif isinstance(observation, Died):
            self.deaths += 1
            if self.deaths >= self.budget.deaths:
                self.refusal = f"not called again: it ended its process ({observation.how})"
        elif self.seconds > limit and self.seconds > limit + extension(limit, waited_seconds()):
            self.refusal = f"not called again: its calls took more than {limit:g} s in total"
