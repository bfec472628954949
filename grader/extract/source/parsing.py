"""From source text to top-level statements; a syntax error costs only the statement it is in."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from grader.extract.source.extracted import NOT_PARSED, SUMMARY_LENGTH, LeftOut
from grader.extract.source.ipython import as_ipython_reads, dedented, foreign_cell, plain_lines
from grader.extract.source.python_2 import Converter
from grader.extract.source.salvage import Lost, Part, returns_outside, salvaged
from grader.extract.source.scopes import Definition
from grader.extract.source.syntax import Fault, parse
from grader.model.observation import Location

UNIT_CHARACTERS = 500_000
"""The longest cell or module that is parsed: a syntax tree takes up to 800 bytes for a character."""

_MAGIC = re.compile(r"^[ \t]*[%!][^\W\d]", re.MULTILINE)
_DEFINES = re.compile(r"(?:async[ \t]+)?(?:def|class)[ \t]+([^\W\d]\w*)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Unit:
    """The lines of one cell or module.

    file: whose namespace they are executed in.
    origin: the file they are in, if that is another one; then `cell` is a cell of it.
    quote: for lines of a string, the string's line, and how many of the lines come before the string's first.
    run_from: the file whose namespace it would be, if `file` runs that one.
    summary: for lines that stand for the student's, those of the student.
    """

    file: str
    cell: int | None
    lines: Sequence[str]
    origin: str = ""
    quote: tuple[int, int] | None = None
    run_from: str = ""
    summary: str = ""
    encoded: dict[int, bytes] = field(default_factory=dict)

    def between(self, index: int, start: int | None, end: int | None) -> str:
        """A part of a line by its columns, which count bytes of UTF-8; takes time with the part, not the line."""
        line = self.lines[index]
        if line.isascii():
            return line[start:end]
        if index not in self.encoded:
            self.encoded[index] = line.encode()
        return self.encoded[index][start:end].decode()

    def location_of(self, line: int) -> Location:
        file = self.origin or self.file
        if self.quote is None:
            return Location(file, self.cell, line)
        at, above = self.quote
        return Location(file, self.cell, at, max(line - above, 1))


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """One top-level statement, or text that is not one."""

    unit: Unit
    first_line: int
    last_line: int
    node: ast.stmt | None
    """None for text that is not a statement."""
    obstacle: str = ""
    """Why it is not a statement."""
    names: tuple[str, ...] = ()
    """Names it would have bound."""
    fault_line: int | None = None
    """The line of a syntax error, in the unit."""
    lost: tuple[Lost, ...] = ()
    """What a class lost because it does not parse."""
    is_converted: bool = False
    """Whether it was Python 2."""

    @property
    def location(self) -> Location:
        return self.unit.location_of(self.first_line)

    def location_of(self, inner: Definition) -> Location:
        """The location of a definition within the statement."""
        offset = 0 if self.node is None else self.first_line - _first_line(self.node)
        return self.unit.location_of(inner.lineno + offset)

    @property
    def source(self) -> str:
        """The statement's own text, without others on its lines."""
        first, last = self.first_line - 1, self.last_line - 1
        if self.node is None or not 0 <= first <= last < len(self.unit.lines):
            return "\n".join(self.unit.lines[first : last + 1])
        start = None if getattr(self.node, "decorator_list", ()) else self.node.col_offset
        end = self.node.end_col_offset
        if first == last:
            return self.unit.between(first, start, end)
        whole = self.unit.lines[first + 1 : last]
        return "\n".join([self.unit.between(first, start, None), *whole, self.unit.between(last, None, end)])

    @property
    def lost_methods(self) -> tuple[LeftOut, ...]:
        """What a class lost because it does not parse."""
        owner = getattr(self.node, "name", "")
        names = (f"{owner}.{each.name}" if each.name else f"a line of {owner}" for each in self.lost)
        return tuple(
            self.left_out(f"{NOT_PARSED}{each.reason}", (name,), each.line)
            for name, each in zip(names, self.lost, strict=True)
        )

    def left_out(self, reason: str, binds: tuple[str, ...], line: int | None = None) -> LeftOut:
        # Cut first: a line may hold a hundred thousand statements.
        line = line or self.fault_line or self.first_line
        text = self.unit.lines[line - 1][: 10 * SUMMARY_LENGTH].strip() if self.unit.lines else ""
        text = self.unit.summary or text
        summary = text if len(text) <= SUMMARY_LENGTH else text[: SUMMARY_LENGTH - 1] + "…"
        return LeftOut(self.unit.location_of(line), summary, reason, binds)


