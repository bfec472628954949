"""The restricted uses among the operators that ran in a function's calls."""

from __future__ import annotations

from collections.abc import Iterable

from grader.model.assignment import Assignment, RestrictionKind
from grader.restrictions.kinds import kind_of_operator
from grader.restrictions.uses import Use
from grader.sandbox.inside import wire

_VISIBLE_KINDS: tuple[RestrictionKind, ...] = ("autograd", "libraries", "losses")


def shows_in_trace(assignment: Assignment) -> bool:
    """Whether the assignment restricts something that a trace can show."""
    return any(assignment.restrictions.policy(kind) != "ignore" for kind in _VISIBLE_KINDS)


def uses_in_trace(operators: Iterable[str]) -> tuple[Use, ...]:
    """The restricted uses in a trace: each kind once, by the name a student knows best."""
    found: dict[RestrictionKind, str] = {}
    for name in sorted(operators, key=_rank):
        kind = kind_of_operator(name)
        if kind is not None:
            found.setdefault(kind, _said(name))
    return tuple(Use(kind, what, None) for kind, what in found.items())


def _rank(name: str) -> tuple[int, str]:
    """What the code calls before the operators beneath it, or what follows from it."""
    is_beneath = name.endswith(("_backward", "_forward", "_nd", "2d", wire.AUTOGRAD_RAN))
    return (1 if is_beneath or name == wire.WITNESS_OFF else 0, name)


def _said(name: str) -> str:
    if name.startswith(wire.WITNESS_OFF):
        return name.removeprefix(wire.WITNESS_OFF).strip() or "a way to hide the operators that it runs"
    is_operator = name == wire.AUTOGRAD_RAN or name.startswith("aten.")
    return f"torch's {name.removeprefix('aten.')}" if is_operator else name
