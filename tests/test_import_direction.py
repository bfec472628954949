"""Holds every module of grader and reference to the import table in docs/architecture.md."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / "docs" / "architecture.md"

BELOW, OWN_ROW, PLAIN_FILES = "its level and below", "its own row", "plain files"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table: `patterns` are module names, `package.*` for a package and all below it."""

    level: int
    patterns: tuple[str, ...]
    may_import: str
    is_torch_allowed: bool


@dataclass(frozen=True, slots=True)
class Import:
    """One import statement: the dotted name it brings in, and the line it stands in."""

    name: str
    line: int


def read_table(markdown: str) -> tuple[Row, ...]:
    """The rows of the one table under the heading "Import directions"."""
    section = markdown.split("\n## Import directions\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return tuple(read_row(line) for line in lines[2:])


def read_row(line: str) -> Row:
    level, modules, may_import, torch = (cell.strip() for cell in line.strip("|").split("|"))
    assert may_import in {BELOW, OWN_ROW, PLAIN_FILES}, line
    assert torch in {"yes", "no"}, line
    patterns = tuple(module.strip().strip("`") for module in modules.split(","))
    return Row(int(level), patterns, may_import, torch == "yes")


def row_of(module: str, rows: tuple[Row, ...]) -> Row | None:
    """The row that names the module, by the longest pattern that fits."""
    fitting = [(len(pattern), row) for row in rows for pattern in row.patterns if fits(module, pattern)]
    return max(fitting, key=lambda fit: fit[0])[1] if fitting else None


def fits(module: str, pattern: str) -> bool:
    package = pattern.removesuffix(".*")
    return module == package or (pattern != package and module.startswith(package + "."))


def sources_under(root: Path) -> dict[str, str]:
    """The source of each module of grader and reference, by its dotted name; a package by its own."""
    paths = sorted(path for package in ("grader", "reference") for path in (root / package).rglob("*.py"))
    return {
        ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): path.read_text(
            "utf-8"
        )
        for path in paths
    }


