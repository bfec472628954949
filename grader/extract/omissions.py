"""What of a submission's top level is left out, and why, as far as it is worth a word."""

from __future__ import annotations

import ast
from collections.abc import Collection

from grader.extract.effects import is_main_guard
from grader.extract.extracted import LeftOut
from grader.extract.program import Program
from grader.extract.safety import MAIN_GUARD, Judge


class Omissions:
    """Puts left-out statements into words."""

    def __init__(self, program: Program, judge: Judge) -> None:
        self._program = program
        self._judge = judge

    def left_out(self, number: int) -> LeftOut:
        """A statement that something needs and that is left out."""
        reason = self._judge.reason(number) or "nothing that is graded needs it"
        return self._program.statements[number].left_out(reason, self._program.names_bound_by(number))

    def listed(self, kept: Collection[int], lacking: Collection[int]) -> tuple[LeftOut, ...]:
        """Statements worth a word, in the files that anything is graded from; in all of them where nothing is.

        kept: what is executed. lacking: what would be needed and is left out.
        """
        files = {self._program.statements[number].unit.file for number in (*kept, *lacking)}
        found = []
        for path in sorted(files or self._program.namespaces):
            space = self._program.namespaces[path]
            for number in range(space.first, space.first + len(space.statements)):
                if number in kept:
                    continue
                if number in lacking:
                    found.append(self.left_out(number))
                elif (reason := self._noteworthy(number)) is not None:
                    binds = self._program.names_bound_by(number)
                    found.append(self._program.statements[number].left_out(reason, binds))
        return tuple(found)

    def _noteworthy(self, number: int) -> str | None:
        """Why a statement that no graded function needs is named among what is left out; None where it is not."""
        statement = self._program.statements[number]
        match statement.node:
            case None:
                return statement.obstacle
            case ast.Expr(value=ast.Constant()) | ast.Pass():
                return None
            case ast.Expr():
                if self._judge.setting(number) is not None:
                    return None
                return self._judge.rash_call(number) or "a bare expression, which no graded function needs"
            case ast.If(test=test) if is_main_guard(test):
                return MAIN_GUARD
            case ast.For() | ast.AsyncFor() | ast.While():
                return self._judge.rash_call(number) or "a loop at top level, which no graded function needs"
            case ast.Assign() | ast.AnnAssign() | ast.AugAssign():
                return self._judge.rash_call(number)
            case ast.If() | ast.Try() | ast.With() | ast.AsyncWith() | ast.Match():
                if (reason := self._judge.rash_call(number)) is not None:
                    return reason
                is_idle = not self._program.names_bound_by(number)
                return "binds nothing that a graded function needs" if is_idle else None
            case _:
                return None
