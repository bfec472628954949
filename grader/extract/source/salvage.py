"""The parts of a text that does not parse as a whole: what of it still counts, and which definitions are broken.

As in Python, a line that is indented less than a function ends it. If the function goes on below that line, it does not
parse, and none of it counts. A class loses only the method that is broken.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from grader.extract.source.ipython import LineScanner
from grader.extract.source.python_2 import Converter, Signs
from grader.extract.source.scopes import Definition, walk_scope
from grader.extract.source.syntax import Fault, explained, named, parse, pasted, pasted_mark, visible

_CONTINUES_BLOCK = re.compile(r"[ \t]*(?:elif|else|except|finally)\b")
_CERTAIN_START = re.compile(r"(?:async[ \t]+def|def|class|import|from|@)[ \t]*[^\W\d]")
_DEFINITION = re.compile(r"[ \t\f]*(?:(?:async[ \t]+)?(def|class)[ \t]+([^\W\d]\w*)|@)")
_ASSIGNS = re.compile(r"([^\W\d]\w*)[ \t]*=(?!=)")
_COMPOUND = re.compile(r"(?:async[ \t]+)?(?:if|for|while|with|try|match)\b")
_DECORATOR_LINES = 20
_CLASS_LINE = "class _:\n"
"""Above a method, so that it parses at its own indentation."""


@dataclass(frozen=True, slots=True)
class Lost:
    """What a class lost because it does not parse; `line` counts from 1, `name` is empty for all but methods."""

    name: str
    line: int
    reason: str


@dataclass(slots=True, eq=False)
class Part:
    """lines[first:end] of the text: statements, or why they do not parse."""

    first: int
    end: int
    start: int
    """The first line that is not blank."""
    nodes: Sequence[ast.stmt] = ()
    fault: Fault | None = None
    """In words; its line counts in the whole text."""
    kind: str = ""
    """def or class; empty for other code."""
    defined_at: int = 0
    """The line with def or class."""
    names: tuple[str, ...] = ()
    """The name that it defines, or would."""
    mark: str = ""
    """What its lines were pasted with."""
    return_outside: int | None = None
    """The line of a return outside a function."""
    is_over: bool = False
    """Whether it is a definition that ends with a return."""
    is_stray: bool = False
    """Whether it is indented less than the class it stands in."""
    lost: tuple[Lost, ...] = ()
    is_converted: bool = False
    """Whether it was Python 2."""


@dataclass(frozen=True, slots=True)
class _Text:
    """The whole text and what goes with it."""

    lines: list[str]
    shown: Sequence[str]
    place: str
    converter: Converter
    signs: Signs


def salvaged(lines: list[str], shown: Sequence[str], place: str, converter: Converter) -> list[Part]:
    """The parts of a text that does not parse, or that returns outside a function.

    In `lines` Python 2 is converted, and methods that are lost are replaced by ones that raise SyntaxError: a base
    class's must not stand in for them.

    Args:
        lines: The text to execute.
        shown: The same lines as their author knows them.
        place: The file and cell.
        converter: For Python 2.
    """
    text = _Text(lines, shown, place, converter, Signs.of("\n".join(lines)))
    return _Level(text, 0, len(lines)).parts()


def returns_outside(nodes: Sequence[ast.stmt]) -> bool:
    """Whether a return or yield stands outside a function: ast.parse accepts that, Python does not."""
    return _return_outside(nodes) is not None


def _return_outside(nodes: Sequence[ast.stmt]) -> ast.AST | None:
    pending = list(reversed(nodes))
    while pending:
        node = pending.pop()
        if isinstance(node, ast.ClassDef):
            pending += reversed(node.body)
        elif isinstance(node, ast.Expr):
            if isinstance(node.value, ast.Yield | ast.YieldFrom):
                return node
        elif not isinstance(node, Definition | ast.Assign | ast.Import | ast.ImportFrom):
            for item in walk_scope([node]):
                if isinstance(item, ast.Return | ast.Yield | ast.YieldFrom):
                    return item
    return None


def _is_over(node: ast.stmt) -> bool:
    """Whether no line after this one can be reached: a function that ends so is complete."""
    match node:
        case ast.Return() | ast.Raise():
            return True
        case ast.If(body=body, orelse=[*_, last]):
            return _is_over(body[-1]) and _is_over(last)
        case (
            ast.With(body=[*_, last])
            | ast.FunctionDef(body=[*_, last])
            | ast.AsyncFunctionDef(body=[*_, last])
        ):
            return _is_over(last)
        case ast.Try(body=[*_, last], handlers=handlers, orelse=orelse, finalbody=final):
            ways_out = [orelse[-1] if orelse else last, *(handler.body[-1] for handler in handlers)]
            return all(map(_is_over, ways_out)) or (bool(final) and _is_over(final[-1]))
        case ast.ClassDef(body=[*_, last]):
            return _is_over(last) or not isinstance(last, Definition)
    return False


def _is_code(line: str) -> bool:
    text = line.lstrip()
    return bool(text) and not text.startswith("#")


def _width(line: str) -> int:
    """How far a line is indented, with tabs to every eighth column."""
    indent = line[: len(line) - len(line.lstrip(" \t\f"))]
    return len(indent[indent.rfind("\f") + 1 :].expandtabs(8))


def _cut(
    indices: range, begins: Callable[[int], bool], is_decorator: Callable[[int], bool]
) -> list[tuple[int, int]]:
    """(first, end) of the pieces between lines that begin one; decorators belong to the next definition."""
    starts = [indices.start]
    is_decorated = False
    for index in indices:
        if begins(index):
            if index > indices.start and not is_decorated:
                starts.append(index)
            is_decorated = is_decorator(index)
    return list(zip(starts, [*starts[1:], indices.stop], strict=True))


class _Level:
    """The parts of a text, or of one class's body, whose statements begin at one indentation."""

    def __init__(
        self, text: _Text, first: int, end: int, indent: str | None = None, *, is_python_2: bool = False
    ) -> None:
        self._text = text
        self._is_python_2 = is_python_2
        self._lines = text.lines
        self._shown = text.shown
        self._seen = {index: visible(text.lines[index]) for index in range(first, end)}
        self._range = range(first, end)
        self._indent = indent or ""
        self._is_class = indent is not None

    def parts(self) -> list[Part]:
        found = self._joined()
        if not self._is_class:
            found = [self._without_lost(part) for part in found]
        if self._is_python_2 or any(part.is_converted for part in found):
            for part in found:
                if part.fault is None and not part.is_converted:
                    self._convert(part, is_known=True)
        return found

    def _joined(self) -> list[Part]:
        """The parts, with those on which a definition goes on added to it."""
        found: list[Part] = []
        owner: Part | None = None
        between: list[Part] = []  # what stands between the owner, which is the last definition, and this part
        for part in self._read():
            line = None if owner is None or part.kind else self._line_that_goes_on(owner, part)
            if owner is not None and line is not None:
                self._break(owner, [*between, part], line)
                if owner.kind == "class":
                    del found[len(found) - len(between) :]
                between = []
                continue
            for piece in [part] if part.kind else self._without_definitions(part):
                found.append(piece)
                if piece.kind:
                    self._check_that_class_goes_on(piece, between)
                    owner, between = piece, []
                else:
                    between.append(piece)
        return found

    # Cutting

    def _read(self) -> Iterator[Part]:
        for first, end in self._blocks():
            part = self._part(first, end)
            pieces = [(first, end)]
            if part.fault is not None:
                # A quote that was never closed hides what follows: cut at every line that looks like a definition.
                pieces = _cut(range(first, end), self._certainly_begins, self._is_decorator)
            if len(pieces) > 1:
                yield from (self._part(*piece) for piece in pieces)
            else:
                yield from self._without_definitions(part) if part.kind else [part]

    def _without_definitions(self, part: Part) -> list[Part]:
        """A broken part and, apart from it, the definitions below it that have a space too many before `def`."""
        if part.fault is None:
            return [part]
        head, *rest = [*self._code(part.defined_at if part.kind else part.start, part.end)] or [part.start]
        widths = {index: _width(self._seen[index]) for index in rest}
        inner = widths[rest[0]] if rest and part.kind else sys.maxsize
        if not part.kind and _COMPOUND.match(self._seen[head]):
            return [part]
        starts = {index for index in rest if widths[index] < inner and _DEFINITION.match(self._seen[index])}
        pieces = _cut(range(part.first, part.end), starts.__contains__, self._is_decorator)
        return [self._part(*piece) for piece in pieces] if starts else [part]

    def _certainly_begins(self, index: int) -> bool:
        line = self._lines[index]
        return line.startswith(self._indent) and _CERTAIN_START.match(line, len(self._indent)) is not None

    def _is_decorator(self, index: int) -> bool:
        """Whether a line decorates what begins next: one that stands alone in the middle of a function does not."""
        lines = self._seen
        if not lines[index].lstrip().startswith("@"):
            return False
        end = min(index + _DECORATOR_LINES, self._range.stop)
        after = (at for at in range(index + 1, end) if _DEFINITION.match(lines[at]))
        head = "\n".join(lines[at] for at in range(index, next(after, end)))
        return isinstance(parse(f"{head.strip()}\nclass _: pass"), list)

    def _blocks(self) -> Iterator[tuple[int, int]]:
        """(first, end) of the texts between lines where a statement begins that is not indented more than the level."""
        scanner = LineScanner()
        width = _width(self._indent)

        def begins(index: int) -> bool:
            line = self._seen[index]
            is_start = scanner.begins_statement(line) and _is_code(line) and _width(line) <= width
            scanner.feed(line)
            return is_start and not _CONTINUES_BLOCK.match(line)

        for first, end in _cut(self._range, begins, self._is_decorator):
            tail = next((at + 1 for at in range(end - 1, first - 1, -1) if self._seen[at].strip()), end)
            if any(self._lines[at].strip(" \t\f") for at in range(tail, end)):
                yield first, tail  # an odd space on an empty line belongs to no statement
                yield tail, end
            else:
                yield first, end

    def _code(self, first: int, end: int) -> Iterator[int]:
        """The lines where statements begin."""
        scanner = LineScanner()
        for index in range(first, end):
            line = self._seen[index]
            if scanner.begins_statement(line) and _is_code(line):
                yield index
            scanner.feed(line)

    def _last_code(self, part: Part) -> int:
        return next(
            (index for index in range(part.end - 1, part.first, -1) if _is_code(self._seen[index])),
            part.first,
        )

    def _part(self, first: int, end: int) -> Part:
        part = Part(first, end, start=next(self._code(first, end), first))
        part.is_stray = self._is_class and _width(self._seen[part.start]) < _width(self._indent)
        above = self._above(part)
        offset = first - above.count("\n")
        nodes = parse(above + "\n".join(self._lines[first:end]))
        if isinstance(nodes, Fault):
            nodes = self._convert(part) or nodes
        elif above and _width(self._seen[part.start]) != _width(self._indent):
            nodes = Fault("unindent does not match any outer indentation level", part.start + 1 - offset)
        self._name(part, is_broken=isinstance(nodes, Fault))
        if isinstance(nodes, Fault):
            part.fault = explained(nodes, self._shown, offset, end)
            return part
        part.nodes = nodes[0].body if above and isinstance(nodes[0], ast.ClassDef) else nodes
        part.is_over = bool(part.kind) and _is_over(part.nodes[0])
        outside = _return_outside(part.nodes)
        if outside is not None:
            part.return_outside = getattr(outside, "lineno", 1) - 1 + offset
            if part.kind:
                part.fault = self._interruption("function", [part], part.return_outside)
        return part

    def _above(self, part: Part) -> str:
        return _CLASS_LINE if self._is_class and not part.is_stray else ""

    def _convert(self, part: Part, *, is_known: bool = False) -> list[ast.stmt] | None:
        """Convert a part that is Python 2, and return its statements; None if it cannot be converted."""
        above = self._above(part)
        text = above + "\n".join(self._lines[part.first : part.end])
        converted = self._text.converter.converted(text, self._text.signs, is_known=is_known)
        nodes = None if converted in {None, text} else parse(converted)
        if converted is None or nodes is None or isinstance(nodes, Fault):
            return None
        self._lines[part.first : part.end] = converted.split("\n")[above.count("\n") :]
        part.nodes, part.is_converted = nodes, True
        return nodes

    def _name(self, part: Part, *, is_broken: bool) -> None:
        """Find what a part defines: in a broken one also behind invisible characters and what was pasted with it."""
        head = self._seen[part.start]
        part.mark = (pasted(head) or "") if is_broken else ""
        for index in range(part.start, part.end):
            line = self._seen[index]
            match = _DEFINITION.match(line[len(pasted_mark(line)) :] if part.mark else line)
            if match is not None and match[1]:
                part.kind, part.defined_at, part.names = match[1], index, (match[2],)
            if match is None or match[1]:
                break
        if is_broken and not part.kind and (assigned := _ASSIGNS.match(head)):
            part.names = (assigned[1],)

    # Breaks

    def _line_that_goes_on(self, owner: Part, part: Part) -> int | None:
        """The line of a part on which the last definition goes on; None if it does not."""
        if owner.mark and owner.mark == part.mark:
            return part.start
        line = part.return_outside if part.fault is None else self._deeper_line(part)
        if line is None or not owner.is_over:
            return line
        is_method_left = owner.kind == "class" and any(
            _DEFINITION.match(self._seen[index]) for index in self._code(line, part.end)
        )
        return line if is_method_left else None

    def _deeper_line(self, part: Part) -> int | None:
        """The first line of a part that is indented although the lines above it open no such block."""
        if part.fault is not None and ": unexpected indent: " in part.fault.message:
            return part.fault.line - 1
        head, *rest = [*self._code(part.start, part.end)] or [part.start]
        width = _width(self._seen[head])
        deeper = [index for index in rest if _width(self._seen[index]) > width]
        if not deeper or not self._opens_block("\n".join(self._lines[head : rest[0]]).strip()):
            return deeper[0] if deeper else None
        inner: int | None = None
        for index in rest:
            own = _width(self._seen[index])
            if own <= width:
                inner = None  # an else
            elif inner is None:
                inner = own
            elif own < inner:
                return index
        return None

    @staticmethod
    def _opens_block(line: str) -> bool:
        """Whether this is the line of a compound statement, perhaps without its colon."""
        if not _COMPOUND.match(line):
            return False
        is_try = line.startswith("try") and line.endswith(":")
        return is_try or any(isinstance(parse(f"{line}{colon}\n pass"), list) for colon in ("", ":"))

    def _break(self, owner: Part, parts: Sequence[Part], line: int) -> None:
        """Add these parts to a definition, which goes on in this line of the last one and so does not parse."""
        kind = "class" if owner.kind == "class" else "method" if self._is_class else "function"
        is_fault_at_end = owner.fault is not None and owner.fault.line > self._last_code(owner)
        if owner.fault is None or (is_fault_at_end and not owner.mark):
            owner.fault = self._interruption(kind, parts, line)
        owner.end = parts[-1].end
        owner.is_over = False

    def _check_that_class_goes_on(self, definition: Part, between: Sequence[Part]) -> None:
        """Note the fault of a method above which a line ends the class; one that ends a Git conflict is passed over."""
        for part in reversed(between):
            is_end_of_conflict = self._seen[part.start].startswith(">>>>>>>")
            is_alone = part.is_stray and self._deeper_line(part) is None
            if is_alone and not is_end_of_conflict and definition.fault is None:
                definition.fault = self._interruption("class", [part], definition.start)

    def _interruption(self, kind: str, parts: Sequence[Part], line: int) -> Fault:
        """Why a definition that goes on in `line` does not parse: these parts interrupt it."""
        for part in parts:
            if part.fault is not None and part.fault.column:
                return part.fault
            if told := pasted(self._shown[part.start]):
                return Fault(f"{named(self._shown, part.start)} {told}", part.start + 1)
        stray = min(parts[0].start, line)
        if parts[0].kind:
            return Fault(f"{named(self._shown, line)} is outside the method: indent it", line + 1)
        how = "indented less than the lines around it" if _width(self._seen[stray]) else "not indented"
        begin = f"{named(self._shown, stray)} is {how}, so "
        if stray == line:
            return Fault(f"{begin}it is outside the {kind}: indent it", stray + 1)
        words = f"the {kind} ends there, but line {line + 1} goes on: indent line {stray + 1} or delete it"
        return Fault(begin + words, stray + 1)

    # Classes

    def _without_lost(self, part: Part) -> Part:
        """A broken class without the methods that do not parse; other parts as they are."""
        if part.fault is None or part.kind != "class":
            return part
        head, *rest = self._code(part.defined_at, part.end)
        width = _width(self._seen[head])
        line = next((self._lines[index] for index in rest if _width(self._seen[index]) > width), "")
        indent = line[: len(line) - len(line.lstrip(" \t"))]
        if not indent:
            return part
        level = _Level(self._text, rest[0], part.end, indent, is_python_2=part.is_converted)
        members = level.parts()
        text = self._lines[part.first : part.end]
        for member in members:
            if member.fault is not None or member.is_stray:
                text[member.first - part.first : member.end - part.first] = self._replaced(member, indent)
        if not any(map(str.strip, text[rest[0] - part.first :])):
            text[rest[0] - part.first] = f"{indent}pass"
        nodes = parse("\n".join(text))
        if isinstance(nodes, Fault) or returns_outside(nodes):
            return part
        self._lines[part.first : part.end] = text
        part.lost = tuple(
            Lost(member.names[0] if member.kind else "", member.fault.line, member.fault.message)
            for member in members
            if member.fault is not None and (member.kind or not member.is_stray)
        )
        part.nodes, part.fault = nodes, None
        part.is_converted = part.is_converted or any(member.is_converted for member in members)
        return part

    def _replaced(self, member: Part, indent: str) -> list[str]:
        """Lines in place of a broken part of a class: a method that raises SyntaxError, or nothing."""
        text = [""] * (member.end - member.first)
        if member.kind and member.fault is not None:
            (name,) = member.names
            message = f"{name} ({self._text.place}) does not parse: {member.fault.message}"
            text[member.defined_at - member.first] = (
                f"{indent}def {name}(*_, **__): raise SyntaxError({message!a})"
            )
            above = range(member.start, member.defined_at)
            if any(self._lines[index].strip() == "@property" for index in above):
                text[above[-1] - member.first] = f"{indent}@property"
        return text
