"""The pool: job processes that may end, and that never outlive the coordinator."""

import contextlib
import csv
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from multiprocessing import Pipe
from pathlib import Path

import psutil
import pytest

from grader.errors import SandboxError
from grader.execution import job_process, pool
from grader.execution.job import GradeJob
from grader.execution.pool import PoolExecutor
from grader.grading.settings import Settings
from grader.sandbox.workspace import PREFIX
from tests.pace import HANG_SECONDS
from tests.samples import mini_spec, submission_of

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no pool on Windows")

ROOT = Path(__file__).resolve().parents[2]
STUB = pool._PROGRAM.replace("grader.execution.job_process", "tests.execution.stub_process")


@pytest.fixture
def stub(monkeypatch):
    monkeypatch.setattr(pool, "_PROGRAM", STUB)


@pytest.fixture
def job(tmp_path):
    """(words) to a job that does to its process what they say."""
    loaded = mini_spec(tmp_path)
    return lambda words: GradeJob(replace(submission_of("x = 1\n"), id=words), loaded, Settings(seed=1))


def executor(count=2, *, with_torch=False):
    return PoolExecutor(count, with_torch=with_torch)


def process_of(report):
    return int(report.submission.sha256)


@pytest.mark.usefixtures("stub")
def test_every_job_comes_back_once_with_its_own_report_from_as_many_processes(job, tmp_path):
    jobs = [job(f"meet {tmp_path}/met1"), job(f"meet {tmp_path}/met2"), *(job(f"ok {n}") for n in range(6))]

    with executor() as running:
        ran = list(running.run(iter(jobs)))

    assert {each for each, _ in ran} == set(jobs)
    assert all(report.submission.id == each.id for each, report in ran)
    assert len({process_of(report) for _, report in ran}) == 2


@pytest.mark.usefixtures("stub")
def test_a_job_is_drawn_when_a_process_is_free_and_no_more_are_started_than_needed(job):
    drawn = []

    def drawing():
        for number in range(4):
            drawn.append(number)
            yield job(f"ok {number}")

    with executor(3) as running:
        next(running.run(drawing()))
        assert len(drawn) == 4  # three at first, and another for the one that is done
        assert [report.submission.id for _, report in running.run([job("ok alone")])] == ["ok alone"]
    with executor(3) as running:
        ran = [process_of(report) for _, report in running.run([job("ok"), job("ok")])]
        assert len(running._processes) == 2 == len(set(ran))


@pytest.mark.usefixtures("stub")
def test_a_process_that_is_killed_costs_no_job(job, tmp_path):
    jobs = [job(f"die_once {tmp_path / 'one'}"), job("ok 1"), job("ok 2")]

    with executor() as running:
        ran = dict(running.run(jobs))

    assert ran.keys() == set(jobs)
    assert {report.status for report in ran.values()} == {"graded"}
    assert process_of(ran[jobs[0]]) != int((tmp_path / "one").read_text())


@pytest.mark.usefixtures("stub")
@pytest.mark.parametrize(
    "what, how",
    [
        ("die", "it was killed (signal 9), as happens when memory runs out"),
        ("exit", "exit code 1"),
    ],
)
def test_a_job_that_ends_two_processes_is_a_fault_of_the_grader_in_words(job, tmp_path, what, how, capfd):
    jobs = [job(f"{what} {tmp_path / 'one'}"), job("ok")]

    with executor() as running:
        ran = dict(running.run(jobs))

    report = ran[jobs[0]]
    assert (report.status, report.score, ran[jobs[1]].status) == ("incomplete", None, "graded")
    assert report.has_grader_faults
    assert report.flags[0].message == (
        f"the process that graded it ended twice; the second time: {how}; this is not the student's fault"
    )


@pytest.mark.usefixtures("stub")
def test_an_idle_process_that_is_killed_is_replaced(job):
    with executor(1) as running:
        first = process_of(next(running.run([job("ok")]))[1])
        os.kill(first, signal.SIGKILL)
        psutil.Process(first).wait(HANG_SECONDS)

        assert process_of(next(running.run([job("ok")]))[1]) != first


