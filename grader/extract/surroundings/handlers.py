"""Which exceptions the handlers of a `try` catch, as far as their names tell."""

from __future__ import annotations

import ast
from collections.abc import Sequence


def handler_of(node: ast.Try, kind: type[BaseException]) -> ast.ExceptHandler | None:
    """The handler that catches an exception of this class."""
    return next((each for each in node.handlers if catches(each.type, kind)), None)


def catches(expression: ast.expr | None, kind: type[BaseException]) -> bool:
    """Whether `except expression:` catches an exception of this class; without an expression it catches all."""
    if expression is None:
        return True
    above = {each.__name__ for each in kind.__mro__}
    if issubclass(kind, OSError):
        above |= {"IOError", "EnvironmentError"}
    return bool(names_in(expression) & above)


def names_in(expression: ast.expr | None) -> set[str]:
    """The names of the exceptions in `except expression:`."""
    named = expression.elts if isinstance(expression, ast.Tuple) else [expression]
    return {each.id for each in named if isinstance(each, ast.Name)}


def gives_up(body: Sequence[ast.stmt]) -> bool:
    """Whether a handler ends in `raise` or an exit, so that the code after it counts on the `try`."""
    match body[-1]:
        case ast.Raise():
            return True
        case ast.Expr(
            value=ast.Call(func=ast.Name(id="exit" | "quit") | ast.Attribute(attr="exit" | "_exit"))
        ):
            return True
    return False
