"""The command line: exit codes, what goes to standard output, what is said of each fault, and a batch that is stopped."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from grader import __version__, api
from grader.batch.rules.class_rules import rules_schema
from grader.batch.store import ReportStore
from grader.checks.losses.values import ValuesCheck
from grader.errors import OutputError, SandboxError
from grader.execution.capacity import Capacity
from grader.frontends import cli, head_start
from grader.grading import grade as grade_module
from grader.model.report import parse_report, report_schema
from grader.sandbox.fake import FakeSandbox
from grader.spec import SPEC_FOLDER, shipped_specs, spec_schema
from tests.pace import HANG_SECONDS
from tests.samples import BOTH_FUNCTIONS, MINI_NUMPY_SPEC, MINI_SPEC, TIMED_CHECK, check_part, report_of

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "submissions" / "eecs498_2019"

PASSED = report_of()
FAILED = report_of(score=0.0, checks=[check_part(status="failed", points=0.0, message="f is wrong.")])
ERRORED = report_of(status="incomplete", score=None, checks=[check_part(status="errored", points=0.0)])


class Ran:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err


@pytest.fixture
def grader(monkeypatch, capsys, tmp_path):
    """(words of the command line) to its exit code and output, in this process and with no sandbox."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(api, "_sandbox", lambda **_: contextlib.nullcontext(FakeSandbox()))
    monkeypatch.setattr(head_start, "head_start", lambda _words: contextlib.nullcontext())
    monkeypatch.setattr("grader.execution.capacity.capacity", lambda: Capacity(cores=1, free_bytes=0))

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["grader", *map(str, words)])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        captured = capsys.readouterr()
        return Ran(caught.value.code or 0, captured.out, captured.err)

    return run


@pytest.fixture
def graded(monkeypatch):
    """A report in the place of what grading gives; the settings that it was asked for."""
    seen = []

    def use(report):
        def grade(submission, loaded, sandbox, settings, progress=None):
            seen.append(settings)
            if isinstance(report, BaseException):
                raise report
            if progress is not None:
                progress(0, 1, "[/] [red]a check")
            return report

        monkeypatch.setattr(grade_module, "grade", grade)
        monkeypatch.setattr("grader.execution.job.grade", grade)
        return seen

    return use


@pytest.fixture
def mini(tmp_path):
    """mini.toml and hw.py in the current folder."""
    (tmp_path / "mini.toml").write_text(MINI_SPEC)
    (tmp_path / "hw.py").write_text(BOTH_FUNCTIONS)
    return tmp_path


def in_one_line(text):
    return " ".join(text.split())


@pytest.mark.parametrize("report, code", [(PASSED, 0), (FAILED, 1), (ERRORED, 3)])
def test_the_exit_code_of_check_tells_how_it_went(grader, graded, mini, report, code):
    graded(report)

    ran = grader("check", "hw.py", "--spec", "mini.toml")

    assert ran.code == code
    assert ran.out.startswith("Mini\n")
    assert ran.err == ""


def test_what_is_missing_is_no_success(grader, mini):
    (mini / "hw.py").write_text("x = 1\n")

    assert grader("check", "hw.py", "--spec", "mini.toml").code == 1


def test_a_check_alone_decides_the_exit_code(grader, graded, mini):
    for status, code in (("not_run", 0), ("skipped", 1)):
        other = check_part(id="f_inputs", status=status, points=0.0)
        graded(report_of(status="incomplete", score=None, checks=[check_part(), other]))

        assert grader("check", "hw.py", "--spec", "mini.toml", "--only", "f_values").code == code


def test_a_check_alone_whose_function_is_missing_is_no_success(grader, mini):
    (mini / "hw.py").write_text("x = 1\n")

    assert grader("check", "hw.py", "--spec", "mini.toml", "--only", "f_values").code == 1


def test_the_report_is_written_beside_the_table(grader, graded, mini):
    graded(FAILED)

    ran = grader("check", "hw.py", "--spec", "mini.toml", "--json", "report.json")

    assert ran.code == 1
    assert ran.out.endswith("Score: 0 of 10\nReport: report.json\n")
    assert parse_report((mini / "report.json").read_text()) == FAILED


def test_the_page_is_written_beside_the_table(grader, graded, mini):
    graded(FAILED)

    ran = grader("check", "hw.py", "--spec", "mini.toml", "--html", "page.html")

    assert ran.code == 1
    assert ran.out.endswith("Score: 0 of 10\nPage: page.html\n")
    assert (mini / "page.html").read_text().startswith("<!DOCTYPE html>\n")


def test_a_pipe_in_the_place_of_the_page_is_written_to_and_not_replaced(grader, graded, mini):
    graded(FAILED)
    pipe = mini / "page.html"
    os.mkfifo(pipe)
    read = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text(encoding="utf-8")), daemon=True)
    reader.start()

    ran = grader("check", "hw.py", "--spec", "mini.toml", "--html", "page.html")
    reader.join(HANG_SECONDS)

    assert ran.code == 1
    assert pipe.is_fifo()
    assert read[0].startswith("<!DOCTYPE html>\n")


