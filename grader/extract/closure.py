"""The statements to execute before a function can be called, and their order."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from grader.extract.effects import is_callable
from grader.extract.safety import Safety
from grader.extract.source.binding import Reads
from grader.extract.source.scopes import Definition

_STEPS = 200_000
"""Steps for one submission, spent on names that called helpers need and on names taken from imported files."""


@dataclass(frozen=True, slots=True)
class Edges:
    """Statements that one statement needs."""

    load: AbstractSet[int]
    """Before it is executed."""
    late: AbstractSet[int]
    """Before its functions are called."""
    left_out: AbstractSet[int]
    """Needed, but left out."""


@dataclass(frozen=True, slots=True)
class Closure:
    """Everything that a statement needs."""

    numbers: frozenset[int]
    """The statements, itself included."""
    left_out: tuple[int, ...]
    """Needed, but left out."""


class Dependencies:
    """Finds closures; statements that functions share are looked at once."""

    def __init__(self, safety: Safety) -> None:
        self._program = program = safety.program
        self._safety = safety
        self._edges: dict[int, Edges] = {}
        self._steps_left = _STEPS
        self._settings: dict[tuple[str, str], list[int]] = {}
        self._set_up_by: dict[int, list[tuple[str, str]]] = {}
        for path, space in program.namespaces.items():
            for number, statement in enumerate(space.statements, space.first):
                if isinstance(statement.node, ast.Expr) and (root := safety.setting(number)) is not None:
                    self._settings.setdefault((path, root), []).append(number)
        for path, root in self._settings:
            for number in program.namespaces[path].events.get(root, ()):
                self._set_up_by.setdefault(number, []).append((path, root))

    def closure(self, targets: Iterable[int]) -> Closure:
        """The targets and all they need, with the settings of the modules among it."""
        numbers: set[int] = set()
        left_out: set[int] = set()
        pending = list(targets)
        set_up: set[tuple[str, str]] = set()
        while pending:
            number = pending.pop()
            if number in numbers:
                continue
            numbers.add(number)
            edges = self._edges_of(number)
            pending += edges.load
            pending += edges.late
            left_out |= edges.left_out
            for module in self._set_up_by.get(number, ()):
                if module not in set_up:
                    set_up.add(module)
                    pending += (each for each in self._settings[module] if self._safety.reason(each) is None)
        return Closure(frozenset(numbers), tuple(sorted(left_out)))

    def order(self, numbers: Iterable[int]) -> list[int]:
        """The numbers in the order of execution: ascending, except where an earlier statement needs a later one."""
        wanted = set(numbers)
        done: dict[int, None] = {}
        entered: set[int] = set()
        for start in sorted(wanted):
            pending = [(start, False)]
            while pending:
                number, is_ready = pending.pop()
                if is_ready:
                    done[number] = None
                elif number not in entered:
                    entered.add(number)
                    pending.append((number, True))
                    before = (needed for needed in self._edges_of(number).load if needed in wanted)
                    pending.extend((needed, False) for needed in sorted(before, reverse=True))
        return list(done)

    def _edges_of(self, number: int) -> Edges:
        if number not in self._edges:
            self._edges[number] = self._found_edges(number)
        return self._edges[number]

    def _found_edges(self, number: int) -> Edges:
        path = self._program.statements[number].unit.file
        reads = self._program.reads(number)
        if isinstance(reads, str):
            return Edges(frozenset(), frozenset(), frozenset())
        load: set[int] = set()
        late: set[int] = set()
        left_out: set[int] = set()
        wanted: list[tuple[str, str, int | None, set[int]]] = [
            (path, name, number, load) for name in sorted(reads.load)
        ]
        wanted += [(path, name, None, late) for name in sorted(reads.late)]
        wanted += [(file, name, None, late) for file, name in self._taken_from_files(number)]
        for file, name, before, found in wanted:
            resolved = self._safety.resolve(file, name, before)
            found.update(resolved.needed)
            left_out.update(resolved.left_out)
        for name in self._program.bindings(number).partial:  # a change builds on earlier bindings
            resolved = self._safety.resolve(path, name, number)
            load.update(needed for needed in resolved.needed if needed < number)
        self._add_needs_of_helpers(number, reads, load)
        return Edges(load - {number}, late - {number}, left_out)

    def _taken_from_files(self, number: int) -> Iterable[tuple[str, str]]:
        """(file, name) of everything the statement's imports take from files of the submission."""
        for module in self._program.modules_of(number):
            space = self._program.namespaces.get(module.file)
            if space is None or module.name == "*":
                continue
            if module.name is not None:
                yield module.file, module.name
                continue
            attributes = self._program.attributes_in(self._program.statements[number].unit.file)
            taken = sorted(attributes if space.stars else attributes & space.events.keys())
            for name in taken[: self._steps_left]:
                yield module.file, name
            self._steps_left = max(0, self._steps_left - len(taken))

    def _add_needs_of_helpers(self, number: int, reads: Reads, load: set[int]) -> None:
        """Add what the helpers it may call read, with the values from before the statement."""
        node = self._program.statements[number].node
        if isinstance(node, Definition) and not reads.load:
            return
        pending = sorted(load)
        while pending and self._steps_left > 0:
            helper = pending.pop()
            statement = self._program.statements[helper]
            helper_reads = self._program.reads(helper)
            if isinstance(helper_reads, str) or not is_callable(statement.node):
                continue
            for name in sorted(helper_reads.late):
                self._steps_left -= 1
                for needed in self._safety.resolve(statement.unit.file, name, number).needed:
                    if needed not in load and needed != number:
                        load.add(needed)
                        pending.append(needed)
