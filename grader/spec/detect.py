"""Spec detection: the shipped assignment that a submission belongs to, by its functions and their code."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from grader import formatting
from grader.errors import SpecError
from grader.extract import NOT_PARSED, Extracted, extract
from grader.extract.source.syntax import parsed_quietly
from grader.intake.submission import Submission
from grader.model.assignment import LossFunction
from grader.spec import LoadedSpec, Outline, load_spec, outlines
from grader.spec.narrowing import defining_files
from grader.spec.other_courses import course_of
from grader.spec.recognition import Recognition
from grader.spec.years import NO_SVM, WITHOUT_LAYERS, WITHOUT_SVM, YEARS, Year, is_without_svm, year_of

_NOT_COVERED = "No shipped spec covers it."
_REG_POSITION = 3
_COEFFICIENTS = {0.5: 0.5, 2.0: 1.0}
"""The convention that a factor of reg shows: 0.5*reg*sum(W*W) is the loss of one, 2*reg*W the gradient of the other."""

_LEAST_OF_PART = 2

Named = Mapping[str, frozenset[tuple[str, str]]]
"""For each function, the mistakes in its diagnosis, as (part, misconception)."""


@dataclass(frozen=True, slots=True)
class LookAlike:
    """An assignment that a submission fits better than the one it was graded as."""

    spec: str | None
    """The name of its shipped spec; None if there is none."""
    message: str


@dataclass(frozen=True, slots=True)
class _Elsewhere:
    """Another course's assignment, or another year's, that no shipped spec covers."""

    reason: str
    nearest: str
    """A shipped spec with the most names in common."""


def detect_spec(submission: Submission) -> LoadedSpec:
    """The shipped spec that shares the library, the convention and the most functions with the submission.

    SpecError if it has no function of any spec, if its functions are another course's, or if two specs fit equally well.
    """
    found = _detected(submission, _recognition(submission, outlines()))
    if isinstance(found, _Elsewhere):
        raise SpecError(
            f"{submission.id}: {found.reason} {_NOT_COVERED} Grade it with a spec of your own (--spec FILE), or with --spec"
            f" {found.nearest} if that is the assignment anyway"
        )
    return load_spec(found.name)


def _detected(submission: Submission, recognition: Recognition) -> Outline | _Elsewhere:
    named: Sequence[Outline] = [each for each in outlines() if recognition.named(each)]
    named = _preferred(named, lambda spec: _has_parts(recognition, spec))
    if not named:
        raise SpecError(f"{submission.id}: {_why_unknown(recognition.extracted)}")
    counts = {each.name: len(recognition.fitting(each)) for each in named}
    fitting: Sequence[Outline] = [each for each in named if counts[each.name]]
    if not fitting:
        most = max(len(recognition.named(each)) for each in named)
        nearest = [each for each in named if len(recognition.named(each)) == most]
        nearest.sort(key=lambda spec: len(spec.functions))
        return _Elsewhere(_other_course(recognition, nearest), nearest[0].name)
    year = _year_of(submission, recognition)
    if year is not None and year.spec != WITHOUT_LAYERS:
        return _outline(year.spec)
    if year is not None:
        fitting = _preferred(fitting, lambda spec: spec.name not in YEARS or spec.name == WITHOUT_LAYERS)
    coefficient = _coefficient(recognition.extracted)
    fitting = _preferred(fitting, lambda spec: coefficient in {None, _coefficient_of(spec)})
    most = max(counts[each.name] for each in fitting)
    fitting = _preferred(fitting, lambda spec: counts[spec.name] == most)
    coefficients = {_coefficient_of(each) for each in fitting} - {None}
    if len({each.backend for each in fitting}) == 1 and len(coefficients) <= 1:
        fewest = min(len(each.functions) for each in fitting)
        fitting = _preferred(fitting, lambda spec: len(spec.functions) == fewest)
    if len(fitting) > 1:
        names = " or ".join(each.name for each in fitting)
        raise SpecError(f"{submission.id}: cannot tell whether this is {names}; pass --spec NAME")
    return fitting[0]


def has_functions_of(submission: Submission, spec: Outline) -> bool:
    """Whether the submission has a function of the spec, with its signature and in its library."""
    return bool(_recognition(submission, [spec]).fitting(spec))


def is_of_another_year(submission: Submission, spec: Outline) -> bool:
    """Whether it is CS231n's first assignment of a year that has not all of the spec's parts."""
    return _other_year(submission, spec) is not None


def _year_of(submission: Submission, recognition: Recognition) -> Year | None:
    """recognition: for all shipped specs."""
    specs = {each.name: each for each in outlines() if each.name in YEARS}
    return year_of(submission, recognition, specs) if len(specs) == len(YEARS) else None


def _other_year(submission: Submission, spec: Outline) -> LookAlike | None:
    """The year that a submission is of, unless it has all parts of the spec, which is one of YEARS."""
    if spec.name not in YEARS:
        return None
    recognition = _recognition(submission, outlines())
    year = _year_of(submission, recognition)
    if year is None or year.spec == spec.name:
        return None
    if spec.name == WITHOUT_LAYERS and year.spec != WITHOUT_SVM:
        return None  # a part of that year's
    try:
        found = _detected(submission, recognition)
    except SpecError:  # it does not show which of the years before
        found = _outline(year.spec)
    return None if isinstance(found, _Elsewhere) else _looks_like(found, year.reason)


def _outline(name: str) -> Outline:
    return next(each for each in outlines() if each.name == name)


def _has_parts(recognition: Recognition, spec: Outline) -> bool:
    """Whether each spec that this one includes has functions here: one may be a leftover, or what the other part imports."""
    parts = (_outline(each.spec) for each in spec.include)
    return all(len(recognition.named(part)) >= min(_LEAST_OF_PART, len(part.functions)) for part in parts)


def _recognition(submission: Submission, specs: Iterable[Outline]) -> Recognition:
    """The functions of these specs, read from the files that seem to define them and those that these name."""
    names = dict.fromkeys(name for spec in specs for name in spec.functions)
    files, defined = defining_files(submission.sources, names)
    if not defined:
        return Recognition(extract(submission, list(names)))
    return Recognition(extract(replace(submission, files=files), [name for name in names if name in defined]))


def _other_course(recognition: Recognition, specs: Iterable[Outline]) -> str:
    """Sentences on functions that have the names of these specs' and are not."""
    differences: dict[str, str] = {}
    for spec in specs:
        if found := recognition.difference(spec):
            differences.setdefault(*found)
    sentences = []
    for name, words in differences.items():
        course = course_of(name, recognition)
        whose = f"another course's ({course})" if course else "another course's, or changed from the handout"
        sentences.append(f"{name} here is {whose}: {words}.")
    return " ".join(sentences)


