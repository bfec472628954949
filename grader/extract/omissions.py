"""The top-level statements that are left out, with the reason, as far as a reader should know."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection
from dataclasses import replace

from grader.extract.safety import BARE_EXPRESSION, IDLE, Safety
from grader.extract.source.extracted import NOT_PARSED, LeftOut
from grader.extract.source.parsing import Statement

_READS_A_FILE = re.compile(
    r"calls (?:open|\S+\.(?:open|load\w*|read\w*|\w*read|fromfile|genfromtxt|memmap|File))$"
)
_FILE = re.compile(r"\(\s*[rRbuU]?(?P<quote>['\"])(?P<name>[^'\"\n]{1,80})(?P=quote)")
_CLAUSES = ("it ", "through ", "training ", "does not compile")
_ASKS = re.compile(r"calls input$")


def left_out(safety: Safety, number: int, reason: str | None = None) -> LeftOut:
    """A statement that is left out: because it may not be executed, unless another reason is given."""
    reason = reason or safety.reason(number) or "no graded function needs it"
    return safety.program.statements[number].left_out(reason, safety.program.names_bound_by(number))


def lack(safety: Safety, number: int) -> LeftOut:
    """A statement that is left out and that a graded function needs, explained to its author."""
    left = left_out(safety, number)
    root = safety.cause(number)
    statement = safety.program.statements[root]
    reason = left.reason if root == number else safety.reason(root) or left.reason
    return replace(left, explanation=f"{statement.location} {_predicate(statement, reason)}")


def _predicate(statement: Statement, reason: str) -> str:
    """What a statement that is left out does and the remedy, to follow its place."""
    if reason.startswith(NOT_PARSED):
        return reason
    if _ASKS.search(reason):
        return "asks for input, which is not available during grading; put the value in the code"
    if _READS_A_FILE.search(reason):
        file = _FILE.search(statement.source)
        name = file["name"] if file else "a file"
        return f"reads {name}, which is not available during grading; put the value in the code"
    return f"is not run: {reason if reason.startswith(_CLAUSES) else f'it is {reason}'}"


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
        case ast.For() | ast.AsyncFor() | ast.While():
            return safety.rash_call(number) or "a loop that no graded function needs"
        case ast.Assign() | ast.AnnAssign() | ast.AugAssign():
            return safety.rash_call(number)
        case ast.If() | ast.Try() | ast.With() | ast.AsyncWith() | ast.Match():
            return safety.rash_call(number) or (None if safety.program.names_bound_by(number) else IDLE)
        case _:
            return None
