"""Who of a class needs a look, and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from grader import formatting
from grader.batch.left_out import LeftOut
from grader.batch.overview.class_words import (
    FLAGS,
    equal_words,
    may_be_handed_out,
    regraded_words,
    signed_points,
    unreadable_words,
    warnings,
)
from grader.batch.overview.statistics import ClassStatistics
from grader.batch.student_name import StudentName

Tone = Literal["wrong", "unwritten", "note", "quiet"]

_SHOWN = 6
"""Lines of a notice that are not folded away."""

_SERIOUS = frozenset({"impossible_time", "suspect_accuracy", "restriction_violated"})


@dataclass(frozen=True, slots=True)
class Line:
    """Students, and what is said of each of them."""

    students: tuple[StudentName, ...]
    words: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """One reason to look. mark: the group of these students in the table; empty if there is none."""

    tone: Tone
    title: str
    lines: tuple[Line, ...] = ()
    words: str = ""
    mark: str = ""

    @property
    def count(self) -> int:
        """How many students there are; one with two flags counts twice."""
        return sum(len(line.students) for line in self.lines)

    @property
    def shown(self) -> tuple[Line, ...]:
        """The first lines; a single one is never folded away."""
        return self.lines if len(self.lines) <= _SHOWN + 1 else self.lines[:_SHOWN]

    @property
    def folded(self) -> tuple[Line, ...]:
        """The others."""
        return self.lines[len(self.shown) :]


def notices(
    statistics: ClassStatistics,
    outside: LeftOut,
    awaited: Sequence[StudentName] = (),
    remarks: Sequence[str] = (),
) -> tuple[Notice, ...]:
    """All reasons, those that leave somebody without a score first. awaited: whose submissions have no report."""
    return (
        *_without_report(outside, awaited),
        *(Notice("unwritten", words) for words in warnings(statistics)),
        *_not_scored(statistics),
        *_remarks(statistics),
        *_flags(statistics),
        *_equal_files(statistics),
        *_about_the_run(outside, remarks),
    )


def changes(statistics: ClassStatistics) -> Iterator[Notice]:
    """What changed scores since the grader gave them: late penalties, overrides, regrades."""
    late = tuple(
        Line((name,), f"{signed_points(points) if points else 'no deduction'}; {words or 'late'}")
        for name, words, points in statistics.late
    )
    overrides = tuple(
        Line(
            (name,),
            f"{signed_points(each.points)}{f' in {each.check}' if each.check else ''}; {each.reason}",
        )
        for name, each in statistics.overrides
    )
    regraded = tuple(Line((each.student,), regraded_words(each)) for each in statistics.regraded)
    for title, mark, lines in (
        ("Late", "late", late),
        ("Overrides", "override", overrides),
        ("Scores changed by a regrade", "regraded", regraded),
    ):
        if lines:
            yield Notice("quiet", title, lines, mark=mark)


def _without_report(outside: LeftOut, awaited: Sequence[StudentName]) -> Iterator[Notice]:
    if outside.has_unread_record:
        words = "Students who did not submit are missing here: run grader batch again."
        yield Notice("wrong", "class.json is missing or unreadable", words=words)
    if outside.unread:
        lines = tuple(
            Line(tuple(who for who in awaited if who.submission == name), f"reports/{name}.json: {why}")
            for name, why in outside.unread.items()
        )
        yield Notice("wrong", "Reports that cannot be read: run grader batch again to rewrite them", lines)
    if lines := _lines([who for who in awaited if who.submission not in outside.unread]):
        title = "Not graded yet: unless a run is still at work, run the same grader batch command again, without --select"
        yield Notice("unwritten", title, lines, mark="waiting")


def _not_scored(statistics: ClassStatistics) -> Iterator[Notice]:
    without = statistics.without_score
    found: tuple[tuple[Tone, str, str, tuple[Line, ...]], ...] = (
        (
            "wrong",
            "The grader failed: run grader batch again",
            "no-score",
            _lines(without.get("grader_fault", ())),
        ),
        (
            "wrong",
            "Could not be graded",
            "ungradable",
            tuple(Line(tuple(who), why) for why, who in unreadable_words(statistics).items()),
        ),
        ("unwritten", "No submission", "nothing", _lines(statistics.nothing_submitted)),
        (
            "unwritten",
            "No score: not every check was run",
            "no-score",
            _lines(without.get("not_all_run", ())),
        ),
        (
            "note",
            "Nothing to score: no check of this run is worth points",
            "no-score",
            _lines(without.get("nothing_to_score", ())),
        ),
    )
    return (Notice(tone, title, lines, mark=mark) for tone, title, mark, lines in found if lines)


def _remarks(statistics: ClassStatistics) -> Iterator[Notice]:
    if statistics.remarks:
        found = ((name, formatting.sentence(words)) for name, words in statistics.remarks)
        yield Notice("note", "Remarks", _alike(found), mark="remark")


def _flags(statistics: ClassStatistics) -> Iterator[Notice]:
    for kind, label in FLAGS.items():
        if found := statistics.flags.get(kind, ()):
            lines = _alike((name, flag.message) for name, flag in found)
            yield Notice("wrong" if kind in _SERIOUS else "note", label, lines, mark=f"flag-{kind}")


def _equal_files(statistics: ClassStatistics) -> Iterator[Notice]:
    """A notice for each group; where a file may have been handed out, only the question."""
    for number, each in enumerate(statistics.equal_files):
        words, mark = equal_words(each, statistics.graded), f"equal-{number}"
        is_question = may_be_handed_out(each, statistics.graded)
        yield Notice("note", words, () if is_question else (Line(each.students),), mark=mark)


def _about_the_run(outside: LeftOut, remarks: Sequence[str]) -> Iterator[Notice]:
    if outside.strangers:
        count = formatting.count(len(outside.strangers), "report")
        words = f"{count} of an earlier run: {formatting.several(outside.strangers, 10)}."
        yield Notice("note", "Left out: not in the class graded last", words=words)
    for words in remarks:
        yield Notice("note", formatting.sentence(words))


def _lines(students: Sequence[StudentName]) -> tuple[Line, ...]:
    return (Line(tuple(students)),) if students else ()


def _alike(found: Iterable[tuple[StudentName, str]]) -> tuple[Line, ...]:
    """A line for each sentence, with all students that it is said of, the most first."""
    students: defaultdict[str, list[StudentName]] = defaultdict(list)
    for name, words in found:
        students[words].append(name)
    lines = (Line(tuple(dict.fromkeys(who)), words) for words, who in students.items())
    return tuple(sorted(lines, key=lambda line: -len(line.students)))
