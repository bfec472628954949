"""Each hostile archive, notebook and file by itself: it is refused or read for what it is, and opens nothing else."""

import sys
import time

import pytest

from tests.attacks.attack import graded, spec, words_of
from tests.attacks.hand_ins import HAND_INS
from tests.attacks.leftovers import Snapshot
from tests.attacks.reports import assert_sound
from tests.pace import longest_seconds

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="makes links and pipes")


@pytest.mark.parametrize("hostile", HAND_INS.values(), ids=HAND_INS.keys())
def test_the_hand_in_gains_nothing_and_leaves_nothing(hostile, sandbox, tmp_path):
    path = hostile.hand_in(tmp_path)
    before = Snapshot.take(sandbox)
    started = time.perf_counter()

    report = graded(path, sandbox, spec())

    assert time.perf_counter() - started < longest_seconds(spec())
    assert before.left_since(sandbox) == []
    assert report.score == hostile.points, words_of(report)
    assert any(part in words_of(report) for part in hostile.says.split("|")), words_of(report)
    assert_sound(report)
    assert len(report.to_json()) < 200_000
    assert all(each.isprintable() for each in words_of(report).split("\n"))
