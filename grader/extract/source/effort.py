"""The cost of compiling a statement beyond its length: a page of text can take hours and gigabytes."""

from __future__ import annotations

import ast

from grader.extract.source.scopes import Comprehension, Function

GREATEST_EFFORT = 1_000_000
"""Of one statement: a second and 100 MB with CPython 3.11. A student's large class needs a tenth."""

SUBMISSION_EFFORT = 4 * GREATEST_EFFORT
"""Of all costly statements of a submission."""

_SCOPE_WORDS = ("lambda", "def", "class", "for")


def compile_effort(node: ast.stmt, source: str) -> int:
    """How many nodes and names Python's compiler handles for this statement; 0 if there cannot be many.

    The compiler is not linear in two cases. It repeats a `finally` block for each way out of its `try`: twenty nested
    ones make a million copies. And it copies the names of the enclosing functions for every scope within them.
    """
    effort = 0
    words = sum(source.count(word) for word in _SCOPE_WORDS)
    if words * len(source) > GREATEST_EFFORT:
        effort += _name_copies(node)
    if "finally" in source:
        effort += _unrolled(node)
    return effort


def _name_copies(node: ast.stmt) -> int:
    """Scopes times names."""
    scopes = 0
    names: set[str] = set()
    for item in ast.walk(node):
        scopes += isinstance(item, Function | ast.ClassDef | Comprehension)
        if isinstance(item, ast.Global | ast.Nonlocal):
            names.update(item.names)
        fields = (getattr(item, field, None) for field in ("id", "name", "asname", "arg", "rest"))
        names.update(name for name in fields if isinstance(name, str))
    return scopes * len(names)


def _unrolled(root: ast.stmt) -> int:
    """The nodes of the statement once every `finally` block is copied to each way out."""
    sizes: dict[int, tuple[int, int]] = {}
    pending: list[tuple[ast.AST, bool]] = [(root, False)]
    while pending:
        node, is_ready = pending.pop()
        children = list(ast.iter_child_nodes(node))
        if not is_ready:
            pending.append((node, True))
            pending.extend((child, False) for child in children)
            continue
        # Contexts such as Load are one object each, shared by the whole tree.
        size = 1 + sum(sizes[id(child)][0] for child in children)
        exits = isinstance(node, ast.Return | ast.Break | ast.Continue)
        ways_out = exits + sum(sizes[id(child)][1] for child in children)
        if isinstance(node, ast.Try | ast.TryStar):
            final_size = sum(sizes[id(child)][0] for child in node.finalbody)
            final_ways_out = sum(sizes[id(child)][1] for child in node.finalbody)
            # Once for each way out of the rest, once where the block ends, once where it raises.
            copies = ways_out - final_ways_out + 2
            size += (copies - 1) * final_size
            ways_out += (copies - 1) * final_ways_out
        sizes[id(node)] = (size, ways_out)
    return sizes[id(root)][0]
