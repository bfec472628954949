"""Where the values of a node's parts go: called, kept under a name, looked at, or handed on to something else."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from enum import Enum

from grader.extract.source.scopes import Scope, reached_parts


class Flow(Enum):
    """What becomes of a value."""

    CALLED = "called"
    KEPT = "kept"
    """Under a name or an attribute, whose uses are followed."""
    SEEN = "seen"
    """Tested, compared, printed, or an attribute of it read."""
    HANDED_ON = "handed on"
    """To a call, a list, the caller: from there the grader does not follow it."""


_LOOKS_ONLY = (
    *(ast.Expr, ast.Compare, ast.Assert, ast.Delete, ast.FormattedValue, ast.JoinedStr, ast.If, ast.While),
    *(
        ast.UnaryOp,
        ast.Attribute,
        ast.Slice,
        ast.ClassDef,
        ast.FunctionDef,
        ast.AsyncFunctionDef,
        ast.arguments,
    ),
)
"""Nodes that take nothing of the values of their parts any further; defaults are kept as parameters."""

_PASSES_ON = (ast.BoolOp, ast.Starred, ast.keyword, ast.NamedExpr, ast.Await)
"""Nodes whose value is that of their parts."""


def parts_with_flow(
    node: ast.AST, flow: Flow, scope: Scope, truth: bool | None = None
) -> Iterator[tuple[ast.AST, Flow]]:
    """The parts of a node that a run can reach, and where their values go. flow: where the node's own goes.

    truth: what the node's test always is, where that is known.
    """
    match node:
        case ast.Call(func=function, args=arguments, keywords=keywords):
            yield function, Flow.CALLED
            yield from _all((*arguments, *keywords), Flow.HANDED_ON)
        case ast.IfExp(test=test):
            for part in reached_parts(node, truth):
                yield part, Flow.SEEN if part is test else flow
        case ast.Subscript(value=value, slice=index):
            yield value, Flow.SEEN
            yield index, Flow.SEEN
        case ast.Assign(targets=targets, value=value):
            yield from _all(targets, Flow.SEEN)
            yield from _assigned(targets, value, scope)
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            yield target, Flow.SEEN
            yield value, Flow.KEPT if _is_followed(target, value, scope) else Flow.HANDED_ON
        case _:
            is_seen = isinstance(node, _LOOKS_ONLY)
            for part in reached_parts(node, truth):
                yield part, flow if isinstance(node, _PASSES_ON) else Flow.SEEN if is_seen else Flow.HANDED_ON


def _assigned(targets: list[ast.expr], value: ast.expr, scope: Scope) -> Iterator[tuple[ast.AST, Flow]]:
    is_followed = all(_is_followed(target, value, scope) for target in targets)
    if is_followed and isinstance(value, ast.Tuple | ast.List) and not isinstance(targets[0], ast.Name):
        yield from _all(value.elts, Flow.KEPT)
    else:
        yield value, Flow.KEPT if is_followed else Flow.HANDED_ON


def _is_followed(target: ast.expr, value: ast.expr, scope: Scope) -> bool:
    """Whether reads of what is assigned lead back to the value: of a name, an attribute, a tuple of the same form."""
    match target:
        case ast.Name(id=name):
            return name in scope.bound or name in scope.global_names  # not nonlocal
        case ast.Attribute():
            return True
        case ast.Tuple(elts=parts) | ast.List(elts=parts) if isinstance(value, ast.Tuple | ast.List):
            values = value.elts
            return (
                len(parts) == len(values)
                and not any(isinstance(each, ast.Starred) for each in (*parts, *values))
                and all(
                    isinstance(part, ast.Name) and _is_followed(part, each, scope)
                    for part, each in zip(parts, values, strict=True)
                )
            )
    return False


def _all(nodes: Iterable[ast.AST], flow: Flow) -> Iterator[tuple[ast.AST, Flow]]:
    return ((node, flow) for node in nodes)
