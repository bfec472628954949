"""Notebooks exported as modules (by nbconvert, Colab, Databricks, marimo, jupytext), read as what they were."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from grader.extract.source.binding import bindings_of
from grader.extract.source.parsing import UNIT_CHARACTERS
from grader.extract.source.scopes import Definition, Function
from grader.extract.source.syntax import Fault, parse

_COLAB = "# Commented out IPython magic to ensure Python compatibility."
_DATABRICKS = "# Databricks notebook source"
_JUPYTEXT = re.compile(r"^#\s+jupytext:", re.MULTILINE)
_PERCENT = re.compile(r"#[ \t]?%%(?![^\W\d])(.*)")
_TEXT_CELL = re.compile(r"[^\w]*(?:markdown|md|raw)\b", re.IGNORECASE)
_COMMENTED_CELL = re.compile(r"# ?%%([^\W\d]\w*)")
_COMMENTED_MAGIC = re.compile(
    r"# ([ \t]*%(?:aimport|autoreload|bash|capture|cd|conda|config|debug|env|load_ext|ls|matplotlib|mkdir|pip|prun"
    r"|pylab|reload_ext|rm|run|tensorflow_version|time|timeit)\b.*)"
)
_MAGIC_LINE = re.compile(r"# MAGIC ?(.*)")
_WRITES = frozenset({"file", "writefile"})


@dataclass(frozen=True, slots=True)
class Piece:
    """Text that is read as one: a module, a cell, or the part of an export that was a cell.

    is_cell: whether a cell magic may begin it.
    quote: for text inside a string, the string's line, and how many lines of the text come before the string's first.
    """

    text: str
    cell: int | None = None
    is_cell: bool = False
    quote: tuple[int, int] | None = None


def pieces_of(text: str) -> list[Piece]:
    """A module's pieces; lines keep their numbers. A module that is not an export is one piece."""
    if "marimo" in text and "App(" in text:
        text = _without_marimo_cells(text)
    lines = text.split("\n")
    found: list[Piece] = []
    if _DATABRICKS in text[:1000]:
        found += _databricks_cells(lines)
    is_colab = _COLAB in text
    if is_colab or _JUPYTEXT.search(text[:5000]):
        found += _commented_cells(lines, is_colab=is_colab)
    if "%%" in text:
        found += _percent_cells(lines)
    return [Piece("\n".join(lines)), *found]


def quoted_cells(node: ast.stmt, first_line: int) -> Iterator[Piece]:
    """The cell that a statement keeps in a string: get_ipython().run_cell_magic("time", "", "def f(): ...").

    first_line: where the statement begins in its file.
    """
    match node:
        case ast.Expr(
            ast.Call(
                ast.Attribute(attr="run_cell_magic"),
                [ast.Constant(str(magic)), ast.Constant(str(rest)), ast.Constant(str(text)) as body, *_],
            )
        ):
            header = f"%%{magic} {rest}\n"
        case ast.Expr(
            ast.Call(ast.Attribute(attr="_unparsable_cell"), [ast.Constant(str(text)) as body, *_])
        ):
            header = ""
        case _:
            return
    line = first_line + body.lineno - node.lineno
    lines_above = header.count("\n")
    is_as_written = text.count("\n") == (body.end_lineno or body.lineno) - body.lineno > 0
    if is_as_written and line > lines_above:  # a triple-quoted string: its lines are the file's
        yield Piece("\n" * (line - 1 - lines_above) + header + text, is_cell=True)
    else:
        yield Piece(header + text, is_cell=True, quote=(line, lines_above))


def _take(lines: list[str], first: int, end: int, own: list[str]) -> Piece:
    """The piece of these lines, whose text without its comment signs is `own`; the module loses them."""
    lines[first:end] = [""] * (end - first)
    return Piece("\n" * first + "\n".join(own), is_cell=True)


def _uncommented(line: str) -> str:
    return line.removeprefix("#").removeprefix(" ")


def _commented_cells(lines: list[str], *, is_colab: bool) -> Iterator[Piece]:
    """Cells that an export has commented out as a whole for their magic; single magics are taken out of comments too.

    Colab does so with every cell magic, jupytext with cells that are not Python.
    """
    is_open = not is_colab
    index = 0
    while index < len(lines):
        line = lines[index]
        is_open = is_open or line == _COLAB
        match = _COMMENTED_CELL.match(line) if is_open else None
        if match and (is_colab or match[1] in _WRITES):
            end = index + 1
            while end < len(lines) and lines[end].startswith("#") and not _PERCENT.match(lines[end]):
                if lines[end] in {_COLAB, "# -"} or lines[end].startswith("# +"):
                    break
                end += 1
            yield _take(lines, index, end, [_uncommented(each) for each in lines[index:end]])
            index = end
            continue
        if is_open and (magic := _COMMENTED_MAGIC.match(line)):
            lines[index] = magic[1]
        index += 1


