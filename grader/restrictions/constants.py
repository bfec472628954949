"""What an expression of constants says before it is executed: a text, or whether a test holds."""

from __future__ import annotations

import ast

from grader.extract.scopes import Assigned, Scope

LONGEST_NAME = 200
"""Letters; what is longer names nothing that anybody made."""

_MOST_PARTS = 50
_DEPTH = 20


def constant_text(node: ast.expr) -> str | None:
    """The text that an expression of constants is, as "cross_" + "entropy"; None for any other and what names nothing."""
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