def imports_of(source: str, package: str) -> list[Import]:
    """Every import in the source, wherever it stands; relative ones are counted from `package`.

    `from a import b` gives `a.b`, since b may be a module; `owner` cuts off what is none.
    """
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [Import(alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
            stem = ".".join([*base, *([node.module] if node.module else [])])
            found += [Import(f"{stem}.{alias.name}", node.lineno) for alias in node.names]
    return found


def owner(name: str, modules: frozenset[str]) -> str | None:
    """The module that an imported dotted name belongs to, or None where it is not one of ours."""
    while name and name not in modules:
        name = name.rpartition(".")[0]
    return name or None


def edges(sources: dict[str, str], rows: tuple[Row, ...]) -> list[tuple[str, str, int]]:
    """(importing module, imported module of ours, line); a plain file's bare names mean its neighbours."""
    modules = frozenset(sources)
    packages = {module.rpartition(".")[0] for module in modules}
    found = []
    for module, source in sources.items():
        folder = module.rpartition(".")[0]
        row = row_of(module, rows)
        for imported in imports_of(source, module if module in packages else folder):
            target = owner(imported.name, modules)
            if target is None and row is not None and row.may_import == PLAIN_FILES:
                neighbour = f"{folder}.{imported.name.split('.')[0]}"
                target = neighbour if neighbour in modules else None
            if target is not None and target != module:
                found.append((module, target, imported.line))
    return found


def faults_in_direction(sources: dict[str, str], rows: tuple[Row, ...]) -> list[str]:
    faults = []
    for module, target, line in edges(sources, rows):
        own, other = row_of(module, rows), row_of(target, rows)
        if own is None or other is None:
            continue  # has a fault of its own
        fault = f"{module}, line {line}: imports {target}"
        if own.may_import == OWN_ROW and other != own:
            faults.append(f"{fault}, which is not in its own row")
        elif own.may_import == PLAIN_FILES and other.may_import != PLAIN_FILES:
            faults.append(f"{fault}, but a plain file of the student's process must not")
        elif own.may_import == BELOW and other.level > own.level:
            faults.append(f"{fault}, but level {own.level} must not import level {other.level}")
    return faults + faults_in_naming(sources, rows)


def faults_in_naming(sources: dict[str, str], rows: tuple[Row, ...]) -> list[str]:
    """Plain files that import their neighbours by full name: `python -I FILE` would not find them."""
    return [
        f"{module}, line {imported.line}: imports {imported.name}, but a plain file has no package around it"
        for module, source in sources.items()
        if (row := row_of(module, rows)) is not None and row.may_import == PLAIN_FILES
        for imported in imports_of(source, module.rpartition(".")[0])
        if imported.name.split(".")[0] in {"grader", "reference"}
    ]


def faults_in_torch(sources: dict[str, str], rows: tuple[Row, ...]) -> list[str]:
    return [
        f"{module}, line {imported.line}: imports torch, but its row says no"
        for module, source in sources.items()
        if (row := row_of(module, rows)) is not None and not row.is_torch_allowed
        for imported in imports_of(source, module)
        if imported.name.split(".")[0] == "torch"
    ]


def missing_from_table(sources: dict[str, str], rows: tuple[Row, ...]) -> list[str]:
    return [
        f"{module} is in no row of the import table: add it to docs/architecture.md at the level it belongs to"
        for module in sources
        if row_of(module, rows) is None
    ]


def ring(sources: dict[str, str], rows: tuple[Row, ...]) -> str:
    """A ring of modules that import one another, as `a -> b -> a`; empty where there is none."""
    graph: dict[str, set[str]] = {module: set() for module in sources}
    for module, target, _ in edges(sources, rows):
        graph[module].add(target)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return " -> ".join(reversed(error.args[1]))
    return ""


@pytest.fixture(scope="module")
def rows() -> tuple[Row, ...]:
    return read_table(TABLE.read_text("utf-8"))


@pytest.fixture(scope="module")
def sources() -> dict[str, str]:
    return sources_under(ROOT)


def test_every_module_stands_in_the_table(sources, rows):
    assert "grader.errors" in sources
    assert missing_from_table(sources, rows) == []


def test_no_module_imports_a_higher_one(sources, rows):
    assert faults_in_direction(sources, rows) == []


def test_no_modules_import_one_another_in_a_ring(sources, rows):
    assert ring(sources, rows) == ""


def test_torch_is_imported_only_where_the_table_says_so(sources, rows):
    assert faults_in_torch(sources, rows) == []


def test_only_the_students_process_imports_torch_within_grader(rows):
    allowed = {pattern for row in rows if row.is_torch_allowed for pattern in row.patterns}

    assert allowed == {"reference.*", "grader.sandbox.inside.*"}


SMALL_TABLE = (
    Row(0, ("grader", "grader.errors"), BELOW, is_torch_allowed=False),
    Row(1, ("grader.trial", "grader.verdict"), BELOW, is_torch_allowed=False),
    Row(2, ("grader.sandbox.wire", "grader.sandbox.worker"), PLAIN_FILES, is_torch_allowed=True),
    Row(3, ("reference.*",), OWN_ROW, is_torch_allowed=True),
    Row(3, ("grader.checks.*",), BELOW, is_torch_allowed=False),
    Row(4, ("grader.sandbox.*",), BELOW, is_torch_allowed=False),
)


def sources_with(**changed: str) -> dict[str, str]:
    """A small tree; keywords replace the source of a module, `__` standing for a dot."""
    names = [
        "grader",
        "grader.errors",
        "grader.trial",
        "grader.verdict",
        "grader.checks",
        "grader.checks.values",
    ]
    names += [
        "grader.sandbox",
        "grader.sandbox.host",
        "grader.sandbox.wire",
        "grader.sandbox.worker",
        "reference",
    ]
    return dict.fromkeys(names, "") | {name.replace("__", "."): source for name, source in changed.items()}


@pytest.mark.parametrize(
    "source",
    [
        "from grader.sandbox.host import run",
        "from grader.sandbox import host",
        "from .sandbox import host",
        "import grader.sandbox.host as host",
        "def late():\n    from grader.sandbox.host import run",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import grader.sandbox.host",
    ],
)
def test_an_upward_import_is_seen_in_every_form(source):
    (fault,) = faults_in_direction(sources_with(grader__trial=source), SMALL_TABLE)

    line = len(source.splitlines())
    assert fault == (
        f"grader.trial, line {line}: imports grader.sandbox.host, but level 1 must not import level 4"
    )


def test_imports_of_lower_levels_and_of_strangers_are_left_alone():
    tree = sources_with(
        grader__trial="import numpy\nfrom grader.errors import SpecError\nfrom grader import __version__",
        grader__sandbox__host="from grader.sandbox import wire\nfrom reference.losses import svm",
        grader__checks="from grader.checks.values import Values",
    )

    assert faults_in_direction(tree, SMALL_TABLE) == []
    assert ring(tree, SMALL_TABLE) == ""


def test_the_reference_imports_nothing_of_grader():
    tree = sources_with(reference__losses="from grader.errors import SpecError\nimport reference")

    assert faults_in_direction(tree, SMALL_TABLE) == [
        "reference.losses, line 1: imports grader.errors, which is not in its own row"
    ]


def test_a_plain_file_may_import_plain_files_by_bare_name_only():
    tree = sources_with(
        grader__sandbox__worker="import wire\nimport host\nfrom host import run\nimport json",
        grader__sandbox__wire="from grader.sandbox import worker",
    )

    assert faults_in_direction(tree, SMALL_TABLE) == [
        "grader.sandbox.worker, line 2: imports grader.sandbox.host, but a plain file of the student's process must not",
        "grader.sandbox.worker, line 3: imports grader.sandbox.host, but a plain file of the student's process must not",
        "grader.sandbox.wire, line 1: imports grader.sandbox.worker, but a plain file has no package around it",
    ]


def test_a_ring_within_a_level_is_named():
    tree = sources_with(
        grader__trial="def late():\n    import grader.verdict",
        grader__verdict="from grader.trial import Trial",
    )

    assert ring(tree, SMALL_TABLE) in {
        "grader.trial -> grader.verdict -> grader.trial",
        "grader.verdict -> grader.trial -> grader.verdict",
    }


def test_torch_in_the_judge_is_seen():
    tree = sources_with(grader__checks__values="def late():\n    from torch.nn import functional")

    assert faults_in_torch(tree, SMALL_TABLE) == [
        "grader.checks.values, line 2: imports torch, but its row says no"
    ]


def test_a_module_in_no_row_is_asked_to_be_added():
    assert missing_from_table(sources_with(grader__plots=""), SMALL_TABLE) == [
        "grader.plots is in no row of the import table: add it to docs/architecture.md at the level it belongs to"
    ]


def test_the_table_is_read_from_markdown():
    text = (
        "# A\n\n## Import directions\n\nwords\n\n"
        "| level | modules | may import of ours | torch |\n|---|---|---|---|\n"
        "| 3 | `reference.*`, `grader.x` | its own row | yes |\n\n## More\n\n| other | table |\n"
    )

    assert read_table(text) == (Row(3, ("reference.*", "grader.x"), OWN_ROW, is_torch_allowed=True),)