def test_a_page_that_cannot_be_made_costs_no_grade_and_is_said(grader, graded, mini, monkeypatch):
    graded(PASSED)
    monkeypatch.setattr("grader.feedback.page.paragraphs", lambda *_: 1 // 0)

    ran = grader("check", "hw.py", "--spec", "mini.toml", "--html", "page.html")

    assert ran.code == 0
    assert ran.out.endswith("Score: 10 of 10\n")
    assert ran.err.endswith("The page could not be made; this is the grader's fault. The grade stands.\n")
    assert "Traceback" not in ran.err
    assert not (mini / "page.html").exists()


@pytest.mark.parametrize(
    "options, words",
    [
        (["--html", "-"], "--html writes a page to look at; give it a file"),
        (["--html", "a", "--json", "a"], "--json and --html name the same file; give two"),
        (["--html", "hw.py"], "hw.py: --html writes a page, and would replace this file; give a .html file"),
        (["--html", "no/a"], "no/a: cannot be written: there is no folder no; make it first"),
    ],
)
def test_a_page_that_cannot_be_written_is_refused_before_anything_is_graded(
    grader, graded, mini, options, words
):
    seen = graded(PASSED)

    ran = grader("check", "hw.py", "--spec", "mini.toml", *options)

    assert (ran.code, ran.out, ran.err) == (2, "", f"grader: {words}\n")
    assert seen == []


def test_standard_output_is_json_alone(grader, graded, mini):
    graded(FAILED)

    ran = grader("check", "hw.py", "--spec", "mini.toml", "--json", "-")

    assert ran.code == 1
    assert parse_report(ran.out) == FAILED
    assert ran.err == ""


@pytest.mark.parametrize(
    "place, words",
    [
        ("hw.py/report.json", "cannot be written: there is no folder hw.py; make it first"),
        ("typo/report.json", "cannot be written: there is no folder typo; make it first"),
        (".", "is a folder; give the path of a file"),
        ("hw.py", "--json writes a report, and would replace this file; give a .json file"),
        pytest.param(
            "/proc/report.json",
            "cannot be written: No such file or directory",
            marks=pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc"),
        ),
    ],
)
def test_a_json_path_that_cannot_be_written_is_refused_before_anything_is_graded(
    grader, graded, mini, place, words
):
    seen = graded(PASSED)
    before = sorted(mini.iterdir())

    for command in ("check", "extract"):
        ran = grader(command, "hw.py", "--spec", "mini.toml", "--json", place)

        assert (ran.code, ran.out, ran.err) == (2, "", f"grader: {place}: {words}\n")

    assert seen == []
    assert sorted(mini.iterdir()) == before


def test_a_report_that_cannot_be_written_in_the_end_does_not_hide_the_score(
    grader, graded, mini, monkeypatch
):
    def fail(path, text):
        raise OutputError.at(path, "cannot be written: No space left on device")

    graded(PASSED)
    monkeypatch.setattr("grader.output_files.write_atomically", fail)

    ran = grader("check", "hw.py", "--spec", "mini.toml", "--json", "report.json")

    assert ran.code == 2
    assert ran.err == "grader: report.json: cannot be written: No space left on device\n"
    assert "Score: 10 of 10" in ran.out


HIDDEN_CHECK = MINI_SPEC.replace('title = "f: values"', 'title = "f: secret"\nvisibility = "hidden"')


def test_a_student_sees_nothing_of_a_hidden_check_but_its_points(grader, mini):
    (mini / "mini.toml").write_text(HIDDEN_CHECK)
    check = ("check", "hw.py", "--spec", "mini.toml")

    as_text, as_json = grader(*check), grader(*check, "--json", "-")
    told = grader(*check, "--view", "instructor"), grader(*check, "--view", "instructor", "--json", "-")

    assert all("secret" not in ran.out for ran in (as_text, as_json))
    assert all("secret" in ran.out for ran in told)
    hidden = next(check for check in parse_report(as_json.out).checks if check.visibility == "hidden")
    assert (hidden.status, hidden.message, hidden.points, hidden.max_points) == ("failed", "", 0, 10)
    assert as_text.code == as_json.code == 1


def test_only_the_instructor_sees_the_traceback_of_a_fault_of_ours(grader, mini, monkeypatch, caplog):
    def fail(*_):
        raise ZeroDivisionError("f: secret")

    monkeypatch.setattr(ValuesCheck, "trials", fail)
    (mini / "mini.toml").write_text(HIDDEN_CHECK)
    check = ("check", "hw.py", "--spec", "mini.toml", "--only", "f_values")

    student = grader(*check)
    assert [(record.message, record.exc_info) for record in caplog.records] == [
        ("the grader failed; this is not the student's fault", None)
    ]
    caplog.clear()
    instructor = grader(*check, "--view", "instructor")
    assert caplog.records[0].exc_info is not None
    assert student.code == instructor.code == 3


def test_a_quick_check_is_scored_without_what_it_leaves_out_and_says_so(grader, mini):
    (mini / "mini.toml").write_text(MINI_SPEC + TIMED_CHECK)

    ran = grader("check", "hw.py", "--spec", "mini.toml", "--quick")

    assert "Score: 0 of 20\n" in ran.out
    assert "g is fast" not in ran.out
    assert (
        "Quick run: 1 check worth 5 points was left out, because it times or trains, and does not count. Grade without --quick to run it."
        in in_one_line(ran.out)
    )


def test_what_a_quick_check_leaves_out_does_not_fail_it(grader, graded, mini):
    left_out = check_part(id="speed", status="not_run", points=0.0)
    graded(report_of(checks=[check_part(), left_out]))

    assert grader("check", "hw.py", "--spec", "mini.toml", "--quick").code == 0


def test_a_quick_class_is_graded_quickly(grader, graded, course):
    seen = graded(PASSED)

    grader("batch", "class", "--spec", "mini.toml", "--out", "out", "--quick")

    assert [settings.is_quick for settings in seen] == [True, True]


def test_a_full_run_is_graded_in_full(grader, graded, course):
    seen = graded(PASSED)

    grader("batch", "class", "--spec", "mini.toml", "--out", "out", "--full")

    assert [settings.is_full for settings in seen] == [True, True]


def test_a_run_cannot_be_quick_and_full(grader, mini):
    ran = grader("check", "hw.py", "--spec", "mini.toml", "--quick", "--full")

    assert ran.code == 2
    assert "a quick run leaves out training and a full one trains to the end; choose one of them" in ran.err


def test_a_seed_is_used_as_given_and_drawn_where_none_is(grader, graded, mini):
    seen = graded(PASSED)

    grader("check", "hw.py", "--spec", "mini.toml", "--seed", "12")
    grader("check", "hw.py", "--spec", "mini.toml")
    grader("check", "hw.py", "--spec", "mini.toml")
    (mini / "mini.toml").write_text("seed = 5\n" + MINI_SPEC)
    grader("check", "hw.py", "--spec", "mini.toml")

    assert seen[0].seed == 12
    assert seen[1].seed != seen[2].seed
    assert seen[3].seed == 5


def test_the_spec_is_found_where_it_is_plain(grader, graded, mini):
    graded(PASSED)
    (mini / "hw.py").write_text(
        "import torch\n\ndef svm_loss_naive(W, X, y, reg):\n    return torch.ones(1), W\n"
    )

    assert grader("check", "hw.py").code == 0


NOT_PLAIN = (
    "hw: cannot tell which assignment this is: it has no function of a shipped spec; pass --spec NAME"
    " (`grader spec list` shows the names)"
)


@pytest.mark.parametrize(
    "words, message",
    [
        (
            ["check", "none.py"],
            "none.py: nothing found at this path; give a notebook (.ipynb), a module (.py), a folder or a .zip",
        ),
        (
            ["check", "mini.toml"],
            (
                "mini.toml: expected a notebook (.ipynb), a module (.py), a folder or a .zip, found a .toml file;"
                " hand in the notebook or module itself"
            ),
        ),
        (["check", "hw.py"], NOT_PLAIN),
        (["extract", "hw.py"], NOT_PLAIN),
        (
            ["check", "hw.py", "--spec", "none.toml"],
            (
                "none.toml: file not found; `grader spec list` names the shipped specs, or give the path of a .toml"
                " file or of a folder with spec.toml"
            ),
        ),
        (
            ["check", "hw.py", "--spec", "bad.toml"],
            "bad.toml: checks[0].points must be greater than or equal to 0 (got -1)",
        ),
        (
            ["check", "hw.py", "--spec", "mini.toml", "--only", "f_value"],
            "mini has no check 'f_value' (did you mean 'f_values'?); choose from f_values, f_inputs, g_values, same",
        ),
        (
            ["check", "hw.py", "--spec", "mini.toml", "--device", "cuda"],
            "device cuda: this machine has no NVIDIA GPU (no /dev/nvidiactl, no /dev/dxg); choose cpu or auto",
        ),
        (
            ["check", "hw.py", "--spec", "mini.toml", "--data", "nowhere"],
            (
                "nowhere: expected CIFAR-10 (cifar-10-batches-py, cifar-10-batches-bin, or a .tar.gz of either),"
                " found nothing at this path"
            ),
        ),
        (
            ["batch", "class", "--spec", "mini.toml", "--out", "out"],
            "class: nothing found at this path; give a folder of submissions or a .zip of them",
        ),
        (
            ["batch", "hw.py", "--spec", "mini.toml", "--out", "out"],
            "hw.py: expected a folder of submissions or a .zip of them; for a single one use `grader check`",
        ),
        (
            ["batch", ".", "--spec", "mini.toml", "--out", "hw.py"],
            "hw.py/reports: cannot be written: hw.py is not a folder",
        ),
        (
            ["spec", "show", "eecs"],
            (
                "no spec is named 'eecs'; `grader spec list` names the shipped specs, or give the"
                " path of a .toml file or of a folder with spec.toml"
            ),
        ),
    ],
)
def test_what_cannot_be_read_is_one_sentence_and_exit_code_2(grader, mini, words, message):
    (mini / "bad.toml").write_text(MINI_SPEC.replace("points = 10", "points = -1"))

    ran = grader(*words)

    assert ran.code == 2
    assert ran.err == f"grader: {message}\n"
    assert ran.out == ""


@pytest.mark.parametrize(
    "words",
    [
        ["check"],
        ["check", "hw.py", "--unknown"],
        ["check", "hw.py", "--device", "tpu"],
        ["check", "hw.py", "--seed", "-1"],
        ["check", "hw.py", "--seed", str(1 << 63)],
        ["check", "hw.py", "--seed", "many"],
        ["check", ""],
        ["batch", "", "--spec", "mini.toml", "--out", "out"],
        ["batch", ".", "--spec", "mini.toml", "--out", ""],
        ["batch", ".", "--out", "out"],
        ["batch", ".", "--spec", "mini.toml"],
        ["grade", "hw.py"],
    ],
)
def test_a_wrong_command_line_is_exit_code_2(grader, mini, words):
    ran = grader(*words)

    assert ran.code == 2
    assert ran.out == ""
    assert "Usage: grader" in ran.err


@pytest.mark.parametrize(
    "words, sentence",
    [
        (["hw.py", "--seed", "abc"], "expected a whole number from 0 to 2**63 - 1, found 'abc'"),
        ([""], "give the path of a notebook, module, folder or .zip"),
    ],
)
def test_a_wrong_value_is_told_in_our_words(grader, mini, words, sentence):
    assert sentence in in_one_line(grader("check", *words).err.replace("│", ""))


COMMANDS = [
    *([name] for name in ("check", "batch", "results", "extract", "doctor", "spec")),
    *(["spec", name] for name in ("list", "show", "validate", "schema", "selftest")),
]


@pytest.mark.parametrize("words", [[], *COMMANDS])
def test_help_shows_no_type_of_a_flag_no_range_and_no_braces(grader, words):
    ran = grader(*words, "--help")

    assert ran.code == 0
    assert not [odd for odd in ("<bool>", "range", "{", "<=") if odd in ran.out]
    assert all(len(line) <= 80 for line in ran.out.splitlines())


def test_help_tells_the_exit_codes(grader):
    told = "2: wrong usage or an unreadable file; 3: the grader's fault; 130: stopped."

    assert f"1: a check failed; {told}" in in_one_line(grader("check", "--help").out)
    assert told in in_one_line(grader("batch", "--help").out)


def test_a_check_asked_for_by_id_runs_even_with_quick(grader, mini):
    (mini / "mini.toml").write_text(MINI_SPEC + TIMED_CHECK)
    timed = "speed"

    ran = grader("check", "hw.py", "--spec", "mini.toml", "--quick", "--only", timed, "--json", "-")

    assert [check.id for check in parse_report(ran.out).checks if check.status != "not_run"] == [timed]


def test_what_does_not_parse_is_told_instead_of_a_missing_assignment(grader, mini):
    (mini / "hw.py").write_text("import torch\ndef svm_loss_naive(W, X:\n    return 1\n")

    for command in ("check", "extract"):
        ran = grader(command, "hw.py")

        assert (ran.code, ran.err) == (
            2,
            "grader: hw: hw.py does not parse: line 2 (`def svm_loss_naive(W, X:`): '(' was never closed; correct it, or pass --spec NAME\n",
        )


def test_a_machine_without_workers_is_the_graders_fault(grader, graded, mini):
    graded(SandboxError("no worker could be started"))

    ran = grader("check", "hw.py", "--spec", "mini.toml")

    assert ran.code == 3
    assert ran.err == "grader: no worker could be started (`grader doctor` looks at this machine)\n"


def test_a_fault_of_ours_is_exit_code_3_and_logged(grader, graded, mini, caplog):
    graded(ZeroDivisionError("ours"))

    ran = grader("check", "hw.py", "--spec", "mini.toml")

    assert ran.code == 3
    assert ran.out == ""
    assert [record.message for record in caplog.records] == [
        "this is a fault of the grader, not of the submission"
    ]


def test_a_stop_during_a_check_is_exit_code_130(grader, graded, mini):
    graded(KeyboardInterrupt())

    assert grader("check", "hw.py", "--spec", "mini.toml").code == 130


def test_progress_on_a_terminal_takes_no_markup(grader, graded, mini, monkeypatch):
    graded(PASSED)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)

    ran = grader("check", "hw.py", "--spec", "mini.toml", "--json", "-")

    assert ran.code == 0
    assert parse_report(ran.out) == PASSED


