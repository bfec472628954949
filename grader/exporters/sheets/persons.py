"""Whose row is whose: by ids, and never by a name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from grader.exporters.sheets.grid import Line
from grader.intake.persons import folded, id_text
from grader.model.student_result import StudentResult

UNKNOWN = "unknown"
"""The kind of an id of which nobody said what it is: a submission's, where no student is named."""

_NO_IDS = frozenset({"name", "github"})

NUMBERS = frozenset({"id", "sis", "sid"})
"""Kinds of ids that a school gives."""

LOGINS = frozenset({"login", "username", "email"})


@dataclass(frozen=True, slots=True)
class Key:
    """A column of ids."""

    column: int
    kinds: frozenset[str] | None
    """The student's ids that may stand there; None for any."""

    text: Callable[[str], str] = id_text
    """From a cell to the id."""


@dataclass(frozen=True, slots=True)
class Owners:
    """The students whom a row's ids name."""

    results: tuple[int, ...]
    """By number. Several: by one id that they share, or by ids that disagree."""

    is_certain: bool = True
    """Whether the kind of id is known."""

    agreeing: int = 1
    """How many of the row's ids name them."""


class Ids:
    """The students of a class by their ids."""

    def __init__(self, results: Sequence[StudentResult]) -> None:
        self._by_kind: defaultdict[str, defaultdict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        for number, result in enumerate(results):
            for kind, value in ids_of(result):
                owners = self._by_kind[kind][folded(value)]
                if number not in owners[-1:]:
                    owners.append(number)

    def owners(self, line: Line, keys: Sequence[Key]) -> Owners:
        """The students whom a row's cells name: all of its ids that name anybody have to agree."""
        found: list[tuple[int, ...]] = []
        is_certain = True
        for key in keys:
            value = folded(key.text(line[key.column]))
            owners = self._with(value, key) if value else {}
            if owners:
                is_certain = any(owners.values()) if not found else is_certain
                found.append(tuple(owners))
        if not found:
            return Owners(())
        everybody = dict.fromkeys(each for owners in found for each in owners)
        same = [each for each in everybody if all(each in owners for owners in found)]
        return Owners(tuple(same if len(same) == 1 else everybody), is_certain, len(found))

    def _with(self, value: str, key: Key) -> dict[int, bool]:
        """Everybody with the id, and whether its kind is known."""
        kinds = self._by_kind if key.kinds is None else {*key.kinds, UNKNOWN}
        found: dict[int, bool] = {}
        for kind in kinds:
            for each in self._by_kind[kind].get(value, []) if kind in self._by_kind else []:
                found[each] = found.get(each, False) or kind != UNKNOWN
        return found

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of ids that the class has."""
        return tuple(sorted(self._by_kind))


def ids_of(result: StudentResult) -> Iterator[tuple[str, str]]:
    """A student's ids by kind, without names: those of the roster and those of the platform."""
    student = result.student
    if student is None:
        yield UNKNOWN, result.id
        return
    known = {kind: value for kind, value in student.platform.items() if kind not in _NO_IDS and value}
    if student.email:
        yield "email", student.email
    yield from known.items()
    if not known and student.id not in {student.name, student.email}:
        yield "id", student.id
        yield UNKNOWN, student.id


def id_of(result: StudentResult, kinds: Sequence[str]) -> str | None:
    """The student's id of the first of these kinds that is known."""
    known = dict(ids_of(result))
    return next((known[kind] for kind in kinds if kind in known), None)
