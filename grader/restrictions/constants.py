"""The value of constant expressions: a string, or whether a test always holds."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from grader.extract.source.scopes import Assigned, Scope

LONGEST_NAME = 200
"""The longest string that can be a name, in characters."""

_MOST_PARTS = 120
"""Nodes looked at for one constant."""

_LONGEST = 400
"""The longest string or sequence on the way to a name."""

_DEPTH = 20


class Names(Protocol):
    """The names that an expression sees."""

    def meaning(self, name: str) -> tuple[ast.expr, Names] | None:
        """The one expression that the name stands for and the names that it sees, if nothing else can set the name."""
        ...

    def is_own(self, name: str) -> bool:
        """Whether the student's code binds the name, so that it may not be the builtin."""
        ...


_TEXT_METHODS = frozenset(
    {"capitalize", "casefold", "decode", "encode", "join", "lower", "lstrip", "removeprefix", "removesuffix"}
    | {"replace", "rstrip", "split", "strip", "swapcase", "title", "upper"}
)
_ARITHMETIC: Mapping[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: int.__add__,
    ast.Sub: int.__sub__,
    ast.Mult: int.__mul__,
    ast.BitXor: int.__xor__,
}
_LARGEST = 10**9
_PLACEHOLDER = re.compile(r"\{(\d*)\}")
_BUILTINS: Mapping[str, Callable[[Any], Any]] = {
    "bytes": bytes,
    "chr": chr,
    "list": list,
    "ord": ord,
    "reversed": lambda sequence: list(reversed(sequence)),
    "str": str,
    "tuple": tuple,
}


class _NotConstantError(Exception):
    """The expression is not a constant, or too large to be a name."""


def constant_text(node: ast.expr, names: Names | None = None) -> str | None:
    """The string that a constant expression makes, as "cross_" + "entropy" does; None if it is not one or too long."""
    value = _value_of(node, names)
    return value if isinstance(value, str) and len(value) <= LONGEST_NAME else None


def constant_texts(node: ast.expr, names: Names | None = None) -> tuple[str, ...] | None:
    """The strings in a constant list or tuple, as "nn.functional".split(".") makes; None if it is not one."""
    value = _value_of(node, names)
    if isinstance(value, list | tuple) and all(isinstance(each, str) for each in value):
        return tuple(value)
    return None


def _value_of(node: ast.expr, names: Names | None) -> object:
    try:
        return _Folding(names).fold(node, {})
    except (_NotConstantError, RecursionError, ValueError, TypeError, LookupError, OverflowError):
        return None


