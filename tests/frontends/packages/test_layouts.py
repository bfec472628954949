"""Packages graded in the platforms' folders: unpacked, with the platform's script, as root and as an ordinary user."""

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from grader.frontends.app import app
from tests.attacks.unprivileged import command_as_nobody
from tests.pace import HANG_SECONDS
from tests.samples import MINI_NUMPY_SPEC

ROOT = Path(__file__).resolve().parents[3]

SPEC = MINI_NUMPY_SPEC.partition('\n[[checks]]\nid = "g_values"')[0] + "\n"
"""Two checks of one function, one hidden: a second to grade."""
SPEC = SPEC.replace('id = "f_inputs"', 'id = "f_inputs"\nvisibility = "hidden"')

RIGHT = """\
import numpy as np

def f(W, X, y, reg):
    scores = X @ W
    rows = np.arange(len(X))
    margins = np.maximum(scores - scores[rows, y][:, None] + 1, 0)
    margins[rows, y] = 0
    slopes = (margins > 0) * 1.0
    slopes[rows, y] = -slopes.sum(axis=1)
    return margins.sum() / len(X) + reg * (W * W).sum(), X.T @ slopes / len(X) + 2 * reg * W

def g(W, X, y, reg):
    return f(W, X, y, reg)
"""

PRYING = """\
import os

def f(W, X, y, reg):
    seen = []
    for place in {places!r}:
        try:
            seen.append(str(os.listdir(place) if os.path.isdir(place) else open(place).read()))
        except OSError:
            pass
    raise ValueError("seen: " + ", ".join(seen))

def g(W, X, y, reg):
    return 0
"""


class Platform:
    """A platform's folder with an unpacked package, and Python where its setup would have put it."""

    folder = "bundle"
    """Where the package is unpacked."""
    submission = "checkout"

    def __init__(self, root, name, *options, spec="mini.toml"):
        self.root, self.name = root, name
        (root / "mini.toml").write_text(SPEC, encoding="utf-8")
        archive = str(root / "package.zip")
        chosen = str(root / spec) if spec.endswith(".toml") else spec
        words = ["package", name, "--spec", chosen, "-o", archive, *options]
        ran = CliRunner().invoke(app, words)
        assert ran.exit_code == 0, ran.output
        self.archive, self.output = Path(archive), ran.output
        # Python of these tests, with this checkout; -I would leave it out.
        python = root / "grader-venv" / "bin" / "python"
        python.parent.mkdir(parents=True)
        run = shlex.join(["env", f"PYTHONPATH={ROOT}", sys.executable, "-P"])
        python.write_text(f'#!/bin/sh\nshift\nexec {run} "$@"\n', encoding="utf-8")
        python.chmod(0o755)

    def unpack(self, below=""):
        with zipfile.ZipFile(self.archive) as archive:
            for entry in archive.infolist():
                if entry.filename.startswith(below):
                    place = self.root / self.folder / entry.filename.removeprefix(below)
                    place.parent.mkdir(parents=True, exist_ok=True)
                    place.write_bytes(archive.read(entry))
                    place.chmod(entry.external_attr >> 16 & 0o777)

    def hand_in(self, text, name="hw.py"):
        place = self.root / self.submission / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")

    def run(self, command, prefix=(), **environment):
        done = subprocess.run(
            [*prefix, *command],
            env={**os.environ, **environment},
            cwd=self.root,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=HANG_SECONDS,
            check=False,
        )
        return done.returncode, done.stdout


class Gradescope(Platform):
    folder, submission = "source", "submission"

    def __init__(self, root, *options, spec="mini.toml"):
        super().__init__(root, "gradescope", *options, spec=spec)
        self.unpack()

    def grade(self, wrapped=lambda command: command):
        command = wrapped(
            ["env", f"AUTOGRADER_ROOT={self.root}", "sh", str(self.root / "source/run_autograder")]
        )
        return self.run(command)

    @property
    def results(self):
        place = self.root / "results" / "results.json"
        return json.loads(place.read_text(encoding="utf-8")) if place.exists() else None


