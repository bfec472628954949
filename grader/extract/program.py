"""All statements of a submission in one order of execution, and which of them bind a name."""

from __future__ import annotations

import ast
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from grader.extract.binding import Bindings, Reads, bindings_of, reads_of
from grader.extract.importing import ModuleFinder, absolute_name, imports_in
from grader.extract.parsing import Statement

_STAR_DEPTH = 20

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True, slots=True)
class ImportedModule:
    """A file of the submission that a statement imports; `name` is what it takes from it, None for the module itself."""

    dotted: str
    file: str
    name: str | None


@dataclass(frozen=True, slots=True)
class Starred:
    """Star imports that bring a name, and the file of the submission that binds it; None where another module must."""

    imports: tuple[int, ...]
    file: str | None


@dataclass(slots=True, eq=False)
class Namespace:
    """The names of one file: a notebook's cells share one, a module has its own."""

    path: str
    statements: Sequence[Statement]
    first: int = 0
    bindings: list[Bindings] = field(default_factory=list)
    events: dict[str, list[int]] = field(default_factory=dict)
    stars: list[tuple[int, ast.ImportFrom]] = field(default_factory=list)

    def index(self, first: int) -> None:
        """Number the statements from `first` on, and list under each name those that bind or change it."""
        self.first = first
        for number, (statement, bindings) in enumerate(
            zip(self.statements, self.bindings, strict=True), first
        ):
            names = dict.fromkeys((*bindings.whole, *bindings.partial, *statement.names))
            for name in names:
                self.events.setdefault(name, []).append(number)
            self.stars.extend((number, node) for node in bindings.stars)


class Program:
    """Statements numbered in the order in which they would be executed: imported files before their importers."""

    def __init__(self, sources: Mapping[str, Sequence[Statement]], finder: ModuleFinder) -> None:
        self.finder = finder
        self._reads: dict[int, Reads | str] = {}
        self._attributes: dict[str, frozenset[str]] = {}
        spaces = {path: self._namespace(path, statements) for path, statements in sources.items()}
        self.namespaces: dict[str, Namespace] = {}
        self.statements: list[Statement] = []
        for path in self._execution_order(spaces):
            space = spaces[path]
            space.index(len(self.statements))
            self.namespaces[path] = space
            self.statements.extend(space.statements)

    @staticmethod
    def _namespace(path: str, statements: Sequence[Statement]) -> Namespace:
        space = Namespace(path, statements)
        nothing = Bindings((), (), ())
        has_walrus: dict[int, bool] = {}
        for statement in statements:
            key = id(statement.unit)
            if key not in has_walrus:
                has_walrus[key] = any(":=" in line for line in statement.unit.lines)
            node = statement.node
            space.bindings.append(nothing if node is None else bindings_of(node, has_walrus=has_walrus[key]))
        return space

    def _execution_order(self, spaces: Mapping[str, Namespace]) -> list[str]:
        """Depth first along imports; a ring of imports is cut where it was entered."""
        order: dict[str, None] = {}
        entered: set[str] = set()
        pending = [(path, False) for path in sorted(spaces, reverse=True)]
        while pending:
            path, is_done = pending.pop()
            if is_done:
                order[path] = None
            elif path not in entered:
                entered.add(path)
                pending.append((path, True))
                imported = {
                    module.file
                    for statement in spaces[path].statements
                    for module in self._modules_in(statement)
                }
                pending.extend((file, False) for file in sorted(imported, reverse=True) if file in spaces)
        return list(order)

    def space_of(self, number: int) -> Namespace:
        """The namespace that a statement is executed in."""
        return self.namespaces[self.statements[number].unit.file]

    def bindings(self, number: int) -> Bindings:
        space = self.space_of(number)
        return space.bindings[number - space.first]

    def names_bound_by(self, number: int) -> tuple[str, ...]:
        bindings = self.bindings(number)
        return tuple(dict.fromkeys((*bindings.whole, *bindings.partial, *self.statements[number].names)))

    def reads(self, number: int) -> Reads | str:
        """What the statement reads of its module, or why it does not compile."""
        if number not in self._reads:
            node = self.statements[number].node
            reads = reads_of(self.statements[number].source)
            if (
                isinstance(reads, Reads)
                and isinstance(node, ast.AugAssign)
                and isinstance(node.target, ast.Name)
            ):
                reads = Reads(reads.load | {node.target.id}, reads.late)
            self._reads[number] = reads
        return self._reads[number]

    def events(self, path: str, name: str, before: int | None) -> Iterator[int]:
        """Statements that bind or change `name`, the one that counts first.

        before: the statement that reads the name when it is executed; where nothing stands before it, as in a
        notebook whose cells were run in another order, what stands after it counts.
        """
        numbers = self.namespaces[path].events.get(name, [])
        end = len(numbers) if before is None else bisect_left(numbers, before)
        if end == 0:
            return (number for number in reversed(numbers) if number != before)
        return (numbers[at] for at in range(end - 1, -1, -1))

    def starred(self, path: str, name: str, depth: int = 0) -> Starred:
        """Where a name may come from that only star imports can bring."""
        foreign: list[int] = []
        if name.startswith("_") or depth > _STAR_DEPTH:
            return Starred((), None)
        for number, node in reversed(self.namespaces[path].stars):
            file = self.finder.file_of(absolute_name(node, path), path)
            if file is None:
                foreign.append(number)
            elif file in self.namespaces and file != path:
                if self.namespaces[file].events.get(name):
                    return Starred((number,), file)
                further = self.starred(file, name, depth + 1)
                if further.imports:
                    return Starred((number, *further.imports), further.file)
        return Starred(tuple(foreign), None)

    def modules_of(self, number: int) -> list[ImportedModule]:
        """The submission's own files that a statement imports, inside functions too."""
        return list(self._modules_in(self.statements[number]))

    def _modules_in(self, statement: Statement) -> Iterator[ImportedModule]:
        path = statement.unit.file
        for node in imports_in(statement):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    if (file := self.finder.file_of(alias.name, path)) is not None:
                        yield ImportedModule(alias.name, file, None)
            else:
                yield from self._from_import(node, path)

    def _from_import(self, node: ast.ImportFrom, path: str) -> Iterator[ImportedModule]:
        module = absolute_name(node, path)
        file = self.finder.file_of(module, path)
        for alias in node.names:
            # A file of that name beside a module is no part of it; below a package it is.
            if alias.name != "*" and (file is None or file.endswith("__init__.py")):
                submodule = self.finder.file_of(f"{module}.{alias.name}", path)
                if submodule is not None and submodule != file:
                    yield ImportedModule(f"{module}.{alias.name}", submodule, None)
                    continue
            if file is not None:
                yield ImportedModule(module, file, alias.name)

    def attributes_in(self, path: str) -> frozenset[str]:
        """Every name that the file takes from some object with a dot."""
        if path not in self._attributes:
            nodes = (item.node for item in self.namespaces[path].statements if item.node is not None)
            self._attributes[path] = frozenset(
                item.attr for node in nodes for item in ast.walk(node) if isinstance(item, ast.Attribute)
            )
        return self._attributes[path]

    def strangers_of(self, number: int) -> Iterator[str]:
        """Dotted names of the modules that a statement imports and that are no files of the submission."""
        statement = self.statements[number]
        path = statement.unit.file
        for node in imports_in(statement):
            if isinstance(node, ast.Import):
                yield from (
                    alias.name for alias in node.names if self.finder.file_of(alias.name, path) is None
                )
            elif next(self._from_import(node, path), None) is None:
                yield absolute_name(node, path)