@pytest.mark.usefixtures("stub")
def test_what_a_killed_process_left_is_removed_at_the_end(job, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    left = tmp_path / f"{PREFIX}left"
    with executor(1) as running:
        process = process_of(next(running.run([job("ok")]))[1])
        left.mkdir()
        os.kill(process, signal.SIGKILL)
        until(lambda: psutil.Process(process).status() == psutil.STATUS_ZOMBIE)

    assert not left.exists()


@pytest.mark.usefixtures("stub")
def test_a_machine_that_cannot_grade_ends_the_run(job):
    with executor() as running, pytest.raises(SandboxError, match=r"^no worker$"):
        list(running.run([job("error"), *(job(f"ok {n}") for n in range(5))]))


@pytest.mark.usefixtures("stub")
def test_a_machine_on_which_no_process_becomes_ready_ends_the_run(job):
    with executor(1, with_torch=True) as running, pytest.raises(SandboxError) as caught:
        list(running.run([job("ok")]))

    assert str(caught.value) == "3 processes in a row ended before they could grade; the last: exit code 7"


@pytest.mark.usefixtures("stub")
def test_what_is_logged_there_is_logged_here(job, caplog):
    with executor() as running:
        list(running.run([job("log")]))

    assert [(record.name, record.message) for record in caplog.records] == [("grader.x", "odd")]


@pytest.mark.usefixtures("stub")
def test_a_run_that_is_left_early_ends_what_it_was_at(job, tmp_path):
    with executor() as running:
        for _ in running.run([job(f"wait {tmp_path / 'one'}"), job("ok")]):
            break
        started = list(running._processes)
        assert [each.task for each in started] in ([], [None])
        assert [report.submission.id for _, report in running.run([job("ok 2")])] == ["ok 2"]
        processes = [each.process for each in running._processes]
    assert all(each.returncode is not None for each in processes)


# --- For real --------------------------------------------------------------------------------------------------------

SPEC = """\
name = "mini"
title = "Mini"
backend = "numpy"

[functions]
f = { role = "loss", classifier = "svm", style = "naive" }

[limits]
call_seconds = 300
function_seconds = 300

[[checks]]
id = "f_values"
kind = "values"
title = "f: values"
function = "f"
points = 10
"""
ENDLESS = "import time\ndef f(W, X, y, reg):\n    while True:\n        time.sleep(1)\n"


def make_course(folder):
    """A class of six, of whom one cannot be read; each is graded in a moment."""
    (folder / "mini.toml").write_text(SPEC)
    (folder / "class").mkdir()
    for number in range(5):
        (folder / "class" / f"s{number}.py").write_text(f"def f(W, X, y, reg):\n    return {number}\n")
    (folder / "class" / "cut.ipynb").write_text("{")
    return folder


@pytest.fixture
def course(tmp_path):
    return make_course(tmp_path)


@pytest.fixture(scope="module")
def one_by_one(tmp_path_factory):
    """The gradebook of the class, graded in one process."""
    return graded(make_course(tmp_path_factory.mktemp("course")), "one", "-j", "1")


def command(out, *options):
    words = [sys.executable, "-m", "grader", "batch", "class", "--spec", "mini.toml", "--out", out]
    return [*words, "--seed", "5", *options]


def graded(course, out, *options):
    ran = subprocess.run(
        command(out, *options),
        cwd=course,
        capture_output=True,
        text=True,
        check=False,
        timeout=HANG_SECONDS,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    with (course / out / "gradebook.csv").open() as file:
        return list(csv.reader(file))


def alive(processes):
    return [each for each in processes if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]


def until(condition):
    deadline = time.monotonic() + HANG_SECONDS
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


@pytest.mark.slow
def test_two_at_a_time_give_the_same_gradebook_as_one_and_so_they_do_once_more(course, one_by_one):
    assert len(one_by_one) == 1 + 6
    assert graded(course, "two", "-j", "2") == one_by_one
    assert graded(course, "two", "-j", "2") == one_by_one


def halves(out):
    """The files that were being written."""
    return [path for path in out.rglob("*") if path.suffix == ".part"]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's signal at the end of a parent")
@pytest.mark.parametrize(
    "number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM], ids=lambda each: each.name
)
def test_however_the_coordinator_ends_nothing_is_left_and_the_same_command_goes_on(
    course, one_by_one, number
):
    stuck = course / "class" / "s3.py"
    text = stuck.read_text()
    stuck.write_text(ENDLESS)
    process = subprocess.Popen(
        command("out", "-j", "2"),
        cwd=course,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        until(lambda: len(list((course / "out" / "reports").glob("*.json"))) == 5)
        below = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(number)
        _, said = process.communicate(timeout=HANG_SECONDS)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    assert len(below) >= 4  # two job processes, each with a process that forks
    _, left = psutil.wait_procs(below, timeout=HANG_SECONDS)
    assert alive(left) == []
    if number != signal.SIGKILL:
        assert halves(course / "out") == []
        assert process.returncode == 130
        assert said == (
            "\nStopped after 5 of 6 submissions. out has their reports and the gradebook so far."
            " Run the same command again to continue.\n"
        )
        rows = (course / "out" / "gradebook.csv").read_text().splitlines()[1:]
        assert (len(rows), sum(",not_graded," in row for row in rows)) == (6, 1)

    stuck.write_text(text)
    assert graded(course, "out", "-j", "2") == one_by_one
    assert halves(course / "out") == []  # those that SIGKILL left are gone too


def test_a_machine_on_which_no_sandbox_can_be_made_is_told_in_its_words(monkeypatch):
    def refuse(*, with_torch):
        assert with_torch
        raise SandboxError("no temporary folder")

    monkeypatch.setattr(job_process, "warm_sandbox", refuse)
    ours, theirs = Pipe()
    with ours, theirs:
        job_process._serve(theirs, with_torch=True)

        assert str(ours.recv()) == "no temporary folder"