@pytest.fixture
def course(mini):
    """A class of two, one of whom has a hostile name."""
    (mini / "class").mkdir()
    (mini / "class" / "ann.py").write_text(BOTH_FUNCTIONS)
    (mini / "class" / "[red][\x1b[31m.py").write_text(BOTH_FUNCTIONS)
    return mini


def test_a_batch_is_a_line_for_each_submission_and_a_summary(grader, graded, course):
    graded(FAILED)

    ran = grader("batch", "class", "--spec", "mini.toml", "--out", "out")

    assert ran.code == 0
    assert ran.err == ""
    assert [line.rstrip() for line in ran.out.splitlines()] == [
        "This is a folder with a file or folder for each submission: 2 submissions.",
        "[1/2] [red][_[31m: 0 of 10 (0 of 1 check passed, 1.5 s)",
        "[2/2] ann: 0 of 10 (0 of 1 check passed, 1.5 s)",
        "",
        "Mini",
        "2 students, all graded",
        "2 scores out of 10: lowest 0, median 0, mean 0, highest 0",
        "",
        "Checks that fail most",
        " Failed  By itself  Credit  Check",
        " 2 of 2          2     0 %  f: values",
        "                            f_values",
        f"Reports:   {course}/out/reports",
        f"Pages:     {course}/out/feedback",
        f"Class:     {course}/out/index.html",
        f"Gradebook: {course}/out/gradebook.csv",
        "More:      grader results out",
    ]
    assert sorted(path.name for path in (course / "out" / "reports").iterdir()) == [
        "[red][_[31m.json",
        "ann.json",
    ]
    assert sorted(path.name for path in (course / "out" / "feedback").iterdir()) == [
        "[red][_[31m.html",
        "ann.html",
    ]


