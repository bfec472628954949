"""The statistics of a class in the terminal, at 80 columns: all of them, or the short form that ends a batch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Sized

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from grader import formatting
from grader.batch.equal_files import EqualFiles
from grader.batch.left_out import LeftOut
from grader.batch.mistakes import ClassMistake
from grader.batch.statistics import (
    Bin,
    CheckStatistics,
    ClassStatistics,
    RegradedScore,
    ScoreStatistics,
    Spread,
    WithoutScore,
)
from grader.batch.student_name import StudentName
from grader.frontends.terminal import plain
from grader.model.verdict import FlagKind

_BRIEF = 3
"""Checks and mistakes in the short form."""
_SHOWN = 10
"""Checks, mistakes and students in any other list."""
_SHOWN_NAME = 60
"""Characters of a file's name, which is the student's."""
_FEWEST_FOR_QUARTILES = 4
_FEWEST_HANDED_OUT = 5
"""So many submissions, and more than half of all, with one equal file: it may have been handed out."""

_ABOUT_CHECKS = (
    "By itself: not because of another check, or a function that is not there. To see who failed a check and why:"
    " grader results DIR --check ID"
)

_NO_SCORE: Mapping[WithoutScore, str] = {
    "grader_fault": "without a score because the grader failed (run grader batch again)",
    "not_all_run": "without a score because not every check was run",
    "nothing_to_score": "with nothing to score (no check of this run is worth points)",
}

_FLAGS: Mapping[FlagKind, str] = {
    "impossible_time": "Faster than possible",
    "suspect_accuracy": "An accuracy that nothing explains",
    "restriction_violated": "Not allowed",
    "unclear_code": "Unclear what the code calls (costs no points)",
    "restriction_noted": "Noted (costs no points)",
    "wrong_spec": "Looks like another assignment",
}
"""The flags of a class that name students, the most serious first."""


def show_class(console: Console, statistics: ClassStatistics) -> None:
    """All statistics."""
    _show_head(console, statistics)
    if statistics.scores is not None:
        _show_scores(console, statistics.scores)
    _show_checks(console, statistics, _SHOWN)
    _show_mistakes(console, statistics, _SHOWN)
    _show_absent(console, statistics)
    _show_speeds(console, statistics)
    _show_who_needs_a_look(console, statistics)
    _show_changes(console, statistics)


def show_class_briefly(console: Console, statistics: ClassStatistics) -> None:
    """How many were graded, how the scores are spread, the commonest failures and mistakes, and what needs a look."""
    _show_head(console, statistics)
    if statistics.scores is not None:
        console.print(_spread_line(statistics.scores))
    _show_checks(console, statistics, _BRIEF)
    _show_mistakes(console, statistics, _BRIEF)
    needed = list(_look_briefly(statistics))
    if needed:
        _show_heading(console, "Who needs a look")
    for line in needed:
        console.print(_indented(line))


def show_left_out(console: Console, left_out: LeftOut) -> None:
    """The submissions that the statistics leave out, and what to do about it."""
    unread, not_graded, strangers = left_out.unread, left_out.not_graded, left_out.strangers
    if not_graded:
        words = f"{formatting.count(len(not_graded), 'submission')} not graded yet"
        _show_heading(
            console,
            f"{words}: run the same grader batch command again, without --select, to go on",
            "bold yellow",
        )
        console.print(_indented(formatting.several(not_graded, _SHOWN)))
    if unread:
        words = f"{formatting.count(len(unread), 'report')} cannot be read, and {_is_are(unread)} left out"
        _show_heading(console, f"{words}: run grader batch again to make {_it_them(unread)} anew", "bold red")
        for line in formatting.first([f"reports/{each}.json: {why}" for each, why in unread.items()], _SHOWN):
            console.print(_indented(line))
    if strangers:
        words = (
            f"{formatting.count(len(strangers), 'report')} of an earlier run {_is_are(strangers)} left out"
        )
        _show_heading(console, f"{words}: not in the class that was graded last", "bold yellow")
        console.print(_indented(formatting.several(strangers, _SHOWN)))
    if left_out.has_unread_record:
        words = "class.json is gone or cannot be read, so nobody knows who handed in nothing: run grader batch again"
        _show_heading(console, words, "bold red")


def show_remarks(console: Console, remarks: Sequence[str]) -> None:
    """What could not be told of the instructor's rules and overrides."""
    if remarks:
        _show_heading(console, "Rules and overrides")
    for remark in remarks:
        console.print(_indented(formatting.sentence(remark)))


