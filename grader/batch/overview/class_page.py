"""The instructor's page on a class: one HTML file that needs no network, with links to the students' pages."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from markupsafe import Markup

from grader import formatting
from grader.batch.left_out import LeftOut
from grader.batch.overview.attention import changes, notices
from grader.batch.overview.class_words import (
    bin_words,
    functions_words,
    has_quartiles,
    not_run_words,
    range_words,
    score_words,
    spread_words,
    students_words,
)
from grader.batch.overview.marks import marks_of
from grader.batch.overview.mistakes import ClassMistake
from grader.batch.overview.statistics import (
    CheckCause,
    CheckStatistics,
    ClassStatistics,
    ScoreStatistics,
    Spread,
    class_statistics,
)
from grader.batch.overview.table import rows_of
from grader.batch.student_name import StudentName
from grader.feedback.distributions import Box, Column, Share, boxes, histogram, stack
from grader.feedback.document import policy, resource, style, template
from grader.model.artifact import Artifact
from grader.model.student_result import StudentResult

_PACKAGE = "grader.batch.overview"
_NAME = "class_page"

_COMMON = 10
"""Mistakes that are not folded away."""
_NAMED = 12
"""Students of a cause by name."""
_LONGEST_CAUSE = 300
_LONGEST_NAME = 100

_COUNTED = "Late penalties and overrides are included; a submission that could not be graded counts as 0."


@dataclass(frozen=True, slots=True)
class Figure:
    """A number in large type, and what it is."""

    number: str
    words: str


@dataclass(frozen=True, slots=True)
class Mistake:
    """A mistake with its bar. mark: the group of its students in the table."""

    found: ClassMistake
    mark: str
    functions: str
    bar: Markup


@dataclass(frozen=True, slots=True)
class Check:
    """A check with its bar. mark: the group of those who did not pass it."""

    found: CheckStatistics
    mark: str
    title: str
    bar: Markup
    share: float
    """Of students who passed it, among those with a result; 1 without any."""

    @property
    def causes(self) -> list[tuple[CheckCause, str]]:
        """Why it was not passed, with the words to show."""
        return [(cause, formatting.shortened(cause.words, _LONGEST_CAUSE)) for cause in self.found.causes]


@dataclass(frozen=True, slots=True)
class Speed:
    """A ratio of times. rows: (check, numbers in words, chart)."""

    heading: str
    rows: tuple[tuple[str, str, Markup], ...]


def class_page(
    results: Sequence[StudentResult],
    outside: LeftOut | None = None,
    remarks: Sequence[str] = (),
    pages: Collection[str] = (),
) -> Artifact:
    """The page on a class, for the folder that `grader batch` writes.

    Args:
        results: one for each student.
        outside: why some of their reports cannot be read, and reports of nobody here.
        remarks: on the instructor's rules and overrides.
        pages: the ids of submissions that have a page in the folder.

    """
    left_out = outside or LeftOut()
    counted = [each for each in results if each.id not in left_out.unread]
    statistics = class_statistics(counted)
    awaited = [StudentName.of(each) for each in results if each.is_awaited]
    marks = marks_of(statistics, [who for who in awaited if who.submission not in left_out.unread])
    rows = tuple(rows_of(results, left_out.unread, marks.by_student()))
    css = style(f"{_NAME}.css", _PACKAGE)
    script = resource(f"{_NAME}.js", _PACKAGE)
    title = formatting.shortened(_title(statistics), _LONGEST_CAUSE)
    html = template(f"{_NAME}.html.jinja", _PACKAGE).render(
        css=Markup(css),  # noqa: S704  ours
        script=Markup(script),  # noqa: S704  ours
        policy=policy(css, script),
        title=title,
        assignments=statistics.assignments,
        statistics=statistics,
        students=students_words(statistics) if counted else "",
        figures=tuple(_figures(statistics)),
        histogram=_histogram(statistics.scores),
        spread="" if statistics.scores is None else _spread(statistics.scores),
        counted=_COUNTED,
        longest=_LONGEST_NAME,
        notices=notices(statistics, left_out, awaited, remarks),
        changes=tuple(changes(statistics)),
        mistakes=_mistakes(statistics),
        common=_COMMON,
        checks=_checks(statistics),
        named=_NAMED,
        absent=_absent(statistics),
        not_run=not_run_words(statistics),
        speeds=tuple(_speeds(statistics)),
        groups=marks.groups,
        rows=rows,
        facts=tuple(_facts(results)),
        link=_Links(pages),
    )
    return Artifact("index.html", "text/html", html.encode())


class _Links:
    """The addresses of the students' pages, in the folder that the page is in."""

    def __init__(self, pages: Collection[str]) -> None:
        self._pages = frozenset(pages)

    def __call__(self, student: StudentName) -> str:
        """Empty if there is no page."""
        if student.submission not in self._pages:
            return ""
        return f"feedback/{quote(student.submission, safe='', errors='surrogateescape')}.html"


def _title(statistics: ClassStatistics) -> str:
    titles = list(dict.fromkeys(title for _, title in statistics.assignments))
    return (
        titles[0] if len(titles) == 1 else "Several assignments in one folder" if titles else "No reports yet"
    )


