"""A function's signature and the default values in it, read from its source."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from grader.extract.source.extracted import ExtractedFunction
from grader.extract.source.scopes import Function
from grader.extract.source.syntax import parsed_quietly
from grader.model.signature import Signature

_DEPTH = 20


def defaults_of(function: ExtractedFunction, method: str | None = None) -> Mapping[str, float]:
    """The number that each parameter has by default; those whose default is not a plain number are left out.

    method: a method of the class, if `function` is one.
    """
    return _defaults(function.source, method or function.name, is_method=method is not None)


def defaults_in(signature: str) -> Mapping[str, float]:
    """The same of a signature such as `(X, y, reg=1e-3)`."""
    return _defaults(f"def f{signature}: pass", "f", is_method=False)


def signature_of(function: ExtractedFunction) -> Signature | None:
    """The signature of a function; None for a class, or what is assigned."""
    arguments = _arguments(function.source, function.name, is_method=False)
    return None if arguments is None else Signature.of(arguments)


def _arguments(source: str, name: str, *, is_method: bool) -> ast.arguments | None:
    body = parsed_quietly(source) or []
    if is_method:
        body = [each for node in body if isinstance(node, ast.ClassDef) for each in node.body]
    found = [node for node in body if isinstance(node, Function) and getattr(node, "name", None) == name]
    return found[-1].args if found else None


def _defaults(source: str, name: str, *, is_method: bool) -> Mapping[str, float]:
    arguments = _arguments(source, name, is_method=is_method)
    if arguments is None:
        return {}
    positional = [*arguments.posonlyargs, *arguments.args]
    pairs = [
        *zip(positional[len(positional) - len(arguments.defaults) :], arguments.defaults, strict=True),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]
    numbers = {argument.arg: _number(default) for argument, default in pairs if default is not None}
    return {name: number for name, number in numbers.items() if number is not None}


def _number(node: ast.expr, depth: int = _DEPTH) -> float | None:
    """The value of 1e-3, -1, 10**-3 or 2 * 100; None for anything else."""
    match node:
        case ast.Constant(value=int() | float() as value) if (
            not isinstance(value, bool) and abs(value) < 1e100
        ):
            return float(value)
        case ast.UnaryOp(op=ast.USub(), operand=operand) if depth:
            number = _number(operand, depth - 1)
            return None if number is None else -number
        case ast.BinOp(left=left, op=operator, right=right) if depth:
            one, other = _number(left, depth - 1), _number(right, depth - 1)
            return None if one is None or other is None else _combined(operator, one, other)
    return None


def _combined(operator: ast.operator, one: float, other: float) -> float | None:
    try:
        match operator:
            case ast.Mult():
                return one * other
            case ast.Div():
                return one / other
            case ast.Pow() if one > 0 and abs(other) <= 20:
                return float(one**other)
    except ArithmeticError:
        pass
    return None
