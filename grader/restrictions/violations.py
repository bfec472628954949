"""What follows from the uses of help that were found, as the assignment's policy says: pure, like a check's judgement."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from grader import formatting
from grader.extract import Extracted
from grader.model.assignment import Assignment, RestrictionKind
from grader.model.observation import Location
from grader.model.verdict import Finding, Verdict
from grader.restrictions.source import notices_in
from grader.restrictions.trace import uses_in_trace
from grader.restrictions.uses import SourceNotice, Use

_NAMED = 4
"""Uses of one kind that a sentence names; the others are counted."""

_WORDS: Mapping[RestrictionKind, str] = {
    "autograd": "automatic differentiation",
    "modules": "ready-made layers or optimizers",
    "losses": "a ready-made loss",
    "libraries": "a library that does the work",
    "partner": "the other version of the same loss",
    "dynamic": "names or code made while running",
    "devices": "tensors moved between devices",
}


@dataclass(frozen=True, slots=True)
class Violation:
    """Help of one kind in one function; `clause` says without the function's name what it uses and where."""

    function: str
    kind: RestrictionKind
    policy: Literal["fail", "note"]
    clause: str

    @property
    def message(self) -> str:
        """A sentence for the report."""
        if self.policy == "fail":
            return f"{self.function} {self.clause}, which this assignment does not allow."
        return f"{self.function} {self.clause}: {_WORDS[self.kind]}. It costs no points."

    @property
    def note(self) -> str:
        """A clause beside the function's name."""
        return f"it {self.clause}: {_WORDS[self.kind]}"


def find_violations(
    assignment: Assignment, extracted: Extracted, traces: Mapping[str, Sequence[str]]
) -> tuple[Violation, ...]:
    """What every function uses of what the assignment does not ignore, one ruling for each function and kind.

    traces: by function, the operators of its traced call. What a trace sees and a function's own source, or that of
    a graded function it calls, explains is not said twice.
    """
    notices = notices_in(extracted, assignment)
    found = []
    for name, notice in notices.items():
        explained = {use.kind for other in _reached(name, notices) for use in notices[other].uses}
        unseen = [use for use in uses_in_trace(traces.get(name, ())) if use.kind not in explained]
        borrowed = tuple(_partners_behind(name, notices, assignment.partners(name)))
        for kind in _WORDS:
            policy = assignment.restrictions.policy(kind)
            uses = [use for use in (*notice.uses, *borrowed, *unseen) if use.kind == kind]
            if uses and policy != "ignore":
                found.append(Violation(name, kind, policy, _clause(uses, extracted.functions[name].location)))
    return tuple(found)


def _partners_behind(
    name: str, notices: Mapping[str, SourceNotice], partners: frozenset[str]
) -> Iterator[Use]:
    """The partner, where a graded class or function that this one calls calls it: it is no partner of theirs."""
    for other in sorted(_reached(name, notices) - {name, *partners}):
        for partner in sorted(partners & notices[other].mentions.keys() - notices[name].mentions.keys()):
            yield Use("partner", partner, notices[other].mentions[partner])


def _reached(name: str, notices: Mapping[str, SourceNotice]) -> set[str]:
    """The function and the graded ones that it calls, and those that they call."""
    reached: set[str] = set()
    pending = [name]
    while pending:
        each = pending.pop()
        if each not in reached:
            reached.add(each)
            pending += notices[each].mentions
    return reached


def _clause(uses: Sequence[Use], stands_at: Location) -> str:
    """What was used, each with its line; where only a traced call saw it, the place of the function."""
    verb = "calls" if uses[0].kind == "partner" else "uses"
    if uses[0].location is None:
        return f"{verb} {uses[0].what} (seen when it was called, said by no line of it; it stands at {stands_at})"
    named = [f"{use.what} ({use.location})" for use in uses[:_NAMED]]
    if len(uses) > _NAMED:
        named.append(f"{len(uses) - _NAMED} more")
    return f"{verb} {formatting.listing(named)}"


def verdict_under(violations: Iterable[Violation], functions: Iterable[str], verdict: Verdict) -> Verdict:
    """The verdict of a check on these functions: failed where one uses what is not allowed and points were earned."""
    names = set(functions)
    said = [each.message for each in violations if each.policy == "fail" and each.function in names]
    if not said or verdict.credit == 0:
        return verdict
    earlier = [] if verdict.status == "passed" else [verdict.message]
    return dataclasses.replace(verdict, status="failed", credit=0.0, message=" ".join([*said, *earlier]))


def findings_of(violations: Iterable[Violation]) -> tuple[Finding, ...]:
    """What the violations say of each function: incorrect where its help is not allowed, else a note."""
    return tuple(
        Finding(each.function, False)
        if each.policy == "fail"
        else Finding(each.function, None, notes=(each.note,))
        for each in violations
    )
