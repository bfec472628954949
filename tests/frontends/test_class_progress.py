"""Progress of a class: an estimate from what was really graded, and a line now and then where there is no terminal."""

import threading

import pytest
import typer

from grader.batch import Outcome
from grader.frontends import class_progress
from grader.frontends.class_progress import ClassProgress, Pace
from tests.pace import HANG_SECONDS
from tests.samples import report_of


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def outcome(how="graded", **changes):
    return Outcome("ann", how, report_of(**changes))


def test_nothing_is_known_before_the_first_was_graded(clock):
    pace = Pace(clock)
    pace.count(None, 0, 40)
    pace.work_on(["ann", "bob"])
    clock.now += 30

    assert pace.line == "0 of 40 graded; now: ann, bob"


def test_the_estimate_comes_from_those_that_were_graded(clock):
    pace = Pace(clock)
    for number in range(1, 21):
        pace.count(outcome("unchanged"), number, 40)
    clock.now += 50  # reading is not grading
    pace.work_on(["ann"])
    clock.now += 5
    pace.count(outcome(status="unreadable", score=0), 21, 40)
    clock.now += 25
    pace.work_on([])
    pace.count(outcome(), 22, 40)

    assert pace.left_seconds == pytest.approx(18 * 30)
    assert pace.line == "22 of 40 graded, about 9 min left"


def test_nothing_is_left_at_the_end(clock):
    pace = Pace(clock)
    pace.work_on(["ann"])
    clock.now += 5
    pace.work_on([])
    pace.count(outcome(), 12, 12)

    assert pace.line == "12 of 12 graded"


def test_those_being_graded_count_half(clock):
    pace = Pace(clock)
    pace.work_on(["ann", "bob", "cem"])
    clock.now += 20
    pace.work_on(["bob", "cem"])
    pace.count(outcome(), 1, 4)

    assert pace.left_seconds == pytest.approx((3 - 1) * 20 / (1 + 1))


def test_a_slow_one_makes_the_estimate_longer_not_shorter(clock):
    pace = Pace(clock)
    pace.work_on(["ann"])
    clock.now += 10
    pace.count(outcome(), 1, 10)
    before = pace.left_seconds
    clock.now += 100

    assert before is not None
    assert (pace.left_seconds or 0) > before


def test_only_some_names_are_shown_and_none_can_spoil_the_terminal(clock):
    pace = Pace(clock)
    pace.work_on(["a\x1b[31m", "b", "c", "d", "e", "f"])

    assert pace.working_on == "now: a<U+001B>[31m, b, c, d and 2 more"


@pytest.mark.parametrize(
    "seconds, words",
    [
        (0, "10 s"),
        (44, "40 s"),
        (55, "1 min"),
        (200, "3 min"),
        (89 * 60, "89 min"),
        (7200, "2.0 h"),
    ],
)
def test_an_estimate_is_told_as_exactly_as_it_is_known(seconds, words):
    assert class_progress._rounded(seconds) == words


def test_a_line_on_the_whole_is_printed_now_and_then_while_nothing_is_done(monkeypatch):
    lines, enough = [], threading.Event()

    def echo(line):
        lines.append(line)
        if len(lines) == 3:
            enough.set()

    monkeypatch.setattr(typer, "echo", echo)
    with ClassProgress(pause_seconds=0.001) as progress:
        progress(None, 0, 2)
        progress.work_on(["ann"])
        assert enough.wait(HANG_SECONDS)

    assert set(lines) <= {"reading the class", "0 of 2 graded", "0 of 2 graded; now: ann"}


def test_a_line_is_printed_while_the_class_is_read(monkeypatch):
    lines, one = [], threading.Event()

    def echo(line):
        lines.append(line)
        one.set()

    monkeypatch.setattr(typer, "echo", echo)
    with ClassProgress(pause_seconds=0.001):
        assert one.wait(HANG_SECONDS)

    assert set(lines) == {"reading the class"}


def test_those_to_be_timed_again_are_graded_and_count_once(clock, capsys):
    pace = Pace(clock)
    pace.work_on(["ann"])
    clock.now += 20
    pace.count(outcome("open"), 0, 4)
    pace.work_on([])

    assert pace.line == "0 of 4 graded, 1 to be timed again, about 1 min left"
    pace.count(outcome(), 1, 4)
    assert pace.line == "1 of 4 graded, about 1 min left"

    with ClassProgress() as progress:
        progress(None, 0, 2)
        progress(outcome("open"), 0, 2)
        assert (progress.done, progress.to_be_timed_again) == (1, 1)
        progress(outcome(), 1, 2)
        assert (progress.done, progress.to_be_timed_again) == (1, 0)
    assert capsys.readouterr().out == "[1/2] ann: 10 of 10 (all checks passed, 1.5 s)\n"


def test_each_submission_has_its_line(capsys):
    with ClassProgress() as progress:
        assert not progress.is_shown
        progress(None, 0, 2)
        progress(outcome(), 1, 2)

    assert (progress.done, progress.total, progress.is_shown) == (1, 2, True)
    assert capsys.readouterr().out == "[1/2] ann: 10 of 10 (all checks passed, 1.5 s)\n"


def test_a_system_without_another_thread_says_the_rest(monkeypatch, capsys):
    def refuse(_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)

    with class_progress._told(Pace(), 1.0) as say:
        say("a line")

    assert capsys.readouterr().out == "a line\n"
