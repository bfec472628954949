"""The loss histories of trainers: which are right, and the rule on their length.

A descent of n steps has n + 1 losses; the last is that of the parameters it returns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reference.questions.inputs import Inputs
from reference.questions.question import Answer, Rule


def before_steps(found: Answer) -> Answer:
    """The answer whose history has the loss before each step."""
    return {**found, "history": found["history"][:-1]}


def other_histories(found: Answer) -> Sequence[Answer]:
    """The answers whose history has the loss after each step, and the losses at both ends."""
    return [{**found, "history": found["history"][1:]}, found]


def length_rule() -> Rule:
    """One loss per step, or one more."""

    def broken(inputs: Inputs, seen: Answer) -> Mapping[str, float] | None:
        steps, count = inputs.integer("num_iters"), seen["history"].size
        return None if count in {steps, steps + 1} else {"count": count, "steps": steps}

    return Rule(
        "history_of_another_length",
        "history",
        "It has {count} losses for {steps} steps: do you record one loss per step?",
        broken,
    )
