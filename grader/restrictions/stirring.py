"""Names that code may set in another way than by a statement of their own scope, and branches they turn alive."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from grader.extract.source.scopes import Scope
from grader.restrictions.origins import Foreign, Origins

_CHANGES_ITS_ARGUMENTS = frozenset({"__code__", "__defaults__", "__kwdefaults__"})
"""Attributes of a function that decide what its parameters are."""

_LONGEST_IDENTIFIER = 60


@dataclass(frozen=True, eq=False)
class Parsed:
    """The statements of a chunk and their scope."""

    body: list[ast.stmt]
    scope: Scope

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """Every node of the statements."""
        return tuple(each for statement in self.body for each in ast.walk(statement))

    @cached_property
    def stirred(self) -> frozenset[str]:
        """Names that are global or nonlocal, attributes that are set, keywords of calls, and strings that could be names."""
        found: set[str] = set()
        for node in self.nodes:
            match node:
                case ast.Global(names=names) | ast.Nonlocal(names=names):
                    found.update(names)
                case ast.Attribute(attr=name, ctx=ast.Store() | ast.Del()) | ast.keyword(arg=str(name)):
                    found.add(name)
                case ast.Constant(value=str(name)) if len(name) <= _LONGEST_IDENTIFIER:
                    found.add(name)
        return frozenset(found)


def names_that_may_change(test: ast.expr, stirred: frozenset[str]) -> set[str]:
    """The names of a test that the code may set in a way that the test's value does not show."""
    return {each.id for each in ast.walk(test) if isinstance(each, ast.Name)} & stirred


def optional_names(test: ast.expr, scope: Scope) -> set[str]:
    """The names of a test that are parameters which the grader never gives."""
    found = set()
    for node in ast.walk(test):
        if isinstance(node, ast.Name):
            level: Scope | None = scope
            while level is not None and node.id not in level.bound:
                level = level.parent
            if level is not None and node.id in level.never_set:
                found.add(node.id)
    return found


def is_called_as_defined(
    name: str, own: Sequence[Parsed], parsed: Iterable[Parsed], most: int, origins: Origins, scope: Scope
) -> bool:
    """Whether only the grader calls a function as it was defined, or the student's code with as many arguments.

    own: the statements that define and wrap it. parsed: all statements it needs. most: the arguments the grader gives.
    """
    parsed = list(parsed)
    if any(not _sets_attributes(each) for each in own[1:]) or any(
        each.stirred & _CHANGES_ITS_ARGUMENTS for each in parsed
    ):
        return False
    definitions = (
        node for each in own for node in each.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    for decorator in (each for node in definitions for each in node.decorator_list):
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        found = origins.of(called, scope)
        if not found or not all(isinstance(each, Foreign) for each in found):
            return False
    nodes = [node for each in parsed for node in each.nodes]
    plain = {id(node.func) for node in nodes if isinstance(node, ast.Call) and _gives_at_most(node, most)}
    plain |= {id(node.value) for node in nodes if isinstance(node, ast.Attribute) and node.attr != "__call__"}
    return all(
        id(node) in plain
        for node in nodes
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id == name
    )


def _gives_at_most(call: ast.Call, most: int) -> bool:
    is_open = any(isinstance(each, ast.Starred) for each in call.args) or any(
        keyword.arg is None for keyword in call.keywords
    )
    return len(call.args) <= most and not is_open


def _sets_attributes(parsed: Parsed) -> bool:
    """Whether the statements only set attributes, as f.__doc__ = "..." does."""
    return all(
        isinstance(node, ast.Assign) and all(isinstance(each, ast.Attribute) for each in node.targets)
        for node in parsed.body
    )
