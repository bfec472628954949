"""Runs the student's code with other numbers wherever more samples or classes made it do more: in its loops.

A loop that does the work cannot be right then. One whose result nobody reads can: the work is done elsewhere. An
accumulator stays as it is, so that adding nothing to it shows; integers do, so that counters and indices stay right.
"""

from __future__ import annotations
import __future__

import ast
import builtins
import contextlib
import gc
import linecache
import sys
from collections.abc import Iterator, Sequence
from types import CodeType, FrameType, FunctionType
from typing import Any, Literal

import numpy as np
import torch

import library_code
import opcode_count
import packing

Part = Literal["reads", "arithmetic"]
"""Disturbed is all that loops read, or only what they compute, so that loops that copy stay right."""

_NAME = "__disturbed__"
_FACTOR = -1.37

_MOVERS = frozenset(
    {"append", "array", "as_tensor", "asarray", "clone", "contiguous", "copy", "detach", "enumerate", "extend", "float"}
    | {"insert", "int", "isinstance", "item", "len", "list", "numpy", "print", "range", "reshape", "reversed"}
    | {"select", "squeeze", "stack", "tensor", "tolist", "tuple", "unsqueeze", "view", "zip"}
)
"""Functions that move data and compute nothing."""

_STEPS = 20
_FEWEST_STEPS = 2000
"""A call may go through this many lines, or so many times the instructions counted before; then it is broken off."""


class CannotDisturbError(Exception):
    """Raised when the code that did more is not all in the submission's files, as functions that can be changed."""


class _Endless(BaseException):  # noqa: N818  it ends a call and is no error of anybody's
    """Raised in a disturbed call that goes on and on."""


@contextlib.contextmanager
def disturbed(counted: Sequence[opcode_count.Counts], part: Part) -> Iterator[None]:
    """Inside, functions of the student's compute with other numbers on the lines whose counts differ."""
    places = {place for counts in counted for place in counts.instructions}
    grown = {place for place in places if len({counts.instructions[place] for counts in counted}) > 1}
    codes = {id(code): code for counts in counted for code in counts.codes}
    others: dict[CodeType, CodeType] = {}
    parents: dict[CodeType, CodeType] = {}
    for file_name in {file_name for file_name, _ in grown}:
        lines = frozenset(line for name, line in grown if name == file_name)
        before, after = _compiled(file_name, lines, part)
        others.update(zip(library_code.nested(before), library_code.nested(after), strict=True))
        parents.update(_parents(before))
    swapped = [
        (function, code)
        for code in codes.values()
        if code in others
        for function in gc.get_referrers(code)
        if type(function) is FunctionType and function.__code__ is code
    ]
    done = {code for _, code in swapped}
    for code in codes.values():
        if any((code.co_filename, line) in grown for _, _, line in code.co_lines()):
            if not any(each in done for each in _with_ancestors(code, parents)):
                raise CannotDisturbError(code.co_name)
    most = max(sum(counts.instructions.values()) for counts in counted)
    setattr(builtins, _NAME, _other)
    try:
        for function, code in swapped:
            function.__code__ = others[code]
        with _bounded(max(_FEWEST_STEPS, _STEPS * most)):
            yield
    finally:
        for function, code in swapped:
            function.__code__ = code
        delattr(builtins, _NAME)


def _other(value: Any) -> Any:
    """Another number, or other numbers of the same shape; anything but floats as it is."""
    if isinstance(value, tuple) and type(value) is tuple:
        return tuple(map(_other, value))
    if isinstance(value, torch.Tensor):
        return value * _FACTOR if value.is_floating_point() else value
    if isinstance(value, np.ndarray | np.generic):
        return value * value.dtype.type(_FACTOR) if value.dtype.kind == "f" else value
    return value * _FACTOR if type(value) is float else value


def _compiled(file_name: str, lines: frozenset[int], part: Part) -> tuple[CodeType, CodeType]:
    """A chunk as it is, and disturbed on these lines."""
    if not file_name.startswith(packing.CHUNK_FILE):
        raise CannotDisturbError(file_name)
    source = "".join(linecache.getlines(file_name))
    flags = __future__.annotations.compiler_flag
    try:
        before = compile(source, file_name, "exec", flags=flags, dont_inherit=True)
        tree = ast.fix_missing_locations(_Disturber(lines, part).visit(ast.parse(source)))
        return before, compile(tree, file_name, "exec", flags=flags, dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError) as error:
        raise CannotDisturbError(file_name) from error


def _parents(code: CodeType) -> Iterator[tuple[CodeType, CodeType]]:
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield each, code
            yield from _parents(each)