@pytest.fixture
def tmp_path():
    """A folder that another user may enter: pytest's own is closed."""
    made = Path(tempfile.mkdtemp(prefix="platform-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture(autouse=True)
def quick_wheel(monkeypatch):
    """The package's wheel is not installed here: its setup would do that."""
    monkeypatch.setattr("grader.frontends.packages.own_wheel.own_wheel", lambda: b"wheel")


@pytest.fixture
def gradescope(tmp_path):
    return Gradescope(tmp_path, "--isolation", "process")


def test_gradescope_gets_a_score_for_each_check_that_students_see(gradescope):
    """As an ordinary user; other tests run as root where they are started by it."""
    gradescope.hand_in(RIGHT)
    is_root = sys.platform == "linux" and os.getuid() == 0
    for path in (gradescope.root, *gradescope.root.rglob("*")) if is_root else ():
        os.chown(path, 65534, 65534)

    code, output = gradescope.grade(*([command_as_nobody] if is_root else []))

    assert code == 0, output
    assert gradescope.results["score"] == 12
    assert gradescope.results["tests"][0]["name"] == "f: values"
    assert "f: inputs unchanged" not in json.dumps(gradescope.results)


def test_students_code_reads_neither_the_package_nor_the_results_nor_the_metadata(tmp_path):
    gradescope = Gradescope(tmp_path)
    (tmp_path / "submission_metadata.json").write_text('{"users": [{"email": "a@b.c"}]}', encoding="utf-8")
    names = (
        "source",
        "source/grading.json",
        "source/spec/mini.toml",
        "results",
        "submission_metadata.json",
        "submission",
    )
    gradescope.hand_in(PRYING.format(places=[str(tmp_path / name) for name in names]))

    code, output = gradescope.grade()

    if "isolates students' code only at level" in output:
        pytest.skip("this machine cannot confine code")
    assert code == 0, output
    words = json.dumps(gradescope.results)
    assert "seen: " in words
    assert not any(secret in words for secret in ("grading.json", "f_inputs", "a@b.c", "hw.py'"))


def test_a_fault_of_the_grader_leaves_no_results_and_a_code(gradescope):
    gradescope.hand_in(RIGHT)
    (gradescope.root / "results").mkdir()
    (gradescope.root / "results" / "results.json").write_text(
        '{"score": 12}', encoding="utf-8"
    )  # an earlier one
    (gradescope.root / "source" / "spec" / "mini.toml").write_text("no spec", encoding="utf-8")

    code, output = gradescope.grade()

    assert code == 3
    assert "invalid TOML" in output
    assert gradescope.results is None


def test_what_takes_too_long_leaves_no_results_and_says_what_to_do(gradescope):
    gradescope.hand_in(RIGHT)
    script = gradescope.root / "source" / "run_autograder"
    script.write_text(script.read_text(encoding="utf-8").replace("-k 10 540", "-k 1 0.2"), encoding="utf-8")

    code, output = gradescope.grade()

    assert code == 124
    assert "grader: stopped after 540 s, before the platform would have given 0." in output
    assert gradescope.results is None


class PrairieLearn(Platform):
    folder, submission = "", "student"

    def __init__(self, root, *options):
        super().__init__(root, "prairielearn", *options)
        self.unpack("questions/mini/")

    def grade(self):
        script = str(self.root / "tests" / "run.sh")
        return self.run([script], GRADE_ROOT=str(self.root), GRADER_VENV=str(self.root / "grader-venv"))

    @property
    def results(self):
        return json.loads((self.root / "results" / "results.json").read_text(encoding="utf-8"))


def test_prairielearn_gets_a_share_of_the_points(tmp_path):
    prairielearn = PrairieLearn(tmp_path, "--isolation", "process")
    prairielearn.hand_in(RIGHT)

    code, output = prairielearn.grade()

    assert code == 0, output
    assert (prairielearn.results["gradable"], prairielearn.results["score"]) == (True, 1)


def test_a_fault_is_not_gradable_and_uses_no_attempt(tmp_path):
    prairielearn = PrairieLearn(tmp_path, "--isolation", "process")
    prairielearn.hand_in(RIGHT)
    (tmp_path / "tests" / "grading.json").unlink()

    code, output = prairielearn.grade()

    assert code == 0
    assert "no grade (exit code 3)" in output
    assert prairielearn.results["gradable"] is False
    assert "score" not in prairielearn.results


IDENTITY = {
    "CLASSROOM": "cs231n-s26",
    "ASSIGNMENT": "a1",
    "ASSIGNMENT_TYPE": "individual",
    "OWNER": "student1",
    "SUBMISSION_TAG": "submit/2026-04-20T21-03-11Z-a1b2c3d",
    "COMMIT_URL": "https://example.edu/o/r/commit/a1b2c3d",
    "RELEASE_URL": "https://example.edu/o/r/releases/tag/s",
}


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A student's checkout, and a setup that only takes the Python of these tests."""
    for name, value in IDENTITY.items():
        monkeypatch.setenv(name, value)
    classroom = Platform(tmp_path, "classroom50", "--isolation", "process")
    classroom.unpack("mini/")
    setup = f'#!/bin/sh\nmkdir -p "$GRADER_VENV" && cp -r "{tmp_path}/grader-venv/bin" "$GRADER_VENV/"\n'
    (tmp_path / "bundle" / "setup.sh").write_text(setup, encoding="utf-8")
    classroom.hand_in(RIGHT)
    classroom.hand_in('{"score": 100}', name="result.json")  # a student's own
    monkeypatch.setenv("RUNNER_TEMP", str(tmp_path))
    folder = tmp_path / "checkout"
    for words in (["init"], ["add", "hw.py"], ["commit", "-m", "hand in"]):
        own = ["-c", "user.name=x", "-c", "user.email=x@example.edu", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", "-C", str(folder), *own, *words], check=True, capture_output=True)
    return classroom


def grade_checkout(classroom):
    script = str(classroom.root / "bundle" / "autograder.py")
    return classroom.run(["sh", "-c", f'cd checkout && exec "{sys.executable}" "{script}"'])


def test_classroom_50_gets_whole_numbers_and_the_submission_as_its_runner_names_it(checkout):
    code, output = grade_checkout(checkout)

    assert code == 0, output
    result = json.loads((checkout.root / "checkout" / "result.json").read_text(encoding="utf-8"))
    assert (result["score"], result["max-score"], result["owner"]) == (1200, 1200, "student1")
    assert result["datetime"].endswith("Z")


def test_a_fault_leaves_no_result_of_the_students_own(checkout):
    shutil.rmtree(checkout.root / "bundle" / "spec")

    code, _ = grade_checkout(checkout)

    assert code == 3
    assert not (checkout.root / "checkout" / "result.json").exists()
