"""A class on a Dask cluster: which workers grade, and what becomes of jobs whose worker refuses, is lost, or lies."""

import csv
import json
import logging
import signal
import subprocess
import sys
from concurrent.futures import CancelledError
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from grader import __version__
from grader.api import grade_class
from grader.errors import ClusterError, DeviceError, UsageError
from grader.execution.job import GradeJob
from grader.grading.settings import Settings
from grader.intake.entry import ClassEntry
from grader.sandbox.fake import CONFINED
from grader.sandbox.isolation import IsolationLevel
from tests.execution.test_pool import SPEC, until
from tests.pace import HANG_SECONDS
from tests.samples import BOTH_FUNCTIONS, mini_spec, report_of

pytest.importorskip("distributed", reason="the extra `cluster` is not installed")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="workers need Linux")

from distributed import KilledWorker  # noqa: E402  after the look whether it is there

from grader.execution import cluster, cluster_worker  # noqa: E402
from grader.execution.cluster import ClusterExecutor  # noqa: E402
from grader.execution.cluster_worker import Admission, Refusal  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
ONE, TWO = "tcp://a:1", "tcp://b:2"
ADMITTED = Admission(CONFINED, jobs=1, gpus=0)


class DoneFuture:
    """A future that is done: with a value, or with an error."""

    def __init__(self, key, value):
        self.key = key
        self._value = value

    def exception(self, timeout):
        return self._value if isinstance(self._value, Exception) else None

    def result(self, timeout):
        return self._value

    def add_done_callback(self, call):
        call(self)

    def cancel(self):
        pass


class FakeClient:
    """A cluster whose workers are admitted or not as `admissions` says, and whose jobs end as `answer` says."""

    def __init__(self, admissions, answer):
        self.admissions = admissions
        self.answer = answer
        self.sent, self.dismissed, self.cancelled = [], [], []
        self.status = "running"
        self.scheduler = SimpleNamespace(ncores=None)

    def sync(self, *_, **__):
        return dict.fromkeys(self.admissions, 1)

    def submit(self, function, *words, key=None, workers=(), resources=None, **_):
        if function is cluster_worker.admit:
            return DoneFuture(key, self.admissions[workers[0]])
        _, job, data_name = words
        self.sent.append((job, data_name, resources))
        answer = self.answer(job)
        return DoneFuture(key, answer.to_json() if hasattr(answer, "to_json") else answer)

    def run(self, function, run, workers, on_error):
        self.dismissed += workers

    def cancel(self, futures):
        self.cancelled += futures

    def close(self, timeout):
        self.status = "closed"


def report_on(job, **changes):
    """As a worker makes it."""
    report = report_of()
    part = report.submission.model_copy(update={"id": job.source.id, "sha256": job.source.sha256, **changes})
    spec = report.assignment.model_copy(update={"spec_sha256": job.loaded.sha256})
    return report.model_copy(update={"submission": part, "assignment": spec})


def executor(client):
    made = ClusterExecutor("tcp://c:8786", IsolationLevel.confined, with_torch=False)
    made._client = client
    return made


@pytest.fixture
def jobs(tmp_path):
    """(number) to the jobs of a class whose files are read when their turn comes."""
    loaded = mini_spec(tmp_path)

    def made(number, **settings):
        for each in range(number):
            path = tmp_path / f"s{each}.py"
            path.write_text(BOTH_FUNCTIONS)
            yield GradeJob(
                ClassEntry(f"s{each}", path, late_mark="LATE"), loaded, Settings(seed=1, **settings)
            )

    return made


@pytest.fixture(autouse=True)
def level():
    """The executor quiets Dask's loggers."""
    log = logging.getLogger("distributed")
    before = log.level
    yield
    log.setLevel(before)


def test_a_job_is_sent_with_its_files_and_its_report_comes_back_with_its_student(jobs, tmp_path):
    client = FakeClient({ONE: ADMITTED}, report_on)

    ran = list(executor(client).run(jobs(5)))

    assert [(job.id, report.submission.id) for job, report in ran] == [(f"s{n}",) * 2 for n in range(5)]
    assert {report.submission.late_mark for _, report in ran} == {"LATE"}
    job, data_name, resources = client.sent[0]
    assert (job.source.files[0].content, data_name) == (BOTH_FUNCTIONS.encode(), None)
    assert [name.partition("-")[0] for name in resources] == ["grader"]


def test_no_more_jobs_are_read_and_sent_than_keep_the_workers_busy(jobs):
    client = FakeClient({ONE: ADMITTED, TWO: ADMITTED}, report_on)
    ran = executor(client).run(jobs(10))

    next(ran)
    assert len(client.sent) == 2 * cluster.PER_PLACE
    ran.close()
    assert len(client.cancelled) == len(client.sent) - 1


