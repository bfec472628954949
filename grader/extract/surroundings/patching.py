"""Parts of a text replaced while its line numbers stay: blocks moved to column 0, statements blanked."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import overload

from grader.extract.source.parsing import Statement, Unit, statements_in
from grader.extract.source.scopes import Definition


class Lines(Sequence[str]):
    """Lines of a text of which some are replaced."""

    def __init__(self, base: Sequence[str], first: int, own: Sequence[str]) -> None:
        self.base = base
        self._first = first
        self.own = own

    def __len__(self) -> int:
        return len(self.base)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        at = index + len(self) if index < 0 else index
        if 0 <= at - self._first < len(self.own):
            return self.own[at - self._first]
        return self.base[at]


@dataclass(frozen=True, slots=True)
class Patched:
    """A unit in which the lines from `first` to `end`, counted from 0, are replaced."""

    unit: Unit
    first: int
    end: int

    def statements(self, statement: Statement) -> list[Statement] | None:
        """What these lines, made from the statement, hold; None if they do not parse."""
        return statements_in(self.unit, self.first, self.end, is_converted=statement.is_converted)

    @classmethod
    def of_lines(cls, unit: Unit, first: int, own: Sequence[str]) -> Patched:
        lines = Lines(unit.lines, first, own)
        return cls(replace(unit, lines=lines, encoded={}), first, first + len(own))

    @classmethod
    def of_block(cls, statement: Statement, block: Sequence[ast.stmt]) -> Patched | None:
        """The block of a compound statement moved to column 0; None if its lines are not where they should be."""
        if statement.node is None:
            return None
        offset = statement.first_line - first_line_of(statement.node) - 1
        first = first_line_of(block[0]) + offset
        last = (block[-1].end_lineno or 0) + offset
        unit = statement.unit
        if not 0 <= first <= last < len(unit.lines):
            return None
        column = block[0].col_offset
        before = unit.between(first, None, column)
        kept = {
            line + offset
            for node in block
            for item in ast.walk(node)
            if _is_text(item)
            for line in range(item.lineno + 1, (item.end_lineno or 0) + 1)  # type: ignore[attr-defined]
        }
        end = block[-1].end_col_offset
        lines = [unit.between(first, column, end if first == last else None)]
        indent = before if not before.strip() else ""
        for index in range(first + 1, last + 1):
            line = unit.between(index, None, end) if index == last else unit.lines[index]
            lines.append(line if index in kept else line.removeprefix(indent))
        if isinstance(block[0], ast.If) and lines[0].startswith("elif"):
            lines[0] = lines[0].removeprefix("el")
        return cls.of_lines(unit, first, lines)

    @classmethod
    def of_replaced(
        cls, statement: Statement, replaced: Iterable[tuple[ast.stmt | ast.expr, str]]
    ) -> Patched | None:
        """The statement with parts of it replaced by others of one line."""
        if statement.node is None:
            return None
        start, end = statement.first_line - 1, statement.last_line
        offset = -first_line_of(statement.node)
        lines = [line.encode() for line in statement.unit.lines[start:end]]
        for node, text in sorted(
            replaced, key=lambda pair: (pair[0].lineno, pair[0].col_offset), reverse=True
        ):
            first = first_line_of(node) + offset
            last = (node.end_lineno or 0) + offset
            if not 0 <= first <= last < len(lines):
                return None
            lines[first] = (
                lines[first][: node.col_offset] + text.encode() + lines[last][node.end_col_offset :]
            )
            lines[first + 1 : last + 1] = [b""] * (last - first)
        return cls.of_lines(statement.unit, start, [line.decode() for line in lines])


def first_line_of(node: ast.stmt | ast.expr) -> int:
    """Where a part of a tree begins, its decorators included."""
    decorators = node.decorator_list if isinstance(node, Definition) else []
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _is_text(item: ast.AST) -> bool:
    """Whether a node is a string over several lines, whose own indentation must stay."""
    is_string = isinstance(item, ast.JoinedStr) or (
        isinstance(item, ast.Constant) and isinstance(item.value, str | bytes)
    )
    return is_string and (item.end_lineno or 0) > item.lineno  # type: ignore[attr-defined]
