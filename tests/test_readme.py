"""Every command that README.md names is run, in a folder that looks like a checkout."""

import csv
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.pace import HANG_SECONDS

ROOT = Path(__file__).resolve().parents[1]
GRADER = Path(sys.executable).with_name("grader")
FAILING = {"grader check submissions/eecs498_2019/equals_minus_one"}
RUN_BY_CI = {"make demo", "make test"}
SHELL_ONLY = {"source .venv/bin/activate"}
README = (ROOT / "README.md").read_text(encoding="utf-8")
PYTHON = README.split("From Python:\n\n", 1)[1].split("\n\n", 1)[0]
"""The lines of the Python example."""

SAMPLES = ("equals_minus_one", "perfect_module", "perfect_notebook")
TINY = "def svm_loss_naive(W, X, y, reg):\n    return 0.0, 0 * W\n"
CLASS = ("equals_minus_one", "perfect_module")
"""Whom the batch grades: by these names, and in a moment each. `make demo` grades them as they are."""


RULES = README.split("describes it):\n\n", 1)[1].split("\n\nIf a batch", 1)[0]
"""The lines of class.toml."""


def commands():
    lines = README.replace(PYTHON, "").replace(RULES, "").splitlines()
    shown = [line.strip().partition("  #")[0].strip() for line in lines if line.startswith("    ")]
    return [line for line in shown if line and not line.startswith("#")]


ON_A_CLASS = [command for command in commands() if {"graded", "graded_canvas"} & set(shlex.split(command))]
GRADER_COMMANDS = [
    command for command in commands() if command.startswith("grader ") and command not in ON_A_CLASS
]


def checkout(tmp_path):
    for sample in SAMPLES:
        shutil.copytree(
            ROOT / "submissions" / "eecs498_2019" / sample, tmp_path / "submissions" / "eecs498_2019" / sample
        )
    shutil.copytree(ROOT / "test_specs", tmp_path / "test_specs")
    return tmp_path


def test_every_command_is_a_grader_command_or_one_that_ci_runs():
    others = {command for command in commands() if not command.startswith("grader ")}
    assert others == RUN_BY_CI | SHELL_ONLY
    steps = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "step demo" in steps
    assert "make --no-print-directory test" in steps


def does_what_it_says(command, folder):
    done = subprocess.run(
        [GRADER, *shlex.split(command)[1:]],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
        check=False,
    )
    assert done.returncode == (1 if command in FAILING else 0), done.stderr
    assert done.stdout.strip()
    assert done.stderr == ""


@pytest.mark.slow
@pytest.mark.parametrize("command", GRADER_COMMANDS)
def test_the_command_does_what_it_says(command, tmp_path):
    does_what_it_says(command, checkout(tmp_path))


@pytest.mark.slow
def test_the_commands_on_a_class_do_what_they_say_one_after_the_other(tmp_path):
    for sample in CLASS:
        folder = tmp_path / "submissions" / "eecs498_2019" / sample
        folder.mkdir(parents=True)
        (folder / "linear_classifier.py").write_text(TINY)
    with ZipFile(tmp_path / "submissions.zip", "w") as download:
        download.writestr("onestudent_LATE_101_678901_linear_classifier.py", TINY)
    (tmp_path / "students.csv").write_text("Student,ID,SIS Login ID\nStudent One,101,student1\n")
    (tmp_path / "class.toml").write_text("\n".join(line.strip() for line in RULES.splitlines()))
    names = [command.split()[1] for command in ON_A_CLASS]
    assert names == ["batch", "results", "results", "override", "batch"]
    for command in ON_A_CLASS:
        does_what_it_says(command, tmp_path)
    (row,) = csv.DictReader((tmp_path / "graded_canvas" / "gradebook.csv").read_text().splitlines())
    assert (row["student_id"], row["status"]) == ("101", "graded")


def test_the_python_example_prints_a_score():
    program = "\n".join(line.strip() for line in PYTHON.splitlines())
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
        check=False,
    )
    assert done.stderr == ""
    assert [float(word) for word in done.stdout.split()] == [86.0, 86.0]


def test_the_files_that_the_readme_links_to_are_there():
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert [link for link in links if not (ROOT / link).exists()] == []
