"""Spec detection: the shipped assignment that a submission belongs to, by its functions and their code."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache

from grader import formatting
from grader.errors import SpecError
from grader.extract import NOT_PARSED, Extracted, extract
from grader.intake.submission import Submission
from grader.model.assignment import LossFunction
from grader.spec import LoadedSpec, Spec, load_spec, shipped_specs

_TORCH = re.compile(r"\btorch\b")
_NUMPY = re.compile(r"\b(?:np|numpy)\b")
_REG_POSITION = 3
_COEFFICIENTS = {0.5: 0.5, 2.0: 1.0}
"""The convention that a factor of reg shows: 0.5*reg*sum(W*W) is the loss of one, 2*reg*W the gradient of the other."""

Named = Mapping[str, frozenset[tuple[str, str]]]
"""For each function, the mistakes in its diagnosis, as (part, misconception)."""


def detect_spec(submission: Submission) -> LoadedSpec:
    """The shipped spec that shares the library, the convention and the most functions with the submission.

    SpecError if it has no function of any spec, or if two specs fit equally well.
    """
    specs = _loaded(shipped_specs())
    extracted = extract(
        submission, list(dict.fromkeys(name for each in specs for name in each.spec.functions))
    )
    found = extracted.functions.keys()
    fitting: Sequence[LoadedSpec] = [each for each in specs if found & each.spec.functions.keys()]
    if not fitting:
        raise SpecError(f"{submission.id}: {_why_unknown(extracted)}")
    library, coefficient = _library(extracted), _coefficient(extracted)
    fitting = _preferred(fitting, lambda spec: library in {None, spec.backend})
    fitting = _preferred(fitting, lambda spec: coefficient in {None, _coefficient_of(spec)})
    most = max(len(found & each.spec.functions.keys()) for each in fitting)
    fitting = _preferred(fitting, lambda spec: len(found & spec.functions.keys()) == most)
    if len({(each.spec.backend, _coefficient_of(each.spec)) for each in fitting}) == 1:
        fewest = min(len(each.spec.functions) for each in fitting)
        fitting = _preferred(fitting, lambda spec: len(spec.functions) == fewest)
    if len(fitting) > 1:
        names = " or ".join(each.spec.name for each in fitting)
        raise SpecError(f"{submission.id}: cannot tell whether this is {names}; pass --spec NAME")
    return fitting[0]


def _why_unknown(extracted: Extracted) -> str:
    """Why no function of a shipped spec is there, and what to do."""
    for left in extracted.left_out:
        if left.reason.startswith(NOT_PARSED):
            return f"{left.location.place} {left.reason}; correct it, or pass --spec NAME"
    return (
        "cannot tell which assignment this is: it has no function of a shipped spec;"
        " pass --spec NAME (`grader spec list` shows the names)"
    )


@cache
def _loaded(names: tuple[str, ...]) -> tuple[LoadedSpec, ...]:
    """The specs of these names, read once for a class: reading them all takes longer than grading a function."""
    return tuple(load_spec(name) for name in names)


def _preferred(specs: Sequence[LoadedSpec], fits: Callable[[Spec], bool]) -> Sequence[LoadedSpec]:
    """The specs that fit; all if none does."""
    return [each for each in specs if fits(each.spec)] or specs


def _losses(spec: Spec) -> set[str]:
    return {name for name, function in spec.functions.items() if isinstance(function, LossFunction)}


def _coefficient_of(spec: Spec) -> float | None:
    """The regularizer's coefficient; None for a spec without losses that have one."""
    return spec.convention.regularizer_coefficient if _losses(spec) else None


def near_misses(
    submission: Submission, spec: Spec, correct: Sequence[str], present: Sequence[str], named: Named
) -> tuple[str, ...]:
    """Sentences on shipped specs that the submission fits better than the one it was graded with.

    correct, present: the functions that are right, and those that are not missing.
    """
    others = [each.spec for each in _loaded(shipped_specs())]
    losses = [name for name in present if name in _losses(spec)]
    for other in others if losses else ():
        mistake = _mistake_by_convention(spec, other)
        both = {("loss", mistake), ("gradient", mistake)}
        if mistake and all(both <= named.get(name, frozenset()) for name in losses):
            factor = other.convention.regularizer_coefficient
            term = "reg*sum(W*W)" if factor == 1 else f"{factor:g}*reg*sum(W*W)"
            reason = f"every loss and every gradient is right with {term} for the regularizer"
            return (_looks_like(other, reason),)
    if correct:
        return tuple(_by_other_functions(submission, spec, others, present))
    try:
        detected = detect_spec(submission).spec
    except SpecError:
        return ()
    if _is_same_kind(detected, spec) and detected.functions.keys() == spec.functions.keys():
        return ()
    return (_looks_like(detected, f"no function is right as one of {spec.name}"),)


