"""Which assignment a submission is, where it is plain from its functions and from how they are written."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Literal, TypeGuard

from grader import formatting
from grader.errors import SpecError
from grader.extract import Extracted, extract
from grader.intake.submission import Submission
from grader.model.assignment import LossFunction
from grader.spec import LoadedSpec, Spec, load_spec, shipped_specs

_HALF, _WHOLE = 0.5, 1.0
_TORCH = re.compile(r"\btorch\b")
_NUMPY = re.compile(r"\b(?:np|numpy)\b")
_REG_POSITION = 3

Named = Mapping[str, frozenset[tuple[str, str]]]
"""By function the mistakes that its diagnosis names, each with its part."""


def detect_spec(submission: Submission) -> LoadedSpec:
    """The shipped spec of whose functions the most are there, in its library and convention where the source shows them.

    SpecError where no function of any is there, or where two specs fit alike.
    """
    specs = list(_loaded(shipped_specs()))
    names = list(dict.fromkeys(name for loaded in specs for name in loaded.spec.functions))
    source = _Source(extract(submission, names))
    fitting = [loaded for loaded in specs if source.count(loaded.spec)]
    if not fitting:
        raise SpecError(
            f"{submission.id}: holds no function of any shipped spec, so it is not plain which assignment it is; say so"
            " with --spec NAME (`grader extract` with it tells why each function is missing)"
        )
    fitting = _those(fitting, lambda spec: source.library in {None, spec.backend})
    fitting = _those(fitting, lambda spec: source.coefficient in {None, _coefficient(spec)})
    most = max(source.count(loaded.spec) for loaded in fitting)
    fitting = _those(fitting, lambda spec: source.count(spec) == most)
    if len({(loaded.spec.backend, _coefficient(loaded.spec)) for loaded in fitting}) == 1:
        fewest = min(len(loaded.spec.functions) for loaded in fitting)
        fitting = _those(fitting, lambda spec: len(spec.functions) == fewest)
    if len(fitting) > 1:
        could_be = " or ".join(loaded.spec.name for loaded in fitting)
        raise SpecError(f"{submission.id}: could be {could_be}; say which with --spec NAME")
    return fitting[0]


@cache
def _loaded(names: tuple[str, ...]) -> tuple[LoadedSpec, ...]:
    """The specs of these names, read once for a class: reading them all takes longer than grading a function."""
    return tuple(load_spec(name) for name in names)


def near_misses(
    submission: Submission, spec: Spec, correct: Sequence[str], present: Sequence[str], named: Named
) -> tuple[str, ...]:
    """A sentence on another shipped spec that this submission fits better than the one that it was graded with.

    correct, present: its functions that are right, and those that are there at all.
    """
    losses = [name for name in present if isinstance(spec.functions[name], LossFunction)]
    for other in (each.spec for each in _loaded(shipped_specs())) if losses else ():
        mistake = _mistake_by_convention(spec, other)
        if mistake is not None and all(
            {("loss", mistake), ("gradient", mistake)} <= named.get(name, frozenset()) for name in losses
        ):
            factor = other.convention.regularizer_coefficient
            term = "reg*sum(W*W)" if factor == 1 else f"{factor:g}*reg*sum(W*W)"
            return (
                (
                    f"This looks like {other.name}: every loss and every gradient is right with {term} for the regularizer."
                    f" If that is the assignment, grade it with --spec {other.name}."
                ),
            )
    if correct:
        return tuple(_by_further_functions(submission, spec, present))
    try:
        guessed = detect_spec(submission).spec
    except SpecError:
        return ()
    if _is_alike(guessed, spec):
        return ()
    return (
        (
            f"Not one function is right, and by its functions this looks like {guessed.name} ({guessed.title})."
            f" If that is the assignment, grade it with --spec {guessed.name}."
        ),
    )


def _mistake_by_convention(spec: Spec, other: Spec) -> str | None:
    """What a right submission of the other spec is said to do wrong in this one; None where they differ in more."""
    of_losses = [
        {name for name, function in each.functions.items() if isinstance(function, LossFunction)}
        for each in (spec, other)
    ]
    if spec.backend != other.backend or of_losses[0] != of_losses[1]:
        return None
    ratio = other.convention.regularizer_coefficient / spec.convention.regularizer_coefficient
    return {0.5: "half_regularizer", 2.0: "double_regularizer"}.get(ratio)


def _by_further_functions(submission: Submission, spec: Spec, present: Sequence[str]) -> Iterator[str]:
    """A sentence on another year whose functions are those of this one and some more, or all of them but some."""
    for other in (each.spec for each in _loaded(shipped_specs())):
        if (other.backend, other.convention) != (spec.backend, spec.convention):
            continue
        more, fewer = (
            other.functions.keys() - spec.functions.keys(),
            spec.functions.keys() - other.functions.keys(),
        )
        advice = f"If that is the assignment, grade it with --spec {other.name}."
        if more and not fewer:
            found = [name for name in other.functions if name in more and _is_defined(submission, name)]
            if len(found) > len(more) / 2:
                yield f"This looks like {other.name} ({other.title}): it has {formatting.listing(found)} too. {advice}"
        elif fewer and not more and fewer.isdisjoint(present):
            lacking = [name for name in spec.functions if name in fewer]
            yield f"This looks like {other.name} ({other.title}): it has none of {formatting.listing(lacking)}. {advice}"


def _is_defined(submission: Submission, name: str) -> bool:
    """Whether a file defines a function of that name, as far as its text shows."""
    definition = re.compile(rf"\bdef {re.escape(name)}\b".encode())
    return any(definition.search(file.content) for file in submission.sources)


def _is_alike(one: Spec, other: Spec) -> bool:
    return (one.backend, one.convention) == (other.backend, other.convention) and (
        one.functions.keys() == other.functions.keys()
    )


def _those(specs: Sequence[LoadedSpec], fits: Callable[[Spec], bool]) -> list[LoadedSpec]:
    """Those that fit; all where none does."""
    return [loaded for loaded in specs if fits(loaded.spec)] or list(specs)


def _coefficient(spec: Spec) -> float | None:
    """Of the regularizer; None for a spec without losses that have one."""
    has_losses = any(isinstance(function, LossFunction) for function in spec.functions.values())
    return spec.convention.regularizer_coefficient if has_losses else None


@dataclass(frozen=True)
class _Source:
    """What the text of the functions says."""

    extracted: Extracted

    def count(self, spec: Spec) -> int:
        """How many of the spec's functions are there."""
        return sum(name in self.extracted.functions for name in spec.functions)

    @cached_property
    def library(self) -> Literal["torch", "numpy"] | None:
        """In which library the functions and what they need are written; torch where both are named."""
        text = "\n".join(chunk.source for chunk in self.extracted.chunks)
        return "torch" if _TORCH.search(text) else "numpy" if _NUMPY.search(text) else None

    @cached_property
    def coefficient(self) -> float | None:
        """0.5 where the losses halve reg, 1 where their gradients double it; None where neither is plain."""
        votes: Counter[float] = Counter()
        for name, function in self.extracted.functions.items():
            if "_loss_" in name:
                found = set(_factors_of_reg(function.source))
                if len(found) == 1:
                    votes.update(found)
        ranking = votes.most_common(2)
        return ranking[0][0] if len(ranking) == 1 else None


