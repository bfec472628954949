"""An assignment's spec: a TOML file in test_specs/ or of the instructor's own, typed and checked."""

from __future__ import annotations

import hashlib
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from grader.assignment import Assignment, FunctionSpec, Limits, Model
from grader.checks import AnyCheck
from grader.errors import SpecError
from reference.conventions import Convention

SPEC_FOLDER = Path(__file__).resolve().parents[1] / "test_specs"
SPEC_SUFFIX = ".toml"
GREATEST_SPEC_BYTES = 1 << 20

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
        faults = [*self._repeated_ids(), *self._misfits()]
        if faults:
            raise ValueError("\n".join(faults))
        return self

    def _repeated_ids(self) -> Iterator[str]:
        for check_id, times in Counter(check.id for check in self.checks).items():
            if times > 1:
                yield f"checks: id must be unique ({check_id!r} stands {times} times)"

    def _misfits(self) -> Iterator[str]:
        for position, check in enumerate(self.checks):
            for name in check.functions:
                function = self.functions.get(name)
                if function is None:
                    yield f"checks[{position}] ({check.id}): {name!r} must be one of functions{_near(name, self.functions)}"
                elif function.role != _ROLES[check.kind]:
                    yield (
                        f"checks[{position}] ({check.id}): a {check.kind} check takes a function of role"
                        f" {_ROLES[check.kind]!r}, but {name!r} has role {function.role!r}"
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
    shipped = SPEC_FOLDER / f"{name_or_path}{SPEC_SUFFIX}"
    if name_or_path in shipped_specs():
        return shipped
    path = Path(name_or_path)
    if path.is_file():
        return path
    names = shipped_specs()
    if path.suffix == SPEC_SUFFIX or len(path.parts) > 1:
        raise SpecError(
            f"{name_or_path}: there is no such file; `grader spec list` shows the specs that are shipped"
        )
    raise SpecError(
        f"no spec is named {name_or_path!r}{_near(name_or_path, names)};"
        " `grader spec list` shows them, or give the path of a .toml file"
    )


def load_spec(name_or_path: str) -> LoadedSpec:
    """Read and check a spec, by its shipped name or by path.

    SpecError names the file, the field, what was expected and what was seen, one line per fault.
    """
    path = find_spec(name_or_path)
    try:
        if path.stat().st_size > GREATEST_SPEC_BYTES:
            raise SpecError(f"{path}: a spec has at most {GREATEST_SPEC_BYTES} bytes")
        content = path.read_bytes()
        data = tomllib.loads(content.decode("utf-8"))
    except OSError as error:
        raise SpecError(f"{path}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise SpecError(f"{path}: must be UTF-8 (byte {error.start} is not)") from error
    except tomllib.TOMLDecodeError as error:
        raise SpecError(f"{path}: is no TOML: {error}") from error
    try:
        spec = Spec.model_validate(data)
    except ValidationError as error:
        faults = tuple(fault for each in error.errors() for fault in _fault_lines(path, each))
        raise SpecError(
            f"{path}: {len(faults)} {'fault' if len(faults) == 1 else 'faults'}", faults=faults
        ) from error
    return LoadedSpec(spec, hashlib.sha256(content).hexdigest(), path)


def spec_schema() -> dict[str, Any]:
    """The JSON Schema of a spec, for editors."""
    schema = Spec.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _near(name: str, names: Sequence[str] | Mapping[str, Any]) -> str:
    close = get_close_matches(name, list(names), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def _fault_lines(path: Path, error: Any) -> Iterator[str]:
    """One fault of pydantic's as lines of ours: file, field, expected, seen."""
    field = _field(error["loc"])
    if error["type"] == "value_error" and not field:
        yield from (f"{path}: {line}" for line in str(error["ctx"]["error"]).splitlines())
        return
    yield f"{path}: {field} {_expectation(error)}"


def _field(location: Sequence[int | str]) -> str:
    """checks[3].points from ("checks", 3, "values", "points"): the tag of a union is no field."""
    words = ""
    for position, part in enumerate(location):
        is_tag = (
            position == 2 and location[0] in {"checks", "functions"} and part in {*_ROLES, *_ROLES.values()}
        )
        if isinstance(part, int):
            words += f"[{part}]"
        elif not is_tag:
            words += f".{part}" if words else str(part)
    return words


def _expectation(error: Any) -> str:  # noqa: C901  one line for each kind of fault
    """What was expected and what was seen."""
    context, seen = error.get("ctx", {}), error["input"]
    got = (
        f"(got {seen!r})"
        if isinstance(seen, int | float | str | bool | None)
        else f"(got a {type(seen).__name__})"
    )
    match error["type"]:
        case "missing":
            return "is missing"
        case "extra_forbidden":
            return "is no field that is known here"
        case "greater_than":
            return f"must be > {context['gt']:g} {got}"
        case "greater_than_equal":
            return f"must be >= {context['ge']:g} {got}"
        case "less_than":
            return f"must be < {context['lt']:g} {got}"
        case "less_than_equal":
            return f"must be <= {context['le']:g} {got}"
        case "literal_error":
            return f"must be {context['expected']} {got}"
        case "union_tag_invalid":
            return f"{context['discriminator']} must be one of {context['expected_tags']} (got {context['tag']!r})"
        case "union_tag_not_found":
            return f"{context['discriminator']} is missing"
        case "string_pattern_mismatch":
            return f"must match {context['pattern']} {got}"
        case "too_short":
            return f"must have at least {context['min_length']} entries"
        case _:
            return f"{error['msg'][0].lower()}{error['msg'][1:]} {got}"
