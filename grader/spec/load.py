"""An assignment's spec, typed and checked: a TOML file, shipped in test_specs/ or the instructor's own, or a folder with one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

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
from grader.spec.claims import Claim
from grader.spec.claims import misfits as claim_misfits
from grader.spec.errors import Misfits
from grader.spec.include import Include, with_included
from grader.spec.toml_file import checked, parse_toml, read_toml, with_tuples
from reference.conventions import Convention

if TYPE_CHECKING:
    from reference.questions.question_set import QuestionSet

SPEC_FOLDER = Path(__file__).resolve().parents[2] / "test_specs"
SPEC_SUFFIX = ".toml"

FOLDER_SPEC = "spec.toml"
"""The spec in a folder of its own; the folder may hold code as well."""
CODE_FILES = ("questions.py", "drivers.py")


class ConventionFields(Model):
    """How the assignment states its loss."""

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
    title: str = Field(min_length=1, max_length=120, description="Shown to students and in class lists.")
    source: str = Field(default="", description="Where the assignment comes from.")
    backend: Literal["torch", "numpy"] = Field(default="torch", description="The library of the arrays.")
    convention: ConventionFields = ConventionFields()
    functions: dict[str, FunctionSpec] = Field(
        min_length=1, description="What students write: functions and classes, by name."
    )
    include: tuple[Include, ...] = Field(
        default=(), description="Shipped specs whose functions and checks are part of this one."
    )


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
    checks: tuple[AnyCheck, ...] = Field(
        min_length=1, description="What is looked at, and for how many points."
    )
    claims: tuple[Claim, ...] = Field(
        default=(),
        max_length=50,
        description="Numbers that tagged cells of the notebooks print: shown beside what was measured, never worth points.",
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        faults = [*self._unusable_names(), *self._open_layouts(), *self._repeated_ids(), *self._misfits()]
        faults += claim_misfits(self.claims, self.checks)
        if faults:
            raise Misfits(faults)
        return self

    @property
    def file_names(self) -> frozenset[str]:
        """Names of the files that the assignment asks for, without their folders."""
        saved = [name for check in self.checks for name in check.file_names]
        return frozenset(name.rpartition("/")[2] for name in (*self.files, *saved))

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


Files = tuple[tuple[str, bytes], ...]
"""A folder's files that decide how it grades, by name."""


@dataclass(frozen=True, slots=True)
class LoadedSpec:
    """A spec, the sha256 of what it was read from, and the path of its TOML file.

    One with code of its own is pickled as its files, because functions are not pickled by value: so it travels to other
    processes and machines, where the folder need not be.
    """

    spec: Spec
    sha256: str
    path: Path
    files: Files = ()
    """Of a folder with code: all that decides how it grades."""

    def __reduce_ex__(self, protocol: Any, /) -> Any:
        """Pickle the files, if there is code."""
        return (_rebuilt, (self.files, self.path)) if self.files else object.__reduce_ex__(self, protocol)


@lru_cache(maxsize=4)
def _rebuilt(files: Files, path: Path) -> LoadedSpec:
    """Each job of a class brings the spec; it is read once."""
    return _with_code(files, path)[0]


@lru_cache(maxsize=4)
def _tried(files: Files, path: Path) -> LoadedSpec:
    """The spec of a folder whose questions have been tried. SpecError if one fails, or if students' code could read them."""
    from grader.spec.own_folder import require_sound

    loaded, own = _with_code(files, path)
    require_sound(path.parent, dict(files), own, loaded.spec.assignment.convention)
    return loaded


def shipped_specs() -> tuple[str, ...]:
    """The names of the specs in test_specs/."""
    return tuple(sorted(path.stem for path in SPEC_FOLDER.glob(f"*{SPEC_SUFFIX}")))


@cache
def outlines() -> tuple[Outline, ...]:
    """The outlines of the shipped specs, read once. Their checks come last in each file and are not read."""
    return tuple(map(_outline, shipped_specs()))


def _outline(name: str) -> Outline:
    tables = _tables_before_the_checks(name)
    own = {field: tables[field] for field in Outline.model_fields if field in tables}
    try:
        return Outline.model_validate(with_tuples(own), strict=True)
    except ValidationError:  # another order, or a fault: then this error tells them all
        return load_spec(name).spec


