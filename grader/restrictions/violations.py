"""The violations that the uses found amount to under the assignment's policy, and their effect on verdicts."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from grader import formatting
from grader.extract import Extracted
from grader.model.assignment import Assignment, RestrictionKind
from grader.model.observation import Location
from grader.model.verdict import Finding, Verdict
from grader.restrictions.methods import methods_at
from grader.restrictions.source import uses_in_source
from grader.restrictions.trace import uses_in_trace
from grader.restrictions.uses import SourceUses, Use, UseKind
from grader.sandbox.inside.wire import CALLED

_NAMED = 4
"""Uses of one kind that a sentence names; the rest are counted."""

_WORDS: Mapping[RestrictionKind, str] = {
    "autograd": "automatic differentiation",
    "modules": "ready-made layers or optimizers",
    "losses": "a ready-made loss",
    "libraries": "a library that does the work",
    "names": "something that the handout rules out here",
    "partner": "the other version of the same loss",
    "dynamic": "names or code made at run time",
    "devices": "code that names a device",
}
_CANNOT_TELL = (
    "Cannot tell what {function} calls, because of {uses}. No points were deducted; please read the code."
)


@dataclass(frozen=True, slots=True)
class Violation:
    """The restricted uses of one kind in one function, or the code from which the grader cannot tell what it calls."""

    function: str
    kind: UseKind
    policy: Literal["fail", "note", "flag"]
    """flag: for the instructor, costs nothing."""
    clause: str
    """The uses and their locations, without the function's name."""
    methods: frozenset[str] | None = None
    """The methods of a class that it is about; None for all."""

    def concerns(self, methods: Collection[str] | None) -> bool:
        """Whether it is about one of these methods; None for all of them."""
        return self.methods is None or methods is None or not self.methods.isdisjoint(methods)

    @property
    def message(self) -> str:
        """A sentence for the report."""
        if self.kind == "unclear":
            return _CANNOT_TELL.format(function=self.function, uses=self.clause)
        if self.policy == "fail":
            return f"{self.function} {self.clause}, which this assignment does not allow."
        return f"{self.function} {self.clause}: {_WORDS[self.kind]}. It costs no points."

    @property
    def note(self) -> str:
        """A clause beside the function's name; empty for what only the instructor reads."""
        return "" if self.kind == "unclear" else f"it {self.clause}: {_WORDS[self.kind]}"


def find_violations(
    assignment: Assignment,
    extracted: Extracted,
    traces: Mapping[str, Sequence[str]],
    lent: Mapping[str, Collection[str]] = MappingProxyType({}),
) -> tuple[Violation, ...]:
    """One violation for each function and kind of restriction that the assignment does not ignore.

    traces: by function, the operators that were seen in its calls. They do not count again where the source of the
    function explains them, or the source or calls of a graded function that it calls or was passed.
    lent: by function, the graded functions that it was passed.
    """
    sources = uses_in_source(extracted, assignment)
    found = []
    for name, source in sources.items():
        reached = _reached(name, sources).union(*(_reached(each, sources) for each in lent.get(name, ())))
        explained = {use.kind for other in reached for use in sources[other].uses}
        below = [other for other in reached if name not in _reached(other, sources)]
        explained |= {use.kind for other in below for use in uses_in_trace(traces.get(other, ()))}
        unseen = [use for use in uses_in_trace(traces.get(name, ())) if use.kind not in explained]
        partners = assignment.partners(name)
        borrowed = tuple(_partners_behind(name, sources, partners))
        shown = {use.name for use in (*source.uses, *borrowed) if use.kind == "partner"}
        ran = [other for other in sorted(partners - shown) if f"{CALLED} {other}" in traces.get(name, ())]
        unseen += [Use("partner", other, None) for other in ran]
        for kind in _WORDS:
            policy = assignment.restrictions.policy(kind)
            uses = [use for use in (*source.uses, *borrowed, *unseen) if use.kind == kind]
            if uses and policy != "ignore":
                clause = _clause(uses, extracted.functions[name].location)
                methods = _methods_of(extracted, name, uses) if kind == "names" else None
                found.append(Violation(name, kind, policy, clause, methods))
        if source.unclear and _is_anything_restricted(assignment):
            found.append(Violation(name, "unclear", "flag", _listed(source.unclear)))
    return tuple(found)


def _methods_of(extracted: Extracted, name: str, uses: Sequence[Use]) -> frozenset[str] | None:
    """The methods of a class that these uses are in; None where one of them may be in any."""
    found = [methods_at(extracted, name, use.location) for use in uses]
    return None if None in found else frozenset().union(*filter(None, found))


def _is_anything_restricted(assignment: Assignment) -> bool:
    """Whether a hidden name could break a restriction; a device never does."""
    never = {"devices"} if assignment.lists_names else {"devices", "names"}
    return any(assignment.restrictions.policy(kind) != "ignore" for kind in _WORDS if kind not in never)


def _partners_behind(name: str, sources: Mapping[str, SourceUses], partners: frozenset[str]) -> Iterator[Use]:
    """The partner, where it is called by a graded function or class that this one calls."""
    for other in sorted(_reached(name, sources) - {name, *partners}):
        for partner in sorted(partners & sources[other].mentions.keys() - sources[name].mentions.keys()):
            yield Use("partner", partner, sources[other].mentions[partner])


def _reached(name: str, sources: Mapping[str, SourceUses]) -> set[str]:
    """The function and all graded functions it calls, directly or not."""
    reached: set[str] = set()
    pending = [name]
    while pending:
        each = pending.pop()
        if each not in reached:
            reached.add(each)
            pending += sources[each].mentions
    return reached


def _clause(uses: Sequence[Use], function: Location) -> str:
    """The uses with their lines, or with the function's location where only a traced call saw them."""
    verb = "calls" if uses[0].kind == "partner" else "uses"
    if uses[0].location is None:
        return f"{verb} {uses[0].name} ({function}; seen while it ran, not in its source)"
    return f"{verb} {_listed(uses)}"


def _listed(uses: Sequence[Use]) -> str:
    """The first uses with their lines, and how many more there are."""
    named = [f"{use.name} ({use.location})" for use in uses[:_NAMED]]
    if len(uses) > _NAMED:
        named.append(f"{len(uses) - _NAMED} more")
    return formatting.listing(named)


def verdict_under(
    violations: Iterable[Violation],
    functions: Iterable[str],
    verdict: Verdict,
    methods: Collection[str] | None = None,
) -> Verdict:
    """The verdict of a check on these functions: failed if it earned points and one of them breaks a restriction.

    methods: of a class, those that the check is about; None for all.
    """
    names = set(functions)
    said = [
        each.message
        for each in violations
        if each.policy == "fail" and each.function in names and each.concerns(methods)
    ]
    if not said or verdict.credit == 0:
        return verdict
    earlier = [] if verdict.status == "passed" else [verdict.message]
    return dataclasses.replace(verdict, status="failed", credit=0.0, message=" ".join([*said, *earlier]))


def findings_of(violations: Iterable[Violation]) -> tuple[Finding, ...]:
    """A finding for each violation: the function is incorrect, or has a note."""
    return tuple(
        Finding(each.function, False)
        if each.policy == "fail"
        else Finding(each.function, None, notes=(each.note,))
        for each in violations
        if each.policy != "flag"
    )
