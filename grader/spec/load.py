"""An assignment's spec: a TOML file, shipped in test_specs/ or the instructor's own, typed and checked."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from grader import formatting
from grader.checks import AnyCheck
from grader.errors import SpecError, SpecFault
from grader.model.assignment import (
    Assignment,
    FloatLabels,
    FunctionSpec,
    HandoutDevice,
    Limits,
    Model,
    Restrictions,
)
from grader.spec.errors import Misfits, spec_faults
from reference.conventions import Convention

SPEC_FOLDER = Path(__file__).resolve().parents[2] / "test_specs"
SPEC_SUFFIX = ".toml"
GREATEST_SPEC_BYTES = 1 << 20


class ConventionFields(Model):
    """How the assignment states its loss; see reference.conventions.Convention."""

    layout: Literal["DC", "CD", "either"] = Field(
        default="DC",
        description="DC: W (D, C) and X (N, D). CD: W (C, D) and X (D, N). either: as each loss function takes it.",
    )
    regularizer_coefficient: float = Field(default=1.0, gt=0, description="c in the term c*reg*sum(W*W).")
    delta: float = Field(default=1.0, gt=0, description="Margin of the hinge.")
    bias: Literal["trick"] = Field(
        default="trick", description="The bias is a row of W, for a feature of ones."
    )


class Outline(Model):
    """The part of a spec that tells whose assignment a submission is: its functions and its convention."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$", description="The file's name without .toml.")
    title: str = Field(min_length=1, max_length=120)
    source: str = Field(default="", description="Where the assignment comes from.")
    backend: Literal["torch", "numpy"] = Field(default="torch", description="The library of the arrays.")
    convention: ConventionFields = ConventionFields()
    functions: dict[str, FunctionSpec] = Field(min_length=1)


