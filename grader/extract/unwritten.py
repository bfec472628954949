"""Whether a function is still as a template leaves it: placeholders, zeros and given scaffolding, nothing computed.

Templates use a small part of Python. A function with anything else in it counts as written: an arithmetic operation, an
index into an input, a call of another function, a number other than 0.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeGuard

from grader.extract.extracted import Extracted

_LIBRARIES = frozenset({"np", "numpy", "torch"})
_MAKERS = frozenset(
    {
        "zeros",
        "zeros_like",
        "ones",
        "ones_like",
        "empty",
        "empty_like",
        "full",
        "full_like",
        "tensor",
        "array",
    }
)
_BUILTINS = frozenset(
    {"int", "float", "list", "dict", "len", "print", "range", "xrange", "NotImplementedError"}
)
_METHODS = frozenset({"new_zeros", "size", "item", "append"})
_ATTRIBUTES = frozenset({"shape", "ndim", "dtype", "device"})
_RANDOM = frozenset({"randn", "rand", "normal"})

_HOLDERS = (
    ast.Expr
    | ast.Assign
    | ast.JoinedStr
    | ast.FormattedValue
    | ast.BoolOp
    | ast.Tuple
    | ast.List
    | ast.Dict
    | ast.keyword
)
"""Statements and expressions that compute nothing themselves."""


def is_unwritten(extracted: Extracted, name: str) -> bool:
    """Whether this function or class of the submission computes nothing; False where that is not certain."""
    function = extracted.functions[name]
    own = [chunk for chunk in extracted.chunks if chunk.number in function.chunks]
    if sum(bool(re.search(rf"\b{name}\b", chunk.source)) for chunk in own) > 1:
        return False  # another statement may wrap or change it
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a student's "\d" is not a warning of ours
            (node,) = ast.parse(function.source).body
        if isinstance(node, ast.FunctionDef):
            return _is_template(node)
        return isinstance(node, ast.ClassDef) and _is_template_class(node)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False


def _is_template_class(node: ast.ClassDef) -> bool:
    methods = [each for each in node.body if isinstance(each, ast.FunctionDef)]
    rest = [each for each in node.body if not isinstance(each, ast.FunctionDef)]
    return (
        any(method.name != "__init__" for method in methods)
        and all(map(_is_template, methods))
        and all(isinstance(each, ast.Pass) or _is_docstring(each) for each in rest)
        and not node.decorator_list
    )


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_template(function: ast.FunctionDef) -> bool:
    template = _Template(function)
    pending: list[ast.AST] = [*function.decorator_list, *function.body]
    while pending:
        parts = template.parts(pending.pop())
        if parts is None:
            return False
        pending += parts
    return True


class _Template:
    """What the parts of one function may be made of."""

    def __init__(self, function: ast.FunctionDef) -> None:
        nodes = list(ast.walk(function))
        assigned = [node for node in nodes if isinstance(node, ast.Assign)]
        bound = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
        self._parameters = {node.arg for node in nodes if isinstance(node, ast.arg)}
        self._known = bound | self._parameters
        self._class_counts = {
            name for node in assigned if _is_class_count(node.value) for name in _names(node.targets)
        }
        filled = {name for node in assigned if not _is_none(node.value) for name in _names(node.targets)}
        blank = {name for node in assigned if _is_none(node.value) for name in _names(node.targets)}
        self._placeholders = blank - filled - self._parameters

    def parts(self, node: ast.AST) -> Iterable[ast.AST] | None:
        """The parts of a node that remain to be looked at; None for a node that no template has."""
        if isinstance(node, _HOLDERS):
            return [
                each
                for each in ast.iter_child_nodes(node)
                if isinstance(each, ast.expr | ast.stmt | ast.keyword)
            ]
        match node:
            case ast.stmt():
                return self._parts_of_statement(node)
            case ast.BinOp() | ast.Compare() | ast.Call():
                return self._parts_of_operation(node)
            case ast.expr():
                return self._parts_of_value(node)
        return None

    def _parts_of_statement(self, node: ast.stmt) -> Iterable[ast.AST] | None:
        match node:
            case ast.Pass() | ast.Continue() | ast.Break() | ast.Import() | ast.ImportFrom():
                return ()
            case ast.Return(value=value):
                return None if self._has_class_count(value) else [value] if value else ()
            case ast.If(test=test, body=body, orelse=orelse):
                return (test, *_start_parts(test, body), *orelse)
            case ast.For(target=target, iter=ast.Call(func=ast.Name(id="range" | "xrange")) as steps):
                return (target, steps, *node.body, *node.orelse)
            case ast.Raise(exc=ast.Name(id="NotImplementedError")):
                return ()
            case ast.Raise(exc=ast.Call(func=ast.Name(id="NotImplementedError"), args=args)):
                return args
        return None

    def _parts_of_operation(self, node: ast.BinOp | ast.Compare | ast.Call) -> Iterable[ast.AST] | None:
        match node:
            case ast.BinOp(left=ast.List(), op=ast.Mult()):
                return (node.left, node.right)
            case ast.BinOp(left=ast.Constant(value=str()), op=ast.Mod(), right=right):
                return (right,)
            case ast.BinOp() if _is_class_count(node):
                return ()
            case ast.Compare(left=left, ops=[ast.Is() | ast.IsNot()], comparators=[right]):
                return (left, right)
            case ast.Compare(left=ast.BinOp(ast.Name(), ast.Mod(), ast.Constant()), ops=[ast.Eq()]):
                return node.comparators
            case ast.Call(func=function, args=args) if self._is_given(function, args):
                return (*args, *node.keywords, *([function.value] if _is_method(function) else []))
        return None

    def _parts_of_value(self, node: ast.expr) -> Iterable[ast.AST] | None:
        match node:
            case ast.Constant(value=value):
                is_zero = not isinstance(value, bool) and value == 0
                return () if value is None or value is ... or isinstance(value, str) or is_zero else None
            case ast.Name(id=name):
                return () if name in self._known else None
            case ast.Attribute(value=ast.Name(id=name)) if name == "self" or name in _LIBRARIES - self._known:
                return ()
            case ast.Attribute(value=value, attr=attribute) if attribute in _ATTRIBUTES:
                return (value,)
            case ast.Subscript(value=ast.Attribute() as value, slice=ast.Constant()):
                return (value,)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return (operand,)
        return None

    def _has_class_count(self, value: ast.expr | None) -> bool:
        """Whether a function returns the number of classes, rather than use it for a shape."""
        return any(
            each is not None
            and (_is_class_count(each) or (isinstance(each, ast.Name) and each.id in self._class_counts))
            for each in (value.elts if isinstance(value, ast.Tuple) else [value])
        )

    def _is_given(self, function: ast.expr, args: Iterable[ast.expr]) -> bool:
        """Whether a template calls this function."""
        match function:
            case ast.Name(id=name) if name in _BUILTINS:
                return True
            case ast.Attribute(value=ast.Name(id=library), attr=name) if library in _LIBRARIES:
                return name in _MAKERS
            case ast.Attribute(value=ast.Call(func=ast.Name(id="super")), attr="__init__"):
                return True
            case ast.Attribute(value=ast.Name(id="self")) | ast.Name():
                is_own = isinstance(function, ast.Attribute) or function.id in self._parameters
                return is_own and any(
                    isinstance(each, ast.Name) and each.id in self._placeholders for each in args
                )
        return _is_method(function)


def _is_method(function: ast.expr) -> TypeGuard[ast.Attribute]:
    return isinstance(function, ast.Attribute) and function.attr in _METHODS


def _is_none(node: ast.expr) -> bool:
    if isinstance(node, ast.Tuple):
        return all(map(_is_none, node.elts))
    return isinstance(node, ast.Constant) and node.value is None


def _names(targets: Iterable[ast.expr]) -> Iterator[str]:
    """The names that an assignment binds."""
    return (node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name))


def _start_parts(test: ast.expr, body: Sequence[ast.stmt]) -> Iterable[ast.AST]:
    """The parts of a block; of the start that a trainer's template gives, W = 0.001 * randn(D, C), its arguments."""
    match test, body:
        case (
            ast.Compare(left=checked, ops=[ast.Is()]),
            [ast.Assign(targets=[target], value=ast.BinOp(ast.Constant(), ast.Mult(), ast.Call() as draw))],
        ):
            is_random = isinstance(draw.func, ast.Attribute) and draw.func.attr in _RANDOM
            if is_random and ast.unparse(target) == ast.unparse(checked):
                return (*draw.args, *draw.keywords)
    return body


def _is_class_count(node: ast.expr) -> bool:
    """max(y) + 1 or int(y.max()) + 1: what a template takes from the labels."""
    match node:
        case ast.BinOp(
            left=ast.Call(func=ast.Name(id="int"), args=[call]), op=ast.Add(), right=ast.Constant(value=1)
        ):
            pass
        case ast.BinOp(left=call, op=ast.Add(), right=ast.Constant(value=1)):
            pass
        case _:
            return False
    match call:
        case ast.Call(func=ast.Attribute(value=ast.Name(), attr="max"), args=[] | [ast.Name()]):
            return True
        case ast.Call(func=ast.Name(id="max"), args=[ast.Name()]):
            return True
    return False
