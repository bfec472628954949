"""The wheel that is made again from the running files."""

import base64
import csv
import hashlib
import io
import zipfile
from importlib import metadata

import pytest

from grader.errors import UsageError
from grader.frontends.packages import own_wheel


@pytest.fixture(scope="module")
def wheel():
    with zipfile.ZipFile(io.BytesIO(own_wheel.own_wheel())) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_it_has_the_code_the_specs_and_the_tested_versions_and_no_right_solutions(wheel):
    assert {"grader/frontends/cli.py", "reference/__init__.py", "test_specs/cs231n.toml"} <= wheel.keys()
    assert b"numpy==" in wheel[own_wheel.CONSTRAINTS]
    assert [name for name in wheel if name.startswith(own_wheel.LEFT_OUT)] == []
    assert [name for name in wheel if name.startswith(("submissions/", "tests/")) or ".pyc" in name] == []


def test_its_record_names_each_file_with_its_digest(wheel):
    (record,) = (name for name in wheel if name.endswith(".dist-info/RECORD"))
    rows = {name: (digest, size) for name, digest, size in csv.reader(wheel[record].decode().splitlines())}

    assert rows.keys() == wheel.keys()
    assert rows.pop(record) == ("", "")
    for name, (digest, size) in rows.items():
        expected = base64.urlsafe_b64encode(hashlib.sha256(wheel[name]).digest()).rstrip(b"=").decode()
        assert (digest, size) == (f"sha256={expected}", str(len(wheel[name])))


def test_the_tested_versions_have_no_comments():
    lines = own_wheel.constraints().splitlines()

    assert [line for line in lines if "==" not in line or "#" in line or " " in line] == []


def test_the_requirements_are_those_without_extras():
    names = {each.partition(">")[0] for each in own_wheel.requirements()}

    assert {"numpy", "torch", "pydantic"} <= names
    assert not {"pytest", "distributed", "copydetect"} & names


def test_a_grader_that_is_not_installed_makes_no_wheel(monkeypatch):
    def missing(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", missing)

    with pytest.raises(UsageError) as raised:
        own_wheel.own_wheel()
    assert str(raised.value) == (
        "the grader is running without being installed; install it first: pip install"
        " linear-classifier-grader, or make setup"
        " in a checkout"
    )


def test_another_version_than_the_installed_one_makes_no_wheel(monkeypatch):
    monkeypatch.setattr(own_wheel, "__version__", "9.9")

    with pytest.raises(
        UsageError, match=r"of the grader is installed, but 9\.9 is running; install this one$"
    ):
        own_wheel.own_wheel()
