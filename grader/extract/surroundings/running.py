"""The statements of files that other files run (%run and its like), put in the place of the command."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from grader.extract.source.binding import bindings_of
from grader.extract.source.file_magics import Import, Run, command, line_magic, nearest
from grader.extract.source.importing import ModuleFinder
from grader.extract.source.parsing import Statement, Unit
from grader.extract.source.reading import SUBMISSION_STATEMENTS
from grader.extract.source.syntax import tree_of
from grader.extract.surroundings.patching import Lines

_DEPTH = 10
"""How many files that run one another are followed."""

_COMMANDS_FOLLOWED = 1_000
"""How many commands of one submission are followed."""

_COMMANDS = (ast.Expr, ast.Assign, ast.With)
_BLOCKS = (ast.If, ast.Try, ast.With, ast.For, ast.While)
_MAY_ASK = re.compile(r"run|exec|magic|aimport|import_|__import__|load_|SourceFileLoader|spec")
_MAY_RUN = re.compile(r"\b(?:run_line_magic|magic|exec|execfile|run_path)\b")


def with_runs(sources: Mapping[str, Sequence[Statement]], finder: ModuleFinder) -> dict[str, list[Statement]]:
    """The sources with the statements that every %run stands for.

    A notebook is run in the namespace of the file that runs it: its statements are copied there. A module is run in one
    of its own, and its names are copied: an import of each.
    """
    return _Runs(sources, finder).expanded()


def mark_run(sources: Mapping[str, Sequence[Statement]], finder: ModuleFinder) -> None:
    """Tell the finder which modules are run, and not only imported: their main guards hold."""
    _Runs(sources, finder).mark()


class _Runs:
    def __init__(self, sources: Mapping[str, Sequence[Statement]], finder: ModuleFinder) -> None:
        self._sources = sources
        self._finder = finder
        self._paths = tuple(sources)
        self._left = SUBMISSION_STATEMENTS
        self._commands_left = _COMMANDS_FOLLOWED
        self._done: dict[str, list[Statement]] = {}
        self._asking: dict[int, tuple[bool, Sequence[str]]] = {}
        self._specs: dict[tuple[str, str], str] = {}
        """The paths that variables get from spec_from_file_location, by the file and the variable."""
        self._bound: dict[str, list[str]] = {}

    def expanded(self) -> dict[str, list[Statement]]:
        return {path: self._expanded(path, ()) for path in self._sources}

    def mark(self) -> None:
        """Tell the finder which modules are run, and not only imported."""
        for path, statements in self._sources.items():
            for statement in statements:
                for asked in (self._asked(statement), *self._asked_within(statement)):
                    file = self._file_of(asked, path) if isinstance(asked, Run) else None
                    if file is not None and isinstance(asked, Run) and not asked.is_imported:
                        self._finder.run_as_main(file)

    def _expanded(self, path: str, running: tuple[str, ...]) -> list[Statement]:
        if path in self._done:
            return self._done[path]
        found = self._done[path] = []  # also what a ring of files finds where it was entered
        for statement in self._sources[path]:
            for part in _without_with(statement):
                asked = self._asked(part)
                if isinstance(asked, Run):
                    if self._file_of(asked, path) is None:
                        found.append(part)
                    found += self._run(part, asked, path, running)
                elif asked is not None:
                    found += self._imported(part, asked)
                else:
                    for inner in self._asked_within(part):
                        found += self._run(part, inner, path, running)
                    found.append(part)
        return found

    def _asked(self, statement: Statement) -> Run | Sequence[Import] | None:
        """What a command asks for; None for any other statement."""
        asked: Run | Sequence[Import] | None = None
        if not self._may_ask(statement.unit.lines):
            return None
        if statement.node is None:
            text = statement.unit.lines[statement.first_line - 1].lstrip() if statement.unit.lines else ""
            asked = line_magic(text) if text.startswith(("%", "run ")) else None
        elif isinstance(statement.node, _COMMANDS):
            asked = command(statement.node) or self._by_spec(statement)
        return self._counted(asked)

    def _may_ask(self, lines: Sequence[str]) -> bool:
        """Whether a word of a command is anywhere in the lines of a unit; lines that many units share are read once."""
        if id(lines) not in self._asking:
            own, below = (lines.own, lines.base) if isinstance(lines, Lines) else (lines, ())
            asks = any(map(_MAY_ASK.search, own)) or (bool(below) and self._may_ask(below))
            self._asking[id(lines)] = asks, lines
        return self._asking[id(lines)][0]

    def _by_spec(self, statement: Statement) -> Sequence[Import] | None:
        """`tools = module_from_spec(spec)`, where spec is spec_from_file_location("tools", "tools.py")."""
        match statement.node:
            case ast.Assign(
                [ast.Name(name)], ast.Call(ast.Attribute(attr=function) | ast.Name(function), args)
            ):
                if function == "spec_from_file_location":
                    texts = [
                        each.value for arg in args for each in ast.walk(arg) if isinstance(each, ast.Constant)
                    ]
                    self._specs[statement.unit.file, name] = str(texts[-1]) if texts else ""
                elif function == "module_from_spec" and args and isinstance(args[0], ast.Name):
                    path = self._specs.get((statement.unit.file, args[0].id), "")
                    return [Import(path, name)] if path.endswith((".py", ".ipynb")) else None
        return None

    def _asked_within(self, statement: Statement) -> Iterator[Run]:
        """The files that a block runs, where it is not known whether the block does."""
        if isinstance(statement.node, _BLOCKS) and _MAY_RUN.search(statement.source):
            for item in ast.walk(statement.node):
                if isinstance(item, _COMMANDS) and item is not statement.node:
                    asked = self._counted(command(item))
                    if isinstance(asked, Run):
                        yield asked

    def _counted(self, asked: Run | Sequence[Import] | None) -> Run | Sequence[Import] | None:
        """The same, as long as not too many commands are followed."""
        if asked is not None:
            self._commands_left -= 1
        return asked if self._commands_left >= 0 else None

    def _file_of(self, run: Run, path: str) -> str | None:
        return nearest(run.path, path.rpartition("/")[0], self._paths)

    def _run(self, statement: Statement, run: Run, path: str, running: tuple[str, ...]) -> list[Statement]:
        """The statements that stand for a run; none for a file that runs itself."""
        file = self._file_of(run, path)
        if file is None:
            text = f"from {self._finder.name_absent(run.path)} import *"
            return [] if run.is_exec else [_standing_for(statement, text)]
        if file == path or file in running or len(running) == _DEPTH:
            return []
        inner = self._expanded(file, (*running, path))[: self._left]
        if run.is_shared:
            self._left -= len(inner)
            return [replace(each, unit=_run_in(statement.unit.file, each.unit)) for each in inner]
        if file not in self._bound:
            self._bound[file] = _names_bound(inner)
        dotted = self._finder.name_of(file)
        taken = self._bound[file][: self._left]
        self._left -= len(taken)
        return [_standing_for(statement, f"from {dotted} import {name}") for name in taken]

    def _imported(self, statement: Statement, imports: Iterable[Import]) -> list[Statement]:
        """Imports in the place of their command, where all are of the submission's own files."""
        found = []
        for each in imports:
            path = statement.unit.file
            if each.module.endswith((".py", ".ipynb")):
                file = nearest(each.module, path.rpartition("/")[0], self._paths)
            else:
                file = self._finder.file_of(each.module, path)
            if file is None:
                return [statement]
            is_same = "." not in each.module and each.module == each.name
            dotted = each.module if is_same else self._finder.name_of(file)
            found.append(
                _standing_for(statement, f"import {dotted}" + ("" if is_same else f" as {each.name}"))
            )
        return found