def show_check(console: Console, check: CheckStatistics) -> None:
    """One check over the class: who did not pass it, those with the same reason together."""
    worth = f", worth {_points(check.max_points)}" if check.max_points else ""
    console.print()
    console.print(_text(check.title, "bold"))
    console.print(_text(f"{check.assignment}: {check.id}{worth}", "dim"))
    console.print(_text(_passed_words(check)))
    for cause in check.causes:
        label = {"failed": "", "skipped": "skipped: "}.get(cause.status, "the grader failed: ")
        console.print()
        console.print(_text(f"{formatting.count(len(cause.students), 'student')}: {label}{cause.words}"))
        console.print(_indented(formatting.listing(list(map(str, cause.students))), "bold"))


def _text(words: str, style: str = "") -> Text:
    return Text(plain(words), style=style)


def _indented(words: str, style: str = "", columns: int = 2) -> Padding:
    return Padding(_text(words, style), (0, 0, 0, columns))


def _show_heading(console: Console, words: str, style: str = "bold") -> None:
    console.print()
    console.print(_text(words, style))


def _names(students: Sequence[StudentName], most: int = _SHOWN) -> str:
    return formatting.several(list(map(str, students)), most)


def _show_head(console: Console, statistics: ClassStatistics) -> None:
    """The assignment, and how many students there are in each state."""
    console.print()
    titles = statistics.assignments
    if len(titles) == 1:
        ((_, title),) = titles
        console.print(_text(title, "bold"))
    elif titles:
        console.print(_text("Several assignments in one folder", "bold yellow"))
        for (name, title), count in titles.items():
            console.print(_indented(f"{formatting.count(count, 'student')} graded as {name}: {title}"))
    without = {why: len(who) for why, who in statistics.without_score.items()}
    parts = [f"{statistics.graded - sum(without.values())} graded"]
    if statistics.unreadable:
        parts.append(f"{len(statistics.unreadable)} could not be graded")
    if statistics.not_graded:
        parts.append(f"{statistics.not_graded} not graded yet")
    if statistics.nothing_submitted:
        parts.append(f"{len(statistics.nothing_submitted)} handed in nothing")
    parts += [f"{count} {_NO_SCORE[why]}" for why, count in without.items()]
    students = formatting.count(statistics.students, "student")
    console.print(_text(f"{students}, all graded" if len(parts) == 1 else f"{students}: {', '.join(parts)}"))
    _show_look_alikes(console, statistics)
    for name, versions in statistics.outdated.items():
        words = f"Graded with {versions} versions of the spec {name}: run grader batch again to regrade the older ones."
        console.print(_text(words, "yellow"))
    left_out = statistics.not_run
    if left_out:
        most = max(check.statuses["not_run"] for check in left_out)
        words = f"{formatting.count(len(left_out), 'check')} not run for {formatting.count(most, 'student')}"
        console.print(_text(f"{words}: {formatting.several([check.id for check in left_out])}", "dim"))


def _show_look_alikes(console: Console, statistics: ClassStatistics) -> None:
    """Whether the class was graded as the wrong assignment. A few such submissions are among those that need a look."""
    for name, times in statistics.look_alikes.most_common(1):
        if 2 * times > statistics.graded:
            look = (
                f"{formatting.count(statistics.graded, 'submission')} {'looks' if times == 1 else 'look'} like"
                f" {name or 'an assignment of another course'}"
            )
            console.print(_text(f"{times} of {look}: is --spec right?", "bold yellow"))


def _score(value: float, scores: ScoreStatistics) -> str:
    return f"{formatting.points(round(value, 1))} %" if scores.is_percent else formatting.points(value)


def _spread_line(scores: ScoreStatistics) -> Text:
    spread = scores.spread
    most = formatting.points(scores.max_score)
    worth = " in percent, because the maximum differs" if scores.is_percent else f" out of {most}"
    if spread.count == 1:
        return _text(f"Score: {_score(spread.median, scores)}{worth}")
    known = [
        ("lowest", spread.lowest),
        ("median", spread.median),
        ("mean", spread.mean),
        ("highest", spread.highest),
    ]
    told = ", ".join(f"{name} {_score(value, scores)}" for name, value in known)
    if spread.count >= _FEWEST_FOR_QUARTILES:
        quartiles = f"{_score(spread.lower_quartile, scores)} and {_score(spread.upper_quartile, scores)}"
        told = f"{told}; the middle half is between {quartiles}"
    return _text(f"{spread.count} scores{worth}: {told}")