def test_a_batch_says_whose_score_changed_and_whom_the_rules_touch(grader, graded, course):
    graded(FAILED)
    words = ("batch", "class", "--spec", "mini.toml", "--out", "out", "--select", "ann")
    grader(*words)
    graded(PASSED)
    (course / "rules.toml").write_text(
        "extensions.zed.by = '1 h'\ndue = 2026-01-01T00:00:00Z\n"
        "overrides = [{id = 'ann', points = 3, reason = 'typo'}]"
    )

    first = grader(*words, "--class", "rules.toml").out.splitlines()
    later = grader(*words).out.splitlines()

    assert "2 students: 1 graded, 1 not graded yet" in first
    assert first[first.index("Score: 3 out of 10") : -5] == [
        "Score: 3 out of 10",
        "1 score changed: ann 0 -> 10 (spec, grader, isolation)",
        "1 student with overridden points.",
        "class.toml: extensions.zed: no submission or student is 'zed'.",
    ]
    assert "The rules of an earlier run hold: out/class.toml; remove the file to grade without." in later
    assert (course / "out" / "class.toml").read_text() == (course / "rules.toml").read_text()


def test_rules_that_are_not_valid_stop_a_batch_before_it_grades(grader, graded, course):
    seen = graded(PASSED)
    (course / "rules.toml").write_text("late.policy = 'dayly'")

    ran = grader("batch", "class", "--spec", "mini.toml", "--out", "out", "--class", "rules.toml")

    assert (ran.code, seen) == (2, [])
    assert ran.err == (
        "grader: rules.toml: late.policy must be one of 'none', 'constant', 'per_day' or 'late_days' (got 'dayly')\n"
    )
    assert not (course / "out").exists()


@pytest.fixture
def class_folder(tmp_path):
    """The output folder of a class of ann."""
    ReportStore(tmp_path / "out").write("ann", PASSED)
    return tmp_path / "out"


def test_overrides_are_given_listed_and_removed(grader, class_folder):
    last = [f"Gradebook: {class_folder}/gradebook.csv", f"Class:     {class_folder}/index.html"]

    given = grader("override", "out", "ann", "--points", "8", "--reason", "oral exam")
    of_check = grader("override", "out", "ann", "--check", "f_values=7.5", "--reason", "typo")
    listed = grader("override", "out").out.splitlines()
    removed = grader("override", "out", "ann", "--remove")

    assert given.out.splitlines() == ["ann: 10 -> 8", *last]
    assert of_check.out.splitlines() == [
        "ann: 8 -> 8",
        "Note: ann has an override of the total, which counts: 8; remove it if the points of the check should count.",
        *last,
    ]
    assert [line.partition(" (")[0] for line in listed] == ["ann: 8 for the total", "ann: 7.5 for f_values"]
    assert [line.rpartition("): ")[2] for line in listed] == ["oral exam", "typo"]
    assert removed.out.splitlines() == ["ann: 8 -> 10", *last]
    assert grader("override", "out").out == "No overrides.\n"