def _looks_like(other: Spec, reason: str) -> str:
    return (
        f"This looks like {other.name} ({other.title}): {reason}."
        f" If that is the assignment, grade it with --spec {other.name}."
    )


def _is_same_kind(one: Spec, other: Spec) -> bool:
    """Whether a function that is right in one spec is right in the other."""
    return (one.backend, one.convention) == (other.backend, other.convention)


def _mistake_by_convention(spec: Spec, other: Spec) -> str | None:
    """The mistake that `spec` finds in a right submission for `other`; None if more than the regularizer differs."""
    if spec.backend != other.backend or _losses(spec) != _losses(other):
        return None
    ratio = other.convention.regularizer_coefficient / spec.convention.regularizer_coefficient
    return {0.5: "half_regularizer", 2.0: "double_regularizer"}.get(ratio)


def _by_other_functions(
    submission: Submission, spec: Spec, others: Iterable[Spec], present: Sequence[str]
) -> Iterator[str]:
    """Sentences on another year of the course, with the same functions and more, or fewer."""
    for other in others:
        more = [name for name in other.functions if name not in spec.functions]
        fewer = [name for name in spec.functions if name not in other.functions]
        if not _is_same_kind(spec, other) or (more and fewer):
            continue
        found = [name for name in more if _is_defined(submission, name)]
        if len(found) > len(more) / 2:
            yield _looks_like(other, f"it has {formatting.listing(found)} too")
        elif fewer and set(fewer).isdisjoint(present):
            yield _looks_like(other, f"it has none of {formatting.listing(fewer)}")


def _is_defined(submission: Submission, name: str) -> bool:
    """Whether the text of a file defines a function of that name."""
    definition = re.compile(rf"\bdef {re.escape(name)}\b".encode())
    return any(definition.search(file.content) for file in submission.sources)


def _library(extracted: Extracted) -> str | None:
    """The library that the functions and their helpers name: torch if they name both, None if neither."""
    text = "\n".join(chunk.source for chunk in extracted.chunks)
    return "torch" if _TORCH.search(text) else "numpy" if _NUMPY.search(text) else None


def _coefficient(extracted: Extracted) -> float | None:
    """The regularizer's coefficient in the loss functions; None if they do not show it, or disagree."""
    shown = [
        {_COEFFICIENTS[factor] for factor in _factors_of_reg(function.source) if factor in _COEFFICIENTS}
        for name, function in extracted.functions.items()
        if "_loss_" in name
    ]
    agreed = {each for found in shown if len(found) == 1 for each in found}
    return agreed.pop() if len(agreed) == 1 else None


def _factors_of_reg(source: str) -> Iterator[float]:
    """The number in each product with reg: 0.5 of `0.5 * reg * np.sum(W * W)` and of `reg * np.sum(W * W) / 2`."""
    try:
        (function,) = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    reg = {"reg"}
    if isinstance(function, ast.FunctionDef) and len(function.args.args) > _REG_POSITION:
        reg.add(function.args.args[_REG_POSITION].arg)
    inner: set[ast.AST] = set()
    for node in ast.walk(function):  # a product comes before those within it
        if node in inner or not isinstance(node, ast.BinOp):
            continue
        number, is_with_reg = 1.0, False
        pending: list[tuple[ast.AST, int]] = [(node, 1)]
        while pending:
            match pending.pop():
                case ast.BinOp(left, ast.Mult() | ast.Div() as operator, right) as product, power:
                    inner.add(product)
                    pending += [(left, power), (right, power if isinstance(operator, ast.Mult) else -power)]
                case ast.Name(name), _:
                    is_with_reg |= name in reg
                case ast.Constant(int() | float() as value), power if value in {0.5, 2}:
                    number *= float(value) ** power
        if is_with_reg:
            yield number