def test_a_submission_that_cannot_be_read_is_reported_without_a_worker(jobs, tmp_path):
    (first, second) = jobs(2)
    cut = replace(first, source=ClassEntry("cut", tmp_path / "cut.rar", late_mark="LATE"))
    (tmp_path / "cut.rar").touch()
    gone = replace(second, source=ClassEntry("gone", tmp_path / "gone.py"))
    client = FakeClient({ONE: ADMITTED}, report_on)

    reports = {job.id: report for job, report in executor(client).run([cut, gone])}

    assert client.sent == []
    assert (reports["cut"].status, reports["cut"].submission.late_mark) == ("unreadable", "LATE")
    assert reports["cut"].environment.isolation == "confined"
    assert reports["gone"].flags[0].message == "gone.py: no longer exists; grade again"


def test_a_worker_that_is_refused_is_named_and_the_others_grade(jobs, caplog):
    words = "isolates code at level partial, but confined is required: the file system is not isolated"
    client = FakeClient({ONE: Refusal(ONE, words), TWO: ADMITTED}, report_on)

    assert len(list(executor(client).run(jobs(3)))) == 3
    assert caplog.messages == [f"worker {ONE} is not used: {words}"]


def test_a_worker_without_this_grader_is_refused(jobs, caplog):
    client = FakeClient({ONE: ModuleNotFoundError("No module named 'grader'"), TWO: ADMITTED}, report_on)

    list(executor(client).run(jobs(1)))

    assert caplog.messages == [
        (
            f"worker {ONE} is not used: cannot import this grader (No module named 'grader'); install"
            f" linear-classifier-grader {__version__} there"
        )
    ]


def test_where_all_are_refused_the_run_ends_in_words(jobs):
    client = FakeClient(
        {ONE: Refusal(ONE, "has Python 3.12"), TWO: Refusal(TWO, "has Python 3.12")}, report_on
    )

    with pytest.raises(ClusterError) as caught:
        list(executor(client).run(jobs(1)))

    assert str(caught.value) == (
        f"no worker of tcp://c:8786 can grade: {ONE}, {TWO}: has Python 3.12. Then run the same command again"
    )


def test_without_a_worker_it_waits_says_so_and_gives_up(jobs, monkeypatch, caplog):
    monkeypatch.setattr(cluster, "WAIT_SECONDS", 0.2)
    monkeypatch.setattr(cluster, "LINE_SECONDS", 0.0)
    monkeypatch.setattr(cluster, "_LOOK_SECONDS", 0.1)

    with pytest.raises(ClusterError) as caught:
        list(executor(FakeClient({}, report_on)).run(jobs(1)))

    assert "waiting for a worker of tcp://c:8786 to join, 0 s more at most" in caplog.messages
    assert str(caught.value) == (
        "the scheduler at tcp://c:8786 has had no worker that can grade for 0.2 s; start some with"
        " `dask worker tcp://c:8786 --nthreads 1` and run the same command again"
    )


def test_a_job_that_a_worker_refuses_goes_to_another(jobs, caplog):
    refusals = [Refusal(ONE, "device cuda: no driver")]
    client = FakeClient(
        {ONE: ADMITTED, TWO: ADMITTED}, lambda job: refusals.pop() if refusals else report_on(job)
    )

    ran = list(executor(client).run(jobs(2)))

    assert sorted(job.id for job, _ in ran) == ["s0", "s1"]
    assert client.dismissed == [ONE]
    assert caplog.messages == [f"worker {ONE} is not used: device cuda: no driver"]


def killed():
    worker: Any = SimpleNamespace(address=ONE)
    return KilledWorker("grade-1", worker, 3)


def test_a_job_that_is_lost_with_its_workers_is_graded_once_more_when_the_others_are_done(jobs):
    errors = [killed()]
    client = FakeClient({ONE: ADMITTED}, lambda job: errors.pop() if errors else report_on(job))

    ran = [job.id for job, report in executor(client).run(jobs(4)) if report.status == "graded"]

    assert ran == ["s1", "s2", "s3", "s0"]


@pytest.mark.parametrize(
    "answer, words",
    [
        (killed, f"4 workers grading it were lost; the last was {ONE}"),
        (lambda: CancelledError("lost"), "the cluster lost its result (lost)"),
        (lambda: ValueError("odd\nmore"), "it failed on a worker (ValueError: odd)"),
        (lambda: "{}", "a worker sent something other than its report (not a report of this version: "),
    ],
)
def test_a_job_that_fails_for_good_is_a_fault_of_the_grader_in_words(jobs, answer, words):
    client = FakeClient({ONE: ADMITTED}, lambda job: answer() if job.id == "s0" else report_on(job))

    reports = {job.id: report for job, report in executor(client).run(jobs(3))}

    assert (reports["s0"].status, reports["s0"].score, reports["s1"].status) == ("incomplete", None, "graded")
    assert reports["s0"].has_grader_faults
    assert reports["s0"].flags[0].message.startswith(words)
    assert reports["s0"].flags[0].message.endswith("; this is not the student's fault")


