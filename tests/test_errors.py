"""Errors carry their parts, in another process too."""

import pickle
from pathlib import Path

from grader.errors import SpecError, UnsafeArchive


def test_an_error_survives_pickling_with_its_parts():
    error = UnsafeArchive("hw.zip: too many files", path=Path("hw.zip"), expected="at most 3", seen="4 files")

    again = pickle.loads(pickle.dumps(error))

    assert (type(again), str(again)) == (UnsafeArchive, "hw.zip: too many files")
    assert (again.path, again.expected, again.seen) == (Path("hw.zip"), "at most 3", "4 files")


def test_the_faults_of_a_spec_survive_pickling():
    again = pickle.loads(pickle.dumps(SpecError("a.toml:", faults=("no name", "no title"))))

    assert (str(again), again.faults) == ("a.toml:\nno name\nno title", ("no name", "no title"))
    assert (again.expected, again.seen) == (None, None)
