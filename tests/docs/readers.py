"""Runs a page's steps in a folder that has what its reader is assumed to have."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

from tests.docs.pages import ROOT, Cell, Change, Command, File, Step, is_shown, steps
from tests.pace import HANG_SECONDS

CS231N = ROOT / "submissions" / "cs231n"
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "80"}
OURS = {"grader": ("-m", "grader"), "python": ()}
"""Commands of Python's, with the words before their own."""
TOOLS = ("ls", "cut")


def take(step: Step, folder: Path) -> None:
    """Do what the page says, and see whether what it shows is true."""
    match step:
        case File(name, text):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        case Change(name, old, new):
            text = (folder / name).read_text(encoding="utf-8")
            assert text.count(old) == 1, f"{name} does not have these lines, once:\n{old}"
            (folder / name).write_text(text.replace(old, new), encoding="utf-8")
        case Command(not_run=None):
            _run(step, folder)


def _run(command: Command, folder: Path) -> None:
    name, *arguments = command.words
    if name == "make":  # a fresh clone's: .ci/run calls them
        assert all(f"\n{target}:" in (ROOT / "Makefile").read_text("utf-8") for target in arguments)
        return
    if name == "source":
        return
    assert name in (*OURS, *TOOLS), f"{command}: run it, or say <!-- not run: why -->"
    argv = [sys.executable, *OURS[name], *arguments] if name in OURS else list(command.words)
    done = subprocess.run(
        argv, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=HANG_SECONDS, check=False
    )
    assert done.returncode == command.exit_code, f"{command}\n{done.stdout}{done.stderr}"
    if command.exit_code < 2:
        assert done.stderr == "", f"{command}\n{done.stderr}"
    if command.shown is not None:
        output = done.stdout or done.stderr
        assert is_shown(command.shown, output, numbers_vary=command.numbers_vary), f"{command}\n{output}"


def file_of(page: str, name: str) -> File:
    """A file that a page shows."""
    (found,) = (
        step
        for step in steps((ROOT / "docs" / page).read_text(encoding="utf-8"))
        if isinstance(step, File) and step.name == name
    )
    return found


def execute(cells: Sequence[Cell], folder: Path) -> None:
    """Execute all cells of a page in one kernel, and see whether it shows their outputs."""
    places = {name: str(folder / name) for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR")}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(ROOT / "tests" / "docs" / "kernel.py")],
        input=json.dumps([cell.text for cell in cells]),
        cwd=folder,
        env={**ENVIRONMENT, **places},
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for cell, output in zip(cells, json.loads(done.stdout), strict=True):
        if cell.shown is not None:
            assert is_shown(cell.shown, output, numbers_vary=cell.numbers_vary), f"{cell.text}\n{output}"


def zipped(sample: str) -> bytes:
    """A sample of cs231n as students zip their assignment."""
    buffer = BytesIO()
    with ZipFile(buffer, "w") as archive:
        for path in sorted((CS231N / sample).rglob("*.py")):
            archive.write(path, Path("assignment1", path.relative_to(CS231N / sample)))
    return buffer.getvalue()


def checkout(folder: Path) -> None:
    """The sample that README.md grades, where it is in a clone."""
    shutil.copytree(CS231N / "equals_minus_one", folder / "submissions" / "cs231n" / "equals_minus_one")


TINY = "def svm_loss_naive(W, X, y, reg):\n    return 0.0, 0 * W\n"
"""Graded in a moment."""


def tiny_class(folder: Path) -> None:
    """A class with the id that README.md names."""
    place = folder / "submissions" / "cs231n"
    place.mkdir(parents=True)
    (place / "equals_minus_one.py").write_text(TINY)


def a_copied_spec(folder: Path) -> None:
    """The spec that docs/writing-a-spec.md begins from, under a name of its own, and some of the samples that it grades."""
    shutil.copy(ROOT / "test_specs" / "cs231n.toml", folder / "mine.toml")
    for sample in ("perfect_module", "no_regularizer"):
        place = Path("submissions", "ridge_regression", sample)
        shutil.copytree(ROOT / place, folder / place)


def canvas_class(folder: Path) -> None:
    """The download of docs/instructors.md: four that can be graded, and a PDF."""
    with ZipFile(folder / "submissions.zip", "w") as download:
        notebook = (CS231N / "one_notebook" / "linear.ipynb").read_bytes()
        handed_out = (CS231N / "assignment_zip" / "assignment1.zip").read_bytes()
        for name, content in (
            ("almeidarui_101_5001_assignment1.zip", handed_out),
            ("brownmia_102_5002_assignment1.zip", zipped("equals_minus_one")),
            ("chenwei_LATE_103_5003_linear.ipynb", notebook),
            ("diallosara_104_5004_assignment1.zip", zipped("svm_gradient_outside_if")),
            ("evansluke_105_5005_report.pdf", b"%PDF-1.4\n"),
        ):
            download.writestr(name, content)


def late_student(folder: Path) -> None:
    """Of the same class only who handed in late."""
    with ZipFile(folder / "submissions.zip", "w") as download:
        notebook = (CS231N / "one_notebook" / "linear.ipynb").read_bytes()
        download.writestr("chenwei_LATE_103_5003_linear.ipynb", notebook)
    take(file_of("instructors.md", "students.csv"), folder)


def canvas_gradebook(folder: Path) -> None:
    """The same with the gradebook that docs/exports.md shows."""
    canvas_class(folder)
    take(file_of("exports.md", "grades.csv"), folder)


def student_folder(folder: Path) -> None:
    """The assignment of docs/students.md, with a mistake in it."""
    shutil.copytree(CS231N / "equals_minus_one" / "cs231n", folder / "assignment1" / "cs231n")


def small_class(folder: Path) -> None:
    """One student."""
    shutil.copytree(CS231N / "one_notebook", folder / "class" / "ann")


def kmeans_class(folder: Path) -> None:
    """What docs/own-assignment.md grades at its end."""
    (folder / "class").mkdir()
    for name, axis in (("ann.py", 0), ("ben.py", 1)):
        (folder / "class" / name).write_text(
            "import numpy as np\n\ndef update(X, labels, centers):\n"
            f"    return np.array([X[labels == k].mean(axis={axis}) for k in range(len(centers))])\n"
        )
