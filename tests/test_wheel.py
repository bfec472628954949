"""The wheel holds everything: unpacked in a folder far from the checkout, it names specs and grades."""

import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

from grader.frontends.packages import own_wheel
from grader.frontends.selftest_result import NO_CATALOGUE, NOTHING_TRIED
from grader.spec import SPEC_FOLDER
from tests.pace import HANG_SECONDS

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ("grader", "reference", "test_specs", "tools", "pyproject.toml", "constraints.txt", "LICENSE")

pytestmark = pytest.mark.slow


def build(checkout, target, folder):
    """The wheel or sdist, as `python -m build` makes it."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(folder)],
        cwd=checkout,
        env={**os.environ, "SOURCE_DATE_EPOCH": "315532800"},
        check=True,
        capture_output=True,
        timeout=HANG_SECONDS,
    )
    (made,) = folder.iterdir()
    return made


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy: building in the checkout itself would leave files there."""
    copy = tmp_path_factory.mktemp("checkout")
    for name in SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, copy / name)
    return copy


@pytest.fixture(scope="module")
def wheel(checkout, tmp_path_factory):
    return build(checkout, "wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A folder with the unpacked wheel."""
    folder = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    for part in (folder.parent, folder):
        part.chmod(0o755)
    return folder


COMMANDS = {
    "list": (0, "spec", "list"),
    "check": (0, "check", "sample", "--spec", "ridge_regression", "--json", "report.json"),
    "new": (0, "spec", "new", "toy"),
    "selftest": (0, "spec", "selftest", "toy", "--no-mutants"),
    "selftest of a shipped one": (1, "spec", "selftest", "numpy_linear_bias", "--no-mutants"),
    "package": (0, "package", "gradescope", "--spec", "ridge_regression", "-o", "package.zip"),
}
"""With their exit codes; in one process, because each new one would import everything again."""

RUN_ALL = """\
import contextlib, io, json, sys
import grader
from grader.frontends.cli import main

told = {}
for name, (code, *words) in json.loads(sys.argv[1]).items():
    sys.argv[1:] = words
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        try:
            main()
            ended = 0
        except SystemExit as end:
            ended = end.code or 0
    assert ended == code, (name, ended, out.getvalue())
    told[name] = out.getvalue()
print(json.dumps([grader.__file__, told]))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the commands run: a folder with a sample, and nothing of ours."""
    folder = tmp_path_factory.mktemp("elsewhere")
    shutil.copytree(ROOT / "submissions" / "ridge_regression" / "perfect_module", folder / "sample")
    return folder


@pytest.fixture(scope="module")
def told(installed, folder):
    """What each command prints."""
    done = subprocess.run(
        [sys.executable, "-c", RUN_ALL, json.dumps(COMMANDS)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    file, words = json.loads(done.stdout)
    assert file == str(installed / "grader" / "__init__.py")
    return words


def test_it_knows_its_specs(told):
    words = told["list"].split()

    assert [path.stem for path in (ROOT / "test_specs").glob("*.toml") if path.stem not in words] == []


def test_it_grades_a_submission_and_runs_a_selftest(told, folder):
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))

    assert report["score"] == report["max_score"] == 100
    assert "False passes: 0" in told["selftest"]


def test_right_solutions_are_not_in_it_and_a_selftest_of_shipped_ones_says_so(wheel, told):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()

    assert [name for name in names if name.startswith(("submissions", "tests", *own_wheel.LEFT_OUT))] == []
    words = " ".join(told["selftest of a shipped one"].split())
    assert words.endswith(f"{NOTHING_TRIED} {NO_CATALOGUE}")


SAME_NAME = {
    "reference/losses/formulas.py": {"softmax_loss", "svm_loss"},  # take the convention too
    "reference/questions/lab/formulas.py": {"forward"},
    "reference/questions/fc_net/network.py": {"evaluate"},
    "reference/questions/two_layer/network.py": {"evaluate"},
}
"""Functions that share their name with one that students write, and take and return something else. None gets a point."""


def test_no_module_in_it_defines_what_students_write(installed):
    specs = (tomllib.loads(path.read_text(encoding="utf-8")) for path in SPEC_FOLDER.glob("*.toml"))
    asked = {name for spec in specs for name in spec.get("functions", ())}
    found = {}
    for path in installed.rglob("*.py"):
        name = path.relative_to(installed).as_posix()
        defined = {
            *re.findall(r"^(?:def|class) (\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
        } & asked
        if defined and not name.startswith("reference/in_worker/drivers/"):  # which call the student's
            found[name] = defined

    assert found == SAME_NAME


def test_it_is_the_same_bytes_each_time_also_from_the_sdist(checkout, wheel, tmp_path):
    for path in checkout.rglob("*"):
        os.utime(path, (1_700_000_000, 1_700_000_000))
    first = build(checkout, "sdist", tmp_path / "first")
    again = build(checkout, "sdist", tmp_path / "again")
    with tarfile.open(first) as archive:
        archive.extractall(tmp_path, filter="data")
    from_sdist = build(tmp_path / first.name.removesuffix(".tar.gz"), "wheel", tmp_path / "wheel")

    assert first.read_bytes() == again.read_bytes()
    assert from_sdist.read_bytes() == wheel.read_bytes()


@pytest.mark.usefixtures("told")
def test_a_package_carries_the_same_wheel(wheel, folder):
    with zipfile.ZipFile(folder / "package.zip") as archive:
        packed = zipfile.ZipFile(io.BytesIO(archive.read(wheel.name)))
    built = zipfile.ZipFile(wheel)
    assert sorted(packed.namelist()) == sorted(built.namelist())
    for name in built.namelist():
        if not name.endswith(("/RECORD", "/WHEEL")):  # the generator's name
            assert packed.read(name) == built.read(name), name


def test_pytest_finds_the_plugin(installed, folder):
    options = (
        "--grader-spec",
        "ridge_regression",
        "--submission=sample",
        "--collect-only",
        "-p",
        "no:cacheprovider",
    )
    done = subprocess.run(
        [sys.executable, "-P", "-m", "pytest", "-q", *options],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[:2] == ["ridge_regression::loss", "ridge_regression::fit"]
