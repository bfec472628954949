"""Why a graded name is missing, in a sentence that tells the student what to do."""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Iterator, Sequence

from grader.extract.importing import absolute_name
from grader.extract.parsing import Statement
from grader.extract.program import Program
from grader.extract.scopes import Definition

_CANDIDATES = 2_000
"""How many of the submission's own names are compared with a missing one."""

_NEAR = 0.85


class Explainer:
    """Looks a missing name up in all of the submission."""

    def __init__(self, program: Program, names: Sequence[str]) -> None:
        self._program = program
        self._names = names
        self._nested: dict[str, tuple[Statement, str, int]] | None = None
        self._called: dict[str, Statement] = {}

    def reason(self, name: str) -> str:
        """Why `name` is missing."""
        events = [
            self._program.statements[number]
            for space in self._program.namespaces.values()
            for number in space.events.get(name, [])
        ]
        for statement in reversed(events):
            if statement.node is None:
                place = statement.unit.location_of(statement.fault_line or statement.first_line)
                verb = "" if statement.fault_line else "is not run: it is "
                return f"{name} ({place}) {verb}{statement.obstacle}"
        for statement in reversed(events):
            if isinstance(statement.node, ast.ImportFrom):
                module = absolute_name(statement.node.module, statement.node.level, statement.unit.file)
                return (
                    f"{name} ({statement.location}) is imported from {module}, which is not part of the submission: "
                    "hand that file in too"
                )
        self._look_inside()
        assert self._nested is not None
        if name in self._nested:
            statement, kind, line = self._nested[name]
            owner = getattr(statement.node, "name", "another statement")
            place = statement.unit.location_of(statement.first_line + line)
            return f"{name} ({place}) is defined inside {kind}{owner}: it must be defined at top level"
        hint = self._near_miss(name)
        if name in self._called:
            return f"{name} is used ({self._called[name].location}) but never defined{hint}"
        return f"{name} is not defined in the submission{hint}"

    def _look_inside(self) -> None:
        """Find, once, where graded names are defined inside other statements, and where they are only used."""
        if self._nested is not None:
            return
        self._nested = {}
        wanted = set(self._names)
        pattern = (
            re.compile(r"\b(?:" + "|".join(map(re.escape, self._names)) + r")\b") if self._names else None
        )
        for statement in self._program.statements:
            if statement.node is None or pattern is None or not pattern.search(statement.source):
                continue
            for item in ast.walk(statement.node):
                if isinstance(item, Definition) and item.name in wanted and item is not statement.node:
                    kind = "class " if isinstance(statement.node, ast.ClassDef) else ""
                    line = item.lineno - statement.node.lineno
                    if isinstance(statement.node, Definition) and statement.node.decorator_list:
                        line += statement.node.lineno - statement.node.decorator_list[0].lineno
                    self._nested.setdefault(item.name, (statement, kind, line))
                elif isinstance(item, ast.Name) and item.id in wanted:
                    self._called.setdefault(item.id, statement)

    def _near_miss(self, name: str) -> str:
        """A question about a function of almost the same name, or nothing."""
        folded: dict[str, tuple[str, Statement]] = {}
        for own, statement in self._defined():
            if own not in self._names and abs(len(own) - len(name)) <= 4:
                folded.setdefault(own.casefold(), (own, statement))
            if len(folded) == _CANDIDATES:
                break
        near = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=_NEAR)
        if not near:
            return ""
        own, statement = folded[near[0]]
        return f"; did you mean {own} ({statement.location})? Rename it to {name}"

    def _defined(self) -> Iterator[tuple[str, Statement]]:
        for statement in self._program.statements:
            if isinstance(statement.node, Definition):
                yield statement.node.name, statement
