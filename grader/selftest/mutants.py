"""Mutants: wrong implementations, each made by one small change to the syntax tree of a function of the solution.

A few turn out right. catalogue/equivalent_mutants.txt lists those of our solution with the reason, and they are graded as
right. Which of an instructor's are, nobody has looked at: they are made with more kinds of changes, and may be right.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from grader.selftest.catalogue import CatalogueError, module_with, solution_of
from grader.selftest.implementation import Implementation

_EQUIVALENTS = Path(__file__).resolve().parent / "catalogue" / "equivalent_mutants.txt"

_OPERATORS: Mapping[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Mod: ast.FloorDiv,
}
_COMPARISONS: Mapping[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Gt: (ast.GtE, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.Is: (ast.IsNot,),
}

_AWAITS = "awaits "


def make_mutants() -> tuple[Implementation, ...]:
    """All mutants of the solution, in the order of the source; always the same."""
    reasons = dict(equivalent_mutants())
    mutants = [mutant for function in solution_of().functions for mutant in _mutants_of(function)]
    if unknown := reasons.keys() - {mutant.full_name for mutant in mutants}:
        raise CatalogueError(f"{_EQUIVALENTS.name}: there is no mutant {', '.join(sorted(unknown))}")
    return tuple(_as_known(mutant, reasons.get(mutant.full_name)) for mutant in mutants)


@cache
def equivalent_mutants() -> Mapping[str, str]:
    """Why a mutant is right, by its full name. One per line: `FUNCTION: NAME | reason`."""
    lines = _EQUIVALENTS.read_text(encoding="utf-8").splitlines()
    pairs = [line.split(" | ") for line in lines if line.strip() and not line.startswith("#")]
    return {name.strip(): reason.strip() for name, reason in pairs}


def _as_known(mutant: Implementation, reason: str | None) -> Implementation:
    """The mutant as a right implementation, or as a wrong one that awaits a check."""
    if reason is None:
        return mutant
    if reason.startswith(_AWAITS):
        awaited, _, why = reason.removeprefix(_AWAITS).partition(": ")
        return replace(mutant, awaits=awaited, about=f"{mutant.about} It is wrong: {why}.")
    return replace(mutant, kind="right", about=f"{mutant.about} It is right: {reason}.")


def _mutants_of(function: str) -> Iterator[Implementation]:
    tree = ast.parse(solution_of().functions[function].strip("\n"))
    original = ast.unparse(tree)
    seen = {original}
    for _, source in _mutated_sources(tree):
        if source not in seen:
            seen.add(source)
            line, old, new = _first_difference(original, source)
            yield Implementation(
                name=f"line {line}: {new}",
                function=function,
                kind="mutant",
                about=f"Line {line}, `{old}`, became `{new}`.",
                source=module_with(function, source),
            )


def _first_difference(original: str, mutated: str) -> tuple[int, str, str]:
    """The number of the first line that differs, from 1, and that line before and after."""
    pairs = zip(original.splitlines(), mutated.splitlines(), strict=False)
    return next(
        (number, old.strip(), new.strip()) for number, (old, new) in enumerate(pairs, start=1) if old != new
    )


@dataclass(frozen=True, slots=True)
class Change:
    """A function of a module after one change."""

    name: str
    """Where, and what the line became."""
    about: str
    source: str
    """The whole module's."""


def changes_in(module: str, function: str) -> Iterator[Change]:
    """Every small change to one function or class of a module that parses."""
    tree = ast.parse(module)
    targets = [
        number
        for number, each in enumerate(tree.body)
        if isinstance(each, ast.FunctionDef | ast.ClassDef) and each.name == function
    ]
    if not targets:
        return
    alone = ast.Module([tree.body[targets[-1]]], [])
    original = ast.unparse(alone)
    seen = {original}
    for node, source in _mutated_sources(alone, further=True):
        if source in seen:
            continue
        seen.add(source)
        _, old, new = _first_difference(original, source)
        line = getattr(node, "lineno", alone.body[0].lineno)
        body = [*tree.body]
        body[targets[-1]] = ast.parse(source).body[0]
        whole = ast.unparse(ast.Module(body, []))
        yield Change(f"line {line}: {new}", f"Line {line}, `{old}`, became `{new}`.", whole + "\n")


