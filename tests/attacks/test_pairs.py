"""Each cheat gains nothing over what it did honestly, in plain words; its honest twin loses nothing and is not accused."""

import sys
import time

import pytest

from tests.attacks.attack import words_of
from tests.attacks.leftovers import Snapshot
from tests.attacks.pair import all_pairs, honest_of, points_of
from tests.attacks.reports import assert_sound_but_for_the_score

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="workers are confined on Linux only"),
    pytest.mark.usefixtures("confined"),
]

PAIRS = all_pairs()

LONGEST_SECONDS = 60.0
"""For each hostile submission, whatever it does, or this many times as long as its honest twin."""
LONGEST_RATIO = 20.0


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
def test_the_cheat_gains_nothing_and_its_honest_twin_loses_nothing(pair, sandbox):
    honest, honest_seconds = honest_of(pair, sandbox)

    assert_sound_but_for_the_score(honest)
    assert points_of(honest) == pair.honest_points, words_of(honest)
    assert not {flag.kind for flag in honest.flags} & set(pair.flags), words_of(honest)

    before = Snapshot.take(sandbox)
    started = time.perf_counter()
    hostile = pair.graded(pair.hostile, sandbox)
    seconds = time.perf_counter() - started

    assert before.left_since(sandbox) == []
    assert_sound_but_for_the_score(hostile)
    assert points_of(hostile) <= pair.points, words_of(hostile)
    assert set(pair.flags) <= {flag.kind for flag in hostile.flags}, words_of(hostile)
    for part in pair.says:
        assert part in words_of(hostile)
    assert seconds < max(LONGEST_SECONDS, LONGEST_RATIO * honest_seconds)
