"""An assignment's spec: a TOML file, shipped in test_specs/ or the instructor's own, typed and checked."""

from __future__ import annotations

import hashlib
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
from grader.spec.errors import Misfits
from grader.spec.toml_file import checked, parse_toml, read_toml, with_tuples
from reference.conventions import Convention

SPEC_FOLDER = Path(__file__).resolve().parents[2] / "test_specs"
SPEC_SUFFIX = ".toml"


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
    text = read_toml(path, path.name, SpecError).partition(b"\n[[checks]]")[0]
    data = parse_toml(text, path.name, SpecError)
    own = {field: data[field] for field in Outline.model_fields if field in data}
    try:
        return Outline.model_validate(with_tuples(own), strict=True)
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
        raise SpecError(f"{shown}: cannot be read: {error.strerror or error}") from error
    if is_there and name_or_path:
        found = "a folder" if path.is_dir() else "something else"
        expected = f"a {SPEC_SUFFIX} file"
        raise SpecError(f"{shown}: expected {expected}, found {found}", expected=expected, seen=found)
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
    content = read_toml(path, shown, SpecError)
    spec = checked(Spec, parse_toml(content, shown, SpecError), shown, SpecError)
    return LoadedSpec(spec, hashlib.sha256(content).hexdigest(), path)


def spec_schema() -> dict[str, Any]:
    """The JSON Schema of a spec, for editors."""
    schema = Spec.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
