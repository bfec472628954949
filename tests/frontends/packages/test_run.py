"""Grading on a platform: what is said, and when nothing is written."""

import json
import logging
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from grader.frontends.packages import run as running
from grader.frontends.packages.grading import PackageSettings
from grader.frontends.packages.run import look, main, result_file, run
from grader.sandbox import interruption
from grader.sandbox.fake import FakeSandbox
from grader.sandbox.isolation import Isolation, IsolationLevel
from tests.pace import HANG_SECONDS
from tests.samples import BOTH_FUNCTIONS, MINI_NUMPY_SPEC, check_part, report_of

ROOT = Path(__file__).resolve().parents[3]
PARTIAL = Isolation(IsolationLevel.partial, ("filesystem",))


class Package:
    """A Gradescope folder, on a machine that confines code."""

    def __init__(self, root):
        self.root, self.sandbox = root, FakeSandbox()

    def settings(self, **changes):
        text = PackageSettings(spec="spec/mini.toml", **changes).to_json()
        (self.root / "source" / "grading.json").write_text(text, encoding="utf-8")

    @contextmanager
    def warm_sandbox(self, *, with_torch):
        assert not with_torch
        yield self.sandbox


@pytest.fixture
def package(tmp_path, monkeypatch):
    (tmp_path / "source" / "spec").mkdir(parents=True)
    (tmp_path / "source" / "spec" / "mini.toml").write_text(MINI_NUMPY_SPEC, encoding="utf-8")
    (tmp_path / "submission").mkdir()
    (tmp_path / "submission" / "hw.py").write_text(BOTH_FUNCTIONS, encoding="utf-8")
    made = Package(tmp_path)
    made.settings()
    monkeypatch.setattr(running, "warm_sandbox", made.warm_sandbox)
    return made


def test_a_submission_that_cannot_be_graded_has_a_score_and_a_reason(package):
    (package.root / "submission" / "hw.py").unlink()
    (package.root / "submission" / "hw.pdf").write_bytes(b"%PDF")

    assert run("gradescope", package.root / "source", package.root, {}) == 0
    results = json.loads((package.root / "results" / "results.json").read_text(encoding="utf-8"))
    assert results["score"] == 0
    assert "hw.pdf" in json.dumps(results)


TOO_OPEN = (
    "grader: this machine isolates students' code only at level partial, and the package asks for confined: nothing is"
    " graded. Choose another base image or container, or make the package with --isolation partial if you trust the"
    " code\n"
)


def test_code_that_would_be_isolated_less_than_asked_for_is_not_graded(package, capsys):
    package.sandbox = FakeSandbox(isolation=PARTIAL)

    assert run("gradescope", package.root / "source", package.root, {}) == 3
    assert capsys.readouterr().out == TOO_OPEN
    assert not (package.root / "results").exists()


def test_a_package_can_allow_less(package, capsys):
    package.sandbox = FakeSandbox(isolation=PARTIAL)
    package.settings(isolation="partial")

    run("gradescope", package.root / "source", package.root, {})

    assert "grader: graded at isolation partial, as the package allows\n" in capsys.readouterr().out


def test_the_setup_says_what_the_machine_can_do(package, capsys):
    look(package.root / "source")
    assert capsys.readouterr().out == (
        "grader: ready to grade mini (Mini)\ngrader: this machine isolates students' code at level confined\n"
    )

    package.sandbox = FakeSandbox(isolation=PARTIAL)
    look(package.root / "source")
    assert capsys.readouterr().out == (
        "grader: ready to grade mini (Mini)\n"
        "grader: this machine isolates students' code at level partial: the file system is not isolated\n"
        + TOO_OPEN
    )


def test_a_report_with_a_fault_becomes_no_file_and_says_why(capsys):
    flag = {"kind": "grader_fault", "function": None, "message": "the disk is full", "for": "both"}
    report = report_of(
        status="incomplete", score=None, checks=[check_part(status="errored", points=0.0)], flags=[flag]
    )

    for platform in ("gradescope", "prairielearn", "classroom50"):
        assert result_file(platform, report, {}) is None
        assert "grader: the disk is full\n" in capsys.readouterr().out


def test_a_result_that_the_platform_would_refuse_is_not_written(capsys):
    assert result_file("classroom50", report_of(), {"CLASSROOM": "c"}) is None
    assert "grader: missing assignment, owner" in capsys.readouterr().out


def test_classroom_50_names_the_owner_in_either_way():
    words = {
        "CLASSROOM": "c",
        "ASSIGNMENT": "a",
        "USERNAME": "student1",
        "SUBMISSION_TAG": "submit/1",
        "COMMIT_URL": "https://example.edu/c",
        "RELEASE_URL": "https://example.edu/r",
    }
    submission = {"id": "alice", "sha256": "a" * 64, "files": [], "submitted_at": "2026-04-20T21:03:11Z"}

    content = result_file("classroom50", report_of(submission=submission), words)

    assert content is not None
    assert json.loads(content)["owner"] == "student1"


@pytest.fixture
def command(monkeypatch):
    """Runs the module as a platform does; the exit code."""
    monkeypatch.setattr(interruption, "catch", lambda: None)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    logger = logging.getLogger("grader")
    before = logger.filters[:]

    def ran(*words):
        monkeypatch.setattr(sys, "argv", ["run", *map(str, words)])
        with pytest.raises(SystemExit) as caught:
            main()
        return caught.value.code

    yield ran
    logger.filters[:] = before


def test_faults_are_sentences_and_a_code(command, package, capsys):
    (package.root / "source" / "grading.json").unlink()

    for action in ("gradescope", "prairielearn", "look"):
        assert command(action, package.root / "source", package.root) == 3
        assert "grading.json: cannot be read" in capsys.readouterr().out
    assert command("canvas", package.root / "source", package.root) == 3


def test_where_students_read_the_log_it_names_no_check(command, package, capsys, monkeypatch):
    def fails(*_):
        raise RuntimeError("hidden_check")

    monkeypatch.setattr(running, "run", fails)
    monkeypatch.setattr(sys, "argv", ["run", "classroom50", "a", "b"])
    with pytest.raises(RuntimeError) as caught:
        main()
    sys.excepthook(caught.type, caught.value, None)

    assert (
        capsys.readouterr().out
        == "grader: this is a fault of the grader, not of the submission (RuntimeError)\n"
    )


def test_nothing_large_is_imported_before_the_students_process_is_started():
    code = "import sys, grader.frontends.packages.run; print({'numpy', 'pydantic', 'typer'} & sys.modules.keys())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=HANG_SECONDS,
    )

    assert done.stdout == "set()\n"
