"""Wrong implementations made mechanically: one small change to the syntax tree of one function of the solution.

Every mutant is another program, and a few of them are right all the same: catalogue/equivalent_mutants.txt says
which, and why. Those are graded as right ones.
"""

from __future__ import annotations

import ast
import copy
import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from grader.selftest.catalogue import CatalogueError, module_with, solution
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


@dataclass(frozen=True, slots=True)
class _Site:
    """The place of a node among all nodes of a function, and what to put there."""

    number: int
    replacement: ast.AST


def make_mutants() -> tuple[Implementation, ...]:
    """All mutants of all functions of the solution, in the order of the source; always the same."""
    reasons = dict(equivalent_mutants())
    mutants = [mutant for function in solution() for mutant in _mutants_of(function)]
    if unknown := reasons.keys() - {mutant.full_name for mutant in mutants}:
        raise CatalogueError(f"{_EQUIVALENTS.name}: no mutant is {', '.join(sorted(unknown))}")
    return tuple(
        _as_known(mutant, reasons[mutant.full_name]) if mutant.full_name in reasons else mutant
        for mutant in mutants
    )


@cache
def equivalent_mutants() -> Mapping[str, str]:
    """By full name, why a mutant is a right program: `FUNCTION: NAME | reason`, a line for each."""
    lines = _EQUIVALENTS.read_text(encoding="utf-8").splitlines()
    pairs = [line.split(" | ") for line in lines if line.strip() and not line.startswith("#")]
    return {name.strip(): reason.strip() for name, reason in pairs}


def _as_known(mutant: Implementation, reason: str) -> Implementation:
    """The mutant as a right implementation, or as a wrong one whose check is still to come."""
    if reason.startswith(_AWAITS):
        awaited, _, why = reason.removeprefix(_AWAITS).partition(": ")
        return dataclasses.replace(mutant, awaits=awaited, about=f"{mutant.about} It is wrong: {why}.")
    return dataclasses.replace(mutant, kind="right", about=f"{mutant.about} It is right: {reason}.")


def _mutants_of(function: str) -> Iterator[Implementation]:
    tree = ast.parse(solution()[function].strip("\n"))
    original = ast.unparse(tree)
    seen = {original}
    for site in _sites(tree):
        source = ast.unparse(_with_replacement(tree, site))
        if source not in seen:
            seen.add(source)
            line, old, new = _first_difference(original, source)
            yield Implementation(
                name=f"line {line}: {new}",
                function=function,
                kind="mutant",
                about=f"Line {line} of it, `{old}`, became `{new}`.",
                source=module_with(function, source),
            )


def _first_difference(original: str, mutated: str) -> tuple[int, str, str]:
    """The number of the first line that differs, from 1, and that line before and after."""
    pairs = zip(original.splitlines(), mutated.splitlines(), strict=False)
    for number, (old, new) in enumerate(pairs, start=1):
        if old != new:
            return number, old.strip(), new.strip()
    raise ValueError("the sources are the same")


def _sites(tree: ast.Module) -> Iterator[_Site]:
    """All places but the defaults of arguments: every call of ours states them, and other ones cost nothing."""
    defaults = {
        id(node) for each in ast.walk(tree) if isinstance(each, ast.arguments) for node in each.defaults
    }
    for number, node in enumerate(ast.walk(tree)):
        if id(node) not in defaults:
            for replacement in _replacements(node):
                yield _Site(number, replacement)


def _with_replacement(tree: ast.Module, site: _Site) -> ast.Module:
    """A copy of the tree with another node in the place of one."""
    mutated = copy.deepcopy(tree)
    target = list(ast.walk(mutated))[site.number]
    for parent in ast.walk(mutated):
        for field, value in ast.iter_fields(parent):
            if value is target:
                setattr(parent, field, site.replacement)
            elif isinstance(value, list) and any(each is target for each in value):
                setattr(parent, field, [site.replacement if each is target else each for each in value])
    return ast.fix_missing_locations(mutated)


def _replacements(node: ast.AST) -> Iterator[ast.AST]:
    """What may stand in the place of a node."""
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


def _of_statement(node: ast.stmt) -> Iterator[ast.AST]:
    """The statement left out, or the sign of what it assigns turned round."""
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
    copied = copy.copy(node)
    for name, value in fields.items():
        setattr(copied, name, value)
    return copied
