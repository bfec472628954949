"""Comprehensions over integers alone: lists of indices, labels or one-hot rows, which are not loops over data.

The syntax says which comprehensions may be such lists: their elements and conditions are names, numbers, arithmetic,
subscripts and calls of names. While they run, every name that they load must hold integers of an index's size, or a
built-in function, and what is asked for its shape must be an array: numbers scaled to integers, and objects of the
student's own that look like integers or modules, are data.
"""

from __future__ import annotations

import ast
import linecache
from collections.abc import Iterator
from types import CodeType, FrameType
from typing import Any, NamedTuple

import numpy as np

from backends import Tensor, torch

Place = tuple[int, int]
"""Line and column."""

_Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
_ALLOWED = (
    *(ast.Name, ast.Constant, ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.Subscript),
    *(ast.Slice, ast.Tuple, ast.List, ast.Set, ast.Dict, ast.Starred, ast.Call, ast.keyword),
    *(ast.operator, ast.unaryop, ast.boolop, ast.cmpop, ast.expr_context),
)
_METHODS = frozenset({"item", "tolist", "int", "long"})
"""Methods that integers and their arrays may be asked for."""
_SIZES = frozenset({"shape", "size"})
"""Attributes and methods of anything, data included."""
_TYPES = frozenset({"int64", "int32", "intp", "int_"})
"""NumPy's types, to be called."""
_GREATEST_INDEX = 2**31 - 1
_ARRAYS = (np.ndarray, Tensor)
_NUMPY_INTEGERS = frozenset(np.dtype(code).type for code in "?bBhHiIlLqQ")
_FUNCTIONS: tuple[object, ...] = (
    *(abs, bool, divmod, enumerate, float, int, len, list, max, min, range),
    *(reversed, round, set, sorted, sum, tuple, zip),
)


class Part(NamedTuple):
    """An expression that runs once per element, and the names that it loads outside of comprehensions in it.

    owners: names of which only an attribute is used: a size, or a type of NumPy's.
    """

    start: Place
    end: Place
    names: frozenset[str]
    owners: frozenset[str]


class IndexList:
    """A comprehension, or a lambda, whose syntax allows it to be a list of indices."""

    def __init__(self, node: ast.expr, parts: list[Part]) -> None:
        self.start, self.end = _span(node)
        self.parts = parts
        self.is_seen = self.is_data = False

    @property
    def is_innocent(self) -> bool:
        """Whether it ran, and every name that it loaded held integers."""
        return self.is_seen and not self.is_data

    def examine(self, frame: FrameType, part: Part) -> None:
        """Look at the values of the part's names, right before one of its instructions."""
        self.is_seen = True
        if not self.is_data:
            self.is_data = not (
                all(map(is_integral, _values(frame, part.names)))
                and all(map(_is_owner, _values(frame, part.owners)))
            )


def index_lists_of(file_name: str) -> list[IndexList]:
    """Those of a chunk, by its source; empty where it cannot be parsed."""
    try:
        tree = ast.parse("".join(linecache.getlines(file_name)))
    except (SyntaxError, ValueError, RecursionError):
        return []
    return list(_found(tree))


def by_offset(code: CodeType, lists: list[IndexList]) -> dict[int, tuple[IndexList, Part | None]]:
    """For the instructions of a code object inside a list: the list, and the innermost part around them."""
    found: dict[int, tuple[IndexList, Part | None]] = {}
    placeless, outside = [], 0
    for offset, (line, end_line, column, end_column) in zip(
        range(0, len(code.co_code), 2), code.co_positions(), strict=True
    ):
        if line is None or end_line is None or column is None or not end_column:
            placeless.append(offset)
            continue
        start, end = (line, column), (end_line, end_column)
        around = next((each for each in lists if each.start <= start and end <= each.end), None)
        if around is None:
            outside += 1
            continue
        inside = [part for part in around.parts if part.start <= start and end <= part.end]
        found[offset] = (around, max(inside, key=lambda part: part.start, default=None))
    if not outside and len(owners := {id(each): each for each, _ in found.values()}) == 1:
        (owner,) = (
            owners.values()
        )  # the list's own code object, whose first and last instructions have no place
        found.update((offset, (owner, None)) for offset in placeless)
    return found


def _found(node: ast.AST) -> Iterator[IndexList]:
    """The outermost ones in a tree."""
    if isinstance(node, _Comprehension | ast.Lambda):
        parts = list(_parts(node))
        if all(part is not None for part in parts):
            yield IndexList(node, [part for part in parts if part is not None])
            return
    for child in ast.iter_child_nodes(node):
        yield from _found(child)


