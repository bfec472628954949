"""The statistics of a class in the terminal, at 80 columns: all of them, or the short form that ends a batch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence, Sized

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from grader import formatting
from grader.batch.left_out import LeftOut
from grader.batch.overview.class_words import (
    FLAGS,
    bin_words,
    equal_words,
    functions_words,
    may_be_handed_out,
    not_run_words,
    range_words,
    regraded_words,
    signed_points,
    spread_words,
    students_words,
    unreadable_words,
    warnings,
)
from grader.batch.overview.statistics import CheckStatistics, ClassStatistics, ScoreStatistics
from grader.batch.student_name import StudentName
from grader.frontends.terminal import inert, plain

_BRIEF = 3
"""Checks and mistakes in the short form."""
_SHOWN = 10
"""Checks, mistakes and students in any other list."""

_ABOUT_CHECKS = (
    "By itself: not because of another check or a missing function. To see who failed a check and why:"
    " grader results DIR --check ID"
)


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
        console.print(inert(spread_words(statistics.scores)))
    _show_checks(console, statistics, _BRIEF)
    _show_mistakes(console, statistics, _BRIEF)
    needed = list(_look_briefly(statistics))
    if needed:
        _show_heading(console, "Students to look at")
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
        _show_heading(console, f"{words}: run grader batch again to rewrite {_it_them(unread)}", "bold red")
        for line in formatting.first([f"reports/{each}.json: {why}" for each, why in unread.items()], _SHOWN):
            console.print(_indented(line))
    if strangers:
        words = (
            f"{formatting.count(len(strangers), 'report')} of an earlier run {_is_are(strangers)} left out"
        )
        _show_heading(console, f"{words}: not in the class graded last", "bold yellow")
        console.print(_indented(formatting.several(strangers, _SHOWN)))
    if left_out.has_unread_record:
        words = (
            "class.json is missing or unreadable, so students who did not submit are missing here: run"
            " grader batch again"
        )
        _show_heading(console, words, "bold red")


def show_remarks(console: Console, remarks: Sequence[str]) -> None:
    """What could not be told of the instructor's rules and overrides."""
    if remarks:
        _show_heading(console, "Rules and overrides")
    for remark in remarks:
        console.print(_indented(formatting.sentence(remark)))


def show_check(console: Console, check: CheckStatistics) -> None:
    """One check over the class: who did not pass it, those with the same reason together."""
    worth = f", worth {formatting.worth(check.max_points)}" if check.max_points else ""
    console.print()
    console.print(inert(check.title, "bold"))
    console.print(inert(f"{check.assignment}: {check.id}{worth}", "dim"))
    console.print(inert(_passed_words(check)))
    for cause in check.causes:
        label = {"failed": "", "skipped": "skipped: "}.get(cause.status, "the grader failed: ")
        console.print()
        console.print(inert(f"{formatting.count(len(cause.students), 'student')}: {label}{cause.words}"))
        console.print(_indented(formatting.listing(list(map(str, cause.students))), "bold"))


def _indented(words: str, style: str = "", columns: int = 2) -> Padding:
    return Padding(inert(words, style), (0, 0, 0, columns))


def _show_heading(console: Console, words: str, style: str = "bold") -> None:
    console.print()
    console.print(inert(words, style))


def _names(students: Sequence[StudentName], most: int = _SHOWN) -> str:
    return formatting.several(list(map(str, students)), most)


def _show_head(console: Console, statistics: ClassStatistics) -> None:
    """The assignment, and how many students there are in each state."""
    console.print()
    titles = statistics.assignments
    if len(titles) == 1:
        ((_, title),) = titles
        console.print(inert(title, "bold"))
    elif titles:
        console.print(inert("Several assignments in one folder", "bold yellow"))
        for (name, title), count in titles.items():
            console.print(_indented(f"{formatting.count(count, 'student')} graded as {name}: {title}"))
    console.print(inert(students_words(statistics)))
    for words in warnings(statistics):
        console.print(inert(words, "yellow"))
    if left_out := not_run_words(statistics):
        console.print(inert(left_out, "dim"))


