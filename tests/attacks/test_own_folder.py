"""The folder of an instructor's own spec holds the right answers: code of a student never gets at it."""

import pytest

from grader.api import Grader
from grader.spec.starting import write_new_spec

SPY = """
import gc
import os
import sys


def squared_loss(w, X, y):
    found = []
    for name in ("questions.py", "spec.toml", "drivers.py", "right/plain.py", ""):
        path = os.path.join(FOLDER, name)
        try:
            open(path).read() if os.path.splitext(path)[1] else os.listdir(path)
            found.append(path)
        except OSError:
            pass
    found += [name for name in sys.modules if name.split(".")[0] in {"grader", "reference"} or "question" in name]
    found += [entry for entry in sys.path if entry.startswith(FOLDER)]
    for each in gc.get_objects():
        if isinstance(each, dict) and any(isinstance(value, str) and MARK in value for value in list(each.values())):
            if each is not globals():
                found.append("an object with the text of questions.py")
    for process in (os.getppid(), os.getpid()):
        try:
            if MARK.encode() in open(f"/proc/{process}/cmdline", "rb").read():
                found.append("a command line")
        except OSError:
            pass
    raise RuntimeError(f"found {found}, and can read: {bool(open(os.__file__).read())}")
"""


@pytest.fixture
def folder(tmp_path):
    write_new_spec(tmp_path / "toy")
    path = tmp_path / "toy" / "questions.py"
    path.write_text(path.read_text("utf-8") + "\nMARK = 'answers_of_the_course'\n", "utf-8")
    (tmp_path / "toy" / "drivers.py").write_text(
        "def call(squared_loss, w, X, y):\n    return squared_loss(w, X, y)\n\n\n"
        "def answer():\n    return 'answers_of_the_course'\n"
    )
    return tmp_path / "toy"


@pytest.mark.parametrize("has_driver", [False, True])
def test_a_worker_finds_neither_the_files_nor_anything_of_them_in_its_memory(folder, tmp_path, has_driver):
    if has_driver:
        path = folder / "questions.py"
        text = path.read_text("utf-8")
        path.write_text(
            text.replace("    answer=answer,", '    answer=answer,\n    driver=("drivers", "call"),')
        )
    student = tmp_path / "hw.py"
    student.write_text(f"FOLDER = {str(folder)!r}\nMARK = 'answers_of_' + 'the_course'\n{SPY}")

    with Grader(folder, seed=1) as grader:
        report = grader.grade(student)

    if report.environment.isolation != "confined":
        pytest.skip("this machine does not confine files")
    assert report.score == 0
    assert "found [], and can read: True" in report.checks[0].message, report.checks[0].message
