"""An assignment's spec: a TOML file in test_specs/ or of the instructor's own, typed and checked."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from grader import formatting
from grader.checks import AccuracyCheck, AgreementCheck, AnswersCheck, AnyCheck, SearchCheck, SpeedupCheck
from grader.errors import SpecError
from grader.model.assignment import (
    AnyFunction,
    Assignment,
    FunctionSpec,
    Limits,
    LossFunction,
    Model,
    Restrictions,
)
from grader.spec.errors import choices, fault_lines, got, near
from reference import QUESTIONS
from reference.conventions import Convention

SPEC_FOLDER = Path(__file__).resolve().parents[2] / "test_specs"
SPEC_SUFFIX = ".toml"
GREATEST_SPEC_BYTES = 1 << 20


class ConventionFields(Model):
    """How the assignment states its loss; see reference.conventions.Convention."""

    layout: Literal["DC", "CD", "either"] = Field(
        default="DC",
        description="W (D, C) and X (N, D), or W (C, D) and X (D, N); either, as each loss function takes it.",
    )
    regularizer_coefficient: float = Field(default=1.0, gt=0, description="c in the term c*reg*sum(W*W).")
    delta: float = Field(default=1.0, gt=0, description="Margin of the hinge.")
    bias: Literal["trick"] = Field(
        default="trick", description="The bias is the row of W under a feature of ones."
    )


class Spec(Model):
    """One assignment: its functions, its convention, its checks with their points."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$", description="The file's name without .toml.")
    title: str = Field(min_length=1, max_length=120)
    source: str = Field(default="", description="Where the assignment comes from.")
    backend: Literal["torch", "numpy"] = Field(default="torch", description="What the functions are given.")
    seed: int | None = Field(
        default=None, ge=0, lt=1 << 63, description="Pin the draws for a regrade; drawn afresh when left out."
    )
    convention: ConventionFields = ConventionFields()
    limits: Limits = Limits()
    restrictions: Restrictions = Restrictions()
    functions: dict[str, FunctionSpec] = Field(min_length=1)
    checks: tuple[AnyCheck, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _checks_fit_the_functions(self) -> Self:
        faults = [
            *self._unusable_names(),
            *self._open_layouts(),
            *self._repeated_ids(),
            *self._misfits(),
        ]
        if faults:
            raise ValueError("\n".join(faults))
        return self

    def _unusable_names(self) -> Iterator[str]:
        for name in self.functions:
            if not name.isidentifier():
                yield f"functions.{formatting.printable(name)} must be the name of a Python function or class"

    def _open_layouts(self) -> Iterator[str]:
        others = [name for name, function in self.functions.items() if function.role != "loss"]
        if self.convention.layout == "either" and others:
            yield (
                "convention.layout may be 'either' only where all functions have the role 'loss'"
                f" (got {others[0]!r}, whose role is {self.functions[others[0]].role!r})"
            )

    def _repeated_ids(self) -> Iterator[str]:
        first: dict[str, int] = {}
        for position, check in enumerate(self.checks):
            if first.setdefault(check.id, position) != position:
                yield f"checks[{position}].id must be unique (got {check.id!r}, the id of checks[{first[check.id]}])"

    def _misfits(self) -> Iterator[str]:
        for position, check in enumerate(self.checks):
            where = f"checks[{position}]"
            for field, roles in check.roles.items():
                if (name := getattr(check, field)) is None:
                    continue
                function = self.functions.get(name)
                if function is None:
                    yield f"{where}.{field} must be one of {choices(self.functions)} {got(name, self.functions)}"
                elif function.role not in roles:
                    yield (
                        f"{where}.{field} must name a function of role {' or '.join(map(repr, roles))} for a check of kind {check.kind!r}"
                        f" (got {name!r}, whose role is {function.role!r})"
                    )
            if isinstance(check, AnswersCheck):
                yield from self._unanswerable(where, check)
            if isinstance(check, AccuracyCheck) and (check.class_name is None) == (len(check.functions) != 3):
                yield f"{where} must name either loss, trainer and predictor, or class_name alone"
            if isinstance(check, SearchCheck) and len(check.learners) not in {
                0,
                1 if check.class_name else 3,
            }:
                yield f"{where} must name loss, trainer and predictor, or class_name alone, or none of them"
            if isinstance(check, AgreementCheck | SpeedupCheck):
                yield from self._unlike(where, check)

    def _unanswerable(self, where: str, check: AnswersCheck) -> Iterator[str]:
        question = QUESTIONS.get(check.question)
        if question is None:
            yield f"{where}.question must be one of {choices(QUESTIONS)} {got(check.question, QUESTIONS)}"
            return
        for name in check.shares:
            if name not in question.outputs:
                yield f"{where}.shares must name outputs of the question {got(name, question.outputs)}"
        function = self.functions.get(check.function)
        if isinstance(function, AnyFunction) and function.optional and check.points:
            yield f"{where}.points must be 0: {check.function} is optional (got {check.points:g})"
        for name in check.handed:
            if name not in self.functions:
                yield f"{where}.handed must name functions of the spec {got(name, self.functions)}"
        if check.handed and question.driver is None:
            yield f"{where}.handed must be left out: the question {check.question!r} has no driver"

    def _unlike(self, where: str, check: AgreementCheck | SpeedupCheck) -> Iterator[str]:
        naive, vectorized = (self.functions.get(name) for name in (check.naive, check.vectorized))
        if not isinstance(naive, LossFunction) or not isinstance(vectorized, LossFunction):
            return  # has a fault of its own
        if check.naive == check.vectorized:
            yield f"{where}.vectorized must name another function than naive (got {check.naive!r} for both)"
        elif naive.classifier != vectorized.classifier:
            yield (
                f"{where}.vectorized must name a function of classifier {naive.classifier!r}, as naive does"
                f" (got {check.vectorized!r}, whose classifier is {vectorized.classifier!r})"
            )

    @property
    def max_score(self) -> float:
        """Points of all checks together."""
        return sum(check.points for check in self.checks)

    @property
    def has_open_layout(self) -> bool:
        """Whether the layout of the arrays is that of each submission's own loss functions."""
        return self.convention.layout == "either"

    @property
    def assignment(self) -> Assignment:
        """What the checks are parametrised by; in the layout "DC" where that is open."""
        fields = self.convention.model_dump(exclude={"bias"})
        if self.has_open_layout:
            fields["layout"] = "DC"
        return Assignment(
            convention=Convention(**fields),
            backend=self.backend,
            functions=self.functions,
            limits=self.limits,
            restrictions=self.restrictions,
        )


@dataclass(frozen=True, slots=True)
class LoadedSpec:
    """A spec with the sha256 of the file that it was read from."""

    spec: Spec
    sha256: str
    path: Path


def shipped_specs() -> tuple[str, ...]:
    """The names of the specs in test_specs/."""
    return tuple(sorted(path.stem for path in SPEC_FOLDER.glob(f"*{SPEC_SUFFIX}")))


def find_spec(name_or_path: str) -> Path:
    """The file of a shipped spec's name, or the path itself. SpecError when there is neither."""
    names = shipped_specs()
    if name_or_path in names:
        return SPEC_FOLDER / f"{name_or_path}{SPEC_SUFFIX}"
    path, shown = Path(name_or_path), formatting.printable(name_or_path)
    try:
        if path.is_file():
            return path
        is_there = path.exists()
    except OSError as error:
        raise _unreadable(shown, error) from error
    if is_there and name_or_path:
        found = "a folder" if path.is_dir() else "something else"
        raise SpecError(f"{shown}: expected a {SPEC_SUFFIX} file, found {found}")
    close = near(path.name.removesuffix(SPEC_SUFFIX), names)
    what = (
        f"{shown}: there is no such file"
        if path.suffix or len(path.parts) > 1
        else f"no spec is named {name_or_path!r}"
    )
    raise SpecError(
        f"{what}{f' ({close})' if close else ''}; `grader spec list` names the shipped specs,"
        f" or give the path of a {SPEC_SUFFIX} file"
    )


def load_spec(name_or_path: str) -> LoadedSpec:
    """Read and check a spec, by its shipped name or by path.

    SpecError names the file, the field, what was expected and what was seen, one line per fault.
    """
    path = find_spec(name_or_path)
    shown = formatting.printable(str(path))
    content = _read(path, shown)
    data = _parse(content, shown)
    try:
        spec = Spec.model_validate(_with_tuples(data), strict=True)
    except ValidationError as error:
        faults = tuple(f"{shown}: {line}" for line in fault_lines(error.errors(), Spec))
        raise SpecError(f"{shown}: {formatting.count(len(faults), 'fault')}", faults=faults) from error
    return LoadedSpec(spec, hashlib.sha256(content).hexdigest(), path)


def _read(path: Path, shown: str) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(GREATEST_SPEC_BYTES + 1)
    except OSError as error:
        raise _unreadable(shown, error) from error
    if len(content) > GREATEST_SPEC_BYTES:
        raise SpecError(
            f"{shown}: expected at most {GREATEST_SPEC_BYTES >> 20} MiB, found more; is it a spec?"
        )
    return content


def _unreadable(shown: str, error: OSError) -> SpecError:
    return SpecError(f"{shown}: cannot be read: {error.strerror or error}")


def _parse(content: bytes, shown: str) -> dict[str, Any]:
    """The tables of a TOML file; a byte order mark, which some editors of Windows write, is passed over."""
    try:
        text = content.decode("utf-8-sig")
        return tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SpecError(
            f"{shown}: must be UTF-8, but line {line} is not; save the file again as UTF-8"
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise SpecError(f"{shown}: {_toml_fault(str(error), text)}") from error
    except (ValueError, RecursionError) as error:
        raise SpecError(f"{shown}: is no spec: a number or a nesting in it is too long to be read") from error


def _toml_fault(message: str, text: str) -> str:
    """The sentence of tomllib with the line that it speaks of."""
    found = re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", message, re.DOTALL)
    if found is None:
        return f"is no TOML: {message[0].lower()}{message[1:]}"
    what, line, column = found.groups()
    seen = text.split("\n")[int(line) - 1].strip()
    return f"line {line}, column {column} is no TOML: {what[0].lower()}{what[1:]} {got(seen)}"


def _with_tuples(data: Any) -> Any:
    """TOML's lists as the tuples of the frozen models."""
    if isinstance(data, dict):
        return {key: _with_tuples(value) for key, value in data.items()}
    return tuple(map(_with_tuples, data)) if isinstance(data, list) else data


def spec_schema() -> dict[str, Any]:
    """The JSON Schema of a spec, for editors."""
    schema = Spec.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