def _mutated_sources(tree: ast.Module, *, further: bool = False) -> Iterator[tuple[ast.AST, str]]:
    """Each node with the source after a replacement of it.

    Default arguments are left alone: all our calls pass every argument, so a changed default changes nothing.
    """
    defaults = {
        id(node) for each in ast.walk(tree) if isinstance(each, ast.arguments) for node in each.defaults
    }
    for node in ast.walk(tree):
        if id(node) in defaults:
            continue
        for replacement in (*_replacements(node), *(_further_replacements(node) if further else ())):
            mutated = copy.deepcopy(tree, {id(node): replacement})  # the memo's entry becomes the node's copy
            yield node, ast.unparse(ast.fix_missing_locations(mutated))


def _replacements(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes that may replace this one."""
    if isinstance(node, ast.stmt):
        yield from _of_statement(node)
    match node:
        case ast.BinOp(op=op) | ast.AugAssign(op=op) if type(op) in _OPERATORS:
            yield _copy(node, op=_OPERATORS[type(op)]())
        case ast.Compare(ops=[op]) if type(op) in _COMPARISONS:
            for other in _COMPARISONS[type(op)]:
                yield _copy(node, ops=[other()])
        case ast.Constant():
            yield from _of_constant(node)
        case ast.UnaryOp(op=ast.USub()):
            yield node.operand
        case ast.Call(args=[first, second, *rest]):
            yield _copy(node, args=[second, first, *rest])
        case ast.Subscript(ctx=ast.Load()):
            yield node.value


_OTHERS: Mapping[str, str] = {
    "mean": "sum",
    "sum": "mean",
    "max": "min",
    "min": "max",
    "argmax": "argmin",
    "argmin": "argmax",
    "exp": "log",
    "log": "exp",
}
"""Functions and methods that students confuse."""


def _further_replacements(node: ast.AST) -> Iterator[ast.AST]:
    """A term or a keyword dropped, a transposition left out, another reduction or comparison, a result negated."""
    match node:
        case ast.BinOp(op=ast.Add()):
            yield from (node.left, node.right)
        case ast.BinOp(op=ast.Sub()):
            yield node.left
        case ast.Compare(ops=[ast.Lt() | ast.LtE() | ast.GtE() as op]):
            yield _copy(node, ops=[ast.GtE() if isinstance(op, ast.Lt) else ast.Lt()])
        case ast.Attribute(attr="T"):
            yield node.value
        case ast.Attribute(attr=name) if name in _OTHERS:
            yield _copy(node, attr=_OTHERS[name])
        case ast.Return(value=ast.BinOp() as value):
            yield _copy(node, value=ast.UnaryOp(ast.USub(), value))
        case ast.Call(keywords=[*keywords]):
            for dropped in keywords:
                yield _copy(node, keywords=[each for each in keywords if each is not dropped])


def _of_statement(node: ast.stmt) -> Iterator[ast.AST]:
    """The statement left out, or the sign of the assigned value flipped."""
    match node:
        case ast.Assign() | ast.AugAssign() | ast.Expr() | ast.Continue() | ast.If(orelse=[]):
            yield ast.Pass()
    match node:
        case ast.AugAssign() | ast.Assign(value=ast.BinOp()):
            yield _copy(node, value=ast.UnaryOp(ast.USub(), node.value))


def _of_constant(node: ast.Constant) -> Iterator[ast.AST]:
    match node.value:
        case bool():
            yield ast.Constant(not node.value)
        case int() | float() as value:
            for number in dict.fromkeys((value + 1, value - 1, value * 2)):
                yield ast.Constant(number)


def _copy(node: ast.AST, **fields: object) -> ast.AST:
    return type(node)(**{**dict(ast.iter_fields(node)), **fields})
