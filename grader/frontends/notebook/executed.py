"""From a kernel's history to a notebook of what holds in its namespace: what was executed, and not replaced since."""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from grader.extract.source.file_magics import python_below_magics
from grader.extract.source.ipython import as_ipython_reads, foreign_cell, plain_lines
from grader.frontends.notebook.snapshot import Snapshot

NOTEBOOK = "notebook.ipynb"
"""The name that the notebook has as a file of the submission. Its cell 7 is In [7]."""

_CELL = re.compile(rf"{re.escape(NOTEBOOK)}, cell (?P<one>\d+)|cell (?P<other>\d+) of {re.escape(NOTEBOOK)}")
_WHOLE = re.compile(rf"(?<![\w/.-]){re.escape(NOTEBOOK)}")
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True, slots=True)
class Broken:
    """An execution that Python could not parse, or that stopped before its end.

    Attributes:
        source: what was not run of it.
        fault: why it could not be parsed; empty if it was.
    """

    number: int
    line: int
    source: str
    fault: str = ""

    def defines(self, name: str) -> bool:
        """Whether what was not run of it was to define the function or class."""
        return is_defined_in(self.source, name)

    def __str__(self) -> str:
        if self.fault:
            return f"In [{self.number}] has a syntax error in line {self.line} ({self.fault})"
        return f"In [{self.number}] stopped at line {self.line}"


@dataclass(frozen=True, slots=True)
class Executed:
    """What was executed. cells: the text of each execution, the first In [1], with blank lines where it does not count."""

    cells: tuple[str, ...]
    broken: tuple[Broken, ...] = ()

    @property
    def notebook(self) -> bytes:
        """As a file."""
        cells: list[dict[str, object]] = [
            {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": text}
            for text in self.cells
        ]
        return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode(
            "utf-8", "backslashreplace"
        )


def is_defined_in(text: str, name: str) -> bool:
    """Whether the text, which need not be valid Python, defines a function or class of this name."""
    definition = rf"^\s*(?:async\s+)?(?:def|class)\s+{re.escape(name)}\b"
    return re.search(definition, text, re.MULTILINE) is not None


def cells_in_words(words: str) -> str:
    """The words with In [7] for cell 7 of the notebook, as the student sees it."""
    words = _CELL.sub(lambda match: f"In [{match['one'] or match['other']}]", words)
    return _WHOLE.sub("this notebook", words)


def executed(snapshot: Snapshot) -> Executed:
    """What counts of a kernel's cells."""
    parts = [_Part(number, text) for number, text in enumerate(snapshot.cells, 1)]
    broken = []
    for part in parts:
        number = part.number
        is_live = any(of == number for of, _ in snapshot.live.values())
        if part.fault is not None and number not in snapshot.ended and not is_live:
            line, fault = part.fault
            broken.append(Broken(number, line, part.text, fault))
            part.clear()
        elif part.is_magic:
            continue
        elif number in snapshot.stopped:
            line = snapshot.stopped[number]
            broken.append(Broken(number, line, part.cut(line)))
        elif number == snapshot.current[0] and snapshot.current[1]:
            part.cut(snapshot.current[1])
    for part in parts:
        part.drop(node for node in part.definitions if _is_gone(node, part.number, snapshot))
    _drop_replaced(parts)
    return Executed(tuple(part.as_counted for part in parts), tuple(broken))


def _is_gone(node: ast.stmt, number: int, snapshot: Snapshot) -> bool:
    """Whether the namespace shows that the definition was not executed, or was deleted."""
    name: str = node.name  # type: ignore[attr-defined]
    return name not in snapshot.names or snapshot.live.get(name, (number, 0))[0] < number


def _drop_replaced(parts: Sequence[_Part]) -> None:
    """Drop definitions that a later one replaced before any other statement could use them."""
    latest: dict[str, tuple[_Part, ast.stmt]] = {}
    for part in parts:
        for node in list(part.statements):
            for name in _used_at_once(node):
                latest.pop(name, None)
            if isinstance(node, _DEFINITIONS):
                if (before := latest.get(node.name)) is not None:
                    before[0].drop([before[1]])
                latest[node.name] = part, node


def _used_at_once(node: ast.stmt) -> set[str]:
    """The names that are read when the statement is executed; those in a function's body are read when it is called."""
    inner: Iterable[ast.AST] = (node,)
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        inner = (*node.decorator_list, node.args)
    return {
        each.id
        for part in inner
        for each in ast.walk(part)
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)
    }


class _Part:
    """One execution: its lines, and the statements of it that count."""

    def __init__(self, number: int, text: str) -> None:
        self.number = number
        self.text = text.replace("\r\n", "\n").replace("\r", "\n")
        self.lines = self.text.split("\n")
        self.is_magic = self.text.lstrip().startswith("%%")
        self.fault: tuple[int, str] | None = None
        self.statements: list[ast.stmt] = []
        if foreign_cell(self.text) is None:
            body = as_ipython_reads(python_below_magics(self.text).split("\n"))
            self._parse("\n".join(plain_lines(body).lines))

    def _parse(self, source: str) -> None:
        try:
            with warnings.catch_warnings(action="ignore"):
                flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
                tree = compile(source, "cell", "exec", flags, dont_inherit=True)
        except SyntaxError as error:
            self.fault = error.lineno or 1, error.msg
        except (ValueError, RecursionError, MemoryError) as error:
            self.fault = 1, str(error) or "nested too deeply"
        else:
            self.statements = tree.body

    @property
    def definitions(self) -> list[ast.stmt]:
        """The functions and classes defined at the top."""
        return [node for node in self.statements if isinstance(node, _DEFINITIONS)]

    @property
    def as_counted(self) -> str:
        """The text of what counts, each line where it was."""
        return "\n".join(self.lines)

    def clear(self) -> None:
        """Let nothing of it count."""
        self.lines = [""] * len(self.lines)
        self.statements = []

    def cut(self, line: int) -> str:
        """Let nothing count from the statement on that has this line; the text of that."""
        if line < 1:
            self.clear()
            return self.text
        later = [node for node in self.statements if (node.end_lineno or node.lineno) >= line]
        first = min([line, *(_first_line(node) for node in later)])
        away = "\n".join(self.lines[first - 1 :])
        self.lines[first - 1 :] = [""] * (len(self.lines) - first + 1)
        self.statements = [node for node in self.statements if node not in later]
        return away

    def drop(self, nodes: Iterable[ast.stmt]) -> None:
        """Let these statements not count."""
        for node in list(nodes):
            self.statements.remove(node)
            first, last = _first_line(node), node.end_lineno or node.lineno
            shared = [
                each
                for each in self.statements
                if _first_line(each) <= last and (each.end_lineno or 0) >= first
            ]
            if not shared:  # `def f(): ...; x = 1`
                self.lines[first - 1 : last] = [""] * (last - first + 1)


def _first_line(node: ast.stmt) -> int:
    decorators: Iterator[int] = (each.lineno for each in getattr(node, "decorator_list", ()))
    return min([node.lineno, *decorators])
