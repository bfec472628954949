"""Which parts of a statement are executed when it is: code that no call reaches uses nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

_LEAVES_BLOCK = (ast.Return, ast.Raise, ast.Continue, ast.Break)
_NOT_EXECUTED = frozenset({"annotation", "returns", "type_params", "ctx"})


def reached(block: Sequence[ast.stmt]) -> Sequence[ast.stmt]:
    """The statements of a block up to the first that leaves it."""
    for position, statement in enumerate(block, start=1):
        if isinstance(statement, _LEAVES_BLOCK):
            return block[:position]
    return block


def children_of(node: ast.AST, truth: bool | None = None) -> Iterator[ast.AST]:
    """The parts of a node that are executed with it; annotations are none, as the worker compiles them as strings.

    truth: what the test of an `if` or `while` always is, where that is known: the other branch is passed over.
    """
    passed_over = {True: "orelse", False: "body", None: ""}[truth]
    for name, value in ast.iter_fields(node):
        if name in _NOT_EXECUTED or name == passed_over:
            continue
        if isinstance(value, ast.AST):
            yield value
        elif isinstance(value, list):
            parts = [item for item in value if isinstance(item, ast.AST)]
            is_block = bool(parts) and isinstance(parts[0], ast.stmt)
            yield from reached([part for part in parts if isinstance(part, ast.stmt)]) if is_block else parts