def _why_unknown(extracted: Extracted) -> str:
    """Why no function of a shipped spec is there, and what to do."""
    for left in extracted.left_out:
        if left.reason.startswith(NOT_PARSED):
            return f"{left.location.place} {left.reason}; correct it, or pass --spec NAME"
    return (
        "cannot tell which assignment this is: it has no function of a shipped spec;"
        " pass --spec NAME (`grader spec list` shows the names)"
    )


def _preferred(specs: Sequence[Outline], fits: Callable[[Outline], bool]) -> Sequence[Outline]:
    """The specs that fit; all if none does."""
    return [each for each in specs if fits(each)] or specs


def _losses(spec: Outline) -> set[str]:
    return {name for name, function in spec.functions.items() if isinstance(function, LossFunction)}


def _coefficient_of(spec: Outline) -> float | None:
    """The regularizer's coefficient; None for a spec without losses that have one."""
    return spec.convention.regularizer_coefficient if _losses(spec) else None


def near_misses(
    submission: Submission, spec: Outline, correct: Sequence[str], present: Sequence[str], named: Named
) -> tuple[LookAlike, ...]:
    """The assignments that the submission fits better than the one it was graded as.

    correct, present: the functions that are right, and those that are not missing.
    """
    if is_without_svm(submission, spec, present) and has_functions_of(submission, spec):
        return (_looks_like(_outline(WITHOUT_SVM), NO_SVM),)
    if year := _other_year(submission, spec):
        return (year,)
    parts = {
        each.spec for each in spec.include
    }  # of one that is handed in, the others are missing, which is said anyhow
    others = [each for each in outlines() if each.name not in parts]
    losses = [name for name in present if name in _losses(spec)]
    if by_convention := [
        each for each in others if losses and _fits_by_convention(spec, each, losses, named)
    ]:
        detected = _detected_name(submission)
        other = _preferred(by_convention, lambda each: each.name == detected)[0]
        factor = other.convention.regularizer_coefficient
        term = "reg*sum(W*W)" if factor == 1 else f"{factor:g}*reg*sum(W*W)"
        reason = f"every loss and every gradient is right with {term} for the regularizer"
        return (_looks_like(other, reason),)
    if correct:
        return tuple(_by_other_functions(submission, spec, others, present))
    return tuple(_by_recognition(submission, spec, others))


