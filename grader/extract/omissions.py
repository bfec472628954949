"""The top-level statements that are left out, with the reason, as far as a reader should know."""

from __future__ import annotations

import ast
from collections.abc import Collection

from grader.extract.effects import is_main_guard
from grader.extract.extracted import LeftOut
from grader.extract.safety import BARE_EXPRESSION, IDLE, MAIN_GUARD, Safety


def left_out(safety: Safety, number: int, reason: str | None = None) -> LeftOut:
    """A statement that is left out: because it may not be executed, unless another reason is given."""
    reason = reason or safety.reason(number) or "no graded function needs it"
    return safety.program.statements[number].left_out(reason, safety.program.names_bound_by(number))


def omissions(safety: Safety, included: Collection[int], lacking: Collection[int]) -> tuple[LeftOut, ...]:
    """The statements to name as left out, in the files that anything is graded from, else in all.

    `included` are executed; `lacking` are needed but left out.
    """
    statements = safety.program.statements
    files = {statements[number].unit.file for number in (*included, *lacking)}
    found: list[LeftOut] = []
    for path in sorted(files or safety.program.namespaces):
        space = safety.program.namespaces[path]
        for number in range(space.first, space.first + len(space.statements)):
            found += statements[number].lost_methods if number in included else ()
            if number in lacking and number not in included:
                found.append(left_out(safety, number))
            elif number not in included and (reason := _noteworthy(safety, number)) is not None:
                found.append(left_out(safety, number, reason))
    return tuple(found)


def _noteworthy(safety: Safety, number: int) -> str | None:
    """Why a statement that no graded function needs is named all the same; None where it is not."""
    statement = safety.program.statements[number]
    match statement.node:
        case None:
            return statement.obstacle
        case ast.Expr(value=ast.Constant()) | ast.Pass():
            return None
        case ast.Expr():
            is_setting = safety.setting(number) is not None
            return None if is_setting else safety.rash_call(number) or BARE_EXPRESSION
        case ast.If(test=test) if is_main_guard(test):
            return MAIN_GUARD
        case ast.For() | ast.AsyncFor() | ast.While():
            return safety.rash_call(number) or "a loop that no graded function needs"
        case ast.Assign() | ast.AnnAssign() | ast.AugAssign():
            return safety.rash_call(number)
        case ast.If() | ast.Try() | ast.With() | ast.AsyncWith() | ast.Match():
            return safety.rash_call(number) or (None if safety.program.names_bound_by(number) else IDLE)
        case _:
            return None
