"""Right functions that take the place of a student's wrong ones in the student's process: plain modules, like a handout's.

They have the signatures of the assignments and hold no data and no expected value. A module must not import anything of
this package.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

from reference.conventions import Convention
from reference.in_worker.closed import read_source
from reference.in_worker.constants import in_convention

_HERE = Path(__file__).parent


def right_source(module: str, function: str, convention: Convention) -> str:
    """The source of a function of a module in a convention. Raises FileNotFoundError for an unknown module."""
    return function_alone(in_convention(read_source(_HERE, module), convention), function)


@cache
def function_alone(source: str, function: str) -> str:
    """The module with one of its functions and what that needs: the student's code can find whatever is beside it."""
    try:
        module = ast.parse(source)
    except SystemError:  # CPython 3.11 miscounts its recursion if another thread parses meanwhile
        return function_alone(source, function)
    bound = [(each, _names(each, ast.Store)) for each in module.body]
    pending, kept = [function], set[str]()
    while pending:
        name = pending.pop()
        kept.add(name)
        for statement, names in bound:
            if name in names:
                pending += _names(statement, ast.Load) - kept
    module.body = [
        each for each, names in bound if isinstance(each, ast.Import | ast.ImportFrom) or kept & names
    ]
    return ast.unparse(module)


def _names(statement: ast.stmt, context: type[ast.expr_context]) -> set[str]:
    """The names that a top-level statement binds there, or those that it reads."""
    if isinstance(statement, ast.FunctionDef | ast.ClassDef) and context is ast.Store:
        return {statement.name}
    nodes = ast.walk(statement)
    return {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, context)}