@pytest.mark.parametrize(
    "words, fault",
    [
        (["ann", "--reason", "x"], "give either --points N, the final score, or --check CHECK=N"),
        (
            ["ann", "--points", "1", "--check", "f_values=1", "--reason", "x"],
            "give either --points N, the final score, or --check CHECK=N",
        ),
        (
            ["ann", "--check", "f_values", "--reason", "x"],
            "--check f_values: write CHECK=N, as in --check f_values=8",
        ),
        (["ann", "--check", "f_values=x"], "--check f_values=x: write CHECK=N, as in --check f_values=8"),
        (
            ["ann", "--check", "f_values=1", "--check", "f_values=2", "--reason", "x"],
            "--check f_values is given twice",
        ),
        (["--points", "1"], "whose points? Give the id of a submission, or a student's id or email"),
        (["ann", "--remove", "--points", "1"], "--remove takes no --points, --reason or --bonus"),
        (["bob", "--points", "1", "--reason", "x"], "out: no submission or student is 'bob'"),
    ],
)
def test_wrong_use_of_override(grader, class_folder, words, fault):
    ran = grader("override", "out", *words)

    assert (ran.code, ran.err) == (2, f"grader: {fault}\n")


def test_a_batch_says_what_the_download_is_and_who_has_nothing_to_grade(grader, graded, mini):
    for name in ("ann_101_9_hw.py", "ben_102_9_report.pdf", "cem_103_text.html", "readme.txt"):
        (mini / "class" / name).parent.mkdir(exist_ok=True)
        (mini / "class" / name).write_text(BOTH_FUNCTIONS)
    (mini / "class" / "dia_LATE_104_9_hw.zip").write_text("no zip")
    graded(FAILED)

    ran = grader("batch", "class", "--spec", "mini.toml", "--out", "out", "--format", "canvas")

    lines = ran.out.splitlines()
    assert (ran.code, ran.err) == (0, "")
    assert lines[0] == "This is a Canvas download: 4 students."
    assert {"Skipped (not a submission): readme.txt", "1 student handed in late."} <= set(lines)
    rows = (mini / "out" / "gradebook.csv").read_text().splitlines()
    assert [row.split(",")[:4] for row in rows[1:]] == [
        ["ann_101", "101", "ann", "graded"],
        ["ben_102", "102", "ben", "unreadable"],
        ["cem_103", "103", "cem", "unreadable"],
        ["dia_104", "104", "dia", "unreadable"],
    ]
    assert "found only cem_103_text.html (online text)" in rows[3]


def test_an_unknown_format_is_refused_with_those_there_are(grader, mini):
    ran = grader("batch", "class", "--spec", "mini.toml", "--out", "out", "--format", "sakai")

    assert ran.code == 2
    assert "'collector'" in ran.err


def test_a_batch_of_another_assignment_stops_before_it_grades_unless_told_to_go_on(grader, graded, course):
    seen = graded(FAILED)
    for name in ("bob", "cem", "dan"):
        (course / "class" / f"{name}.py").write_text("x = 1\n")

    ran = grader("batch", "class", "--spec", "mini.toml", "--out", "out")

    assert (ran.code, ran.out, seen) == (2, "", [])
    assert ran.err == (
        "grader: 3 of the first 5 submissions have no function of mini; none of them looks like another shipped spec's"
        " either. Grade the class with its own spec, or pass --anyway to grade it as mini anyway\n"
    )
    assert grader("batch", "class", "--spec", "mini.toml", "--out", "out", "--anyway").code == 0
    assert len(seen) == 5


def test_a_batch_on_a_terminal_takes_no_markup(grader, graded, course, monkeypatch):
    graded(PASSED)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)

    ran = grader("batch", "class", "--spec", "mini.toml", "--out", "out")

    assert ran.code == 0
    assert "[red][_[31m: 10 of 10" in ran.err
    assert "[1/2]" not in ran.out


def test_a_batch_in_which_the_grader_failed_is_exit_code_3(grader, graded, course):
    graded(ERRORED)

    ran = grader("batch", "class", "--spec", "mini.toml", "--out", "out")

    assert ran.code == 3
    told = "2 students: 0 graded, 2 without a score because the grader failed (run grader batch again)"
    assert told in in_one_line(ran.out)


def test_a_batch_whose_reports_lie_among_the_submissions_can_be_run_again(grader, graded, course):
    graded(FAILED)

    for _ in range(2):
        ran = grader("batch", "class", "--spec", "mini.toml", "--out", "class/out")

    assert "\n[1/2] " in ran.out


def test_a_stopped_batch_says_what_is_done_and_how_to_go_on(grader, graded, course):
    graded(KeyboardInterrupt())

    ran = grader("batch", "class", "--spec", "mini.toml", "--out", "out")

    assert ran.code == 130
    assert ran.err == ("\nStopped after 0 of 2 submissions. Run the same command again to continue.\n")


def test_an_extraction_is_shown_and_nothing_run(grader, mini):
    (mini / "hw.py").write_text(BOTH_FUNCTIONS + "print('[red] never')\n")

    ran = grader("extract", "hw.py", "--spec", "mini.toml")

    assert ran.code == 0
    assert [line.rstrip() for line in ran.out.splitlines()[:3]] == [
        " Function  Location",
        " f         hw.py, line 1",
        " g         hw.py, line 4",
    ]
    assert "hw.py, line 6: print('[red] never')" in ran.out


