"""What a function needs: the statements to execute before it can be called, and their order."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass

from grader.extract.binding import Reads
from grader.extract.effects import is_lambda
from grader.extract.program import Program
from grader.extract.safety import Judge
from grader.extract.scopes import Definition

_STEPS = 200_000
"""Steps spent, over a whole submission, on the order in which called helpers need their names, and on names that
are taken from imported files with a dot."""


@dataclass(frozen=True, slots=True)
class Edges:
    """Statements that one statement needs: before itself, or merely before its functions are called."""

    load: tuple[int, ...]
    late: tuple[int, ...]
    left_out: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Closure:
    """Everything that a statement needs, itself included, and what of it is left out."""

    numbers: frozenset[int]
    left_out: tuple[int, ...]


class Dependencies:
    """Finds closures; what two functions share is looked at once."""

    def __init__(self, program: Program, judge: Judge) -> None:
        self._program = program
        self._judge = judge
        self._edges: dict[int, Edges] = {}
        self._steps_left = _STEPS
        self._settings: dict[tuple[str, str], list[int]] = {}
        self._set_up_by: dict[int, list[tuple[str, str]]] = {}
        for path, space in program.namespaces.items():
            for number, statement in enumerate(space.statements, space.first):
                if isinstance(statement.node, ast.Expr) and (root := judge.setting(number)) is not None:
                    self._settings.setdefault((path, root), []).append(number)
        for path, root in self._settings:
            for number in program.namespaces[path].events.get(root, ()):
                self._set_up_by.setdefault(number, []).append((path, root))

    def closure(self, targets: Iterable[int]) -> Closure:
        """The targets and all that they need, settings of the modules among it included."""
        numbers: set[int] = set()
        left_out: dict[int, None] = {}
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
            left_out.update(dict.fromkeys(edges.left_out))
            for module in self._set_up_by.get(number, ()):
                if module not in set_up:
                    set_up.add(module)
                    pending += self._settings_of(module)
        return Closure(frozenset(numbers), tuple(sorted(left_out)))

    def order(self, numbers: Iterable[int]) -> list[int]:
        """The numbers as they stand, but for those that an earlier one needs when it is executed."""
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

    def _settings_of(self, module: tuple[str, str]) -> list[int]:
        """Bare expressions such as torch.set_default_dtype(...) that can be executed."""
        return [number for number in self._settings[module] if self._judge.reason(number) is None]

    def _edges_of(self, number: int) -> Edges:
        if number not in self._edges:
            self._edges[number] = self._found_edges(number)
        return self._edges[number]

    def _found_edges(self, number: int) -> Edges:
        path = self._program.statements[number].unit.file
        reads = self._program.reads(number)
        if isinstance(reads, str):
            return Edges((), (), ())
        load: dict[int, None] = {}
        late: dict[int, None] = {}
        left_out: dict[int, None] = {}
        for names, before, found in ((reads.load, number, load), (reads.late, None, late)):
            for name in sorted(names):
                resolved = self._judge.resolve(path, name, before)
                found.update(dict.fromkeys(resolved.needed))
                left_out.update(dict.fromkeys(resolved.left_out))
        for name in self._program.bindings(number).partial:
            load.update(dict.fromkeys(self._earlier(path, name, number)))
        for file, name in self._taken_from_files(number):
            resolved = self._judge.resolve(file, name, None)
            late.update(dict.fromkeys(resolved.needed))
            left_out.update(dict.fromkeys(resolved.left_out))
        self._add_needs_of_helpers(number, reads, load)
        for found in (load, late):
            found.pop(number, None)
        return Edges(tuple(load), tuple(late), tuple(left_out))

    def _earlier(self, path: str, name: str, number: int) -> tuple[int, ...]:
        """What a statement that changes `name`, or binds it only perhaps, builds on."""
        resolved = self._judge.resolve(path, name, number)
        return tuple(needed for needed in resolved.needed if needed < number)

    def _taken_from_files(self, number: int) -> Iterable[tuple[str, str]]:
        """(file, name) of what the statement's imports take from files of the submission."""
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

    def _add_needs_of_helpers(self, number: int, reads: Reads, load: dict[int, None]) -> None:
        """Add what helpers read that may be called while the statement is executed.

        Such names count as they stood before the statement, as they would in a notebook run from the top.
        """
        node = self._program.statements[number].node
        if isinstance(node, Definition) and not reads.load:
            return
        pending = list(load)
        while pending and self._steps_left > 0:
            helper = pending.pop()
            statement = self._program.statements[helper]
            helper_reads = self._program.reads(helper)
            if isinstance(helper_reads, str) or not (
                isinstance(statement.node, Definition) or is_lambda(statement.node)
            ):
                continue
            for name in sorted(helper_reads.late):
                self._steps_left -= 1
                for needed in self._judge.resolve(statement.unit.file, name, number).needed:
                    if needed not in load and needed != number:
                        load[needed] = None
                        pending.append(needed)
