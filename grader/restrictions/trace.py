"""One traced call of each loss function, and the restricted operators it ran."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

from grader.checks.base.check import random_stream
from grader.checks.losses.calls import loss_trial
from grader.checks.losses.cases import Draw
from grader.model.assignment import Assignment, LossFunction, RestrictionKind
from grader.model.trial import Trial
from grader.restrictions.kinds import kind_of_operator
from grader.restrictions.uses import Use
from grader.sandbox.inside import wire

_VISIBLE_KINDS: tuple[RestrictionKind, ...] = ("autograd", "losses")
_REG = 0.37


def traced_functions(assignment: Assignment, done: Iterable[str], to_come: Sequence[str]) -> tuple[str, ...]:
    """Loss functions to trace now: those in a check that was just done and in none that is still to come.

    The worker with the function is still there, and a call that breaks it costs no check. None where the assignment
    ignores everything a trace can see.
    """
    is_asked_for = any(assignment.restrictions.policy(kind) != "ignore" for kind in _VISIBLE_KINDS)
    if not is_asked_for or assignment.backend != "torch":
        return ()
    return tuple(
        name
        for name in done
        if isinstance(assignment.functions.get(name), LossFunction) and name not in to_come
    )


def operator_trial(assignment: Assignment, function: str, seed: int) -> Trial:
    """A traced call on a tiny case drawn from the seed; its values are not compared."""
    case = Draw(random_stream(seed, "operator trace", function), assignment.convention).plain(
        "a tiny batch", 3, 3, 4, _REG
    )
    trial = loss_trial(assignment, function, case, assignment.loss_function(function).main_dtype)
    return dataclasses.replace(trial, is_traced=True)


def uses_in_trace(operators: Iterable[str]) -> tuple[Use, ...]:
    """The restricted uses in a trace: each kind once, by the name a student knows best."""
    found: dict[RestrictionKind, str] = {}
    for name in sorted(operators, key=_rank):
        kind = kind_of_operator(name)
        if kind is not None:
            found.setdefault(kind, "torch's autograd" if name == wire.AUTOGRAD_RAN else name)
    return tuple(Use(kind, what, None) for kind, what in found.items())


def _rank(name: str) -> tuple[int, str]:
    """Functions before the operators beneath them."""
    return (1 if name.startswith("aten.") else 2 if name == wire.AUTOGRAD_RAN else 0, name)