def test_statements_left_out_for_one_reason_are_grouped_and_each_line_is_told_once(grader, mini):
    (mini / "hw.py").write_text("print(1); print(2)\nopen('x')\n" + "print(3)\n" * 6)

    ran = grader("extract", "hw.py", "--spec", "mini.toml")

    assert [line.rstrip() for line in ran.out.splitlines()[1:]] == [
        " f         missing: not defined in the submission",
        " g         missing: not defined in the submission",
        "",
        "Left out",
        "hw.py, line 1: print(1); print(2)",
        "hw.py, line 3: print(3)",
        "hw.py, line 4: print(3)",
        "  an expression that no graded function needs (and 4 more)",
        "hw.py, line 2: open('x')",
        "  it calls open",
    ]


@pytest.mark.parametrize("place", ["-", "extracted.json"])
def test_an_extraction_is_written_as_json(grader, mini, place):
    ran = grader("extract", "hw.py", "--spec", "mini.toml", "--json", place)

    data = json.loads(ran.out if place == "-" else (mini / place).read_text())
    assert ran.code == 0
    assert list(data) == ["functions", "missing", "chunks", "left_out", "duplicates", "stubs", "notes"]
    assert data["functions"]["g"]["location"] == {"file": "hw.py", "cell": None, "line": 4, "inner": None}


def test_the_shipped_specs_are_listed(grader):
    ran = grader("spec", "list")

    assert ran.code == 0
    heading, *lines = ran.out.splitlines()
    assert " cs231n             32      CS231n: linear classifiers, SVM and softmax (NumPy) " in lines
    assert [line.split()[0] for line in lines if line[1] != " "] == list(shipped_specs())
    assert all(len(line) <= 80 for line in (heading, *lines))


def test_a_spec_is_shown(grader):
    ran = grader("spec", "show", "eecs498_2019")

    assert ran.code == 0
    assert ran.out.startswith("EECS 498 (2019): linear classifiers, SVM and softmax\n")


def test_specs_are_validated(grader, mini):
    ran = grader("spec", "validate", "eecs498_2019", "mini.toml")

    assert ran.code == 0
    assert ran.out == (
        f"{SPEC_FOLDER}/eecs498_2019.toml: valid, 32 checks, 100 points\nmini.toml: valid, 4 checks, 20 points\n"
    )


def test_each_spec_is_validated_whatever_is_wrong_with_another(grader, mini):
    (mini / "bad.toml").write_text(MINI_SPEC.replace("points = 10", "points = -1"))

    ran = grader("spec", "validate", "bad.toml", "none.toml", "mini.toml")

    assert ran.code == 2
    assert ran.out == "mini.toml: valid, 4 checks, 20 points\n"
    assert ran.err == (
        "grader: bad.toml: checks[0].points must be greater than or equal to 0 (got -1)\n"
        "none.toml: file not found; `grader spec list` names the shipped specs, or give the path of a .toml"
        " file or of a folder with spec.toml\n"
    )


def test_the_schemas_are_printed(grader):
    assert json.loads(grader("spec", "schema").out) == spec_schema()
    assert json.loads(grader("spec", "schema", "--report").out) == report_schema()
    assert json.loads(grader("spec", "schema", "--class").out) == rules_schema()


def test_python_with_the_modules_name_is_the_same_command():
    ran = subprocess.run(
        [sys.executable, "-m", "grader", "--version"], check=False, capture_output=True, text=True
    )

    assert (ran.returncode, ran.stdout) == (0, f"grader {__version__}\n")


def test_the_version_is_printed(grader):
    ran = grader("--version")

    assert (ran.code, ran.out) == (0, f"grader {__version__}\n")


def test_doctor_tells_each_finding_and_fails_where_grading_is_not_possible(grader, monkeypatch):
    from grader.frontends.doctor import DoctorFinding

    good = DoctorFinding("Python", "3.11", is_good=True, is_needed=True)
    amiss = DoctorFinding("Isolation", "process", is_good=False, advice="Use a container.")
    broken = DoctorFinding(
        "torch", "not installed", is_good=False, advice="Run `make setup`.", is_needed=True
    )
    found = (good, amiss)
    monkeypatch.setattr("grader.frontends.doctor.examine", lambda _data: found)

    ran = grader("doctor")
    found = (good, broken)

    assert ran.code == 0
    assert ran.out.split("\n")[:2] == ["✔ Python: 3.11", "- Isolation: process"]
    assert "    Use a container." in ran.out
    assert grader("doctor").code == 1


def real_grader(*words, **named):
    """The installed command, in a process of its own."""
    environment = {key: value for key, value in os.environ.items() if key != "COLUMNS"}
    return subprocess.run(
        [sys.executable, "-m", "grader.frontends.cli", *map(str, words)],
        capture_output=True,
        timeout=HANG_SECONDS,
        check=False,
        env=environment | named.pop("environment", {}),
        **named,
    )


NOT_FOR_ONE_NUMPY_CHECK = (
    "jinja2",  # of a page
    "pygments",
    *("torch", "nbformat", "nbconvert", "jsonschema", "fissix", "statistics"),
    *("rich.progress", "rich.live", "rich.status", "rich.markdown"),
    *("grader.batch", "grader.exporters", "grader.selftest", "grader.data.cifar10"),
    *("grader.checks.questions", "grader.checks.training.search", "grader.checks.training.weights"),
    *("grader.checks.training.batches", "grader.checks.training.param_set"),
    *("reference.questions", "reference.losses.mistakes", "reference.mistakes"),
)
"""Modules that take time to import, and that a right loss of one NumPy spec gives no work."""


def printed_by(code):
    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
        check=True,
        cwd=ROOT,
    )
    return ran.stdout.splitlines()


def test_one_check_of_a_numpy_spec_imports_only_what_it_needs():
    words = ("check", "submissions/cs231n/package_folder", "--only", "softmax_vectorized_values")

    lines = printed_by(
        f"import sys; sys.argv[1:] = {words}; import grader.frontends.cli as c\n"
        f"try: c.main()\nexcept SystemExit: print([n for n in {NOT_FOR_ONE_NUMPY_CHECK} if n in sys.modules])"
    )

    assert any("11 / 11" in line for line in lines)
    assert lines[-1] == "[]"


