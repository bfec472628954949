"""What is said of a class, in a terminal and on its page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from grader import formatting
from grader.batch.overview.equal_files import EqualFiles
from grader.batch.overview.mistakes import ClassMistake
from grader.batch.overview.statistics import (
    Bin,
    ClassStatistics,
    RegradedScore,
    ScoreStatistics,
    Spread,
    WithoutScore,
)
from grader.batch.student_name import StudentName
from grader.model.verdict import FlagKind

_FEWEST_FOR_QUARTILES = 4
_FEWEST_HANDED_OUT = 5
"""So many submissions, and more than half of all, with one equal file: it may have been handed out."""

_FEW_FILES = 3
_SHOWN_NAME = 60
"""Characters of a file's name, which is the student's."""

NO_SCORE: Mapping[WithoutScore, str] = {
    "grader_fault": "without a score because the grader failed (run grader batch again)",
    "not_all_run": "without a score because not every check was run",
    "nothing_to_score": "with nothing to score (no check of this run is worth points)",
}

FLAGS: Mapping[FlagKind, str] = {
    "impossible_time": "Faster than possible",
    "suspect_accuracy": "An accuracy that nothing explains",
    "restriction_violated": "Not allowed",
    "unclear_code": "Unclear what the code calls (costs no points)",
    "restriction_noted": "Noted (costs no points)",
    "wrong_spec": "Looks like another assignment",
}
"""The flags of a class that name students, the most serious first."""


def students_words(statistics: ClassStatistics) -> str:
    """How many students there are in each state: "3 students: 2 graded, 1 did not submit"."""
    without = {why: len(who) for why, who in statistics.without_score.items()}
    parts = [f"{statistics.graded - sum(without.values())} graded"]
    if statistics.unreadable:
        parts.append(f"{len(statistics.unreadable)} could not be graded")
    if statistics.not_graded:
        parts.append(f"{statistics.not_graded} not graded yet")
    if statistics.nothing_submitted:
        parts.append(f"{len(statistics.nothing_submitted)} did not submit")
    parts += [f"{count} {NO_SCORE[why]}" for why, count in without.items()]
    students = f"{statistics.students:,} {'student' if statistics.students == 1 else 'students'}"
    return f"{students}, all graded" if len(parts) == 1 else f"{students}: {', '.join(parts)}"


def warnings(statistics: ClassStatistics) -> Iterator[str]:
    """Whether the class was graded as the wrong assignment, or by several versions of it.

    A few submissions that look like another one are among those that need a look.
    """
    for name, times in statistics.look_alikes.most_common(1):
        if 2 * times > statistics.graded:
            look = (
                f"{formatting.count(statistics.graded, 'submission')} {'looks' if times == 1 else 'look'} like"
                f" {name or 'an assignment of another course'}"
            )
            yield f"{times} of {look}: is --spec right?"
    for name, versions in statistics.outdated.items():
        yield f"Graded with {versions} versions of the spec {name}: run grader batch again to regrade the older ones."


def not_run_words(statistics: ClassStatistics) -> str:
    """The checks that were left out; empty if there are none."""
    left_out = statistics.not_run
    if not left_out:
        return ""
    most = max(check.statuses["not_run"] for check in left_out)
    words = f"{formatting.count(len(left_out), 'check')} not run for {formatting.count(most, 'student')}"
    return f"{words}: {formatting.several([check.id for check in left_out])}"


def score_words(value: float, scores: ScoreStatistics) -> str:
    """A score of the distribution, with its unit if that is percent."""
    return f"{formatting.points(round(value, 1))} %" if scores.is_percent else formatting.points(value)


def spread_words(scores: ScoreStatistics) -> str:
    """How the scores are spread, in one sentence."""
    spread = scores.spread
    most = formatting.points(scores.max_score)
    worth = " in percent, because the maximum differs" if scores.is_percent else f" out of {most}"
    if spread.count == 1:
        return f"Score: {score_words(spread.median, scores)}{worth}"
    known = [
        ("lowest", spread.lowest),
        ("median", spread.median),
        ("mean", spread.mean),
        ("highest", spread.highest),
    ]
    told = ", ".join(f"{name} {score_words(value, scores)}" for name, value in known)
    if has_quartiles(spread):
        quartiles = (
            f"{score_words(spread.lower_quartile, scores)} and {score_words(spread.upper_quartile, scores)}"
        )
        told = f"{told}; the middle half is between {quartiles}"
    return f"{spread.count} scores{worth}: {told}"


def has_quartiles(spread: Spread) -> bool:
    """Whether there are enough numbers for quartiles to say something."""
    return spread.count >= _FEWEST_FOR_QUARTILES


def bin_words(each: Bin, scores: ScoreStatistics) -> str:
    """Where a bin begins."""
    return "full marks" if each.high is None else f"from {score_words(each.low, scores)}"


def functions_words(mistake: ClassMistake) -> str:
    """The functions that have a mistake, with the number of students where they differ."""
    students = len(mistake.students)
    if all(count == students for _, count in mistake.functions):
        return f"in {formatting.several([name for name, _ in mistake.functions])}"
    return f"in {formatting.several([f'{name} ({count})' for name, count in mistake.functions])}"


def range_words(spread: Spread) -> str:
    """The lowest and the highest number, and the one in the middle."""
    lowest, median, highest = map(formatting.rough, (spread.lowest, spread.median, spread.highest))
    return median if spread.count == 1 else f"{lowest} to {highest} (median {median})"


def unreadable_words(statistics: ClassStatistics) -> Mapping[str, Sequence[StudentName]]:
    """Who could not be graded, by the reason, which begins with a submission's id where it is of all its files."""
    found: dict[str, list[StudentName]] = {}
    for name, why in statistics.unreadable:
        found.setdefault(why.removeprefix(f"{name.submission}: "), []).append(name)
    return found


def may_be_handed_out(each: EqualFiles, graded: int) -> bool:
    """Whether so many of the class have a file that it may come from the instructor."""
    return len(each.submissions) >= _FEWEST_HANDED_OUT and 2 * len(each.students) > graded


def equal_words(each: EqualFiles, graded: int) -> str:
    """Which files are equal; with a question, if they may have been handed out, and else to be followed by names."""
    names = [formatting.shortened(name, _SHOWN_NAME) for name in each.files]
    is_short = len(names) <= _FEW_FILES
    files = formatting.listing(names, "or") if is_short else formatting.several(names, _FEW_FILES)
    if may_be_handed_out(each, graded):
        return f"The same {files} in {len(each.submissions)} submissions: was it handed out?"
    return f"The same {files}, byte for byte"


def regraded_words(change: RegradedScore) -> str:
    """The score before and after a regrade, and why there was one."""
    before, after = change.before, "no score" if change.score is None else formatting.points(change.score)
    most = f" of {formatting.points(change.max_score)}"
    old = f"{formatting.points(before.score)} of {formatting.points(before.max_score)}"
    if before.max_score == change.max_score:
        old = formatting.points(before.score)
    why = f" ({', '.join(before.reasons)})" if before.reasons else ""
    return f"{old} -> {after}{most}{why}"


def signed_points(points: float) -> str:
    """As "-2 points"."""
    return f"{'-' if points < 0 else '+'}{formatting.worth(abs(points))}"