def _figures(statistics: ClassStatistics) -> Iterator[Figure]:
    """The numbers that tell most about the scores."""
    scores = statistics.scores
    if scores is None:
        return
    spread = scores.spread
    if spread.count == 1:
        return
    median, mean, low, high = (
        score_words(round(each, 1), scores)
        for each in (spread.median, spread.mean, spread.lower_quartile, spread.upper_quartile)
    )
    most = "" if scores.is_percent else f" of {formatting.points(scores.max_score)}"
    yield Figure(median, f"median{most}")
    yield Figure(mean, "mean")
    if has_quartiles(spread):
        yield Figure(f"{low} to {high}", "middle half")
    full = sum(each.count for each in scores.bins if each.high is None)
    yield Figure(f"{full:,}", f"of {spread.count:,} with full marks")


def _spread(scores: ScoreStatistics) -> str:
    """What the large numbers do not tell; all in words where there are none."""
    spread = scores.spread
    if spread.count == 1:
        return spread_words(scores)
    count = formatting.count(spread.count, "score")
    low, high = (score_words(each, scores) for each in (spread.lowest, spread.highest))
    told = f"{count}, all {low}" if low == high else f"{count}, from {low} to {high}"
    return f"{told}, in percent because the maximum differs" if scores.is_percent else told


def _histogram(scores: ScoreStatistics | None) -> Markup:
    if scores is None or scores.spread.count == 1:
        return Markup()
    columns = [
        Column("full" if each.high is None else formatting.points(each.low), each.count, each.high is None)
        for each in scores.bins
    ]
    told = "; ".join(
        f"{bin_words(each, scores)}: {formatting.count(each.count, 'student')}"
        for each in scores.bins
        if each.count
    )
    return histogram(columns, f"Scores: {told}")


def _mistakes(statistics: ClassStatistics) -> list[Mistake]:
    graded = max(statistics.graded, 1)
    return [
        Mistake(
            each,
            f"mistake-{number}",
            functions_words(each),
            stack([Share(len(each.students) / graded, "bad")]),
        )
        for number, each in enumerate(statistics.mistakes)
    ]


def _checks(statistics: ClassStatistics) -> list[Check]:
    """The hardest first, those that everybody passed last."""
    several = len(statistics.assignments) > 1
    found = [
        Check(
            each,
            f"check-{number}" if each.causes else "",
            f"{each.assignment}: {each.title}" if several else each.title,
            _check_bar(each),
            each.statuses.get("passed", 0) / each.judged if each.judged else 1.0,
        )
        for number, each in enumerate(statistics.checks)
    ]
    return sorted(found, key=lambda check: (not check.found.judged, check.share, -check.found.by_itself))


def _check_bar(check: CheckStatistics) -> Markup:
    if not check.judged:
        return Markup()
    parts = (
        (check.statuses.get("passed", 0), "good"),
        (check.by_itself, "bad"),
        (check.following, "following"),
        (check.statuses.get("skipped", 0), "absent"),
    )
    return stack([Share(count / check.judged, name) for count, name in parts])


def _absent(statistics: ClassStatistics) -> list[tuple[str, str, tuple[StudentName, ...]]]:
    """(what, functions, students): functions that are missing or not written for the same students together."""
    found = []
    for what, kind in (("Not written yet", "not_written"), ("Missing", "missing")):
        alike: dict[tuple[StudentName, ...], list[str]] = {}
        for function in statistics.absent:
            if students := getattr(function, kind):
                alike.setdefault(students, []).append(function.name)
        found += [
            (what, formatting.listing(names), who)
            for who, names in sorted(alike.items(), key=lambda each: -len(each[0]))
        ]
    return found


def _speeds(statistics: ClassStatistics) -> Iterator[Speed]:
    """Each ratio that was measured, with its charts on one scale."""
    several = len(statistics.assignments) > 1
    titles = [f"{each.assignment}: {each.title}" if several else each.title for each in statistics.speeds]
    speedups: list[Spread | None] = [each.speedup for each in statistics.speeds]
    slowdowns = [each.slowdown for each in statistics.speeds]
    for heading, spreads in (
        ("Speedup over the student's own naive function", speedups),
        ("Time relative to the reference (lower is better)", slowdowns),
    ):
        there = [(title, each) for title, each in zip(titles, spreads, strict=True) if each is not None]
        words = [f"{formatting.count(each.count, 'student')}: {range_words(each)}" for _, each in there]
        rows = [
            (
                Box(each.lowest, each.lower_quartile, each.median, each.upper_quartile, each.highest),
                f"{heading}, {title}, {told}",
            )
            for (title, each), told in zip(there, words, strict=True)
        ]
        drawn = boxes(rows, "\N{MULTIPLICATION SIGN}")
        if there:
            yield Speed(heading, tuple(zip((title for title, _ in there), words, drawn, strict=True)))


def _facts(results: Sequence[StudentResult]) -> Iterator[tuple[str, str]]:
    """How the class was graded, by name."""
    reports = [each.report for each in results if each.report is not None]
    if not reports:
        return
    days = sorted({_day(each.started_at) for each in reports})
    yield "Graded", days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    made = [each.environment for each in reports]
    for name, values in (
        ("Grader", [f"{each.grader_version}, Python {each.python}" for each in made]),
        ("Device", [each.device for each in made]),
        ("Isolation", [each.isolation for each in made]),
        ("Data", [each.data for each in made]),
    ):
        yield name, formatting.several(list(dict.fromkeys(values)), 3)


def _day(text: str) -> str:
    """The date of a time in a report; the text itself if it is none."""
    try:
        return datetime.fromisoformat(text).date().isoformat()
    except ValueError:
        return text
