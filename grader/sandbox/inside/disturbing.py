"""Runs the student's code with its loops disturbed: where more samples or classes made it do more.

A loop that does the work of each sample cannot be right when it reads other numbers, or is gone through once. One whose
result nobody reads can, and so can one that does all the work each time. Numbers that a loop reads become others;
accumulators stay as they are, so that adding nothing to them shows, and so do integers, which count and index.
"""

from __future__ import annotations
import __future__

import ast
import builtins
import contextlib
import gc
import itertools
import linecache
import struct
import sys
import zlib
from collections.abc import Iterator, Sequence
from types import CodeType, FrameType, FunctionType
from typing import Any, Literal

import numpy as np

import library_code
import opcode_count
import packing
from backends import Tensor

How = Literal["other numbers", "once"]

_NAME = "__disturbed__"
_FACTORS = (-1.37, 0.73)

_STEPS = 20
_FEWEST_STEPS = 2000
"""A call may go through this many lines, or so many times the instructions counted before; then it is broken off."""


class CannotDisturbError(Exception):
    """Raised when the code that did more is not all in the submission's files, as functions that can be changed."""


class _Endless(BaseException):
    """Raised in a disturbed call that goes on and on."""


@contextlib.contextmanager
def disturbed(counted: Sequence[opcode_count.Counts], how: How) -> Iterator[opcode_count.Counts]:
    """Inside, functions of the student's are disturbed on the lines whose counts differ. Counts lines, not instructions."""
    if not counted:  # in another worker, which has ended
        raise CannotDisturbError("no counts")
    places = {place for counts in counted for place in counts.instructions}
    grown = {place for place in places if len({counts.instructions[place] for counts in counted}) > 1}
    codes = {id(code): code for counts in counted for code in counts.codes}.values()
    others: dict[CodeType, CodeType] = {}
    parents: dict[CodeType, CodeType] = {}
    for file_name in {file_name for file_name, _ in grown}:
        lines = frozenset(line for name, line in grown if name == file_name)
        before, after = _compiled(
            file_name, _Disturber(lines) if how == "other numbers" else _Shortener(lines)
        )
        others.update(zip(library_code.nested(before), library_code.nested(after), strict=True))
        parents.update(_parents(before))
    holders = [(function, code) for code in codes if code in others for function in _holders(code)]
    changed = {code for _, code in holders}
    for code in codes:
        is_grown = any((code.co_filename, line) in grown for _, _, line in code.co_lines())
        if is_grown and not any(each in changed for each in _with_ancestors(code, parents)):
            raise CannotDisturbError(code.co_name)
    most = max((sum(counts.instructions.values()) for counts in counted), default=0)
    setattr(builtins, _NAME, _other if how == "other numbers" else _first)
    try:
        for function, code in holders:
            function.__code__ = others[code]
        with _bounded(max(_FEWEST_STEPS, _STEPS * most)) as steps:
            yield steps
    finally:
        for function, code in holders:
            function.__code__ = code
        delattr(builtins, _NAME)


def _holders(code: CodeType) -> list[FunctionType]:
    """The functions of this code."""
    found = (each for each in gc.get_referrers(code) if type(each) is FunctionType)
    return [each for each in found if each.__code__ is code]


def _first(iterable: Any) -> Any:
    """The first item alone."""
    return itertools.islice(iterable, 1)


def _other(value: Any) -> Any:
    """Another number, or other numbers of the same shape; anything but floats as it is.

    The same number becomes the same other one, so that what is added and taken off again still adds nothing.
    """
    if type(value) is tuple:
        return tuple(map(_other, value))
    if isinstance(value, Tensor):
        return value * _factor(value.detach().numpy().tobytes()) if value.is_floating_point() else value
    if isinstance(value, np.ndarray | np.generic):
        array: Any = value
        return array * array.dtype.type(_factor(array.tobytes())) if array.dtype.kind == "f" else array
    return value * _factor(struct.pack("d", value)) if type(value) is float else value


def _factor(contents: bytes) -> float:
    """One of two, by the contents: of nested values, some signs change."""
    return _FACTORS[zlib.crc32(contents) & 1]


def _compiled(file_name: str, change: ast.NodeTransformer) -> tuple[CodeType, CodeType]:
    """A chunk as it is, and changed."""
    if not file_name.startswith(packing.CHUNK_FILE):
        raise CannotDisturbError(file_name)
    source = "".join(linecache.getlines(file_name))
    flags = __future__.annotations.compiler_flag
    try:
        before = compile(source, file_name, "exec", flags=flags, dont_inherit=True)
        tree = ast.fix_missing_locations(change.visit(ast.parse(source)))
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
def _bounded(most: int) -> Iterator[opcode_count.Counts]:
    """Count lines of code that is not a library's, and break the call off after so many."""
    steps = opcode_count.Counts()
    left = most

    def on_line(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal left
        if event == "line":
            steps.instructions[frame.f_code.co_filename, frame.f_lineno] += 1
            left -= 1
        if left < 0:
            raise _Endless
        return on_line

    def on_call(frame: FrameType, _: str, __: Any) -> Any:
        return None if library_code.is_library(frame.f_code) else on_line

    before = sys.gettrace()
    sys.settrace(on_call)
    try:
        yield steps
    finally:
        sys.settrace(before)


class _Shortener(ast.NodeTransformer):
    """Has loops on some lines of a tree go through their first item alone."""

    def __init__(self, lines: frozenset[int]) -> None:
        self._lines = lines

    def visit_For(self, node: ast.For) -> ast.AST:
        self.generic_visit(node)
        if node.lineno in self._lines:
            node.iter = _handed(node.iter)
        return node

    def visit_While(self, node: ast.While) -> ast.AST:
        self.generic_visit(node)
        if node.test.lineno in self._lines:
            node.body.append(ast.copy_location(ast.Break(), node))
        return node

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        self.generic_visit(node)
        if not node.is_async and node.target.lineno in self._lines:
            node.iter = _handed(node.iter)
        return node


class _Disturber(ast.NodeTransformer):
    """Hands values on some lines of a tree to the function that makes others of them."""

    def __init__(self, lines: frozenset[int]) -> None:
        self._lines = lines
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
        value = self._assigned(node.value, node.target)
        node.value = value if isinstance(value, ast.Constant) else self._other(value)
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        is_accumulator = node.id in self._accumulators
        return node if is_accumulator or not isinstance(node.ctx, ast.Load) else self._other(node)

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        if not isinstance(node.ctx, ast.Load):
            return node
        node.slice = self.visit(node.slice)
        if _root(node) in self._accumulators:
            return node
        node.value = self.visit(node.value)
        return self._other(node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if not isinstance(node.ctx, ast.Load) or _root(node) in self._accumulators:
            return node
        node.value = self.visit(node.value)
        return self._other(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        given = (node.func, *node.args, *(each.value for each in node.keywords))
        is_accumulating = any(_root(each) in self._accumulators for each in given)
        if isinstance(node.func, ast.Attribute):
            node.func.value = self.visit(node.func.value)
        elif not isinstance(node.func, ast.Name):
            node.func = self.visit(node.func)
        node.args = [self.visit(each) for each in node.args]
        for each in node.keywords:
            each.value = self.visit(each.value)
        return node if is_accumulating else self._other(node)

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

    def _other(self, node: ast.expr) -> ast.expr:
        """The same expression, disturbed if it is on one of the lines."""
        return _handed(node) if node.lineno in self._lines else node


def _handed(node: ast.expr) -> ast.expr:
    """The expression, handed to the function that changes its value."""
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
