"""Each hostile submission by itself: it gains nothing, its words are plain, its time is bounded, nothing is left of it."""

import sys
import time
from dataclasses import dataclass
from functools import cache

import pytest

from grader.sandbox import watch
from tests.attacks.attack import ATTACKS, Twin, graded, hand_in_twin, spec, words_of
from tests.attacks.leftovers import Snapshot
from tests.attacks.reports import assert_sound
from tests.attacks.school_class import RIGHT_POINTS, WRONG_POINTS
from tests.pace import longest_seconds

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="workers are confined on Linux only"),
    pytest.mark.usefixtures("confined"),
]


@dataclass(frozen=True, slots=True)
class GradedTwin:
    """The honest twin's score, and the seconds that grading it took."""

    points: float
    seconds: float


@pytest.fixture(scope="module")
def graded_twin(sandbox, tmp_path_factory):
    @cache
    def grade_twin(twin: Twin) -> GradedTwin:
        started = time.perf_counter()
        report = graded(hand_in_twin(twin, tmp_path_factory.mktemp("twin")), sandbox, spec())
        assert report.score is not None
        return GradedTwin(report.score, time.perf_counter() - started)

    yield grade_twin
    grade_twin.cache_clear()
    assert grade_twin("right").points == RIGHT_POINTS  # whatever was graded in the sandbox since


def test_there_are_attacks_and_their_twins_are_told_apart(graded_twin):
    assert len(ATTACKS) >= 60
    assert graded_twin("wrong").points == WRONG_POINTS
    assert graded_twin("right").points == RIGHT_POINTS


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_the_attack_gains_nothing_and_leaves_nothing(attack, sandbox, graded_twin, tmp_path, monkeypatch):
    monkeypatch.setattr(watch, "GREATEST_FILES", attack.files)
    hand_in, twin = attack.hand_in(tmp_path), graded_twin(attack.twin)
    before = Snapshot.take(sandbox)
    started = time.perf_counter()

    report = graded(hand_in, sandbox, spec(attack.call_seconds))

    seconds = time.perf_counter() - started
    assert before.left_since(sandbox) == []
    assert report.score is not None, words_of(report)
    limit = twin.points if attack.points is None else attack.points
    assert report.score <= limit, words_of(report)
    assert seconds < longest_seconds(spec(attack.call_seconds)) + 20 * twin.seconds
    words = words_of(report)
    for part in attack.says:
        assert part in words
    assert {check.id: check.status for check in report.checks}["neighbour"] == "passed"
    assert_sound(report)