def _factors_of_reg(source: str) -> Iterator[float]:
    """0.5 for each product of reg that is halved, 1 for each that is doubled."""
    try:
        (function,) = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    names = {"reg"}
    if isinstance(function, ast.FunctionDef) and len(function.args.args) > _REG_POSITION:
        names.add(function.args.args[_REG_POSITION].arg)
    inner = {id(side) for node in ast.walk(function) if _is_product(node) for side in (node.left, node.right)}
    for node in ast.walk(function):
        if _is_product(node) and id(node) not in inner:
            leaves = list(_leaves(node))
            if any(isinstance(leaf, ast.Name) and leaf.id in names for leaf, _ in leaves):
                numbers = {
                    (float(leaf.value), is_divisor)
                    for leaf, is_divisor in leaves
                    if isinstance(leaf, ast.Constant) and isinstance(leaf.value, int | float)
                }
                if numbers & {(0.5, False), (2.0, True)}:
                    yield _HALF
                elif (2.0, False) in numbers:
                    yield _WHOLE


def _is_product(node: ast.AST) -> TypeGuard[ast.BinOp]:
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div)


def _leaves(node: ast.expr) -> Iterator[tuple[ast.expr, bool]]:
    """The factors of a product, each with whether it divides."""
    pending: list[tuple[ast.expr, bool]] = [(node, False)]
    while pending:
        item, is_divisor = pending.pop()
        if isinstance(item, ast.BinOp) and isinstance(item.op, ast.Mult | ast.Div):
            pending += [(item.left, is_divisor), (item.right, is_divisor != isinstance(item.op, ast.Div))]
        else:
            yield item, is_divisor
