"""An assignment's spec: a TOML file in test_specs/ or of the instructor's own, typed and checked."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, Self, get_args

from pydantic import Field, ValidationError, model_validator

from grader import formatting
from grader.archive import printable
from grader.assignment import Assignment, FunctionSpec, Limits, LossFunction, Model
from grader.checks import AgreementCheck, AnyCheck
from grader.errors import SpecError
from reference.conventions import Convention

SPEC_FOLDER = Path(__file__).resolve().parents[1] / "test_specs"
SPEC_SUFFIX = ".toml"
GREATEST_SPEC_BYTES = 1 << 20

GREATEST_SEEN = 60
"""Characters of a text that are shown in a message."""

_ROLES: Mapping[str, str] = {
    "values": "loss",
    "gradient": "loss",
    "stability": "loss",
    "purity": "loss",
    "agreement": "loss",
    "training": "trainer",
    "sampling": "trainer",
    "prediction": "predictor",
    "classifier": "classifier",
}
"""The role that a check's functions must have."""

_FUNCTION_FIELDS = ("function", "naive", "vectorized", "class_name")
"""The fields in which checks name functions."""


class ConventionFields(Model):
    """How the assignment states its loss; see reference.conventions.Convention."""

    layout: Literal["DC", "CD"] = Field(
        default="DC", description="W (D, C) and X (N, D), or W (C, D) and X (D, N)."
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
    functions: dict[str, FunctionSpec] = Field(min_length=1)
    checks: tuple[AnyCheck, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _checks_fit_the_functions(self) -> Self:
        faults = [*self._unusable_names(), *self._repeated_ids(), *self._misfits()]
        if faults:
            raise ValueError("\n".join(faults))
        return self

    def _unusable_names(self) -> Iterator[str]:
        for name in self.functions:
            if not name.isidentifier():
                yield f"functions.{printable(name)} must be the name of a Python function or class"

    def _repeated_ids(self) -> Iterator[str]:
        first: dict[str, int] = {}
        for position, check in enumerate(self.checks):
            if first.setdefault(check.id, position) != position:
                yield f"checks[{position}].id must be unique (got {check.id!r}, the id of checks[{first[check.id]}])"

    def _misfits(self) -> Iterator[str]:
        for position, check in enumerate(self.checks):
            where, role = f"checks[{position}]", _ROLES[check.kind]
            for field in _FUNCTION_FIELDS:
                if (name := getattr(check, field, None)) is None:
                    continue
                function = self.functions.get(name)
                if function is None:
                    yield f"{where}.{field} must be one of {_choices(self.functions)} {_got(name, self.functions)}"
                elif function.role != role:
                    yield (
                        f"{where}.{field} must name a function of role {role!r} for a check of kind {check.kind!r}"
                        f" (got {name!r}, whose role is {function.role!r})"
                    )
            if isinstance(check, AgreementCheck):
                yield from self._unlike(where, check)

    def _unlike(self, where: str, check: AgreementCheck) -> Iterator[str]:
        naive, vectorized = (self.functions.get(name) for name in check.functions)
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
    def assignment(self) -> Assignment:
        """What the checks are parametrised by."""
        return Assignment(
            convention=Convention(**self.convention.model_dump()),
            backend=self.backend,
            functions=self.functions,
            limits=self.limits,
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
    path, shown = Path(name_or_path), printable(name_or_path)
    try:
        if path.is_file():
            return path
        is_there = path.exists()
    except OSError as error:
        raise _unreadable(shown, error) from error
    if is_there and name_or_path:
        found = "a folder" if path.is_dir() else "something else"
        raise SpecError(f"{shown}: expected a {SPEC_SUFFIX} file, found {found}")
    near = _near(path.name.removesuffix(SPEC_SUFFIX), names)
    what = (
        f"{shown}: there is no such file"
        if path.suffix or len(path.parts) > 1
        else f"no spec is named {name_or_path!r}"
    )
    raise SpecError(
        f"{what}{f' ({near})' if near else ''}; `grader spec list` names the shipped specs,"
        f" or give the path of a {SPEC_SUFFIX} file"
    )


def load_spec(name_or_path: str) -> LoadedSpec:
    """Read and check a spec, by its shipped name or by path.

    SpecError names the file, the field, what was expected and what was seen, one line per fault.
    """
    path = find_spec(name_or_path)
    shown = printable(str(path))
    content = _read(path, shown)
    data = _parse(content, shown)
    try:
        spec = Spec.model_validate(_with_tuples(data), strict=True)
    except ValidationError as error:
        faults = tuple(f"{shown}: {line}" for line in _fault_lines(error.errors()))
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
    return f"line {line}, column {column} is no TOML: {what[0].lower()}{what[1:]} {_got(seen)}"


def _with_tuples(data: Any) -> Any:
    """TOML's lists as the tuples of the frozen models."""
    if isinstance(data, dict):
        return {key: _with_tuples(value) for key, value in data.items()}
    return tuple(map(_with_tuples, data)) if isinstance(data, list) else data


def spec_schema() -> dict[str, Any]:
    """The JSON Schema of a spec, for editors."""
    schema = Spec.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _near(name: str, names: Iterable[str]) -> str:
    close = get_close_matches(name, list(names), n=1)
    return f"did you mean {close[0]!r}?" if close else ""


def _choices(names: Iterable[str]) -> str:
    *most, last = map(repr, names)
    return f"{', '.join(most)} or {last}" if most else last


def _got(seen: object, names: Iterable[str] = ()) -> str:
    """What stands in the file, in TOML's words; a long text is cut."""
    match seen:
        case bool():
            words = "true" if seen else "false"
        case str():
            words = repr(seen if len(seen) <= GREATEST_SEEN else f"{seen[:GREATEST_SEEN]}...")
        case dict():
            words = "a table"
        case tuple():
            words = "a list" if seen else "an empty list"
        case _:
            words = str(seen)
    near = _near(seen, names) if isinstance(seen, str) else ""
    return f"(got {words}; {near})" if near else f"(got {words})"


def _fault_lines(errors: Sequence[Any]) -> Iterator[str]:
    """The faults of pydantic as lines of ours: field, expected, seen."""
    places = [error["loc"] for error in errors]
    for error in errors:
        place = error["loc"]
        if error["type"] == "value_error" and not place:
            yield from str(error["ctx"]["error"]).splitlines()
        elif error["type"] == "too_short" and any(
            len(other) > len(place) and other[: len(place)] == place for other in places
        ):
            continue  # not empty: each entry that does not fit has a line of its own, and is not counted
        else:
            yield f"{_field(place)}{_expectation(error)}"


def _field(location: Sequence[int | str]) -> str:
    """checks[3].points from ("checks", 3, "values", "points"): the tag of a union is no field."""
    words = ""
    for position, part in enumerate(location):
        if isinstance(part, int):
            words += f"[{part}]"
        elif not _is_tag(location, position):
            words += f".{printable(part)}" if words else printable(part)
    return words


def _is_tag(location: Sequence[int | str], position: int) -> bool:
    return position == 2 and location[0] in {"checks", "functions"}


def _expectation(error: Any) -> str:  # noqa: C901, PLR0912  one line for each kind of fault
    """What was expected and what was seen."""
    context, seen = error.get("ctx", {}), error["input"]
    got = _got(seen)
    match error["type"]:
        case "missing":
            return " is missing"
        case "extra_forbidden":
            return f" {_unknown(error['loc'])}"
        case "greater_than":
            return f" must be > {_bound(context['gt'])} {got}"
        case "greater_than_equal":
            return f" must be >= {_bound(context['ge'])} {got}"
        case "less_than":
            return f" must be < {_bound(context['lt'])} {got}"
        case "less_than_equal":
            return f" must be <= {_bound(context['le'])} {got}"
        case "finite_number":
            return f" must be a finite number {got}"
        case "float_type":
            return f" must be a number {got}"
        case "int_type":
            return f" must be a whole number {got}"
        case "string_type":
            return f" must be a text in quotes {got}"
        case "tuple_type" if error["loc"] == ("checks",):
            return f" must be a list of tables, each headed [[checks]] {got}"
        case "tuple_type":
            return f" must be a list {got}"
        case "dict_type" | "model_type" | "model_attributes_type":
            return f" must be a table {got}"
        case "literal_error":
            return f" must be {context['expected']} {got}"
        case "union_tag_invalid":
            tag = context["discriminator"].strip("'")
            names = re.findall(r"'([^']*)'", context["expected_tags"])
            return f".{tag} must be one of {_choices(names)} {_got(seen[tag], names)}"
        case "union_tag_not_found":
            return f".{context['discriminator'].strip(chr(39))} is missing"
        case "string_pattern_mismatch":
            return f" must be lower-case letters, digits and _, with a letter first {got}"
        case "string_too_short":
            return " must not be empty"
        case "string_too_long":
            length = formatting.count(context["max_length"], "character")
            return f" must have at most {length} (got {len(seen)})"
        case "too_short":
            return " must not be empty"
        case _:
            return f": {error['msg'][0].lower()}{error['msg'][1:]} {got}"


def _bound(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:g}"


def _unknown(location: Sequence[int | str]) -> str:
    """What is said of a field that its table does not have."""
    known = _model_of(location).model_fields
    near = _near(str(location[-1]), known)
    return f"is no known field ({near or f'known: {formatting.listing(list(known))}'})"


def _model_of(location: Sequence[int | str]) -> type[Model]:
    """The model of the table that a field stands in."""
    match location:
        case ["checks", int(), str(tag), _]:
            return next(
                kind for kind in _members(AnyCheck) if tag in get_args(kind.model_fields["kind"].annotation)
            )
        case ["functions", str(), str(tag), _]:
            return next(
                role
                for role in _members(FunctionSpec)
                if tag in get_args(role.model_fields["role"].annotation)
            )
        case ["convention", _]:
            return ConventionFields
        case ["limits", _]:
            return Limits
        case _:
            return Spec


def _members(union: Any) -> tuple[type[Model], ...]:
    """The models of an annotated union."""
    return get_args(get_args(union)[0])
