"""Which parts of a statement are executed when it is: code that no call reaches uses nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from grader.forbidden.scopes import Assigned, Scope

_LEAVES_BLOCK = (ast.Return, ast.Raise, ast.Continue, ast.Break)
_NOT_EXECUTED = frozenset({"annotation", "returns", "type_params", "ctx"})
_DEPTH = 20


def reached(block: Sequence[ast.stmt]) -> Sequence[ast.stmt]:
    """The statements of a block up to the first that leaves it."""
    for position, statement in enumerate(block, start=1):
        if isinstance(statement, _LEAVES_BLOCK):
            return block[:position]
    return block


def children_of(node: ast.AST, truth: bool | None = None) -> Iterator[ast.AST]:
    """The parts of a node that are executed with it; annotations are none, as the worker compiles them as strings.

    truth: what the test of an `if` or `while` always is, where that is known: the other branch is passed over.
    """
    passed_over = {True: "orelse", False: "body", None: ""}[truth]
    for name, value in ast.iter_fields(node):
        if name in _NOT_EXECUTED or name == passed_over:
            continue
        if isinstance(value, ast.AST):
            yield value
        elif isinstance(value, list):
            parts = [item for item in value if isinstance(item, ast.AST)]
            is_block = bool(parts) and isinstance(parts[0], ast.stmt)
            yield from reached([part for part in parts if isinstance(part, ast.stmt)]) if is_block else parts


def truth_of(test: ast.expr, scope: Scope, depth: int = _DEPTH) -> bool | None:
    """What a test always is: a constant, a name that is one for good, a parameter that keeps its default."""
    match test:
        case ast.Constant(value=value):
            return bool(value)
        case ast.Name(id=name):
            return _truth_of_name(name, scope)
        case ast.UnaryOp(op=ast.Not(), operand=operand) if depth:
            truth = truth_of(operand, scope, depth - 1)
            return None if truth is None else not truth
        case ast.BoolOp(op=ast.And(), values=values) if depth:
            return False if any(truth_of(each, scope, depth - 1) is False for each in values) else None
    return None


def _truth_of_name(name: str, scope: Scope) -> bool | None:
    level: Scope | None = scope
    while level is not None:
        if name in level.bound and (level is scope or not level.is_class):
            if name in level.never_set:
                return False
            bindings = level.bound[name]
            is_constant = len(bindings) == 1 and isinstance(bindings[0], Assigned)
            value = bindings[0].value if is_constant and isinstance(bindings[0], Assigned) else None
            return bool(value.value) if isinstance(value, ast.Constant) and level.parent is None else None
        level = level.parent
    return None
