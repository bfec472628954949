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

        Several submissions if the name leaves it open: an id of one student may be what another's submission is called,
        which can be up to that other.
        """
        key = _key(name)
        tiers = (self._submissions, self._students, self._others)
        first = next((tier[key] for tier in tiers if key in tier), [])
        if key not in self._submissions:
            return tuple(self._results[each] for each in first)
        owners = {self._owner(each) for each in first}
        also = (*self._students.get(key, ()), *self._others.get(key, ()))
        others = [each for each in also if self._owner(each) not in owners]
        return tuple(self._results[each] for each in dict.fromkeys((*first, *others)))

    def _owner(self, position: int) -> str | None:
        student = self._results[position].student
        return None if student is None else student.id

    def fault(self, name: str) -> str:
        """Why the name does not tell whose submission is meant; empty if it does."""
        found = self.find(name)
        shown = formatting.printable(name)
        if not found:
            ids = sorted(
                {
                    each.student.id
                    for each in self._results
                    if each.student is not None and _is_called(name, each)
                }
            )
            if ids:
                return f"{shown!r} is a name; give the id: {formatting.several([repr(formatting.printable(each)) for each in ids])}"
            near = formatting.near(name, (*self.names, *self._others)) or self._near_mailbox(name)
            return f"no submission or student is {shown!r}" + (f" ({near})" if near else "")
        submissions = list(dict.fromkeys(each.id for each in found))
        if len(submissions) > 1:
            words = formatting.several([repr(formatting.printable(each)) for each in submissions])
            advice = (
                "another id of the student"
                if any(_key(each) == _key(name) for each in submissions)
                else "the id of one"
            )
            return f"{shown!r} names several submissions: {words}; give {advice}"
        return ""

    def _near_mailbox(self, name: str) -> str:
        """The email addresses whose part before the @ is the name: the roster may have no logins."""
        own = [each for each in self._others if each.startswith(f"{_key(name)}@")]
        return f"did you mean {formatting.choices(own)}?" if own else ""

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


def _is_called(name: str, result: StudentResult) -> bool:
    student = result.student
    return student is not None and student.name is not None and _key(student.name) == _key(name)


def _key(name: str) -> str:
    return name.strip().casefold()
