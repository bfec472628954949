"""All statements of a submission in one order of execution, and which of them bind a name."""

from __future__ import annotations

import ast
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from grader.extract.source.binding import TOO_DEEP, Bindings, Reads, bindings_of, reads_of
from grader.extract.source.effort import GREATEST_EFFORT, SUBMISSION_EFFORT, compile_effort
from grader.extract.source.importing import ModuleFinder, absolute_name, imports_in
from grader.extract.source.parsing import Statement

_STAR_DEPTH = 20
_STAR_FILES = 200
_STAR_MODULES = 20
"""How far star imports of star imports are followed, in how many files, and how many other modules one may name."""


@dataclass(frozen=True, slots=True)
class ImportedName:
    """One name that a statement imports."""

    bound: str
    """The name it gets."""
    dotted: str
    """The module it comes from."""
    file: str
    """That module's file in the submission; empty for any other module."""
    name: str | None
    """The name in that module; None for the module itself."""


@dataclass(frozen=True, slots=True)
class Starred:
    """Star imports that bring a name, and the file of the submission that binds it; None for another module."""

    imports: tuple[int, ...]
    file: str | None


@dataclass(frozen=True, slots=True)
class Reach:
    """The names that the star imports of one file bring."""

    files: Mapping[str, tuple[int, tuple[int, ...]]]
    """Files of the submission: the rank of each, and the statements that lead there."""
    foreign: tuple[int, ...]
    """Statements that lead to the first other module, which may bring any name."""


