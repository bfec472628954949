"""Errors carry their parts, in another process too."""

import pickle
from pathlib import Path

from grader.errors import DataError, SpecError, SpecFault, UnsafeArchive


def test_an_error_survives_pickling_with_its_parts():
    error = UnsafeArchive("hw.zip: too many files", path=Path("hw.zip"), expected="at most 3", seen="4 files")

    again = pickle.loads(pickle.dumps(error))

    assert (type(again), str(again)) == (UnsafeArchive, "hw.zip: too many files")
    assert (again.path, again.expected, again.seen) == (Path("hw.zip"), "at most 3", "4 files")


def test_the_faults_of_a_spec_survive_pickling():
    fault = SpecFault("checks[0].points", "must be a number", seen='"ten"')

    again = pickle.loads(pickle.dumps(SpecError("a.toml has a fault", faults=(fault,))))

    assert (str(again), again.faults) == ("a.toml has a fault", (fault,))
    assert (again.expected, again.seen) == (None, None)


def test_an_error_about_a_file_has_its_parts_as_attributes():
    error = DataError.unlike(Path("a.bin"), "30 bytes", "29", "unpack it again")

    assert str(error) == "a.bin: expected 30 bytes, found 29; unpack it again"
    assert (error.path, error.expected, error.seen) == (Path("a.bin"), "30 bytes", "29")
    assert str(DataError.unlike(Path("a.bin"), "30 bytes", "29")) == "a.bin: expected 30 bytes, found 29"