def _with_ancestors(code: CodeType, parents: dict[CodeType, CodeType]) -> Iterator[CodeType]:
    yield code
    while code in parents:
        code = parents[code]
        yield code


@contextlib.contextmanager
def _bounded(steps: int) -> Iterator[None]:
    """Break the call off after so many lines of code that is not a library's."""
    left = steps

    def on_line(_: FrameType, event: str, __: Any) -> Any:
        nonlocal left
        left -= event == "line"
        if left < 0:
            raise _Endless
        return on_line

    def on_call(frame: FrameType, _: str, __: Any) -> Any:
        return None if library_code.is_library(frame.f_code) else on_line

    before = sys.gettrace()
    sys.settrace(on_call)
    try:
        yield
    finally:
        sys.settrace(before)


class _Disturber(ast.NodeTransformer):
    """Hands values on some lines of a tree to the function that makes others of them."""

    def __init__(self, lines: frozenset[int], part: Part) -> None:
        self._lines = lines
        self._reads = part == "reads"
        self._accumulators: frozenset[str] = frozenset()

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.body = [self.visit(each) for each in node.body]
        return node

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        node.body = [self.visit(each) for each in node.body]
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        node.value = self._assigned(node.value, *node.targets)
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if node.value is not None:
            node.value = self._assigned(node.value, node.target)
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        node.value = self._operand(self._assigned(node.value, node.target))
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        is_accumulator = node.id in self._accumulators
        return self._other(node) if self._is_read(node) and not is_accumulator else node

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        if not isinstance(node.ctx, ast.Load):
            return node
        node.slice = self.visit(node.slice)
        if _root(node) in self._accumulators:
            return node
        node.value = self.visit(node.value)
        return self._other(node) if self._is_read(node) else node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if not isinstance(node.ctx, ast.Load) or _root(node) in self._accumulators:
            return node
        node.value = self.visit(node.value)
        return self._other(node) if self._is_read(node) else node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        match node.func:
            case ast.Name(id=name):
                pass
            case ast.Attribute(value=owner, attr=name):
                node.func.value = self.visit(owner)
            case _:
                name = ""
                node.func = self.visit(node.func)
        node.args = [self.visit(each) for each in node.args]
        for each in node.keywords:
            each.value = self.visit(each.value)
        return self._other(node) if self._reads or name not in _MOVERS else node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        if self._reads:
            return self.generic_visit(node)
        if not _names(node) & self._accumulators:
            return self._operand(self.generic_visit(node))
        for side in ("left", "right"):
            operand = getattr(node, side)
            is_free = not _names(operand) & self._accumulators
            setattr(node, side, self._operand(self.visit(operand)) if is_free else self.visit(operand))
        return node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        return self.generic_visit(node) if self._reads else self._operand(self.generic_visit(node))

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        if not self._reads:
            node.left = self._operand(node.left)
            node.comparators = [self._operand(each) for each in node.comparators]
        return node

    def visit_Match(self, node: ast.Match) -> ast.AST:
        node.subject = self.visit(node.subject)
        for case in node.cases:
            if case.guard is not None:
                case.guard = self.visit(case.guard)
            case.body = [self.visit(each) for each in case.body]
        return node

    def _assigned(self, value: ast.expr, *targets: ast.expr) -> ast.expr:
        """The value of an assignment; what it is assigned to accumulates if it is read there."""
        before = self._accumulators
        self._accumulators = before | {
            name for target in targets for each in _parts(target) if (name := _root(each)) is not None
        }
        value = self.visit(value)
        self._accumulators = before
        return value

    def _is_read(self, node: ast.Name | ast.Subscript | ast.Attribute) -> bool:
        return self._reads and isinstance(node.ctx, ast.Load)

    def _operand(self, node: Any) -> Any:
        return node if isinstance(node, ast.Constant) else self._other(node)

    def _other(self, node: ast.expr) -> ast.expr:
        """The same expression, disturbed if it is on one of the lines."""
        if node.lineno not in self._lines:
            return node
        function = ast.copy_location(ast.Name(_NAME, ast.Load()), node)
        return ast.copy_location(ast.Call(function, [node], []), node)


def _parts(target: ast.expr) -> Iterator[ast.expr]:
    """The single targets of an assignment."""
    match target:
        case ast.Tuple(elts=targets) | ast.List(elts=targets):
            for each in targets:
                yield from _parts(each)
        case ast.Starred(value=value):
            yield from _parts(value)
        case _:
            yield target


def _root(node: ast.expr) -> str | None:
    """The name that a chain of attributes and subscripts begins with."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def _names(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