def _tables_before_the_checks(name: str) -> dict[str, Any]:
    """With the functions of the specs that it includes first, and their convention and library."""
    path = find_spec(name)
    text = read_toml(path, path.name, SpecError).partition(b"\n[[checks]]")[0]
    own = parse_toml(text, path.name, SpecError)
    tables = [*(_tables_before_the_checks(entry["spec"]) for entry in own.get("include", ())), own]
    functions = {name: each for part in tables for name, each in part.get("functions", {}).items()}
    shared = {field: tables[0][field] for field in ("backend", "convention") if field in tables[0]}
    return shared | own | ({"functions": functions} if functions else {})


def find_spec(name_or_path: str) -> Path:
    """The file of a shipped spec's name, or the path itself. SpecError if neither exists."""
    names = shipped_specs()
    if name_or_path in names:
        return SPEC_FOLDER / f"{name_or_path}{SPEC_SUFFIX}"
    path, shown = Path(name_or_path), formatting.printable(name_or_path)
    try:
        if path.is_file():
            return path
        if path.is_dir() and (path / FOLDER_SPEC).is_file() and name_or_path:
            return path / FOLDER_SPEC
        is_there = path.exists()
    except OSError as error:
        raise SpecError(f"{shown}: cannot be read: {error.strerror or error}") from error
    if is_there and name_or_path:
        found = f"a folder without {FOLDER_SPEC}" if path.is_dir() else "something else"
        expected = f"a {SPEC_SUFFIX} file, or a folder with {FOLDER_SPEC}"
        raise SpecError(f"{shown}: expected {expected}, found {found}", expected=expected, seen=found)
    is_path = path.suffix or len(path.parts) > 1
    seen = "nothing at this path" if is_path else f"no spec of the name {name_or_path!r}"
    fault = f"{shown}: file not found" if is_path else f"no spec is named {name_or_path!r}"
    close = formatting.near(path.name.removesuffix(SPEC_SUFFIX), names)
    raise SpecError(
        f"{fault}{f' ({close})' if close else ''}; `grader spec list` names the shipped specs,"
        f" or give the path of a {SPEC_SUFFIX} file or of a folder with {FOLDER_SPEC}",
        expected=f"the name of a shipped spec, or the path of a {SPEC_SUFFIX} file or of a folder with one",
        seen=seen,
    )


def load_spec(name_or_path: str) -> LoadedSpec:
    """Read and check a spec, by its shipped name or by path, with the code in its folder. SpecError holds every fault."""
    path = find_spec(name_or_path)
    names = [path.name]
    if path.name == FOLDER_SPEC and (path.parent / CODE_FILES[0]).exists():
        names += [name for name in CODE_FILES if (path.parent / name).exists()]
    files = {
        name: read_toml(path.parent / name, formatting.printable(str(path.parent / name)), SpecError)
        for name in names
    }
    if len(files) > 1:
        return _tried(tuple(files.items()), path)
    content = files[path.name]
    spec = _spec_in(content, path)
    return LoadedSpec(spec, _digest(spec, content), path)


def _with_code(files: Files, path: Path) -> tuple[LoadedSpec, QuestionSet]:
    """The spec of a folder, and the questions in it: their code is run here, and nothing else of the folder."""
    from grader.spec.own_questions import guarded, own_questions

    contents = dict(files)
    own = own_questions(path.parent, contents)
    spec = _spec_in(contents[path.name], path, guarded(own, path.parent))
    return LoadedSpec(
        spec, _digest(spec, *(f"{name} {len(each)}\n".encode() + each for name, each in files)), path, files
    ), own


def _digest(spec: Spec, *parts: bytes) -> str:
    """The sha256 of a spec's files, and of those that it includes: they decide how it grades as well."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    for each in spec.include:
        digest.update(find_spec(each.spec).read_bytes())
    return digest.hexdigest()


def _spec_in(content: bytes, path: Path, own: QuestionSet | None = None) -> Spec:
    shown = formatting.printable(str(path))
    data = parse_toml(content, shown, SpecError)
    if "include" in data:
        data = with_included(data, shown, shipped_specs(), _shipped)
    return checked(Spec, data, shown, SpecError, own)


def _shipped(name: str) -> tuple[Mapping[str, Any], Spec]:
    """The tables of a shipped spec, and its model."""
    path = find_spec(name)
    return parse_toml(read_toml(path, path.name, SpecError), path.name, SpecError), load_spec(name).spec


def spec_schema() -> dict[str, Any]:
    """The JSON Schema of a spec, for editors."""
    schema = Spec.model_json_schema()
    optional = {"functions", "checks"}  # of one that includes others, which have them
    schema["required"] = [name for name in schema["required"] if name not in optional]
    schema["anyOf"] = [{"required": sorted(optional)}, {"required": ["include"]}]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