class Spec(Outline):
    """One assignment: its functions, its convention, its checks with their points."""

    seed: int | None = Field(
        default=None, ge=0, lt=1 << 63, description="Random seed; a new one for every run if left out."
    )
    limits: Limits = Limits()
    restrictions: Restrictions = Restrictions()
    handout_device: HandoutDevice = "either"
    float_labels: FloatLabels = False
    files: tuple[str, ...] = Field(
        default=(),
        description="The handout's files; where several files define a function, these come first.",
    )
    checks: tuple[AnyCheck, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        faults = [*self._unusable_names(), *self._open_layouts(), *self._repeated_ids(), *self._misfits()]
        if faults:
            raise Misfits(faults)
        return self

    @property
    def file_names(self) -> frozenset[str]:
        """Names of the files that the assignment asks for, without their folders."""
        saved = (getattr(check, "file", None) for check in self.checks)
        return frozenset(name.rpartition("/")[2] for name in (*self.files, *saved) if name)

    def _unusable_names(self) -> Iterator[SpecFault]:
        for name in self.functions:
            if not name.isidentifier():
                where = f"functions.{formatting.printable(name)}"
                yield SpecFault(where, "must be the name of a Python function or class")

    def _open_layouts(self) -> Iterator[SpecFault]:
        others = [name for name, function in self.functions.items() if function.role != "loss"]
        if self.convention.layout == "either" and others:
            yield SpecFault(
                "convention.layout",
                "may be 'either' only where all functions have the role 'loss'",
                f"{others[0]!r}, whose role is {self.functions[others[0]].role!r}",
            )

    def _repeated_ids(self) -> Iterator[SpecFault]:
        first: dict[str, int] = {}
        for position, check in enumerate(self.checks):
            if first.setdefault(check.id, position) != position:
                seen = f"{check.id!r}, the id of checks[{first[check.id]}]"
                yield SpecFault(f"checks[{position}].id", "must be unique", seen)

    def _misfits(self) -> Iterator[SpecFault]:
        for position, check in enumerate(self.checks):
            for fault in check.misfits(self.functions):
                where = f"checks[{position}]" + (f".{fault.where}" if fault.where else "")
                yield replace(fault, where=where)

    @property
    def max_score(self) -> float:
        """Points of all checks together."""
        return sum(check.points for check in self.checks)

    @property
    def has_open_layout(self) -> bool:
        """Whether each submission's loss functions decide the layout of the arrays."""
        return self.convention.layout == "either"

    @property
    def assignment(self) -> Assignment:
        """The part of the spec that checks see; with the layout "DC" if it is open."""
        fields = self.convention.model_dump(exclude={"bias"})
        if self.has_open_layout:
            fields["layout"] = "DC"
        return Assignment(
            convention=Convention(**fields),
            backend=self.backend,
            functions=self.functions,
            limits=self.limits,
            restrictions=self.restrictions,
            handout_device=self.handout_device,
            float_labels=self.float_labels,
        )


@dataclass(frozen=True, slots=True)
class LoadedSpec:
    """A spec, the file it was read from and that file's sha256."""

    spec: Spec
    sha256: str
    path: Path


def shipped_specs() -> tuple[str, ...]:
    """The names of the specs in test_specs/."""
    return tuple(sorted(path.stem for path in SPEC_FOLDER.glob(f"*{SPEC_SUFFIX}")))


@cache
def outlines() -> tuple[Outline, ...]:
    """The outlines of the shipped specs, read once. Their checks come last in each file and are not read."""
    return tuple(map(_outline, shipped_specs()))


def _outline(name: str) -> Outline:
    path = find_spec(name)
    data = _parse(_read(path, path.name).partition(b"\n[[checks]]")[0], path.name)
    own = {field: data[field] for field in Outline.model_fields if field in data}
    try:
        return Outline.model_validate(_with_tuples(own), strict=True)
    except ValidationError:  # another order, or a fault: then this error tells them all
        return load_spec(name).spec


def find_spec(name_or_path: str) -> Path:
    """The file of a shipped spec's name, or the path itself. SpecError if neither exists."""
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
        raise _unlike(shown, f"a {SPEC_SUFFIX} file", found)
    is_path = path.suffix or len(path.parts) > 1
    seen = "nothing at this path" if is_path else f"no spec of the name {name_or_path!r}"
    fault = f"{shown}: file not found" if is_path else f"no spec is named {name_or_path!r}"
    close = formatting.near(path.name.removesuffix(SPEC_SUFFIX), names)
    raise SpecError(
        f"{fault}{f' ({close})' if close else ''}; `grader spec list` names the shipped specs,"
        f" or give the path of a {SPEC_SUFFIX} file",
        expected=f"the name of a shipped spec, or the path of a {SPEC_SUFFIX} file",
        seen=seen,
    )


def load_spec(name_or_path: str) -> LoadedSpec:
    """Read and check a spec, by its shipped name or by path. SpecError holds every fault."""
    path = find_spec(name_or_path)
    shown = formatting.printable(str(path))
    content = _read(path, shown)
    data = _parse(content, shown)
    try:
        spec = Spec.model_validate(_with_tuples(data), strict=True)
    except ValidationError as error:
        raise _spec_error(shown, *spec_faults(error.errors(), Spec.model_json_schema())) from error
    return LoadedSpec(spec, hashlib.sha256(content).hexdigest(), path)


def _spec_error(shown: str, *faults: SpecFault) -> SpecError:
    """The error of a file with these faults: a line for each, after their number if there are several."""
    lines = [f"{shown}: {fault}" for fault in faults]
    heading = [f"{shown}: {len(faults)} faults"] if len(faults) > 1 else []
    return SpecError("\n".join(heading + lines), faults=faults)


def _read(path: Path, shown: str) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(GREATEST_SPEC_BYTES + 1)
    except OSError as error:
        raise _unreadable(shown, error) from error
    if len(content) > GREATEST_SPEC_BYTES:
        raise _unlike(shown, f"at most {GREATEST_SPEC_BYTES >> 20} MiB", "more", "; is it a spec?")
    return content


def _unlike(shown: str, expected: str, seen: str, advice: str = "") -> SpecError:
    """The error of a file that is not what it should be."""
    words = f"{shown}: expected {expected}, found {seen}{advice}"
    return SpecError(words, expected=expected, seen=seen)


def _unreadable(shown: str, error: OSError) -> SpecError:
    return SpecError(f"{shown}: cannot be read: {error.strerror or error}")


def _parse(content: bytes, shown: str) -> dict[str, Any]:
    """The tables of a TOML file; a byte order mark, which some Windows editors write, is ignored."""
    try:
        text = content.decode("utf-8-sig")
        return tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _spec_error(shown, SpecFault(f"line {line}", "is not UTF-8; save the file as UTF-8")) from error
    except tomllib.TOMLDecodeError as error:
        raise _spec_error(shown, _toml_fault(str(error), text)) from error
    except (ValueError, RecursionError) as error:
        raise SpecError(
            f"{shown}: invalid TOML: a number is too long, or tables are nested too deep"
        ) from error


def _toml_fault(message: str, text: str) -> SpecFault:
    """The message of tomllib, with the line that it is about."""
    found = re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", message, re.DOTALL)
    words, line, column = found.groups() if found else (message, 0, 0)
    expected = f"is invalid TOML: {words[0].lower()}{words[1:]}"
    if not found:
        return SpecFault("the file", expected)
    seen = text.split("\n")[int(line) - 1].strip()
    return SpecFault(f"line {line}, column {column}", expected, formatting.toml(seen))


def _with_tuples(data: Any) -> Any:
    """TOML's lists as the tuples of the frozen models."""
    if isinstance(data, dict):
        return {key: _with_tuples(value) for key, value in data.items()}
    return tuple(map(_with_tuples, data)) if isinstance(data, list) else data


def spec_schema() -> dict[str, Any]:
    """The JSON Schema of a spec, for editors."""
    schema = Spec.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