def test_one_check_of_a_numpy_spec_never_looks_for_garbage():
    words = ("check", "submissions/cs231n/package_folder", "--only", "softmax_vectorized_values")

    lines = printed_by(
        f"import gc, sys; sys.argv[1:] = {words}; import grader.frontends.cli as c; looks = []\n"
        "gc.callbacks.append(lambda phase, of: looks.append((phase, of['generation'])))\n"
        "try: c.main()\nexcept SystemExit: print(looks)"
    )

    assert lines[-1] == "[]"


def test_detection_reads_no_check_of_another_spec():
    lines = printed_by(
        "import sys; from pathlib import Path; from grader.intake.submission import load_submission\n"
        "from grader.spec.detect import detect_spec\n"
        "print(detect_spec(load_submission(Path('submissions/ridge_regression/perfect_module'))).spec.name)\n"
        "print(sorted(n for n in sys.modules if n.startswith(('grader.checks.training.', 'grader.checks.losses.'))))"
    )

    assert lines == ["ridge_regression", "[]"]


@pytest.mark.parametrize(
    "code",
    [
        "import grader.frontends.cli",
        (
            "import sys; sys.argv[1:] = ['--help']; import grader.frontends.cli as c\n"
            "try: c.main()\nexcept SystemExit: pass"
        ),
    ],
)
def test_help_needs_neither_torch_nor_numpy_nor_pydantic(code):
    heavy = ("torch", "numpy", "pydantic", "nbformat")
    lines = printed_by(f"{code}\nimport sys\nprint([name for name in {heavy} if name in sys.modules])")

    assert lines[-1] == "[]"


@pytest.mark.slow
def test_a_right_submission_is_graded_and_its_report_fits_the_schema(tmp_path):
    sample = ROOT / "submissions" / "ridge_regression" / "perfect_module"

    ran = real_grader(
        "check", sample, "--spec", "ridge_regression", "--json", tmp_path / "r.json", cwd=tmp_path
    )

    data = json.loads((tmp_path / "r.json").read_text())
    assert ran.returncode == 0
    assert ran.stderr == b""
    assert f"Score: 100 of 100\nReport: {tmp_path}/r.json\n" in ran.stdout.decode()
    assert data["score"] == 100
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft202012Validator(report_schema()).validate(data)


@pytest.mark.slow
def test_a_hostile_submission_neither_restyles_the_terminal_nor_breaks_the_json(tmp_path):
    words = "[red]x[/] [/nosuch] \\x1b[31m\\x1b]0;title\\x07 \\x9b2J \\r\\ud800 \\u202e" + "long " * 60
    name = "[bold]\x1b[31m.py"
    (tmp_path / "mini.toml").write_text(MINI_NUMPY_SPEC)
    (tmp_path / name).write_text(
        f"class E(Exception):\n    pass\nE.__name__ = '[red]E[/]'\n"
        f"def f(W, X, y, reg):\n    raise E('{words}')\n"
        f"def g(W, X, y, reg):\n    raise ValueError('{words}')\n"
    )

    as_text = real_grader("check", name, "--spec", "mini.toml", cwd=tmp_path)
    as_json = real_grader(
        "check",
        name,
        "--spec",
        "mini.toml",
        "--json",
        "-",
        cwd=tmp_path,
        environment={"PYTHONIOENCODING": "ascii"},
    )

    text = as_text.stdout.decode()
    assert as_text.returncode == 1
    assert as_text.stderr == b""
    assert "[red]x[/] [/nosuch]" in text
    assert max(map(len, text.splitlines())) <= 80
    assert not [
        character
        for character in text
        if character != "\n" and (character < " " or "\x7f" <= character <= "\x9f")
    ]
    assert "\u202e" not in text
    assert as_json.returncode == 1
    assert as_json.stderr == b""
    assert parse_report(as_json.stdout.decode("utf-8")).score == 0


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_stop_in_code_from_a_string_ends_with_the_exit_code_of_a_stop(tmp_path):
    text = "import os, signal; os.kill(os.getpid(), signal.SIGINT); [None for _ in iter(int, 1)]"
    (tmp_path / "stop.py").write_text(
        f"from grader.frontends import cli\ncli._run = lambda: exec({text!r})\ncli.main()\n"
    )

    ran = subprocess.run(
        [sys.executable, "-m", "stop"],
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(tmp_path), str(ROOT)))},
    )

    assert (ran.returncode, ran.stderr) == (130, b"")


STOPPABLE = MINI_NUMPY_SPEC + "[limits]\ncall_seconds = 100\nfunction_seconds = 100\n"
ENDLESS = "import time\ndef f(W, X, y, reg):\n    while True:\n        time.sleep(1)\n"


def started_batch(folder, *ends):
    """A batch in a session of its own, as a terminal has it, and the first lines that it prints."""
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "grader.frontends.cli",
            "batch",
            "class",
            "--spec",
            "mini.toml",
            "--out",
            "out",
            "-j",
            "1",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        cwd=folder,
    )
    assert process.stdout is not None
    # Lines on the whole come between the others where the machine is slow.
    lines = (line for line in process.stdout if line.startswith("["))
    return process, [next(lines) for _ in ends]