def _show_scores(console: Console, scores: ScoreStatistics) -> None:
    _show_heading(console, "Scores")
    console.print(_spread_line(scores))
    if scores.spread.count == 1:
        return
    first = next(number for number, each in enumerate(scores.bins) if each.count)
    labels = [_bin_label(each, scores) for each in scores.bins]
    counts = [str(each.count) for each in scores.bins]
    widest, digits = max(map(len, labels[first:])), max(map(len, counts))
    room = max(10, min(console.width, 80) - widest - digits - 6)
    most = max(each.count for each in scores.bins)
    sign = _bar_sign(console)
    for each, label, count in list(zip(scores.bins, labels, counts, strict=True))[first:]:
        length = -(
            -each.count * min(room, most) // most
        )  # a student has at most one column, and at least one
        line = Text(f"  {label:>{widest}}  {count:>{digits}} ")
        line.append(sign * length, style="green" if each.high is None else "cyan")
        console.print(line)


def _bin_label(each: Bin, scores: ScoreStatistics) -> str:
    return "full marks" if each.high is None else f"from {_score(each.low, scores)}"


def _bar_sign(console: Console) -> str:
    try:
        "█".encode(console.encoding)
    except UnicodeEncodeError:
        return "#"
    return "█"


def _passed_words(check: CheckStatistics) -> str:
    words = f"Passed by {check.statuses.get('passed', 0)} of {formatting.count(check.judged, 'student')}"
    if check.mean_credit is not None:
        words += f", mean {formatting.points(round(100 * check.mean_credit, 1))} % of its points"
    if check.following:
        words += f"; {check.following} failed it because of another check or function"
    if count := check.statuses.get("not_run"):
        words += f"; not run for {count}"
    if count := check.statuses.get("errored"):
        words += f"; the grader failed for {count}"
    return f"{words}."


def _show_checks(console: Console, statistics: ClassStatistics, most: int) -> None:
    """The checks that not everybody passed, the worst first."""
    hardest = statistics.hardest_checks
    if not hardest:
        return
    _show_heading(console, "Checks that fail most")
    table = Table(box=None, padding=(0, 1), header_style="bold", expand=True)
    table.add_column("Failed", justify="right", no_wrap=True)
    table.add_column("By itself", justify="right", no_wrap=True)
    table.add_column("Credit", justify="right", no_wrap=True)
    table.add_column("Check", ratio=1, overflow="fold")
    several = len(statistics.assignments) > 1
    for check in hardest[:most]:
        credit = "-" if check.mean_credit is None else f"{100 * check.mean_credit:.0f} %"
        words = _text(f"{check.assignment}: {check.title}" if several else check.title)
        words.append(f"\n{plain(check.id)}", style="dim")
        table.add_row(f"{check.not_passed} of {check.judged}", str(check.by_itself), credit, words)
    console.print(table)
    if len(hardest) > most:
        console.print(_indented(f"and {formatting.count(len(hardest) - most, 'more check')}", "dim"))
    if most == _SHOWN:
        console.print(_indented(_ABOUT_CHECKS, "dim"))


def _show_mistakes(console: Console, statistics: ClassStatistics, most: int) -> None:
    if not statistics.mistakes:
        return
    _show_heading(console, "Commonest mistakes")
    for mistake in statistics.mistakes[:most]:
        console.print(_indented(f"{len(mistake.students)} of {statistics.graded}: {mistake.words}"))
        console.print(_indented(_functions(mistake), "dim", columns=4))
    more = len(statistics.mistakes) - most
    if more > 0:
        console.print(_indented(f"and {more} rarer", "dim"))


def _functions(mistake: ClassMistake) -> str:
    students = len(mistake.students)
    if all(count == students for _, count in mistake.functions):
        return f"in {formatting.several([name for name, _ in mistake.functions])}"
    return f"in {formatting.several([f'{name} ({count})' for name, count in mistake.functions])}"


def _show_absent(console: Console, statistics: ClassStatistics) -> None:
    """Functions that are not written yet or not in the submission, those of the same students together."""
    for label, kind in (("Not written yet", "not_written"), ("Missing", "missing")):
        alike: dict[tuple[StudentName, ...], list[str]] = {}
        for function in statistics.absent:
            if students := getattr(function, kind):
                alike.setdefault(students, []).append(function.name)
        if not alike:
            continue
        _show_heading(console, label)
        for who, names in sorted(alike.items(), key=lambda each: -len(each[0])):
            console.print(_indented(f"{formatting.listing(names)}: {len(who)} ({_names(who, 5)})"))


def _show_speeds(console: Console, statistics: ClassStatistics) -> None:
    if not statistics.speeds:
        return
    _show_heading(console, "Speed")
    for each in statistics.speeds:
        words = f"{_range(each.speedup)} times as fast as the naive function"
        if each.slowdown is not None:
            words += f"; {_range(each.slowdown)} times the reference's time"
        console.print(_indented(f"{each.title} ({formatting.count(each.speedup.count, 'student')}): {words}"))


