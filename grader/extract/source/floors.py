"""Division as Python 2 does it: `//` where both sides are surely integers."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Sequence

from grader.extract.source.scopes import Function

_GREATEST_ROUNDS = 10
"""How often names are followed to the names they are bound to."""


def with_floors(source: str, nodes: Sequence[ast.stmt]) -> str:
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
    parameters = [node.arg for node in ast.walk(function.args) if isinstance(node, ast.arg)]
    stored = (
        node.id
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    )
    bound = Counter([*parameters, *stored])
    values = _values(function)
    sure = {name for name, found in values.items() if len(found) == bound[name]}
    for _ in range(_GREATEST_ROUNDS):
        wrong = {
            name for name in sure if not all(value and _is_integer(value, sure) for value in values[name])
        }
        if not wrong:
            return frozenset(sure)
        sure -= wrong
    return frozenset()


def _values(
    function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda,
) -> dict[str, list[ast.expr | None]]:
    """What names are bound to in a function, as far as it is plain: defaults, assignments, sizes, ranges."""
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
    return values


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
        case ast.BinOp(
            left=left,
            op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div() | ast.FloorDiv() | ast.Mod(),
            right=right,
        ):
            return _is_integer(left, integers) and _is_integer(right, integers)
        case ast.Call(func=ast.Name(id="max" | "min"), args=[_, _, *_] as args):
            return all(_is_integer(each, integers) for each in args)
    return False
