"""From source text to top-level statements; a syntax error costs only the statement it is in."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from grader.extract.extracted import NOT_PARSED, SUMMARY_LENGTH, LeftOut
from grader.extract.ipython import LineScanner, foreign_cell, plain_lines
from grader.extract.scopes import Definition
from grader.model.observation import Location

UNIT_CHARACTERS = 500_000
"""The longest cell or module that is parsed: a syntax tree takes up to 800 bytes for a character."""

GREATEST_PARTS = 200
"""Most parts of a dotted name: Python's parser stores each beginning of `import a.b.c`, which is quadratic."""

_CONTINUES_BLOCK = re.compile(r"(?:elif|else|except|finally)\b")
_CERTAIN_START = re.compile(r"(?:async[ \t]+def|def|class|import|from|@)[ \t]*[^\W\d]")
_DEFINES = re.compile(r"(?:async[ \t]+)?(?:def|class)[ \t]+([^\W\d]\w*)", re.MULTILINE)
_ASSIGNS = re.compile(r"([^\W\d]\w*)[ \t]*=(?!=)")
_PYTHON_2 = re.compile(
    r"Missing parentheses in call to '(?P<call>\w+)'|multiple exception types must be parenthesized"
    r"|leading zeros in decimal integer literals"
)
_LINE_NUMBER = re.compile(r"( on line )(\d{1,9})")
_DOTTED = re.compile(r"(?:\.[\s\\]*+\w++[\s\\]*+)++")
_DETECTED = re.compile(r" \(detected at line \d+\)")


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a text does not parse; `line` counts from 1 within it."""

    message: str
    line: int


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

    def left_out(self, reason: str, binds: tuple[str, ...]) -> LeftOut:
        # Cut first: a line may hold a hundred thousand statements.
        line = self.fault_line or self.first_line
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
    nodes = parse(text)
    if not isinstance(nodes, Fault):
        return [_statement(unit, node, 0) for node in nodes]
    plain = plain_lines(lines)
    found = [Statement(unit, item.line, item.line, None, item.reason, item.binds) for item in plain.replaced]
    unit = replace(unit, lines=_dedented(plain.lines), encoded={})
    nodes = parse("\n".join(unit.lines))
    if isinstance(nodes, Fault):
        found += _salvaged(unit)
    else:
        found += [_statement(unit, node, 0) for node in nodes]
    return sorted(found, key=lambda statement: statement.first_line)


def parse(text: str) -> list[ast.stmt] | Fault:
    """The statements of a text, or why it does not parse; the caller has silenced SyntaxWarning."""
    if any(match[0].count(".") > GREATEST_PARTS for match in _DOTTED.finditer(text)):
        return Fault(f"a name has more than {GREATEST_PARTS} parts", 1)
    try:
        return ast.parse(text).body
    except SyntaxError as error:
        return Fault(_message(error.msg), error.lineno or 1)
    except (RecursionError, MemoryError):
        return Fault("nested too deeply", 1)
    except ValueError:
        return Fault("it contains characters that Python source may not", 1)


def _message(text: str) -> str:
    if match := _PYTHON_2.search(text):
        detail = f"{match['call']} without parentheses" if match["call"] else text
        return f"it is Python 2 ({detail})"
    if text.startswith("inconsistent use of tabs"):
        return "its indentation mixes tabs and spaces, which only Python 2 allows: use spaces only"
    return _DETECTED.sub("", text.split("\n", 1)[0][:200])


def statements_in(unit: Unit, first: int, end: int) -> list[Statement] | None:
    """The statements of some lines of a unit, counted from 0; None if they do not parse."""
    nodes = parse("\n".join(unit.lines[first:end]))
    return None if isinstance(nodes, Fault) else [_statement(unit, node, first) for node in nodes]


def _statement(unit: Unit, node: ast.stmt, offset: int) -> Statement:
    """A statement whose node was parsed from text that begins `offset` lines below the unit's first."""
    return Statement(unit, _first_line(node) + offset, (node.end_lineno or node.lineno) + offset, node)


def _first_line(node: ast.stmt) -> int:
    decorators = node.decorator_list if isinstance(node, Definition) else []
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _dedented(lines: list[str]) -> list[str]:
    """The lines without the first one's indent: IPython accepts a cell that is indented as a whole."""
    first = next((line for line in lines if line.strip()), "")
    indent = first[: len(first) - len(first.lstrip(" \t"))]
    return [line.removeprefix(indent) for line in lines] if indent else lines


def _salvaged(unit: Unit) -> Iterator[Statement]:
    """The statements of a text that does not parse as a whole, read block by block."""
    for first, end in _blocks(unit.lines):
        nodes = parse("\n".join(unit.lines[first:end]))
        if not isinstance(nodes, Fault):
            yield from (_statement(unit, node, first) for node in nodes)
            continue
        # A quote that was never closed hides what follows: cut at every line that looks like a definition.
        pieces = _cut(unit.lines, first, end, _CERTAIN_START.match)
        for piece_first, piece_end in pieces:
            found = nodes if len(pieces) == 1 else parse("\n".join(unit.lines[piece_first:piece_end]))
            if isinstance(found, Fault):
                yield _broken(unit, piece_first, piece_end, found)
            else:
                yield from (_statement(unit, node, piece_first) for node in found)


def _blocks(lines: Sequence[str]) -> list[tuple[int, int]]:
    """(first, end) of the texts between lines where a statement begins in column 0."""
    scanner = LineScanner()

    def begins(line: str) -> bool:
        is_start = scanner.begins_statement(line) and line[:1] not in {"", " ", "\t", "#", "\f"}
        scanner.feed(line)
        return is_start and not _CONTINUES_BLOCK.match(line)

    return _cut(lines, 0, len(lines), begins)


def _cut(
    lines: Sequence[str], first: int, end: int, begins: Callable[[str], object]
) -> list[tuple[int, int]]:
    """(first, end) of the pieces between lines that begin one; decorators belong to the next definition."""
    starts = [first]
    is_decorated = False
    for index in range(first, end):
        if begins(lines[index]):
            if index > first and not is_decorated:
                starts.append(index)
            is_decorated = lines[index].startswith("@")
    return list(zip(starts, [*starts[1:], end], strict=True))


def _broken(unit: Unit, first: int, end: int, fault: Fault) -> Statement:
    names: tuple[str, ...] = ()
    for index in range(first, end):
        match = _DEFINES.match(unit.lines[index]) or (
            _ASSIGNS.match(unit.lines[index]) if index == first else None
        )
        if match:
            names = (match[1],)
            break
    line = min(first + max(fault.line, 1), len(unit.lines))
    offset = first
    message = _LINE_NUMBER.sub(lambda match: f"{match[1]}{int(match[2]) + offset}", fault.message)
    while first < end - 1 and not unit.lines[first].strip():
        first += 1
    return Statement(unit, first + 1, end, None, f"{NOT_PARSED}{message}", names, fault_line=line)