@dataclass(slots=True, eq=False)
class Namespace:
    """The names of one file: a notebook's cells share one, a module has its own."""

    path: str
    statements: Sequence[Statement]
    first: int
    """The number of the first statement."""
    bindings: list[Bindings] = field(default_factory=list)
    events: dict[str, list[int]] = field(default_factory=dict)
    """Under each name the numbers of the statements that bind or change it."""
    stars: list[tuple[int, ast.ImportFrom]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for number, statement in enumerate(self.statements, self.first):
            bindings = Bindings((), (), ()) if statement.node is None else bindings_of(statement.node)
            self.bindings.append(bindings)
            for name in dict.fromkeys((*bindings.whole, *bindings.partial, *statement.names)):
                self.events.setdefault(name, []).append(number)
            self.stars.extend((number, node) for node in bindings.stars)


class Program:
    """Statements numbered in the order of execution: imported files before their importers."""

    def __init__(self, sources: Mapping[str, Sequence[Statement]], finder: ModuleFinder) -> None:
        self.finder = finder
        self._reads: dict[int, Reads | str] = {}
        self._effort_left = SUBMISSION_EFFORT
        self._attributes: dict[str, frozenset[str]] = {}
        self._modules: dict[int, tuple[ImportedName, ...]] = {}
        self._taken: dict[int, dict[str, ImportedName]] = {}
        self._stars: dict[str, tuple[dict[str, int], tuple[int, ...]]] = {}
        self._reaches: dict[str, Reach] = {}
        self._starred: dict[tuple[str, str], Starred] = {}
        self.namespaces: dict[str, Namespace] = {}
        self.statements: list[Statement] = []
        for path in self._execution_order(sources):
            self.namespaces[path] = Namespace(path, sources[path], len(self.statements))
            self.statements.extend(sources[path])
        self._absent_names: dict[int, Mapping[str, str]] = {}
        self._ranked: dict[tuple[str, str], tuple[list[int], list[int]]] = {}
        self._binders: dict[str, list[str]] = {}
        for path, space in self.namespaces.items():
            for name in space.events:
                self._binders.setdefault(name, []).append(path)

    def _execution_order(self, sources: Mapping[str, Sequence[Statement]]) -> list[str]:
        """Depth first along imports; a ring of imports is cut where it was entered."""
        order: dict[str, None] = {}
        entered: set[str] = set()
        pending = [(path, False) for path in sorted(sources, reverse=True)]
        while pending:
            path, is_done = pending.pop()
            if is_done:
                order[path] = None
            elif path not in entered:
                entered.add(path)
                pending.append((path, True))
                imported = {each.file for statement in sources[path] for each in self._own_names(statement)}
                pending.extend((file, False) for file in sorted(imported & sources.keys(), reverse=True))
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
        """The names that the statement reads, or why it does not compile."""
        if number not in self._reads:
            self._reads[number] = self._reads_of(self.statements[number])
        return self._reads[number]

    def _reads_of(self, statement: Statement) -> Reads | str:
        node, source = statement.node, statement.source
        if node is not None and (effort := compile_effort(node, source)):
            if effort > min(GREATEST_EFFORT, self._effort_left):
                return TOO_DEEP
            self._effort_left -= effort
        reads = reads_of(source)
        if isinstance(reads, Reads) and isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            return Reads(reads.load | {node.target.id}, reads.late)
        return reads

    def events(self, path: str, name: str, before: int | None) -> Iterator[int]:
        """Statements that bind or change `name`, the one that counts first.

        before: the statement that reads the name when it is executed. If nothing before it binds the name, as in a
        notebook whose cells were run in another order, later statements count. An import from a module that is not there
        counts after all others: it replaces nothing.
        """
        numbers = self.namespaces[path].events.get(name, [])
        if len(numbers) < 2:
            return _counting(numbers, before)
        if (path, name) not in self._ranked:
            absent = [number for number in numbers if name in self.names_from_absent(number)]
            are_absent = frozenset(absent)
            self._ranked[path, name] = [number for number in numbers if number not in are_absent], absent
        others, absent = self._ranked[path, name]
        return chain(_counting(others, before), _counting(absent, before))

    def names_from_absent(self, number: int) -> Mapping[str, str]:
        """The names that an import statement takes from modules that are not there, and the modules' dotted names."""
        if number not in self._absent_names:
            node = self.statements[number].node
            found: dict[str, str] = {}
            if isinstance(node, ast.Import | ast.ImportFrom):
                for each in self.names_in(node, self.statements[number].unit.file):
                    if not each.file and not self.finder.is_real(each.dotted.partition(".")[0]):
                        found[each.bound] = each.dotted
            self._absent_names[number] = found
        return self._absent_names[number]

    def starred(self, path: str, name: str) -> Starred:
        """Where a name may come from that only star imports can bring."""
        if name.startswith("_"):
            return Starred((), None)
        if (path, name) not in self._starred:
            reach = self._reach_of(path)
            binding = (file for file in self._binders.get(name, ()) if file in reach.files)
            file = min(binding, key=lambda each: reach.files[each][0], default=None)
            imports = reach.foreign if file is None else reach.files[file][1]
            self._starred[path, name] = Starred(imports, file)
        return self._starred[path, name]

    def _reach_of(self, path: str) -> Reach:
        """Depth first along star imports, the last first; a file's other modules count after its files."""
        if path in self._reaches:
            return self._reaches[path]
        files: dict[str, tuple[int, tuple[int, ...]]] = {}
        pending: list[tuple[str, tuple[int, ...], bool]] = [(path, (), False)]
        reach = None
        while pending and reach is None:
            file, imports, is_done = pending.pop()
            own, foreign = self._stars_of(file)
            if is_done:
                if foreign or not pending:
                    reach = Reach(files, (*imports, *foreign) if foreign else ())
                continue
            if imports:
                if file == path or file in files or len(files) == _STAR_FILES:
                    continue
                files[file] = (len(files), imports)
            pending.append((file, imports, True))
            if len(imports) < _STAR_DEPTH:
                pending.extend((other, (*imports, number), False) for other, number in reversed(own.items()))
        assert reach is not None  # the last to be done is `path` itself
        self._reaches[path] = reach
        return reach

    def _stars_of(self, path: str) -> tuple[dict[str, int], tuple[int, ...]]:
        """The file's star imports, the last first: the submission's files with the statements, and all others."""
        if path in self._stars:
            return self._stars[path]
        own: dict[str, int] = {}
        foreign: dict[str, int] = {}
        for number, node in reversed(self.namespaces[path].stars):
            module = absolute_name(node.module, node.level, path)
            file = self.finder.file_of(module, path)
            if file is None:
                if len(foreign) < _STAR_MODULES:
                    foreign.setdefault(module, number)
            elif file in self.namespaces and file != path:
                own.setdefault(file, number)
        self._stars[path] = own, tuple(foreign.values())
        return self._stars[path]

    def modules_of(self, number: int) -> tuple[ImportedName, ...]:
        """The names that a statement imports from the submission's own files, inside functions too."""
        if number not in self._modules:
            self._modules[number] = tuple(self._own_names(self.statements[number]))
        return self._modules[number]

    def taken_as(self, number: int, name: str) -> ImportedName | None:
        """The import from the submission's own files that binds `name`."""
        if number not in self._taken:
            is_import = isinstance(self.statements[number].node, ast.Import | ast.ImportFrom)
            modules = self.modules_of(number) if is_import else ()
            self._taken[number] = {module.bound: module for module in modules}
        return self._taken[number].get(name)

    def _own_names(self, statement: Statement) -> Iterator[ImportedName]:
        for node in imports_in(statement):
            yield from (each for each in self.names_in(node, statement.unit.file) if each.file)

    def names_in(self, node: ast.Import | ast.ImportFrom, path: str) -> Iterator[ImportedName]:
        """Everything that an import in the file `path` takes."""
        if isinstance(node, ast.Import):
            for alias in node.names:
                bound = alias.asname or alias.name.partition(".")[0]
                yield ImportedName(bound, alias.name, self.finder.file_of(alias.name, path) or "", None)
            return
        module = absolute_name(node.module, node.level, path)
        file = self.finder.file_of(module, path)
        for alias in node.names:
            bound = alias.asname or alias.name
            # A file of that name beside a module is not part of it; below a package it is.
            if alias.name != "*" and (file is None or file.endswith("__init__.py")):
                below = f"{module}.{alias.name}"
                submodule = self.finder.file_of(below, path)
                if submodule is not None and submodule != file:
                    yield ImportedName(bound, below, submodule, None)
                    continue
            if file is None and not node.module:  # `from . import tools`: the package itself is always there
                yield ImportedName(bound, f"{module}.{alias.name}", "", None)
            else:
                yield ImportedName(bound, module, file or "", alias.name)

    def attributes_in(self, path: str) -> frozenset[str]:
        """Every name that the file takes from some object with a dot."""
        if path not in self._attributes:
            nodes = (item.node for item in self.namespaces[path].statements if item.node is not None)
            self._attributes[path] = frozenset(
                item.attr for node in nodes for item in ast.walk(node) if isinstance(item, ast.Attribute)
            )
        return self._attributes[path]

    def strangers_of(self, number: int) -> Iterator[ImportedName]:
        """All that a statement imports from modules that are not files of the submission."""
        statement = self.statements[number]
        for node in imports_in(statement):
            names = list(self.names_in(node, statement.unit.file))
            if isinstance(node, ast.Import) or all(not each.file for each in names):
                yield from (each for each in names if not each.file)


def _counting(numbers: Sequence[int], before: int | None) -> Iterator[int]:
    """Of statements in order: those before `before`, the last first; if there is none, those after it, the last first."""
    end = len(numbers) if before is None else bisect_left(numbers, before)
    if end == 0:
        return (number for number in reversed(numbers) if number != before)
    return (numbers[at] for at in range(end - 1, -1, -1))