def _show_scores(console: Console, scores: ScoreStatistics) -> None:
    _show_heading(console, "Scores")
    console.print(inert(spread_words(scores)))
    if scores.spread.count == 1:
        return
    first = next(number for number, each in enumerate(scores.bins) if each.count)
    labels = [bin_words(each, scores) for each in scores.bins]
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
        words = inert(f"{check.assignment}: {check.title}" if several else check.title)
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
    _show_heading(console, "Most common mistakes")
    for mistake in statistics.mistakes[:most]:
        console.print(_indented(f"{len(mistake.students)} of {statistics.graded}: {mistake.words}"))
        console.print(_indented(functions_words(mistake), "dim", columns=4))
    more = len(statistics.mistakes) - most
    if more > 0:
        console.print(_indented(f"and {more} rarer", "dim"))


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
        words = f"{range_words(each.speedup)} times as fast as the naive function"
        if each.slowdown is not None:
            words += f"; {range_words(each.slowdown)} times the reference's time"
        console.print(_indented(f"{each.title} ({formatting.count(each.speedup.count, 'student')}): {words}"))


def _look_briefly(statistics: ClassStatistics) -> Iterable[str]:
    """Students to look at, in a line for each reason."""
    for label, students in (
        ("Could not be graded", [name for name, _ in statistics.unreadable]),
        ("No submission", statistics.nothing_submitted),
        ("Remarks", [name for name, _ in statistics.remarks]),
        *((label, [name for name, _ in statistics.flags.get(kind, ())]) for kind, label in FLAGS.items()),
    ):
        if students:
            yield f"{label}: {_names(list(dict.fromkeys(students)), 5)}"
    yield from formatting.first(list(_equal_lines(statistics)), _BRIEF)


def _show_who_needs_a_look(console: Console, statistics: ClassStatistics) -> None:
    told: list[tuple[str, list[str]]] = [
        (
            "Could not be graded",
            [f"{_names(who, 5)}: {why}" for why, who in unreadable_words(statistics).items()],
        )
    ]
    told += [("Equal files", list(_equal_lines(statistics)))]
    for kind, label in FLAGS.items():
        found = statistics.flags.get(kind, ())
        told.append((label, [f"{name}: {flag.message}" for name, flag in found]))
    for why, students in statistics.without_score.items():
        if why == "grader_fault":
            told.append(("The grader failed: run grader batch again", [_names(students)]))
    if statistics.nothing_submitted:
        told.append(("No submission", [_names(statistics.nothing_submitted, 2 * _SHOWN)]))
    alike: defaultdict[str, list[StudentName]] = defaultdict(list)
    for name, words in statistics.remarks:
        alike[words].append(name)
    lines = [f"{_names(who, 5)}: {formatting.sentence(words)}" for words, who in alike.items()]
    told.append(("Remarks", lines))
    if any(lines for _, lines in told):
        _show_heading(console, "Students to look at")
    for label, lines in told:
        if lines:
            console.print(_indented(label, "yellow"))
            for line in formatting.first(lines, _SHOWN):
                console.print(_indented(line, columns=4))


def _equal_lines(statistics: ClassStatistics) -> Iterable[str]:
    for each in statistics.equal_files:
        words = equal_words(each, statistics.graded)
        is_question = may_be_handed_out(each, statistics.graded)
        yield words if is_question else f"{words}: {_names(each.students)}"


def _show_changes(console: Console, statistics: ClassStatistics) -> None:
    late = [
        f"{name}, {signed_points(points) if points else 'no deduction'}: {words or 'late'}"
        for name, words, points in statistics.late
    ]
    overrides = [
        f"{name}, {signed_points(change.points)}{f' in {change.check}' if change.check else ''}: {change.reason}"
        for name, change in statistics.overrides
    ]
    regraded = [f"{each.student}: {regraded_words(each)}" for each in statistics.regraded]
    for label, lines in (
        (f"Late ({len(late)})", late),
        (f"Overrides ({len(overrides)})", overrides),
        (f"Scores changed by a regrade ({len(regraded)})", regraded),
    ):
        if lines:
            _show_heading(console, label)
            for line in formatting.first(lines, 2 * _SHOWN):
                console.print(_indented(line))


def _is_are(things: Sized) -> str:
    return "is" if len(things) == 1 else "are"


def _it_them(things: Sized) -> str:
    return "it" if len(things) == 1 else "them"
