"""Finds the students of a class that a word of the instructor's is about: by submission, id, email or platform id."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from grader import formatting
from grader.model.student_result import StudentResult


class Directory:
    """The students of a class by all their ids; upper and lower case are the same."""

    def __init__(self, results: Sequence[StudentResult]) -> None:
        self._results = results
        self._submissions: dict[str, list[int]] = defaultdict(list)
        self._students: dict[str, list[int]] = defaultdict(list)
        self._others: dict[str, list[int]] = defaultdict(list)
        for position, result in enumerate(results):
            self._submissions[_key(result.id)].append(position)
            student = result.student
            if student is not None:
                self._students[_key(student.id)].append(position)
                for other in {_key(each) for each in (student.email, *student.platform.values()) if each}:
                    self._others[other].append(position)

    def find(self, name: str) -> tuple[StudentResult, ...]:
        """Those whom it names, the strongest id first; nobody, or all members of a group's submission.

        Several submissions if the name leaves it open.
        """
        key = _key(name)
        tiers = (self._submissions, self._students, self._others)
        positions = next((tier[key] for tier in tiers if key in tier), [])
        return tuple(self._results[each] for each in positions)

    def fault(self, name: str) -> str:
        """Why the name does not tell whose submission is meant; empty if it does."""
        found = self.find(name)
        ids = list(dict.fromkeys(each.id for each in found))
        shown = formatting.printable(name)
        if not found:
            near = formatting.near(name, self.names)
            return f"no submission or student is {shown!r}" + (f" ({near})" if near else "")
        if len(ids) > 1:
            words = formatting.several([repr(formatting.printable(each)) for each in ids])
            return f"{shown!r} names several submissions: {words}; give the id of one"
        return ""

    @property
    def names(self) -> tuple[str, ...]:
        """All ids of submissions and students, and all emails."""
        students = [each.student for each in self._results if each.student is not None]
        known = (
            *(each.id for each in self._results),
            *(each.id for each in students),
            *(each.email for each in students if each.email),
        )
        return tuple(dict.fromkeys(known))


def _key(name: str) -> str:
    return name.strip().casefold()