def _names_bound(statements: Iterable[Statement]) -> list[str]:
    """The names that the statements bind, with a star last if they import one."""
    names: dict[str, None] = {}
    stars: list[str] = []
    for each in statements:
        if each.node is None:
            names.update(dict.fromkeys(each.names))
        else:
            bindings = bindings_of(each.node)
            names.update(dict.fromkeys((*bindings.whole, *bindings.partial)))
            stars = stars or ["*"] * bool(bindings.stars)
    return [*names, *stars]


def _run_in(path: str, unit: Unit) -> Unit:
    """The unit in the namespace of the file that runs it."""
    return replace(unit, file=path, origin=unit.origin or unit.file, run_from=unit.file)


def _standing_for(statement: Statement, text: str) -> Statement:
    """A statement of ours at the location of one of the student's."""
    unit = statement.unit
    place = unit.location_of(statement.first_line)
    summary = unit.lines[statement.first_line - 1].strip()
    lines = [*[""] * (place.line - 1), text]
    own = Unit(unit.file, unit.cell, lines, unit.origin, run_from=unit.run_from, summary=summary)
    return Statement(own, place.line, place.line, tree_of(text).body[0])


def _without_with(statement: Statement) -> list[Statement]:
    """The imports in a `with` that holds nothing else, as `with Notebook():` does for importnb; else the statement."""
    node = statement.node
    if not isinstance(node, ast.With) or not all(
        isinstance(each, ast.Import | ast.ImportFrom) for each in node.body
    ):
        return [statement]
    offset = statement.first_line - node.lineno
    return [
        Statement(statement.unit, each.lineno + offset, (each.end_lineno or each.lineno) + offset, each)
        for each in node.body
    ]