def _parts(node: ast.AST) -> Iterator[Part | None]:
    """The parts of a comprehension or lambda and of those inside it; None for one that is not about indices."""
    for expression in _repeated(node):
        names: set[str] = set()
        owners: set[str] = set()
        nested: list[ast.AST] = []
        is_allowed = _collect(expression, names, owners, nested)
        yield Part(*_span(expression), frozenset(names), frozenset(owners)) if is_allowed else None
        for each in nested:
            yield from _parts(each)
    if isinstance(node, _Comprehension):  # its first iterable is made once, of anything
        for inner in ast.walk(node.generators[0].iter):
            if isinstance(inner, _Comprehension | ast.Lambda):
                yield from _parts(inner)


def _repeated(node: ast.AST) -> Iterator[ast.expr]:
    """The expressions that run for each element."""
    match node:
        case ast.Lambda():
            yield node.body
        case ast.DictComp():
            yield from (node.key, node.value)
        case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
            yield node.elt
    if isinstance(node, _Comprehension):
        for position, generator in enumerate(node.generators):
            yield from generator.ifs
            if position:
                yield generator.iter


def _collect(node: ast.AST, names: set[str], owners: set[str], nested: list[ast.AST]) -> bool:
    """Whether an expression is allowed; adds the names that it loads, and the comprehensions in it."""
    match node:
        case ast.Lambda() | ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            nested.append(node)
            return isinstance(node, ast.Lambda) or _collect(node.generators[0].iter, names, owners, nested)
        case ast.Attribute(value=ast.Name(id=owner), attr=attribute) if attribute in _SIZES:
            owners.add(owner)
            return True
        case ast.Call(func=ast.Name(id="len"), args=[ast.Name()], keywords=[]):
            return True
        case ast.Call(func=ast.Attribute(value=owner, attr=attribute)):
            if attribute in _METHODS:
                if not _collect(owner, names, owners, nested):
                    return False
            elif attribute in _TYPES | _SIZES and isinstance(owner, ast.Name):
                owners.add(owner.id)
            else:
                return False
            return all(_collect(each, names, owners, nested) for each in (*node.args, *node.keywords))
        case ast.Name(id=name):
            names.add(name)
            return True
    return isinstance(node, _ALLOWED) and all(
        _collect(child, names, owners, nested) for child in ast.iter_child_nodes(node)
    )


def _span(node: ast.expr) -> tuple[Place, Place]:
    return (node.lineno, node.col_offset), (node.end_lineno or 0, node.end_col_offset or 0)


def _values(frame: FrameType, names: frozenset[str]) -> Iterator[Any]:
    """The values of the names that this frame's code loads and that are bound."""
    code, here = frame.f_code, frame.f_locals
    own = {*code.co_varnames, *code.co_cellvars, *code.co_freevars}
    for name in names:
        if name in own:
            if name in here:
                yield here[name]
        elif name in code.co_names:
            for scope in (frame.f_globals, frame.f_builtins):
                if name in scope:
                    yield scope[name]
                    break


def _is_owner(value: Any) -> bool:
    """Whether a value has a true shape, or NumPy's types."""
    return (
        value is np or (value is torch and torch is not None) or type(value) in _ARRAYS or is_integral(value)
    )


def is_integral(value: Any) -> bool:
    """Whether a value is an integer, integers in one dimension, or a built-in function."""
    if type(value) in (range, list, tuple, set):
        return type(value) is range or all(map(_is_index, value))
    if type(value) in _ARRAYS:
        return value.ndim < 2 and _holds_integers(value)
    return _is_index(value) or any(value is each for each in _FUNCTIONS)


def _is_index(value: Any) -> bool:
    """Whether a value is a single integer, or a tuple of such."""
    if type(value) is tuple:
        return all(map(_is_index, value))
    if type(value) in _ARRAYS:
        return value.ndim == 0 and _holds_integers(value)
    is_integer = type(value) in (int, bool) or type(value) in _NUMPY_INTEGERS
    return is_integer and -_GREATEST_INDEX <= value <= _GREATEST_INDEX


def _holds_integers(array: Any) -> bool:
    if type(array) is np.ndarray:
        if array.dtype.kind not in "biu":
            return False
    elif array.is_floating_point() or array.is_complex():
        return False
    entries = array.tolist()
    return all(-_GREATEST_INDEX <= each <= _GREATEST_INDEX for each in (entries if array.ndim else [entries]))
