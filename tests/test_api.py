"""The front door: what it gives, what it raises, and that it neither prints nor needs a guarded script."""

import contextlib
import csv
import doctest
import io
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from grader import api
from grader.api import Grader, grade_class, grade_path, selftest_spec
from grader.errors import (
    DeviceError,
    IsolationError,
    OutputError,
    RosterError,
    SpecError,
    SubmissionNotFound,
    UnsupportedFile,
    UsageError,
)
from grader.execution.capacity import Capacity
from grader.grading import grade as grade_module
from grader.sandbox.fake import FakeSandbox
from grader.sandbox.host import Sandbox
from grader.sandbox.isolation import Isolation, IsolationLevel
from tests.samples import BOTH_FUNCTIONS, MINI_SPEC, TIMED_CHECK, submission_of

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "submissions" / "cs231n" / "package_folder"
TORCH_SAMPLE = ROOT / "submissions" / "softmax_sgd_lab" / "perfect_module"


@pytest.fixture
def mini(tmp_path, monkeypatch):
    """mini.toml, hw.py and a class of two in the current folder, and no process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(api, "_sandbox", lambda **_: contextlib.nullcontext(FakeSandbox()))
    (tmp_path / "mini.toml").write_text(MINI_SPEC)
    (tmp_path / "hw.py").write_text(BOTH_FUNCTIONS)
    (tmp_path / "class").mkdir()
    for name in ("ann.py", "bob.py", "notes.txt"):
        (tmp_path / "class" / name).write_text(BOTH_FUNCTIONS)
    return tmp_path


@pytest.mark.slow
def test_the_examples_in_the_docstrings_are_true(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)

    tried = doctest.testmod(api, extraglobs={"out": tmp_path / "out"})

    assert tried.attempted > 5
    assert tried.failed == 0


@pytest.mark.slow
def test_a_grader_has_no_torch_until_a_submission_needs_it():
    with Grader(quick=True) as grader:
        for path, has_torch in ((SAMPLE, False), (SAMPLE.parent / "python_2", False), (TORCH_SAMPLE, True)):
            report = grader.grade(path)

            assert report.score == report.max_score
            assert isinstance(grader._sandbox, Sandbox)
            assert grader._sandbox.launcher.has_torch is has_torch


@pytest.mark.slow
def test_a_script_without_a_guard_grades_and_prints_nothing_of_ours(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        f"from grader.api import grade_path\nreport = grade_path({str(SAMPLE)!r}, quick=True)\nprint(report.score)\n"
    )

    ran = subprocess.run(
        [sys.executable, script],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
    )

    assert (ran.stdout, ran.stderr) == ("86.0\n", "")


def test_importing_it_starts_no_process_and_imports_nothing_heavy():
    code = (
        "import sys, psutil, grader.api\n"
        "heavy = [name for name in ('torch', 'numpy', 'pydantic', 'nbformat') if name in sys.modules]\n"
        "print(heavy, psutil.Process().children())"
    )

    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)

    assert ran.stdout == "[] []\n"


def test_a_quick_run_is_scored_out_of_the_checks_that_it_runs_and_says_what_it_left_out(mini):
    (mini / "mini.toml").write_text(MINI_SPEC + TIMED_CHECK)

    report = grade_path("hw.py", "mini.toml", quick=True)
    whole = grade_path("hw.py", "mini.toml")

    assert (report.status, report.score, report.max_score) == ("graded", 0, 20)
    assert whole.max_score == 25
    assert [flag.message for flag in report.flags] == [
        "Quick run: 1 check worth 5 points was left out, because it times or trains, and does not count. Grade without --quick to run it."
    ]


def test_a_quick_run_that_would_leave_nothing_is_refused(mini):
    text = MINI_SPEC[: MINI_SPEC.index("[[checks]]")] + TIMED_CHECK
    (mini / "mini.toml").write_text(text)

    with pytest.raises(UsageError) as caught:
        grade_path("hw.py", "mini.toml", quick=True)

    assert str(caught.value) == (
        "a quick run of mini leaves nothing to grade: all of its checks time or train"
    )


def test_a_run_is_quick_or_full_and_not_both(mini):
    with pytest.raises(UsageError) as caught:
        grade_path("hw.py", "mini.toml", quick=True, full=True)

    assert str(caught.value) == (
        "a quick run leaves out training and a full one trains to the end; choose one of them"
    )


def test_a_check_that_is_asked_for_is_run_in_a_quick_run_too(mini):
    report = grade_path("hw.py", "mini.toml", quick=True, only=["f_values"])

    assert (report.status, report.score, report.max_score) == ("incomplete", None, 20)
    assert report.checks[0].status == "failed"


@pytest.mark.slow
def test_a_grader_keeps_its_process_between_calls():
    with Grader("cs231n", quick=True) as grader:
        first = grader.grade(SAMPLE)
        before = psutil.Process().children()
        second = grader.grade(SAMPLE)
        assert psutil.Process().children() == before

    assert first.score == second.score == 86
    assert first.environment.seed != second.environment.seed


def test_a_seed_is_the_same_for_every_submission_of_a_grader(mini):
    with Grader("mini.toml", seed=3) as grader:
        seeds = [grader.grade(path).environment.seed for path in ("hw.py", "class/ann.py")]

    assert seeds == [3, 3]


def test_a_regrading_keeps_its_seed_and_runs_only_what_changed(mini):
    with Grader("mini.toml") as grader:
        first = grader.regrade("hw.py")
        (mini / "hw.py").write_text(BOTH_FUNCTIONS + "\ndef h():\n    return 1\n")
        second = grader.regrade("hw.py")
        other = grader.regrade("class/ann.py")

    assert len(first.ran) == len(other.ran) == 4
    assert second.ran == frozenset()
    assert first.report.environment.seed == second.report.environment.seed
    assert first.report.environment.seed != other.report.environment.seed


def test_a_submission_that_is_read_already_is_regraded_apart_for_each_choice_of_checks(mini):
    submission = submission_of()
    with Grader("mini.toml") as grader:
        whole = grader.regrade(submission)
        grader.only = ["f_values"]
        selected = grader.regrade(submission)
        grader.only = []
        again = grader.regrade(submission)
        grader.seed = -1
        with pytest.raises(UsageError, match="seed must be an integer"):
            grader.regrade(submission)

    assert (len(whole.ran), sorted(selected.ran), sorted(again.ran)) == (4, ["f_values"], [])
    assert (again.report.score, selected.report.score) == (whole.report.score, None)


def test_a_grader_that_was_stopped_in_a_grading_starts_anew_for_the_next(mini, monkeypatch):
    started = []

    def sandbox(**_):
        started.append(FakeSandbox())
        return contextlib.nullcontext(started[-1])

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(api, "_sandbox", sandbox)
    with Grader("mini.toml") as grader:
        grader.grade("hw.py")
        with pytest.raises(KeyboardInterrupt):
            grader.grade("hw.py", progress=stop)
        assert grader.grade("hw.py").status == "graded"

    assert len(started) == 2


def test_a_grader_may_be_closed_twice_and_opened_again(mini):
    with Grader("mini.toml") as grader:
        grader.grade("hw.py")
    grader.__exit__()
    with grader:
        assert grader.grade("hw.py").status == "graded"


@pytest.mark.slow
def test_a_grader_outlives_its_process_and_a_stop():
    def stop(number, *_):
        if number == 3:
            raise KeyboardInterrupt

    others = psutil.Process().children()  # of other tests
    with Grader("cs231n", quick=True, only=["svm_naive_values"]) as grader:
        first = grader.regrade(SAMPLE)
        for process in psutil.Process().children():
            if process not in others:
                process.kill()
        assert grader.grade(SAMPLE).checks[0].points == first.report.checks[0].points
        with pytest.raises(KeyboardInterrupt):
            grader.grade(SAMPLE, progress=stop)
        assert grader.grade(SAMPLE).checks[0].points == first.report.checks[0].points
        assert grader.regrade(SAMPLE).ran == frozenset()
    assert set(psutil.Process().children()) <= set(others)


def test_a_grader_works_inside_its_block_only(mini):
    grader = Grader("mini.toml")
    with pytest.raises(RuntimeError, match="inside its `with` block only"):
        grader.grade("hw.py")
    with grader:
        grader.grade("hw.py")
    with pytest.raises(RuntimeError):
        grader.grade("hw.py")


@pytest.mark.parametrize(
    "words, error",
    [
        ({"path": "none.py"}, SubmissionNotFound),
        ({"path": "mini.toml"}, UnsupportedFile),
        ({"path": "hw.py", "spec": None}, SpecError),
        ({"path": "hw.py", "spec": "none.toml"}, SpecError),
        ({"path": "hw.py", "only": ["f_value"]}, UsageError),
        ({"path": "hw.py", "device": "cuda"}, DeviceError),
    ],
)
def test_what_cannot_be_graded_is_an_error_with_a_type(mini, words, error, capfd):
    with pytest.raises(error):
        grade_path(**{"spec": "mini.toml", **words})

    assert capfd.readouterr() == ("", "")


SEED = "seed must be an integer of at least 0 and below 2**63, not"
DEVICE = "device must be 'auto', 'cpu' or 'cuda', not"


@pytest.mark.parametrize(
    "words, message",
    [
        ({"seed": -1}, f"{SEED} -1"),
        ({"seed": 1 << 63}, f"{SEED} {1 << 63}"),
        ({"seed": True}, f"{SEED} True"),
        ({"seed": "7"}, f"{SEED} '7'"),
        ({"device": "gpu"}, f"{DEVICE} 'gpu'"),
        ({"device": None}, f"{DEVICE} None"),
        ({"isolation": "full"}, "isolation must be 'confined', 'partial' or 'process', not 'full'"),
    ],
)
def test_a_wrong_argument_is_refused_before_anything_starts(mini, monkeypatch, words, message):
    monkeypatch.setattr(api, "_sandbox", None)

    for refuse in (
        lambda: grade_path("hw.py", "mini.toml", **words),
        lambda: Grader("mini.toml", **words),
        lambda: grade_class("class", "mini.toml", "out", **words),
    ):
        with pytest.raises(UsageError) as caught:
            refuse()
        assert str(caught.value) == message


def test_a_selftest_refuses_a_wrong_seed():
    with pytest.raises(UsageError, match="seed must be"):
        selftest_spec("cs231n", seed=-1)


@pytest.mark.parametrize(
    "seen, shown", [("f_values", "a string"), (None, "None"), (3, "3"), (["a", 1], "['a', 1]")]
)
def test_a_list_of_names_must_be_one(mini, seen, shown):
    with pytest.raises(UsageError) as caught:
        grade_path("hw.py", "mini.toml", only=seen)
    assert str(caught.value) == f"only must be a list of check ids, not {shown}"

    with pytest.raises(UsageError) as caught:
        grade_class("class", "mini.toml", "out", select=seen)
    assert str(caught.value) == f"select must be a list of patterns, not {shown}"


def test_an_unknown_check_is_corrected_without_naming_a_hidden_one(mini):
    hidden = 'id = "f_values"\nvisibility = "hidden"'
    assert MINI_SPEC.count('id = "f_values"') == 1
    (mini / "mini.toml").write_text(MINI_SPEC.replace('id = "f_values"', hidden))

    with pytest.raises(UsageError) as caught:
        grade_path("hw.py", "mini.toml", only=["g_value"])

    assert str(caught.value) == (
        "mini has no check 'g_value' (did you mean 'g_values'?); choose from f_inputs, g_values, same"
    )


def test_calls_from_several_threads_wait_for_one_another(mini, monkeypatch):
    running = []

    def grade(submission, *_):
        running.append(submission.id)
        time.sleep(0.01)
        alone = len(running) == 1
        running.clear()
        return alone

    monkeypatch.setattr(grade_module, "grade", grade)
    with Grader("mini.toml") as grader, ThreadPoolExecutor(4) as pool:
        assert all(pool.map(grader.grade, ["hw.py"] * 8))


@pytest.mark.slow
def test_two_threads_share_a_grader():
    with Grader("cs231n", quick=True) as grader, ThreadPoolExecutor(2) as pool:
        assert [report.score for report in pool.map(grader.grade, [SAMPLE] * 2)] == [86, 86]


def test_nothing_is_graded_below_the_isolation_that_is_asked_for(mini, monkeypatch):
    partial = FakeSandbox(isolation=Isolation(IsolationLevel.partial, ("filesystem",)))
    monkeypatch.setattr(api, "_sandbox", lambda **_: contextlib.nullcontext(partial))

    with pytest.raises(IsolationError):
        grade_path("hw.py", "mini.toml", isolation="confined")
    assert partial.sessions == []
    assert grade_path("hw.py", "mini.toml", isolation="partial").environment.isolation == "partial"


def test_a_class_gives_its_outcomes_and_the_names_of_what_is_not_a_submission(mini, capfd):
    seen = []

    result = grade_class(
        "class", "mini.toml", "out", progress=lambda outcome, number, total: seen.append((number, total))
    )

    assert [(outcome.id, outcome.how) for outcome in result.outcomes] == [
        ("ann", "graded"),
        ("bob", "graded"),
    ]
    assert result.skipped == ("notes.txt",)
    assert seen == [(0, 2), (1, 2), (2, 2)]
    assert sorted(path.name for path in (mini / "out" / "reports").iterdir()) == ["ann.json", "bob.json"]
    assert capfd.readouterr() == ("", "")


def test_a_class_that_is_killed_has_the_pages_and_the_gradebook_of_those_who_are_done(mini):
    there = []

    def look(outcome, number, total):
        out = mini / "out"
        there.append(sorted(path.name for path in (*out.glob("*.csv"), *out.glob("**/*.html"))))

    grade_class("class", "mini.toml", "out", progress=look)

    assert there == [[], [], ["ann.html", "gradebook.csv", "index.html"]]


def test_a_class_of_another_assignment_is_graded_only_if_told_to(mini):
    (mini / "class" / "ann.py").unlink()
    grade_class("class", "mini.toml", "out")
    for name in ("cem", "dan", "eve"):
        (mini / "class" / f"{name}.py").write_text("x = 1\n")

    with pytest.raises(SpecError, match=r"^none of the first 3 submissions has a function of mini"):
        grade_class("class", "mini.toml", "out")

    assert [path.name for path in (mini / "out" / "reports").iterdir()] == ["bob.json"]
    result = grade_class("class", "mini.toml", "out", anyway=True)
    assert [outcome.how for outcome in result.outcomes] == ["unchanged", "graded", "graded", "graded"]
    assert [outcome.how for outcome in grade_class("class", "mini.toml", "out").outcomes] == ["unchanged"] * 4


@pytest.mark.parametrize("jobs", [0, -1, True, 2.0, "two", 257])
def test_so_many_at_a_time_cannot_be(mini, jobs):
    with pytest.raises(UsageError) as caught:
        grade_class("class", "mini.toml", "out", jobs=jobs)

    assert str(caught.value) == f'jobs must be from 1 to 256 or "auto", not {jobs!r}'


def test_auto_is_what_the_machine_allows_and_one_on_a_gpu(mini, monkeypatch):
    monkeypatch.setattr("grader.execution.capacity.capacity", lambda: Capacity(3, 1 << 40))
    counts = {}
    for has_gpu in (False, True):
        monkeypatch.setattr("grader.sandbox.device.is_gpu_there", lambda has_gpu=has_gpu: has_gpu)
        for may_use in (False, True):
            counts[has_gpu, may_use] = api._job_count("auto", may_use_gpu=may_use)

    assert counts == {(False, False): 3, (False, True): 3, (True, False): 3, (True, True): 1}


@pytest.mark.slow
def test_a_class_is_graded_by_two_processes_from_a_script(mini):
    working: list[object] = []

    result = grade_class("class", "mini.toml", "out", jobs=2, working=working.append)

    assert [outcome.how for outcome in result.outcomes] == ["graded"] * 2
    assert ("ann", "bob") in working


def test_some_of_a_class_are_graded_and_the_gradebook_keeps_the_others(mini):
    grade_class("class", "mini.toml", "out")

    result = grade_class("class", "mini.toml", "out", select=["b*"], regrade=True)

    assert [outcome.id for outcome in result.outcomes] == ["bob"]
    rows = (mini / "out" / "gradebook.csv").read_text().splitlines()
    assert [row.partition(",")[0] for row in rows] == ["submission", "ann", "bob"]


def table(folder):
    return list(csv.DictReader(io.StringIO((folder / "out" / "gradebook.csv").read_text())))


def test_a_class_with_a_roster_has_a_row_for_everybody(mini):
    (mini / "roster.csv").write_text(
        'Student ID,Login,Name,Email\n0012,ann,Ann One,a@x.edu\n0013,cem,"Cem, T.",\n'
    )
    said: list[str] = []

    result = grade_class(
        "class", "mini.toml", "out", roster="roster.csv", announce=lambda found: said.extend(found.remarks)
    )

    student = result.reports[0].submission.student
    assert student is not None
    assert (student.id, student.name, student.email) == ("0012", "Ann One", "a@x.edu")
    assert [(row["student_id"], row["student"], row["status"], row["score"]) for row in table(mini)] == [
        ("0012", "Ann One", "graded", "0"),
        ("", "", "graded", "0"),
        ("0013", "Cem, T.", "not_submitted", ""),
    ]
    assert sorted(path.name for path in (mini / "out" / "reports").iterdir()) == ["ann.json", "bob.json"]
    assert said[1:3] == [
        "1 submission of 2 students; 1 did not submit: Cem, T. (0013).",
        "Not on the roster: bob (graded, under the name in the download).",
    ]


def test_a_part_of_a_class_keeps_the_roster_and_the_record_of_the_whole(mini):
    (mini / "roster.csv").write_text("Student ID,Login\n0012,ann\n0013,bob\n0014,cem\n")
    grade_class("class", "mini.toml", "out")
    assert [row["student_id"] for row in table(mini)] == ["", ""]

    grade_class("class", "mini.toml", "out", select=["b*"], roster="roster.csv")
    with_roster = (mini / "out" / "class.json").read_bytes()
    assert [row["student_id"] for row in table(mini)] == ["0012", "0013", "0014"]
    grade_class("class", "mini.toml", "out", select=["a*"])

    assert [row["student_id"] for row in table(mini)] == ["0012", "0013", "0014"]
    assert (mini / "out" / "class.json").read_bytes() == with_roster
    assert (mini / "out" / "roster.csv").read_bytes() == (mini / "roster.csv").read_bytes()


def test_a_roster_with_two_persons_under_one_id_stops_before_anything_is_written(mini):
    (mini / "roster.csv").write_text("id,name\n1,Ann\n1,Ben\n")

    with pytest.raises(RosterError, match=r"line 2 \(Ann \(1\)\) and line 3 \(Ben \(1\)\) are two students"):
        grade_class("class", "mini.toml", "out", roster="roster.csv")

    assert not (mini / "out").exists()


@pytest.mark.parametrize(
    "words, error",
    [
        ({"path": "hw.py"}, UnsupportedFile),
        ({"select": ["c*"]}, UnsupportedFile),
        ({"out": "class"}, OutputError),
        ({"out": "hw.py"}, OutputError),
        ({"spec": "none.toml"}, SpecError),
    ],
)
def test_a_class_that_cannot_be_graded_is_an_error_with_a_type(mini, words, error):
    with pytest.raises(error):
        grade_class(**{"path": "class", "spec": "mini.toml", "out": "out", **words})