@pytest.mark.slow
def test_a_batch_that_is_terminated_ends_as_one_that_is_stopped_and_leaves_nothing(tmp_path, monkeypatch):
    (tmp_path / "mini.toml").write_text(STOPPABLE)
    (tmp_path / "class").mkdir()
    (tmp_path / "temporary").mkdir()
    for name, text in (("ann", "x = 1\n"), ("bob", ENDLESS)):
        (tmp_path / "class" / f"{name}.py").write_text(text)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))

    process, _ = started_batch(tmp_path, "ann")
    try:
        process.terminate()
        _, errors = process.communicate(timeout=HANG_SECONDS)
    finally:
        process.kill()

    assert process.returncode == 130
    assert "Stopped after 1 of 2 submissions." in errors
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.mark.slow
def test_a_batch_that_is_killed_or_stopped_keeps_what_is_done_and_goes_on(tmp_path):
    (tmp_path / "mini.toml").write_text(STOPPABLE)
    (tmp_path / "class").mkdir()
    for name, text in (("ann", "x = 1\n"), ("bob", ENDLESS), ("cem", "x = 2\n")):
        (tmp_path / "class" / f"{name}.py").write_text(text)
    reports = tmp_path / "out" / "reports"

    killed, lines = started_batch(tmp_path, "ann")
    try:
        assert lines[0].startswith("[1/3] ann: 0 of 20 (")
        killed.kill()
        assert killed.wait(timeout=HANG_SECONDS) == -signal.SIGKILL
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(killed.pid, signal.SIGKILL)
        killed.communicate(timeout=HANG_SECONDS)
    assert [path.name for path in reports.iterdir()] == ["ann.json"]
    whole = parse_report((reports / "ann.json").read_text())

    stopped, lines = started_batch(tmp_path, "ann")
    try:
        assert lines == ["[1/3] ann: 0 of 20 (unchanged)\n"]
        os.killpg(stopped.pid, signal.SIGINT)
        _, errors = stopped.communicate(timeout=HANG_SECONDS)
    finally:
        stopped.kill()
    assert stopped.returncode == 130
    assert errors == (
        "\nStopped after 1 of 3 submissions. out has their reports and the gradebook so far."
        " Run the same command again to continue.\n"
    )
    assert [path.name for path in reports.iterdir()] == ["ann.json"]
    assert parse_report((reports / "ann.json").read_text()) == whole

    (tmp_path / "class" / "bob.py").write_text("x = 3\n")
    ended = real_grader("batch", "class", "--spec", "mini.toml", "--out", "out", "-j", "1", cwd=tmp_path)
    assert ended.returncode == 0
    assert "\n[1/3] ann: 0 of 20 (unchanged)\n[2/3] bob: 0 of 20 (0 of 4" in ended.stdout.decode()
    assert sorted(path.name for path in reports.iterdir()) == ["ann.json", "bob.json", "cem.json"]


def test_a_reader_that_leaves_early_costs_neither_the_file_nor_the_exit_code(tmp_path):
    (tmp_path / "mini.toml").write_text(MINI_NUMPY_SPEC)
    (tmp_path / "hw.py").write_text("x = 1\n")
    reader, writer = os.pipe()
    os.close(reader)
    try:
        ran = subprocess.run(
            [
                *(sys.executable, "-m", "grader", "check", "hw.py"),
                *("--spec", "mini.toml", "--json", "report.json"),
            ],
            stdout=writer,
            stderr=subprocess.PIPE,
            check=False,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
    finally:
        os.close(writer)

    assert (ran.returncode, ran.stderr) == (1, b"")
    assert parse_report((tmp_path / "report.json").read_text()).score == 0


@pytest.mark.parametrize("closed", [[1], [2], [0, 1, 2]])
def test_a_closed_standard_stream_costs_neither_the_file_nor_the_exit_code(tmp_path, closed):
    (tmp_path / "mini.toml").write_text(MINI_NUMPY_SPEC)
    (tmp_path / "hw.py").write_text("x = 1\n")
    closing = " ".join(f"{number}>&-" for number in closed)

    ran = subprocess.run(
        [
            *("sh", "-c", f'exec "$0" "$@" {closing}', sys.executable, "-m", "grader", "check", "hw.py"),
            *("--spec", "mini.toml", "--json", "report.json"),
        ],
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )

    assert ran.returncode == 1
    assert parse_report((tmp_path / "report.json").read_text()).score == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_an_output_that_cannot_be_written_is_one_sentence():
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "grader.frontends.cli", "spec", "list"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert done.returncode == 2
    assert done.stderr == "grader: the output could not be written: No space left on device\n"


def test_a_file_that_the_system_refuses_is_named_and_not_called_the_output(grader, mini, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied", "notes/hw.py")

    monkeypatch.setattr("grader.frontends.commands.grading.require_writable", refuse)

    ran = grader("check", "hw.py", "--spec", "mini.toml")

    assert (ran.code, ran.err) == (2, "grader: notes/hw.py: cannot be used: Permission denied\n")


def test_the_folder_of_the_class_is_no_place_for_reports(tmp_path):
    (tmp_path / "ann.py").write_text("x = 1\n")

    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "grader.frontends.cli",
            "batch",
            tmp_path,
            "--spec",
            "eecs498_2019",
            "--out",
            tmp_path,
        ],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert done.stderr == (f"grader: --out {tmp_path} is the class folder itself; choose another folder\n")


def test_the_results_of_a_class_come_from_its_folder_alone(grader, graded, course):
    graded(FAILED)
    grader("batch", "class", "--spec", "mini.toml", "--out", "out")

    ran = grader("results", "out")

    assert (ran.code, ran.err) == (0, "")
    assert "2 students, all graded" in ran.out
    ran = grader("results", "out", "--check", "f_values")
    assert ran.code == 0
    assert "Passed by 0 of 2 students" in ran.out
    ran = grader("results", "out", "--check", "f_valeus")
    assert ran.code == 2
    assert "no report has a check 'f_valeus' (did you mean 'f_values'?); choose from f_values" in ran.err


def test_results_show_what_can_be_read_and_name_the_rest(grader, graded, course):
    graded(PASSED)
    grader("batch", "class", "--spec", "mini.toml", "--out", "out")
    (course / "out" / "reports" / "ann.json").write_text("{")

    ran = grader("results", "out")

    assert ran.code == 2
    assert "1 student, all graded" in ran.out
    assert "1 report cannot be read, and is left out" in ran.out
    assert "reports/ann.json: not a report: invalid JSON" in ran.out


def test_results_of_a_folder_without_reports_say_so(grader, mini):
    (mini / "out" / "reports").mkdir(parents=True)

    assert grader("results", "out").out == "There are no reports in out/reports yet.\n"
    assert grader("results", ".").code == 2