def statements_of(
    file: str,
    cell: int | None,
    text: str,
    *,
    origin: str = "",
    quote: tuple[int, int] | None = None,
    is_cell: bool = False,
    converter: Converter | None = None,
) -> list[Statement]:
    """The top-level statements of one cell or module, in order. Raises nothing, executes nothing.

    origin, quote: those of the text's Unit. is_cell: whether a cell magic may begin it, as in every cell of a notebook.
    """
    lines = text.split("\n")
    unit = Unit(file, cell, lines, origin, quote)
    if len(text) > UNIT_CHARACTERS:
        reason = f"it is longer than {UNIT_CHARACTERS:,} characters, too long to read"
        return [Statement(unit, 1, 1, None, reason)]
    if (is_cell or cell is not None) and (magic := foreign_cell(text)):
        first = next(number for number, line in enumerate(lines, start=1) if line.strip())
        names = tuple(dict.fromkeys(match[1] for match in _DEFINES.finditer(text)))
        return [Statement(unit, first, len(lines), None, f"part of a %%{magic} cell", names)]
    nodes = None if cell is not None and _MAGIC.search(text) else _whole(text)
    if nodes is not None:
        return [_statement(unit, node) for node in nodes]
    plain = plain_lines(as_ipython_reads(lines) if is_cell or cell is not None else lines)
    found = [Statement(unit, item.line, item.line, None, item.reason, item.binds) for item in plain.replaced]
    replaced = {item.line for item in plain.replaced}
    own = dedented(plain.lines)
    unit = replace(unit, lines=own, encoded={})
    nodes = _whole("\n".join(unit.lines))
    parts = (
        [Part(0, len(lines), 0, nodes)]
        if nodes is not None
        else salvaged(own, lines, unit.location_of(1).place, converter or Converter())
    )
    for part in parts:
        if part.fault is not None:
            found.append(_broken(unit, part, part.fault))
        else:
            statements = (_statement(unit, node, part) for node in part.nodes)
            found += [each for each in statements if each.first_line not in replaced]
    return sorted(found, key=lambda statement: statement.first_line)


def _whole(text: str) -> list[ast.stmt] | None:
    """The statements of a text that Python would compile; None for any other."""
    nodes = parse(text)
    return None if isinstance(nodes, Fault) or returns_outside(nodes) else nodes


def statements_in(unit: Unit, first: int, end: int, *, is_converted: bool) -> list[Statement] | None:
    """The statements of some lines of a unit, counted from 0; None if they do not parse."""
    nodes = parse("\n".join(unit.lines[first:end]))
    if isinstance(nodes, Fault):
        return None
    part = Part(first, end, first, is_converted=is_converted)
    return [_statement(unit, node, part) for node in nodes]


def _statement(unit: Unit, node: ast.stmt, part: Part | None = None) -> Statement:
    """A statement whose node was parsed from this part of the unit, or from all of it."""
    part = part or Part(0, 0, 0)
    lost = part.lost if isinstance(node, ast.ClassDef) else ()
    first, last = _first_line(node) + part.first, (node.end_lineno or node.lineno) + part.first
    return Statement(unit, first, last, node, lost=lost, is_converted=part.is_converted)


def _first_line(node: ast.stmt) -> int:
    decorators = node.decorator_list if isinstance(node, Definition) else []
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _broken(unit: Unit, part: Part, fault: Fault) -> Statement:
    first = next((index for index in range(part.first, part.end) if unit.lines[index].strip()), part.end - 1)
    reason = NOT_PARSED + fault.message
    return Statement(unit, first + 1, part.end, None, reason, part.names, fault_line=fault.line)
