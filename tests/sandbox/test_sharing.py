"""Large arrays that workers map: the same numbers for all, and nobody's writes are another's."""

import os
import sys

import numpy as np
import pytest

from grader.model.trial import ResidentTensor
from grader.sandbox.sharing import LEAST_BYTES, SharedArrays
from tests.sandbox.calls import number_of, trial

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="sealed memory is Linux's")


def frozen(values):
    values.flags.writeable = False
    return values


LARGE = ResidentTensor("large", frozen(np.ones((LEAST_BYTES // 8 + 10, 1))))
WRITES = """
def f(X):
    X += 1
    return float(X.max())

def g(X):
    return float(X.sum()) - len(X)
"""


@pytest.mark.parametrize("backend", ["torch", "numpy"])
def test_what_one_worker_writes_is_seen_by_it_alone(open_session, backend):
    session = open_session(WRITES)

    assert [number_of(session.run(trial("f", LARGE, backend=backend))) for _ in range(2)] == [2.0, 3.0]
    assert number_of(session.run(trial("g", LARGE, backend=backend))) == 0.0
    assert float(LARGE.array.max()) == 1.0


OPEN = """
import os

def f(X):
    found = 0
    for number in range(3, 64):
        try:
            os.fstat(number)
            found += 1
        except OSError:
            pass
    return float(found)

def g():
    return 0.0
"""


def test_only_the_mapping_itself_holds_a_descriptor_and_not_for_longer_than_it_is_resident(open_session):
    session = open_session(OPEN)
    small = ResidentTensor("small", np.ones(3))

    before, during, after = [number_of(session.run(trial("f", each))) for each in (small, LARGE, small)]

    assert (during, after) == (before + 1, before)


def test_the_memory_is_sealed_and_written_once():
    shared = SharedArrays()
    descriptor = shared.descriptor(LARGE.array)

    assert descriptor is not None
    assert shared.descriptor(LARGE.array) == descriptor
    for change in (lambda: os.pwrite(descriptor, b"x", 0), lambda: os.ftruncate(descriptor, 0)):
        with pytest.raises(OSError, match="not permitted"):
            change()
    shared.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


@pytest.mark.parametrize(
    "array",
    [
        np.ones(LEAST_BYTES),
        frozen(np.ones(10)),
        frozen(np.ones((LEAST_BYTES // 8, 2)))[:, :1],
    ],
    ids=["may change", "small", "not contiguous"],
)
def test_what_may_change_or_is_small_is_sent(array):
    assert SharedArrays().descriptor(array) is None


def test_the_latest_eight_are_kept_open():
    shared = SharedArrays()
    arrays = [frozen(np.full(LEAST_BYTES // 8, float(number))) for number in range(9)]

    first, *_ = [shared.descriptor(array) for array in arrays]

    assert first is not None
    again = shared.descriptor(arrays[0])
    assert again is not None
    assert np.frombuffer(os.pread(again, 8, 0))[0] == 0.0
    shared.close()