@pytest.mark.parametrize("changes", [{"id": "s1"}, {"sha256": "0" * 64}])
def test_a_report_on_something_else_is_not_taken(jobs, changes):
    client = FakeClient({ONE: ADMITTED}, lambda job: report_on(job, **changes))

    ((_, report),) = executor(client).run(jobs(1))

    assert report.has_grader_faults
    assert "it is on another submission or spec" in report.flags[0].message


def test_a_scheduler_that_is_gone_ends_the_run_in_words(jobs):
    client = FakeClient({ONE: ADMITTED}, report_on)

    def lost(job):
        client.status = "closed"
        return CancelledError("lost")

    client.answer = lost
    with pytest.raises(
        ClusterError, match=r"^the scheduler at tcp://c:8786 is gone\. The reports so far are saved"
    ):
        list(executor(client).run(jobs(1)))


def test_a_gpu_is_asked_for_as_a_resource_and_missed_in_words(jobs):
    client = FakeClient({ONE: ADMITTED, TWO: Admission(CONFINED, 4, gpus=1)}, report_on)
    running = executor(client)

    list(running.run(jobs(1, device="cuda")))

    assert client.sent[0][2]["GPU"] == 1
    assert running._workers.places("cuda") == 1
    assert running._workers.places("cpu") == 5


@pytest.mark.parametrize("wanted", ["auto", "cuda"])
def test_where_no_worker_has_a_gpu_auto_is_the_cpu(tmp_path, wanted):
    assignment = mini_spec(tmp_path).spec.assignment
    running = executor(FakeClient({ONE: ADMITTED}, report_on))

    if wanted == "auto":
        assert running.choose_device("auto", assignment).device == "cpu"
    else:
        with pytest.raises(DeviceError, match=r"^device cuda: no worker offers a GPU; start workers on"):
            running.choose_device("cuda", assignment)


def test_what_was_admitted_is_dismissed_at_the_end(jobs):
    client = FakeClient({ONE: ADMITTED}, report_on)
    running = executor(client)
    list(running.run(jobs(1)))

    running.__exit__()

    assert (client.dismissed, client.status) == ([ONE], "closed")


def test_something_that_is_no_address_is_wrong_usage():
    with pytest.raises(UsageError, match=r"^--scheduler here: not an address .*; give tcp://HOST:PORT$"):
        ClusterExecutor("here", IsolationLevel.confined, with_torch=False).__enter__()


# --- For real --------------------------------------------------------------------------------------------------------

QUIET: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": ROOT}


@pytest.fixture
def loopback(tmp_path):
    """The address of a scheduler, and its three workers, all on this machine."""
    place = tmp_path / "scheduler.json"
    own = ["--host", "127.0.0.1", "--no-dashboard", "--scheduler-file", place]
    program = [sys.executable, "-m"]
    processes = [subprocess.Popen([*program, "distributed.cli.dask_scheduler", *own, "--port", "0"], **QUIET)]
    worker = [*program, "distributed.cli.dask_worker", *own, "--nthreads", "1", "--no-nanny"]
    try:
        until(lambda: place.exists() and place.read_text().endswith("}"))
        for number in range(3):
            local = ["--local-directory", tmp_path / f"worker{number}"]
            processes.append(subprocess.Popen([*worker, *local], **QUIET))
        yield json.loads(place.read_text())["address"], processes[1:]
    finally:
        for each in processes:
            each.kill()
            each.wait()


def gradebook(folder):
    with (folder / "gradebook.csv").open() as file:
        return list(csv.reader(file))


@pytest.mark.slow
def test_a_cluster_that_loses_a_worker_gives_the_same_gradebook(loopback, tmp_path):
    address, workers = loopback
    (tmp_path / "mini.toml").write_text(SPEC)
    (tmp_path / "class").mkdir()
    for number in range(3):
        text = f"import time\ndef f(W, X, y, reg):\n    time.sleep(0.1)\n    return {number}\n"
        (tmp_path / "class" / f"s{number}.py").write_text(text)
    (tmp_path / "class" / "cut.ipynb").write_text("{")
    grade_class(tmp_path / "class", tmp_path / "mini.toml", tmp_path / "serial", seed=5)
    words = [sys.executable, "-m", "grader", "batch", tmp_path / "class", "--spec", tmp_path / "mini.toml"]
    words += ["--out", tmp_path / "out", "--seed", "5", "--scheduler", address]
    process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    until(lambda: len(list((tmp_path / "out" / "reports").glob("*.json"))) >= 1)
    workers[0].send_signal(signal.SIGKILL)
    _, said = process.communicate(timeout=HANG_SECONDS)

    assert process.returncode == 0, said
    assert gradebook(tmp_path / "out") == gradebook(tmp_path / "serial")
    assert len(gradebook(tmp_path / "out")) == 1 + 4
