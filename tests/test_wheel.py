"""The wheel holds everything: unpacked in a folder far from the checkout, it names specs and grades."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.pace import HANG_SECONDS

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ("grader", "reference", "test_specs", "pyproject.toml", "LICENSE")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder with the unpacked wheel, made from a copy: building in the checkout would leave files there."""
    copy, folder = tmp_path_factory.mktemp("checkout"), tmp_path_factory.mktemp("installed")
    for name in SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, copy / name)
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=copy,
        check=True,
        capture_output=True,
        timeout=HANG_SECONDS,
    )
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    shutil.rmtree(copy)
    for part in (folder.parent, folder):
        part.chmod(0o755)
    return folder


def grader(installed, folder, *arguments):
    """What the command prints, run in a folder that holds nothing of ours."""
    done = subprocess.run(
        [sys.executable, "-m", "grader", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
        check=False,
    )
    assert done.stderr == ""
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_the_command_comes_from_the_wheel_and_knows_its_specs(installed, tmp_path):
    where = "import grader, sys; sys.stdout.write(grader.__file__)"
    found = subprocess.run(
        [sys.executable, "-c", where],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert found == str(installed / "grader" / "__init__.py")
    words = grader(installed, tmp_path, "spec", "list").split()
    assert [path.stem for path in (ROOT / "test_specs").glob("*.toml") if path.stem not in words] == []


def test_it_grades_a_submission_and_runs_a_selftest(installed, tmp_path):
    shutil.copytree(ROOT / "submissions" / "ridge_regression" / "perfect_module", tmp_path / "sample")

    grader(installed, tmp_path, "check", "sample", "--spec", "ridge_regression", "--json", "report.json")
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))

    assert report["score"] == report["max_score"] == 100
    grader(installed, tmp_path, "spec", "new", "toy")
    assert "False passes: 0" in grader(installed, tmp_path, "spec", "selftest", "toy", "--no-mutants")
    assert "False passes: 0" in grader(
        installed, tmp_path, "spec", "selftest", "numpy_linear_bias", "--no-mutants", "--seed", "5"
    )
