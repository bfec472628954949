"""Python 2 as Python 3: code of 2015 and 2016 is converted by fissix, the maintained lib2to3, and keeps its lines.

Only fixers that the grammar needs, or that keep the meaning of old builtins. Division of numbers that are surely integers
becomes `//`, unless the file imports it from the future.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from grader.extract.ipython import LineScanner
from grader.extract.scopes import Function
from grader.extract.syntax import Fault, parse

if TYPE_CHECKING:
    from fissix.refactor import RefactoringTool

PART_CHARACTERS = 10_000
"""The longest statement that is converted; of a longer class, each method. fissix takes up to a second for it."""

SUBMISSION_CHARACTERS = 100_000
"""Most text converted of one submission; a statement counts as at least 100."""

_GREATEST_DEPTH = 30
"""Most brackets within each other, levels of indentation, and lambdas."""

_GREATEST_ROUNDS = 10
"""How often names are followed to the names they are bound to."""

_FIXERS = (
    *("except", "exec", "filter", "map", "ne", "numliterals", "paren", "print", "raise", "repr", "tuple_params"),
    *("xrange", "zip"),
)

_SYNTAX = re.compile(
    r"\bprint[ \t]+(?!(?:in|is|and|or|not|if|else|for)\b)[\w\"'`~-]|\bprint[ \t]*>>|\bexec[ \t]+[\w\"'`]"
    r"|\bexcept\b[^:\n]*,[^:\n]*:|\braise[ \t]+[\w.]+[ \t]*,|<>|`|(?<![\w.])0\d+(?![\w.])|(?<!\w)\d+[lL]\b"
    r"|\b[uU][rR][\"']|\blambda[ \t]*\(|\bdef[ \t]+\w+[ \t]*\([^)\n]*\(|(?m:^[ \t]*print[ \t]*$)"
)
"""Syntax that only Python 2 has, roughly: what does not match is not worth a try."""

_BUILTINS = re.compile(
    r"\b(?:basestring|filter|has_key|iter(?:items|keys|values)|long|map|maxint|range|raw_input|unichr|unicode|xrange|zip)\b|/"
)
"""Names and operators that mean something else in Python 3."""

_IS_OLD = re.compile(r"\b(?:xrange|raw_input|basestring)\b|\.iter(?:items|keys|values)\(|\.has_key\(")

_RENAMED: Mapping[str, str] = {
    **{f"iter{kind}": kind for kind in ("items", "keys", "values")},
    **{f"view{kind}": kind for kind in ("items", "keys", "values")},
    **{"has_key": "__contains__", "maxint": "maxsize"},
}
"""Attributes by their name in Python 3."""

_BUILTINS_RENAMED: Mapping[str, str] = {
    **{"basestring": "str", "long": "int", "raw_input": "input", "unichr": "chr", "unicode": "str"},
    **{"ur": "r", "uR": "r", "Ur": "r", "UR": "r"},
}
"""Builtins, and prefixes of strings."""

_OLD_NAME = re.compile(
    r"(?<=\.)(?:"
    + "|".join(_RENAMED)
    + r")\b|(?<![\w.])(?:(?:basestring|long|raw_input|unichr|unicode)\b(?!=)|[uU][rR](?=[\"']))"
)
_TRUE_DIVISION = re.compile(r"^from[ \t]+__future__[ \t]+import\b.*\bdivision\b", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Signs:
    """What the whole of a module or cell says about its Python."""

    is_old: bool
    """Whether it has words or syntax of Python 2."""
    has_true_division: bool
    """Whether it imports the division of Python 3."""

    @classmethod
    def of(cls, text: str) -> Self:
        is_old = (_SYNTAX.search(text) or _IS_OLD.search(text)) is not None
        return cls(is_old, _TRUE_DIVISION.search(text) is not None)


class Converter:
    """Converts the Python 2 in one submission, up to a bound."""

    def __init__(self) -> None:
        self._characters_left = SUBMISSION_CHARACTERS
        self._tool: RefactoringTool | None = None

    def converted(self, text: str, signs: Signs, *, is_known: bool = False) -> str | None:
        """A statement that only Python 2 accepts as Python 3, on as many lines; None if it cannot be converted.

        Args:
            text: The statement.
            signs: Those of the module or cell it stands in.
            is_known: Whether that is Python 2, so that a statement that parses is converted too if it needs that.
        """
        if len(text) > min(PART_CHARACTERS, self._characters_left):
            return None
        if not (_BUILTINS.search(text) if is_known else _SYNTAX.search(text) or (signs.is_old and "\t" in text)):
            return None
        self._characters_left -= max(100, len(text))
        source = _without_tabs(text) if "\t" in text else text
        if is_known or isinstance(parse(source), Fault):
            if _depth(source) > _GREATEST_DEPTH:
                return None
            source = self._fixed(source)
        nodes = parse(source)
        if isinstance(nodes, Fault) or source.count("\n") != text.count("\n"):
            return None
        return source if signs.has_true_division else _with_floors(source, nodes)

    def _fixed(self, text: str) -> str:
        """What fissix makes of the text; the text itself where it is not Python 2."""
        self._tool = self._tool or _tool()
        names = {**_RENAMED, **_BUILTINS_RENAMED}
        try:
            tree = self._tool.refactor_string(text + "\n", "")
            return _OLD_NAME.sub(lambda match: names[match[0]], str(tree)[:-1])
        except _faults():
            return text


def _tool() -> RefactoringTool:
    """fissix, without the cache of its grammar that it keeps in the home directory."""
    import fissix
    from fissix.pgen2 import driver, pgen

    def load(path: str, *_: Any, **__: Any) -> Any:
        return pgen.generate_grammar(path)

    assert fissix.__version__
    driver.load_grammar = load
    from fissix.refactor import RefactoringTool

    class Quiet(RefactoringTool):
        def log_message(self, msg: str, *args: object) -> None:
            """Nothing: the caller says it."""

        log_debug = log_message

    return Quiet([f"fissix.fixes.fix_{name}" for name in _FIXERS])


def _faults() -> tuple[type[Exception], ...]:
    """What fissix raises on text that is not Python 2."""
    from fissix.pgen2.parse import ParseError
    from fissix.pgen2.tokenize import TokenError

    own = (ParseError, TokenError, SyntaxError, RecursionError, MemoryError)
    return (*own, AssertionError, AttributeError, IndexError, KeyError, TypeError, ValueError)


def _without_tabs(text: str) -> str:
    """The text with spaces for the tabs that indent its lines: in Python 2 a tab goes to the next eighth column."""
    scanner = LineScanner()
    lines = []
    for line in text.split("\n"):
        is_start = scanner.begins_statement(line)
        scanner.feed(line)
        rest = line.lstrip(" \t")
        lines.append(line[: len(line) - len(rest)].expandtabs(8) + rest if is_start else line)
    return "\n".join(lines)


def _depth(text: str) -> int:
    """Brackets within each other, or levels of indentation; strings and comments count too."""
    depth = deepest = 0
    for character in text:
        if character in "([{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in ")]}":
            depth = max(0, depth - 1)
    indents = {len(line) - len(line.lstrip()) for line in text.split("\n") if line.strip()}
    return max(deepest, len(indents), text.count("lambda"))


# Division


def _with_floors(source: str, nodes: Sequence[ast.stmt]) -> str:
    """The source with `//` where both sides of a division are surely integers."""
    if "/" not in source:
        return source
    lines = source.split("\n")
    places = sorted({place for node in nodes for place in _floors(node, lines)}, reverse=True)
    for index, column in places:
        line = lines[index].encode()
        lines[index] = (line[:column] + b"/" + line[column:]).decode()
    return "\n".join(lines)


def _floors(root: ast.stmt, lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """(line, column) of the divisions of integers, with lines from 0 and columns in bytes."""
    pending: list[tuple[ast.AST, frozenset[str]]] = [(root, frozenset())]
    while pending:
        node, integers = pending.pop()
        if isinstance(node, Function):
            integers = _integers(node)
        match node:
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                if _is_integer(left, integers) and _is_integer(right, integers):
                    yield from _slash(lines, left, right)
            case ast.AugAssign(target=ast.Name(id=name) as target, op=ast.Div(), value=value):
                if name in integers and _is_integer(value, integers):
                    yield from _slash(lines, target, value)
        pending += [(child, integers) for child in ast.iter_child_nodes(node)]


def _slash(lines: Sequence[str], left: ast.expr, right: ast.expr) -> Iterator[tuple[int, int]]:
    """The place of the slash between two operands on one line."""
    if left.end_lineno != right.lineno or left.end_col_offset is None:
        return
    at = lines[right.lineno - 1].encode().find(b"/", left.end_col_offset, right.col_offset)
    if at >= 0:
        yield right.lineno - 1, at


def _integers(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> frozenset[str]:
    """The names that are never bound to anything but integers in a function."""
    arguments = function.args
    parameters = [node.arg for node in ast.walk(arguments) if isinstance(node, ast.arg)]
    values: dict[str, list[ast.expr | None]] = {name: [None] for name in parameters}
    by_position = reversed([*arguments.posonlyargs, *arguments.args])
    for argument, default in zip(by_position, reversed(arguments.defaults), strict=False):
        values[argument.arg] = [default]
    for node in ast.walk(function):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                values.setdefault(name, []).append(value)
            case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Attribute(attr="shape") as value):
                size = ast.Subscript(value, ast.Constant(0))
                for target in targets:
                    if isinstance(target, ast.Name):
                        values.setdefault(target.id, []).append(size)
            case ast.AugAssign(target=ast.Name(id=name), value=value):
                values.setdefault(name, []).append(value)
            case ast.For(target=ast.Name(id=name), iter=ast.Call(func=ast.Name(id="range" | "xrange"))):
                values.setdefault(name, []).append(ast.Constant(0))
    bound = Counter(parameters)
    bound.update(node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))
    sure = {name for name, found in values.items() if len(found) == bound[name]}
    for _ in range(_GREATEST_ROUNDS):
        wrong = {name for name in sure if not all(value and _is_integer(value, sure) for value in values[name])}
        if not wrong:
            return frozenset(sure)
        sure -= wrong
    return frozenset()


def _is_integer(node: ast.expr, integers: frozenset[str] | set[str]) -> bool:
    match node:
        case ast.Constant(value=value):
            return type(value) is int
        case ast.Name(id=name):
            return name in integers
        case ast.Subscript(value=ast.Attribute(attr="shape"), slice=ast.Constant(value=int())):
            return True
        case ast.Call(func=ast.Name(id="len" | "int")):
            return True
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return _is_integer(operand, integers)
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div() | ast.FloorDiv() | ast.Mod(), right=right):
            return _is_integer(left, integers) and _is_integer(right, integers)
        case ast.Call(func=ast.Name(id="max" | "min"), args=[_, _, *_] as args):
            return all(_is_integer(each, integers) for each in args)
    return False
