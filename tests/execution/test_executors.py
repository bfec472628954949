"""Executors: every job once, with its own report."""

import threading

import pytest

from grader.errors import SandboxError
from grader.execution import serial, threads
from grader.execution.fake import FakeExecutor
from grader.execution.job import GradeJob
from grader.execution.serial import SerialExecutor
from grader.execution.threads import ThreadsExecutor
from grader.grading.settings import Settings
from grader.sandbox.fake import FakeSandbox
from tests.pace import HANG_SECONDS
from tests.samples import mini_spec, report_of, submission_of


def sandboxes(count):
    return [FakeSandbox() for _ in range(count)]


@pytest.fixture
def jobs(tmp_path):
    loaded = mini_spec(tmp_path)
    return [GradeJob(submission_of(f"# {number}"), loaded, Settings(seed=number)) for number in range(5)]


@pytest.mark.parametrize(
    "executor",
    [
        SerialExecutor(*sandboxes(1)),
        ThreadsExecutor(sandboxes(2)),
        FakeExecutor(lambda job: report_of(environment=environment_of(job))),
    ],
    ids=["serial", "threads", "fake"],
)
def test_every_job_comes_back_once_with_its_own_report(executor, jobs):
    ran = dict(executor.run(iter(jobs)))

    assert ran.keys() == set(jobs)
    assert all(report.environment.seed == job.settings.seed for job, report in ran.items())


def environment_of(job):
    return report_of().environment.model_dump() | {"seed": job.settings.seed}


def test_the_serial_executor_draws_a_job_when_the_one_before_is_done(jobs):
    drawn = []

    def drawing():
        for job in jobs:
            drawn.append(job)
            yield job

    running = SerialExecutor(*sandboxes(1)).run(drawing())

    assert [next(running)[0], len(drawn), next(running)[0], len(drawn)] == [jobs[0], 1, jobs[1], 2]


def test_the_threads_executor_gives_what_is_done_first_first_and_uses_each_sandbox(jobs, monkeypatch):
    both_run = threading.Barrier(2, timeout=HANG_SECONDS)
    is_first_free = threading.Event()
    used = set()

    def run(job, sandbox):
        used.add(sandbox)
        if job in jobs[:2]:
            both_run.wait()
        if job is jobs[0]:
            assert is_first_free.wait(timeout=HANG_SECONDS)
        return report_of()

    monkeypatch.setattr(threads, "run", run)
    made = sandboxes(2)
    seen = []

    for job, _ in ThreadsExecutor(made).run(jobs):
        seen.append(job)
        if len(seen) == 4:
            is_first_free.set()

    assert set(seen[:4]) == set(jobs[1:])
    assert seen[4] is jobs[0]
    assert used == set(made)


@pytest.mark.parametrize(
    "module, executor",
    [(serial, SerialExecutor(*sandboxes(1))), (threads, ThreadsExecutor(sandboxes(2)))],
    ids=["serial", "threads"],
)
def test_a_machine_that_cannot_grade_ends_the_run(module, executor, jobs, monkeypatch):
    calls = []

    def fail(job, _):
        calls.append(job)
        raise SandboxError("no worker")

    monkeypatch.setattr(module, "run", fail)

    with pytest.raises(SandboxError):
        list(executor.run(jobs))

    assert len(calls) < len(jobs)


def test_the_fake_executor_records_the_jobs(jobs):
    executor = FakeExecutor(lambda _: report_of())

    list(executor.run(jobs))

    assert executor.jobs == jobs