class _Folding:
    """Computes one constant; every string and sequence on the way is short, and so is the work."""

    def __init__(self, names: Names | None) -> None:
        self._names = names
        self._parts_left = _MOST_PARTS

    def fold(self, node: ast.AST, local: Mapping[str, Any]) -> Any:
        """The value: a string, bytes, an int, or a list or tuple of them. local: what a comprehension's names stand for."""
        self._parts_left -= 1
        if self._parts_left < 0:
            raise _NotConstantError
        value = self._folded(node, local)
        if isinstance(value, str | bytes | list | tuple):
            if len(value) > _LONGEST:
                raise _NotConstantError
        elif isinstance(value, int) and abs(value) > _LARGEST:
            raise _NotConstantError
        return value

    def _folded(self, node: ast.AST, local: Mapping[str, Any]) -> Any:
        match node:
            case ast.Constant(value=str() | bytes() | int() as value):
                return value
            case ast.Name(id=name):
                return self._named(name, local)
            case ast.JoinedStr(values=values):
                return "".join(self._text(each, local) for each in values)
            case ast.List(elts=items) | ast.Tuple(elts=items):
                return [self.fold(each, local) for each in items]
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self._int(operand, local)
            case ast.BinOp(left=left, op=operator, right=right):
                return self._combined(self.fold(left, local), operator, self.fold(right, local))
            case ast.Subscript(value=owner, slice=index):
                return self._part(self._sequence(owner, local), index, local)
            case ast.GeneratorExp(elt=item, generators=[one]) | ast.ListComp(elt=item, generators=[one]):
                return self._each(item, one, local)
            case ast.Call(keywords=[]):
                return self._called(node, local)
        raise _NotConstantError

    def _named(self, name: str, local: Mapping[str, Any]) -> Any:
        if name in local:
            return local[name]
        if self._names is None or (meant := self._names.meaning(name)) is None:
            raise _NotConstantError
        return self._elsewhere(*meant)

    def _part(self, sequence: Any, index: ast.expr, local: Mapping[str, Any]) -> Any:
        if not isinstance(index, ast.Slice):
            return sequence[self._int(index, local)]
        bounds = (index.lower, index.upper, index.step)
        return sequence[slice(*(None if each is None else self._int(each, local) for each in bounds))]

    def _elsewhere(self, node: ast.expr, names: Names) -> Any:
        here, self._names = self._names, names
        value = self.fold(node, {})
        self._names = here
        return value

    def _text(self, node: ast.AST, local: Mapping[str, Any]) -> str:
        if isinstance(node, ast.FormattedValue):
            if node.format_spec is not None or node.conversion not in {-1, ord("s")}:
                raise _NotConstantError
            node = node.value
        return str(self.fold(node, local))

    def _int(self, node: ast.AST, local: Mapping[str, Any]) -> int:
        value = self.fold(node, local)
        if not isinstance(value, int):
            raise _NotConstantError
        return value

    def _sequence(self, node: ast.AST, local: Mapping[str, Any]) -> Any:
        value = self.fold(node, local)
        if not isinstance(value, str | bytes | list | tuple):
            raise _NotConstantError
        return value

    @staticmethod
    def _combined(left: Any, operator: ast.operator, right: Any) -> Any:
        if isinstance(left, int) and isinstance(right, int):
            if type(operator) not in _ARITHMETIC:
                raise _NotConstantError
            return _ARITHMETIC[type(operator)](left, right)
        if isinstance(operator, ast.Add):
            return left + right
        if isinstance(operator, ast.Mult):
            sequence, times = (right, left) if isinstance(left, int) else (left, right)
            if len(sequence) * times > _LONGEST:
                raise _NotConstantError
            return sequence * times
        if isinstance(operator, ast.Mod) and isinstance(left, str):
            filled = right if isinstance(right, list | tuple) else [right]
            parts = left.split("%s")
            if len(parts) != len(filled) + 1 or any("%" in part for part in parts):
                raise _NotConstantError
            return "".join(part + str(each) for part, each in zip(parts, [*filled, ""], strict=True))
        raise _NotConstantError

    def _each(self, item: ast.AST, one: ast.comprehension, local: Mapping[str, Any]) -> list[Any]:
        if one.ifs or one.is_async or not isinstance(one.target, ast.Name):
            raise _NotConstantError
        name = one.target.id
        return [self.fold(item, {**local, name: each}) for each in self._sequence(one.iter, local)]

    def _called(self, call: ast.Call, local: Mapping[str, Any]) -> Any:
        match call.func:
            case ast.Name(id="map") if isinstance(call.args[0], ast.Name) and len(call.args[1:]) == 1:
                name = self._builtin(call.args[0].id)
                if self._names is not None and self._names.is_own("map"):
                    raise _NotConstantError
                return [_BUILTINS[name](each) for each in self._sequence(call.args[1], local)]
            case ast.Name(id=name) if len(call.args) == 1:
                value = self.fold(call.args[0], local)
                if isinstance(value, int) and name == "bytes":
                    raise _NotConstantError
                return _BUILTINS[self._builtin(name)](value)
            case ast.Attribute(value=owner, attr="format"):
                return self._formatted(
                    self.fold(owner, local), [self.fold(each, local) for each in call.args]
                )
            case ast.Attribute(value=owner, attr=name) if name in _TEXT_METHODS:
                text, given = self.fold(owner, local), [self.fold(each, local) for each in call.args]
                if not isinstance(text, str | bytes):
                    raise _NotConstantError
                return getattr(text, name)(*given)
        raise _NotConstantError

    def _builtin(self, name: str) -> str:
        if name not in _BUILTINS or (self._names is not None and self._names.is_own(name)):
            raise _NotConstantError
        return name

    @staticmethod
    def _formatted(template: Any, given: list[Any]) -> str:
        if not isinstance(template, str) or re.search(r"[{}]", _PLACEHOLDER.sub("", template)):
            raise _NotConstantError
        count = iter(range(len(given)))
        return _PLACEHOLDER.sub(lambda found: str(given[int(found[1] or next(count))]), template)


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
