"""Why a graded name is missing, in a sentence that tells the student what to do."""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Mapping, Sequence

from grader.extract.program import Program
from grader.extract.source.extracted import NOT_HANDED_IN
from grader.extract.source.parsing import Statement
from grader.extract.source.scopes import Definition
from grader.model.observation import Location

_CANDIDATES = 2_000
"""How many of the submission's own names are compared with a missing one."""

_NEAR = 0.85


_UNDEFINED, _NEVER = "is not defined in the submission", "but never defined"


def is_plain(reason: str) -> bool:
    """Whether a reason says no more than that the name is missing."""
    return reason.endswith((_UNDEFINED, _NEVER))


class Explainer:
    """Looks a missing name up in all of the submission."""

    def __init__(self, program: Program, names: Sequence[str], elsewhere: Mapping[str, str]) -> None:
        """elsewhere: sentences on definitions in text that is not run."""
        self._program = program
        self._names = names
        self._elsewhere = elsewhere
        self._inner: dict[str, str] | None = None
        self._used: dict[str, Location] = {}

    def fault(self, name: str) -> Location | None:
        """The line of the syntax error because of which `name` is missing, if that is the reason."""
        statement = next((each for each in reversed(self._events(name)) if each.node is None), None)
        line = statement.fault_line if statement is not None else None
        return statement.unit.location_of(line) if statement is not None and line is not None else None

    def _events(self, name: str) -> list[Statement]:
        """The statements that bind or change the name, or would."""
        return [
            self._program.statements[number]
            for space in self._program.namespaces.values()
            for number in space.events.get(name, [])
        ]

    def reason(self, name: str) -> str:
        """Why `name` is missing."""
        events = self._events(name)
        for statement in reversed(events):
            if statement.fault_line is not None:
                return f"{name} ({statement.location.place}) {statement.obstacle}"
            if statement.node is None:
                is_clause = statement.obstacle.startswith("it ")
                verb = "is not run:" if is_clause else "is not run: it is"
                return f"{name} ({statement.location}) {verb} {statement.obstacle}"
        for statement in reversed(events):
            if isinstance(statement.node, ast.ImportFrom):
                return f"{name} ({statement.location}) is imported from {self._origin(statement, name)}"
        if self._inner is None:
            self._inner = self._look_inside()
        if name in self._inner:
            return self._inner[name]
        if name in self._elsewhere:
            return self._elsewhere[name]
        hint = self._near_miss(name)
        if name in self._used:
            place = self._used[name]
            return f"{name} is used ({place}) {_NEVER}{hint}{self._absent_star(place.file, name)}"
        return f"{name} {_UNDEFINED}{hint}"

    def _origin(self, statement: Statement, name: str) -> str:
        """The module that an import names, and why the name cannot be had from it."""
        assert isinstance(statement.node, ast.ImportFrom)
        path = statement.unit.file
        imported = next(each for each in self._program.names_in(statement.node, path) if each.bound == name)
        if imported.file:
            return f"{imported.file}, which does not define {imported.name}"
        subject, predicate = self._program.finder.absence(imported.dotted)
        if predicate != NOT_HANDED_IN:
            return f"{subject}, which {predicate}"
        return f"{subject}, but {subject} {predicate}: hand that file in too"

    def _absent_star(self, path: str, name: str) -> str:
        """The file that was not handed in and that the name may come from by a star import, or nothing."""
        imports = self._program.starred(path, name).imports if path in self._program.namespaces else ()
        for each in (each for number in imports for each in self._program.strangers_of(number)):
            subject, predicate = self._program.finder.absence(each.dotted)
            if each.name == "*" and predicate == NOT_HANDED_IN:
                return f": {subject}, from which all names are imported, {predicate}"
        return ""

    def _look_inside(self) -> dict[str, str]:
        """The reasons for graded names defined inside other statements; also notes where they are only used."""
        found: dict[str, str] = {}
        wanted = set(self._names)
        pattern = re.compile(r"\b(?:" + "|".join(map(re.escape, self._names)) + r")\b")
        for statement in self._program.statements:
            node = statement.node
            if node is None or not pattern.search(statement.source):
                continue
            kind = "class " if isinstance(node, ast.ClassDef) else ""
            owner = f"{kind}{getattr(node, 'name', 'another statement')}"
            for item in ast.walk(node):
                if isinstance(item, Definition) and item.name in wanted and item is not node:
                    place = f"{item.name} ({statement.location_of(item)})"
                    found.setdefault(item.name, f"{place} is defined inside {owner}: it must be at top level")
                elif isinstance(item, ast.Name) and item.id in wanted:
                    self._used.setdefault(item.id, statement.location)
        return found

    def _near_miss(self, name: str) -> str:
        """A question about a function of almost the same name, or nothing."""
        folded: dict[str, tuple[str, Statement]] = {}
        for statement in self._program.statements:
            own = statement.node.name if isinstance(statement.node, Definition) else name
            if own not in self._names and abs(len(own) - len(name)) <= 4:
                folded.setdefault(own.casefold(), (own, statement))
            if len(folded) == _CANDIDATES:
                break
        near = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=_NEAR)
        if not near:
            return ""
        own, statement = folded[near[0]]
        return f"; did you mean {own} ({statement.location})? Rename it to {name}"