def _range(spread: Spread) -> str:
    lowest, median, highest = map(formatting.rough, (spread.lowest, spread.median, spread.highest))
    return median if spread.count == 1 else f"{lowest} to {highest} (median {median})"


def _look_briefly(statistics: ClassStatistics) -> Iterable[str]:
    """Who needs a look, in a line for each reason."""
    for label, students in (
        ("Could not be graded", [name for name, _ in statistics.unreadable]),
        ("Handed in nothing", statistics.nothing_submitted),
        *((label, [name for name, _ in statistics.flags.get(kind, ())]) for kind, label in _FLAGS.items()),
    ):
        if students:
            yield f"{label}: {_names(list(dict.fromkeys(students)), 5)}"
    yield from formatting.first(list(_equal_lines(statistics)), _BRIEF)


def _show_who_needs_a_look(console: Console, statistics: ClassStatistics) -> None:
    told: list[tuple[str, list[str]]] = [
        ("Could not be graded", [f"{_names(who, 5)}: {why}" for why, who in _unreadable(statistics).items()])
    ]
    told += [("Equal files", list(_equal_lines(statistics)))]
    for kind, label in _FLAGS.items():
        found = statistics.flags.get(kind, ())
        told.append((label, [f"{name}: {flag.message}" for name, flag in found]))
    for why, students in statistics.without_score.items():
        if why == "grader_fault":
            told.append(("The grader failed: run grader batch again", [_names(students)]))
    if statistics.nothing_submitted:
        told.append(("Handed in nothing", [_names(statistics.nothing_submitted, 2 * _SHOWN)]))
    if any(lines for _, lines in told):
        _show_heading(console, "Who needs a look")
    for label, lines in told:
        if lines:
            console.print(_indented(label, "yellow"))
            for line in formatting.first(lines, _SHOWN):
                console.print(_indented(line, columns=4))


def _unreadable(statistics: ClassStatistics) -> Mapping[str, list[StudentName]]:
    """Who could not be graded, by the reason, which begins with a submission's id where it is of all its files."""
    found: dict[str, list[StudentName]] = {}
    for name, why in statistics.unreadable:
        found.setdefault(why.removeprefix(f"{name.submission}: "), []).append(name)
    return found


def _equal_lines(statistics: ClassStatistics) -> Iterable[str]:
    for each in statistics.equal_files:
        names = [formatting.shortened(name, _SHOWN_NAME) for name in each.files]
        is_short = len(names) <= _BRIEF
        files = formatting.listing(names, "or") if is_short else formatting.several(names, _BRIEF)
        if _may_be_handed_out(each, statistics.graded):
            yield f"The same {files} in {len(each.submissions)} submissions: was it handed out?"
        else:
            yield f"The same {files}, byte for byte: {_names(each.students)}"


def _may_be_handed_out(each: EqualFiles, graded: int) -> bool:
    return len(each.submissions) >= _FEWEST_HANDED_OUT and 2 * len(each.students) > graded


def _show_changes(console: Console, statistics: ClassStatistics) -> None:
    late = [
        f"{name}, {_signed(points) if points else 'no deduction'}: {words or 'late'}"
        for name, words, points in statistics.late
    ]
    overrides = [
        f"{name}, {_signed(change.points)}{f' in {change.check}' if change.check else ''}: {change.reason}"
        for name, change in statistics.overrides
    ]
    regraded = list(map(_regraded, statistics.regraded))
    for label, lines in (
        (f"Late ({len(late)})", late),
        (f"Overrides ({len(overrides)})", overrides),
        (f"Scores changed by a regrade ({len(regraded)})", regraded),
    ):
        if lines:
            _show_heading(console, label)
            for line in formatting.first(lines, 2 * _SHOWN):
                console.print(_indented(line))


def _regraded(change: RegradedScore) -> str:
    before, after = change.before, "no score" if change.score is None else formatting.points(change.score)
    most = f" of {formatting.points(change.max_score)}"
    old = f"{formatting.points(before.score)} of {formatting.points(before.max_score)}"
    if before.max_score == change.max_score:
        old = formatting.points(before.score)
    why = f" ({', '.join(before.reasons)})" if before.reasons else ""
    return f"{change.student}: {old} -> {after}{most}{why}"


def _signed(points: float) -> str:
    return f"{'-' if points < 0 else '+'}{_points(abs(points))}"


def _points(points: float) -> str:
    return f"{formatting.points(points)} {'point' if points == 1 else 'points'}"


def _is_are(things: Sized) -> str:
    return "is" if len(things) == 1 else "are"


def _it_them(things: Sized) -> str:
    return "it" if len(things) == 1 else "them"
