"""Takes the lines that must not run out of a compound statement that a graded function needs, and keeps the rest."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from grader.extract.program import Program
from grader.extract.safety import Safety
from grader.extract.source.binding import TOO_DEEP, reads_of
from grader.extract.source.parsing import Statement
from grader.extract.surroundings.flattening import bound_in
from grader.extract.surroundings.handlers import catches
from grader.extract.surroundings.patching import Patched, first_line_of

_COMPOUND = (ast.If, ast.Try, ast.With, ast.AsyncWith, ast.For, ast.AsyncFor, ast.While, ast.Match)
_DEPTH = 50
"""How deeply nested blocks are looked through."""
_STEPS = 1_000
"""The longest statement that is looked through, in statements."""
_RAISED = "raise FileNotFoundError"


def without_harmful_lines(
    program: Program, safety: Safety, numbers: Collection[int]
) -> dict[str, list[Statement]] | None:
    """The statements of all files, with harmful lines taken out of these compound ones; None if nothing changes.

    Each line taken out stays as text behind its statement, with the reason.
    """
    pruned = {
        number: parts
        for number in numbers
        if isinstance(program.statements[number].node, _COMPOUND)
        and (parts := _Pruning(safety, number).result()) is not None
    }
    if not pruned:
        return None
    return {
        path: [
            part
            for number, statement in enumerate(space.statements, space.first)
            for part in pruned.get(number, [statement])
        ]
        for path, space in program.namespaces.items()
    }


@dataclass(slots=True)
class _Pruning:
    """Goes through the blocks of one statement."""

    safety: Safety
    number: int
    taken_out: list[tuple[ast.stmt, str, str, set[str]]] = field(default_factory=list)
    """Statement, what stands in its place, the reason, and the names that are lost."""
    lost: dict[str, str] = field(default_factory=dict)
    """Names that lines taken out would have bound."""
    own: set[str] = field(default_factory=set)
    """Names that the whole statement binds."""
    steps_left: int = _STEPS

    def result(self) -> list[Statement] | None:
        """The statement without its harmful lines, and those lines; None if there are none or its head is harmful."""
        statement = self.safety.program.statements[self.number]
        node = statement.node
        if node is None or self._reason_of_head(node) is not None:
            return None
        self.own = bound_in([node])
        self._visit(node, [], 0)
        if not self.taken_out or self.steps_left < 0:
            return None
        patched = Patched.of_replaced(statement, [(each, text) for each, text, _, _ in self.taken_out])
        if patched is None:
            return None
        kept = patched.statements(statement)
        if kept is None:
            return None
        offset = statement.first_line - first_line_of(node)
        return kept + [
            Statement(
                statement.unit,
                first_line_of(each) + offset,
                (each.end_lineno or each.lineno) + offset,
                None,
                reason,
                tuple(sorted(names)),
            )
            for each, _, reason, names in self.taken_out
        ]

    def _visit(self, node: ast.stmt, tries: list[ast.Try], depth: int) -> None:
        for block, inner in _blocks(node, tries) if depth < _DEPTH else ():
            for statement in block:
                self.steps_left -= 1
                if self.steps_left < 0:
                    return
                self._visit_statement(statement, inner, depth + 1)

    def _visit_statement(self, statement: ast.stmt, tries: list[ast.Try], depth: int) -> None:
        is_compound = isinstance(statement, _COMPOUND)
        reason = self._reason_of_head(statement) if is_compound else self._reason_of(statement)
        if reason is not None:
            self._take_out(statement, reason, tries)
        elif is_compound:
            self._visit(statement, tries, depth)
        else:
            for name in bound_in([statement]):
                self.lost.pop(name, None)

    def _take_out(self, statement: ast.stmt, reason: str, tries: list[ast.Try]) -> None:
        """In a `try` whose handler gives the names other values, the line fails as it would without its file."""
        names = bound_in([statement])
        text = "pass"
        for each in reversed(tries):
            bound = bound_in(each.body)
            handler = next((one for one in each.handlers if catches(one.type, FileNotFoundError)), None)
            if handler is not None:
                if bound & bound_in(handler.body):
                    text = _RAISED
                    names -= bound_in(handler.body)
                break
        self.taken_out.append((statement, text, reason, names))
        self.lost.update(dict.fromkeys(names, reason))

    def _reason_of_head(self, node: ast.stmt) -> str | None:
        """Why the part of a compound statement before its blocks must not run."""
        for expression in _heads(node):
            reason = self._reason_of(ast.copy_location(ast.Expr(expression), expression))
            if reason is not None:
                return reason
        return None

    def _reason_of(self, statement: ast.stmt) -> str | None:
        reason = self.safety.rash_part(self.number, statement)
        if reason is not None or isinstance(statement, ast.Import | ast.ImportFrom):
            return reason
        try:
            reads = reads_of(ast.unparse(statement))
        except RecursionError:
            return TOO_DEEP
        if isinstance(reads, str):
            return None  # a `break` or `continue`, which needs its loop
        for name in sorted(reads.load & self.lost.keys()):
            return f"it needs `{name}`, which is left out"
        return self.safety.lacking(self.number, reads.load - self.own)


def _heads(node: ast.stmt) -> Iterator[ast.expr]:
    match node:
        case ast.If(test=test) | ast.While(test=test):
            yield test
        case ast.For(iter=iterable) | ast.AsyncFor(iter=iterable):
            yield iterable
        case ast.With(items=items) | ast.AsyncWith(items=items):
            yield from (item.context_expr for item in items)
        case ast.Match(subject=subject, cases=cases):
            yield subject
            yield from (case.guard for case in cases if case.guard is not None)
        case ast.Try(handlers=handlers):
            yield from (handler.type for handler in handlers if handler.type is not None)


def _blocks(node: ast.stmt, tries: list[ast.Try]) -> Iterator[tuple[Sequence[ast.stmt], list[ast.Try]]]:
    """The blocks of a compound statement, each with the `try` statements around it that would catch."""
    match node:
        case ast.Try():
            yield node.body, [*tries, node]
            for handler in node.handlers:
                yield handler.body, tries
            yield node.orelse, tries
            yield node.finalbody, tries
        case ast.Match():
            for case in node.cases:
                yield case.body, tries
        case ast.If() | ast.For() | ast.AsyncFor() | ast.While():
            yield node.body, tries
            yield node.orelse, tries
        case ast.With() | ast.AsyncWith():
            yield node.body, tries