def _fits_by_convention(spec: Outline, other: Outline, losses: Sequence[str], named: Named) -> bool:
    """Whether the other assignment's regularizer makes all these losses right."""
    mistake = _mistake_by_convention(spec, other)
    both = {("loss", mistake), ("gradient", mistake)}
    return mistake is not None and all(both <= named.get(name, frozenset()) for name in losses)


def _detected_name(submission: Submission) -> str | None:
    """The shipped spec that would be detected; None if it cannot be told."""
    try:
        found = _detected(submission, _recognition(submission, outlines()))
    except SpecError:
        return None
    return None if isinstance(found, _Elsewhere) else found.name


def _by_recognition(submission: Submission, spec: Outline, others: Sequence[Outline]) -> Iterator[LookAlike]:
    """Another assignment, where no function is right."""
    recognition = _recognition(submission, [spec, *others])
    is_named, has_own = bool(recognition.named(spec)), bool(recognition.fitting(spec))
    try:
        found = _detected(submission, recognition)
    except SpecError:
        if is_named and not has_own:
            yield LookAlike(None, _other_course(recognition, [spec]))
        return
    if isinstance(found, _Elsewhere):
        if not has_own:
            reason = _other_course(recognition, [spec]) if is_named else found.reason
            yield LookAlike(None, f"{reason} {_NOT_COVERED}")
        return
    is_alike = _is_same_kind(found, spec) and found.functions.keys() == spec.functions.keys()
    if not is_alike and not (has_own and found.functions.keys().isdisjoint(spec.functions)):
        yield _looks_like(found, f"no function is right as one of {spec.name}")


def _looks_like(other: Outline, reason: str) -> LookAlike:
    return LookAlike(
        other.name,
        f"This looks like {other.name} ({other.title}): {reason}."
        f" If that is the assignment, grade it with --spec {other.name}.",
    )


def _is_same_kind(one: Outline, other: Outline) -> bool:
    """Whether a function that is right in one spec is right in the other."""
    return (one.backend, one.convention) == (other.backend, other.convention)


def _mistake_by_convention(spec: Outline, other: Outline) -> str | None:
    """The mistake that `spec` finds in a right submission for `other`; None if more than the regularizer differs."""
    if spec.backend != other.backend or _losses(spec) != _losses(other):
        return None
    ratio = other.convention.regularizer_coefficient / spec.convention.regularizer_coefficient
    return {0.5: "half_regularizer", 2.0: "double_regularizer"}.get(ratio)


def _by_other_functions(
    submission: Submission, spec: Outline, others: Iterable[Outline], present: Sequence[str]
) -> Iterator[LookAlike]:
    """Another year of the course, with the same functions and more, or fewer."""
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
    nodes = parsed_quietly(source) or []
    if len(nodes) != 1:
        return
    (function,) = nodes
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
