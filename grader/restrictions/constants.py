"""The value of constant expressions: a string, or whether a test always holds."""

from __future__ import annotations

import ast

from grader.extract.source.scopes import Assigned, Scope

LONGEST_NAME = 200
"""The longest string that can be a name, in characters."""

_MOST_PARTS = 50
_DEPTH = 20


def constant_text(node: ast.expr) -> str | None:
    """The string that a constant expression makes, as "cross_" + "entropy" does; None if it is not one or too long."""
    parts: list[str] = []
    pending = [node]
    while pending:
        if len(parts) + len(pending) > _MOST_PARTS:
            return None
        item = pending.pop()
        if isinstance(item, ast.BinOp) and isinstance(item.op, ast.Add):
            pending += [item.right, item.left]
        elif isinstance(item, ast.JoinedStr):
            pending += reversed(item.values)
        elif isinstance(item, ast.Constant) and isinstance(item.value, str):
            parts.append(item.value)
        else:
            return None
    return "".join(parts) if sum(map(len, parts)) <= LONGEST_NAME else None


def truth_of(test: ast.expr, scope: Scope, depth: int = _DEPTH) -> bool | None:
    """Whether a test always holds or never does; None where that is not known."""
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
            match level.bound[name]:
                case (Assigned(value=ast.Constant(value=value)),) if level.parent is None:
                    return bool(value)
            return None
        level = level.parent
    return None
