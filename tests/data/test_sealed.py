"""Arrays in sealed memory: as written, never changed, found by other processes as long as they live."""

import os
import pickle
import subprocess
import sys

import numpy as np
import pytest

from grader.data import sealed
from grader.data.sealed import mapped, memory_of, origin_of, sealed_rows

linux = pytest.mark.skipif(sys.platform != "linux", reason="sealed memory is Linux's")


def rows_of(array):
    return lambda rows: array[rows]


@pytest.mark.parametrize("has_memory", [True, False])
def test_the_rows_are_cast_and_cannot_be_written(monkeypatch, has_memory):
    if not has_memory:
        monkeypatch.setattr(sealed, "_memory", lambda: None)
    wanted = np.random.Generator(np.random.PCG64(0)).normal(size=(2_001, 300))

    made = sealed_rows(wanted.shape, np.float32, rows_of(wanted))

    assert np.array_equal(made, wanted.astype(np.float32))
    assert made.dtype == np.float32
    with pytest.raises(ValueError, match="read-only"):
        made[0, 0] = 1
    assert (memory_of(made) is not None) == (has_memory and sys.platform == "linux")


def test_rows_are_made_a_few_at_a_time():
    asked = []

    def rows(part):
        asked.append(part)
        return np.zeros((part.stop - part.start, 1_000))

    made = sealed_rows((3_000, 1_000), np.float64, rows)

    assert made.shape == (3_000, 1_000)
    assert [part.start for part in asked[1:]] == [part.stop for part in asked[:-1]]
    assert max(part.stop - part.start for part in asked) * made.strides[0] <= sealed.CHUNK_BYTES


@linux
def test_nothing_can_be_written_into_the_memory():
    made = sealed_rows((10,), np.int64, rows_of(np.arange(10)))
    memory = memory_of(made)

    assert memory is not None
    with pytest.raises(OSError, match="not permitted"):
        os.pwrite(memory[0].descriptor, b"x", 0)


@linux
def test_a_view_is_in_the_memory_of_its_whole():
    made = sealed_rows((10, 4), np.int64, rows_of(np.arange(40).reshape(10, 4)))
    whole, part = memory_of(made), memory_of(made[3:])

    assert whole is not None
    assert part == (whole[0], 3 * 4 * 8)
    assert memory_of(made[:, :2]) is None
    assert memory_of(np.arange(3)) is None
    assert origin_of(made[3:]) is None


@linux
def test_the_memory_goes_with_its_last_array():
    made = sealed_rows((10,), np.int64, rows_of(np.arange(10)))
    memory = memory_of(made)
    assert memory is not None
    descriptor = memory[0].descriptor
    del memory
    part = made[5:]
    del made

    assert part.tolist() == [5, 6, 7, 8, 9]
    os.fstat(descriptor)
    del part
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


THERE = """
import os, pickle, sys
import numpy as np
from grader.data.sealed import mapped, memory_of
array = mapped(pickle.loads(bytes.fromhex(sys.argv[1])))
print(array.sum(), os.fstat(memory_of(array)[0].descriptor).st_ino, array.flags.writeable)
"""


@linux
def test_another_process_maps_the_same_memory():
    made = sealed_rows((10,), np.int64, rows_of(np.arange(10)))
    origin = origin_of(made)
    assert origin is not None

    shown = subprocess.run(
        [sys.executable, "-c", THERE, pickle.dumps(origin).hex()], check=True, capture_output=True, text=True
    ).stdout.split()

    assert shown == ["45", str(origin.inode), "False"]


@linux
def test_memory_that_is_gone_or_another_is_not_mapped(tmp_path):
    made = sealed_rows((10,), np.int64, rows_of(np.arange(10)))
    origin = origin_of(made)
    assert origin is not None

    assert mapped(origin._replace(inode=origin.inode + 1)) is None
    assert mapped(origin._replace(shape=(10_000,))) is None
    with (tmp_path / "plain").open("wb+") as file:
        file.write(bytes(80))
        file.flush()
        plain = origin._replace(descriptor=file.fileno(), inode=os.fstat(file.fileno()).st_ino)
        assert mapped(plain) is None
    del made
    assert mapped(origin) is None
