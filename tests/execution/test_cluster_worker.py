"""What runs in a Dask worker, without Dask: the processes that it grades in, and why it refuses."""

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from grader import __version__
from grader.data.dataset import DataSet
from grader.errors import DataError, DeviceError, SandboxError
from grader.execution import pool
from grader.execution.job import GradeJob
from grader.grading.settings import Settings
from grader.sandbox.fake import FakeSandbox
from grader.sandbox.isolation import Isolation, IsolationLevel
from tests.execution.test_pool import STUB, process_of, until
from tests.samples import mini_spec, report_of, submission_of

pytest.importorskip("distributed", reason="the extra `cluster` is not installed")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="workers need Linux")

from grader.execution import cluster_worker  # noqa: E402  after the look whether Dask is there
from grader.execution.cluster_worker import Judges, Refusal, admit, grade, python_version  # noqa: E402

ADDRESS = "tcp://a:1"


@pytest.fixture
def job(tmp_path):
    """(words) to a job that does to its process what they say."""
    loaded = mini_spec(tmp_path)
    return lambda words="ok", **settings: GradeJob(
        replace(submission_of("x = 1\n"), id=words), loaded, Settings(seed=1, **settings)
    )


@pytest.fixture
def judges(monkeypatch):
    """Of a worker with one thread, whose process does what the job says."""
    monkeypatch.setattr(pool, "_PROGRAM", STUB)
    made = Judges("run", 1, with_torch=False)
    yield made
    taken_down(made)


def taken_down(judges):
    offered: list[Any] = []

    async def set_resources(**resources):
        offered.append(resources)

    worker: Any = SimpleNamespace(set_resources=set_resources)
    asyncio.run(judges.teardown(worker))
    return offered


def test_jobs_are_graded_in_a_process_that_is_kept(judges, job):
    (pid,) = {process_of(judges.grade(job())) for _ in range(3)}

    assert taken_down(judges) == [{"grader-run": 0}]
    assert not psutil.pid_exists(pid)


def test_a_process_that_has_nothing_to_do_ends_and_the_next_job_starts_another(judges, job, monkeypatch):
    monkeypatch.setattr(cluster_worker, "IDLE_SECONDS", 0.0)
    first = process_of(judges.grade(job()))

    until(lambda: not psutil.pid_exists(first))

    assert process_of(judges.grade(job())) != first


def test_a_worker_that_is_dismissed_ends_what_it_is_at(judges, job, tmp_path):
    marker = tmp_path / "met1"
    with ThreadPoolExecutor(1) as threads:
        stuck = threads.submit(judges.grade, job(f"meet {marker}"))
        until(marker.exists)
        taken_down(judges)

        with pytest.raises(SandboxError, match=r"^grading was stopped$"):
            stuck.result()


def on_worker(monkeypatch, judges=None):
    worker = SimpleNamespace(contact_address=ADDRESS, plugins={"run": judges})
    monkeypatch.setattr(cluster_worker, "get_worker", lambda: worker)


@pytest.mark.parametrize(
    "error", [DeviceError("no driver"), SandboxError("no worker")], ids=lambda each: type(each).__name__
)
def test_what_no_job_could_overcome_there_refuses_the_worker(monkeypatch, job, error):
    class Failing(Judges):
        def grade(self, job):
            raise error

    on_worker(monkeypatch, Failing("run", 1, with_torch=False))

    assert grade("run", job(), None) == Refusal(ADDRESS, str(error))


def test_a_worker_with_other_data_or_none_is_refused(monkeypatch, job, tmp_path):
    on_worker(monkeypatch, Judges("run", 1, with_torch=False))

    def gone():
        raise DataError.at(Path("/data/cifar"), "file not found")

    none = DataSet("CIFAR-10", gone, Path("/data/cifar"))
    other = DataSet("CIFAR-10", gone, Path("/data/cifar"), seed=3)  # whose name needs no file

    assert grade("run", job(data=none), "CIFAR-10, sha256 1") == Refusal(
        ADDRESS, "/data/cifar: file not found"
    )
    assert grade("run", job(data=other), "CIFAR-10, sha256 1") == Refusal(
        ADDRESS, "has other data at the path of --data (CIFAR-10, seed 3)"
    )


def test_a_report_comes_back_as_json(monkeypatch, job):
    class Fake(Judges):
        def grade(self, job):
            return report_of()

    on_worker(monkeypatch, Fake("run", 1, with_torch=False))

    assert grade("run", job(), None) == report_of().to_json()


@pytest.mark.parametrize(
    "grader, python, words",
    [
        ("0", python_version(), f"has grader {__version__}, the coordinator has 0; install the same"),
        (__version__, "2.7", f"has Python {python_version()}, the coordinator has 2.7; install the same"),
    ],
)
def test_a_worker_with_another_version_says_so_before_it_starts_anything(monkeypatch, grader, python, words):
    on_worker(monkeypatch)

    refusal = admit("run", grader, python, "confined", with_torch=False)

    assert refusal == Refusal(ADDRESS, f"{words} version on both")


def test_a_worker_that_isolates_less_than_asked_says_what_is_missing(monkeypatch):
    on_worker(monkeypatch)
    weak = FakeSandbox(isolation=Isolation(IsolationLevel.partial, ("filesystem",)))
    monkeypatch.setattr(cluster_worker, "warm_sandbox", lambda **_: nullcontext(weak))

    refusal = admit("run", __version__, python_version(), "confined", with_torch=False)

    assert refusal == Refusal(
        ADDRESS,
        "isolates code at level partial, but confined is required: the file system is not isolated",
    )