def _databricks_cells(lines: list[str]) -> Iterator[Piece]:
    """Cells whose lines all begin with `# MAGIC`: Python under %python or a cell magic, and %run of other notebooks."""
    index = 0
    while index < len(lines):
        first = index
        own = []
        while index < len(lines) and (match := _MAGIC_LINE.match(lines[index])):
            own.append(match[1])
            index += 1
        if not own:
            index += 1
            continue
        word = next((line for line in own if line.strip()), "").strip()
        if word == "%python":
            own[own.index(next(line for line in own if line.strip()))] = ""
            yield _take(lines, first, index, own)
        elif word.startswith("%%"):
            yield _take(lines, first, index, own)
        else:
            for offset, line in enumerate(own):
                if line.startswith(("%run ", "%aimport ")):
                    lines[first + offset] = line


def _percent_cells(lines: list[str]) -> Iterator[Piece]:
    """The cells between `# %%` lines that begin with a cell magic; text cells that are not Python are blanked."""
    marks = [(index, match[1]) for index, line in enumerate(lines) if (match := _PERCENT.match(line))]
    ends = [*(index for index, _ in marks[1:]), len(lines)]
    for (mark, tag), end in zip(marks, ends, strict=False):
        first = next((index for index in range(mark + 1, end) if lines[index].strip()), end)
        if _TEXT_CELL.match(tag):
            own = "\n".join(lines[first:end])
            if len(own) > UNIT_CHARACTERS or isinstance(parse(own), Fault):
                lines[first:end] = [""] * (end - first)
        elif first < end and lines[first].startswith("%%"):
            yield _take(lines, first, end, lines[first:end])


def _without_marimo_cells(text: str) -> str:
    """A marimo notebook with the bodies of its cells at top level, where their names are the notebook's."""
    nodes = parse(text) if len(text) <= UNIT_CHARACTERS else []
    if isinstance(nodes, Fault):
        return text
    apps = {
        node.targets[0].id
        for node in nodes
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and _is_app(node.value)
    }
    lines = text.split("\n")
    cells = [
        node
        for node in nodes
        if isinstance(node, Function)
        and any(_member_of(each, apps) == "cell" for each in node.decorator_list)
    ]
    _tell_apart(lines, cells)
    for node in nodes:
        if isinstance(node, ast.With):
            if any(_member_of(item.context_expr, apps) == "setup" for item in node.items):
                _raise_body(lines, node.lineno, node)
        elif isinstance(node, Definition):
            kinds = {_member_of(each, apps): each for each in node.decorator_list}
            if node in cells:
                _raise_body(lines, min(each.lineno for each in node.decorator_list), node)
            for kind in kinds.keys() & {"function", "class_definition"}:
                _blank(lines, kinds[kind].lineno, kinds[kind].end_lineno or kinds[kind].lineno)
    return "\n".join(lines)


def _tell_apart(lines: list[str], cells: Sequence[ast.FunctionDef | ast.AsyncFunctionDef]) -> None:
    """Rename names that begin with `_` where several cells bind them: to marimo each belongs to its cell."""
    own = [
        {name for each in cell.body for name in bindings_of(each).whole if re.match(r"_(?!_|$)", name)}
        for cell in cells
    ]
    binders = Counter(name for names in own for name in names)
    for number, (cell, names) in enumerate(zip(cells, own, strict=True), start=1):
        if shared := {name for name in names if binders[name] > 1}:
            _rename(lines, cell.lineno - 1, cell.end_lineno or cell.lineno, shared, f"_cell_{number}")


def _rename(lines: list[str], first: int, end: int, names: Collection[str], prefix: str) -> None:
    """Put the prefix before these names in some lines, but not before attributes."""
    text = "\n".join(lines[first:end])
    places: list[tuple[int, int]] = []
    before = ""
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.NAME and token.string in names and before != ".":
                places.append((first + token.start[0] - 1, token.start[1]))
            before = token.string
    except (tokenize.TokenError, SyntaxError):
        return
    for index, column in reversed(places):
        lines[index] = lines[index][:column] + prefix + lines[index][column:]


def _is_app(node: ast.expr) -> bool:
    match node:
        case ast.Call(ast.Attribute(attr="App") | ast.Name("App")):
            return True
    return False


def _member_of(node: ast.expr, apps: set[str]) -> str:
    """`cell` for app.cell and app.cell(...); nothing for anything else."""
    match node.func if isinstance(node, ast.Call) else node:
        case ast.Attribute(ast.Name(app), member) if app in apps:
            return member
    return ""


def _raise_body(
    lines: list[str], first: int, node: ast.With | ast.FunctionDef | ast.AsyncFunctionDef
) -> None:
    """Blank the lines of a block from `first` to its body, and its final return; take the body's indent away."""
    body = node.body
    decorators = body[0].decorator_list if isinstance(body[0], Definition) else []
    start = min([body[0].lineno, *(each.lineno for each in decorators)])
    end = node.end_lineno or node.lineno
    if isinstance(body[-1], ast.Return):
        _blank(lines, body[-1].lineno, body[-1].end_lineno or end)
    _blank(lines, first, start - 1)
    indent = " " * body[0].col_offset
    for index in range(start - 1, end):
        lines[index] = lines[index].removeprefix(indent)


def _blank(lines: list[str], first: int, last: int) -> None:
    lines[first - 1 : last] = [""] * (last - first + 1)
