"""Large arrays that workers map: the same numbers for all, and nobody's writes are another's."""

import os
import sys

import numpy as np
import pytest

from grader.data import standin_data
from grader.data.sealed import memory_of, sealed_rows
from grader.model.trial import ResidentTensor
from grader.sandbox.protocols import Budget
from grader.sandbox.sharing import LEAST_BYTES, SharedArrays
from tests.sandbox.calls import extracted_of, number_of, trial

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
    found = shared.descriptor(LARGE.array)

    assert found is not None
    descriptor, offset = found
    assert offset == 0
    assert shared.descriptor(LARGE.array) == found
    for change in (lambda: os.pwrite(descriptor, b"x", 0), lambda: os.ftruncate(descriptor, 0)):
        with pytest.raises(OSError, match="not permitted"):
            change()
    shared.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


def test_a_copy_lives_as_long_as_its_array():
    shared = SharedArrays()
    array = frozen(np.full(LEAST_BYTES // 8, 3.0))
    found = shared.descriptor(array)

    assert found is not None
    assert np.frombuffer(os.pread(found[0], 8, 0))[0] == 3.0
    del array
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(found[0])


def test_what_is_sealed_already_is_not_copied():
    array = sealed_rows(
        (10, LEAST_BYTES // 8),
        np.float64,
        lambda rows: np.full((10, 1), 1.0)[rows] + np.arange(LEAST_BYTES // 8),
    )
    memory = memory_of(array)

    assert memory is not None
    descriptor = memory[0].descriptor
    assert SharedArrays().descriptor(array) == (descriptor, 0)
    assert SharedArrays().descriptor(array[2:]) == (descriptor, 2 * LEAST_BYTES)


INODES = """
def f(X):
    with open("/proc/self/maps") as maps:
        (found,) = {line.split()[4] for line in maps if "/memfd:" in line}
    X += 1
    return float(found)
"""


def test_judge_and_workers_map_the_same_memory_of_the_data_and_no_write_is_anothers(unconfined_sandbox):
    X, _ = standin_data().split("train")
    memory = memory_of(X)
    assert memory is not None
    before = X[-1].copy()

    inodes = set()
    for _ in range(2):
        with unconfined_sandbox.session(extracted_of(INODES, "f"), Budget(), redirect_cuda=False) as session:
            inodes.add(number_of(session.run(trial("f", ResidentTensor("X", X)))))

    assert inodes == {float(os.fstat(memory[0].descriptor).st_ino)}
    assert np.array_equal(X[-1], before)


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
