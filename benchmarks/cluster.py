"""How far a cluster goes: `python -m benchmarks.cluster` measures what one submission costs beside its grading, and simulates.

--measure  what the coordinator and the scheduler take for a submission, on this machine, with a real report: minutes
--simulate hours for classes and clusters of several sizes, from the figures below

docs/cluster.md has the table.
"""

from __future__ import annotations

import argparse
import heapq
import json
import math
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import psutil
from distributed import get_worker
from distributed.utils import sync

from benchmarks.one_process import RIGHT, SEED
from grader.batch.run import ClassRun
from grader.batch.store import ReportStore
from grader.execution import cluster
from grader.execution.cluster_worker import Admission, resource_of
from grader.execution.executor import Executor
from grader.execution.fake import FakeExecutor
from grader.execution.job import GradeJob
from grader.grading.grade import grade
from grader.grading.settings import Settings
from grader.intake.entry import ClassEntry
from grader.intake.submission import load_submission
from grader.model.report import Report, parse_report
from grader.sandbox.fake import CONFINED
from grader.sandbox.host import Sandbox
from grader.spec import LoadedSpec, load_spec

ROOT = Path(__file__).resolve().parents[1]
SPEC = "eecs498_2019"

Part = Literal["workers", "coordinator", "scheduler", "second timings"]


@dataclass(frozen=True, slots=True)
class Costs:
    """What a submission takes of whom, in seconds. Of the grading: its median and spread; of the rest: CPU of one core."""

    grading: float
    coordinator: float
    """Reads and sends the submission, checks the report, writes it, and its share of the gradebooks."""
    scheduler: float
    """Until its task is forgotten."""
    spread: float = 0.3
    """Standard deviation of the logarithm of the time that grading takes."""
    stalled: float = 0.02
    """The share of submissions that meet a deadline."""
    stalled_seconds: float = 60.0
    admission: float = 5.0
    """Until a worker takes its first job."""
    again: float = 0.001
    """The share whose speed is timed once more at the end, one at a time."""
    again_seconds: float = 3.0


MEASURED = {
    "2019": Costs(grading=2.8, coordinator=0.020, scheduler=0.0066),
    "2020": Costs(grading=5.1, coordinator=0.020, scheduler=0.0066),
}
"""Of the grading: benchmarks/results. Of the rest: `--measure`, and 10 ms until a report is on disk (decision 20)."""

WORKERS = (2, 16, 64, 256, 1024)
CLASSES = (10_000, 100_000)
PER_WORKER = 2


@dataclass(frozen=True, slots=True)
class Simulated:
    """How a class went."""

    seconds: float
    busy: dict[Part, float]
    """The share of the time in which each had something to do; of all workers on average."""

    @property
    def bottleneck(self) -> Part:
        return max(self.busy, key=lambda part: self.busy[part])


def simulate(submissions: int, workers: int, costs: Costs, seed: int = 0) -> Simulated:
    """A class on a cluster, event by event.

    The coordinator and the scheduler do one thing after the other, in the order it comes. A worker has one job and another
    that waits; the coordinator sends it the next when it has written a report of its.
    """
    draw = random.Random(seed)
    half = costs.coordinator / 2
    free_coordinator = free_scheduler = 0.0
    free_worker = [costs.admission] * workers
    graded = 0.0
    left = submissions
    events: list[tuple[float, int, int]] = []  # when a worker is done with a job; which; a tie-breaker
    count = 0

    def send(now: float, worker: int) -> None:
        nonlocal free_coordinator, graded, left, count
        left -= 1
        free_coordinator = max(free_coordinator, now) + half
        seconds = costs.grading * math.exp(draw.gauss(0, costs.spread))
        if draw.random() < costs.stalled:
            seconds += costs.stalled_seconds
        free_worker[worker] = max(free_worker[worker], free_coordinator) + seconds
        graded += seconds
        count += 1
        heapq.heappush(events, (free_worker[worker], count, worker))

    for place in range(min(left, workers * PER_WORKER)):
        send(0.0, place % workers)
    while events:
        now, _, worker = heapq.heappop(events)
        free_scheduler = max(free_scheduler, now) + costs.scheduler  # of sending it too
        free_coordinator = max(free_coordinator, free_scheduler) + half
        if left:
            send(free_coordinator, worker)
    again = submissions * costs.again * (costs.again_seconds + costs.coordinator)
    seconds = free_coordinator + again
    return Simulated(
        seconds,
        {
            "workers": graded / workers / seconds,
            "coordinator": submissions * costs.coordinator / seconds,
            "scheduler": submissions * costs.scheduler / seconds,
            "second timings": again / seconds,
        },
    )


# --- What is measured --------------------------------------------------------------------------------------------------


def answered(_: str, job: GradeJob, __: str | None) -> str:
    """In the place of `grader.execution.cluster_worker.grade`: the report of a real grading, at once."""
    text = Path(os.environ["GRADER_REPORT"]).read_text(encoding="utf-8")
    source = job.source
    assert not isinstance(source, ClassEntry)
    data = json.loads(text)
    data["submission"] |= {"id": source.id, "sha256": source.sha256}
    return json.dumps(data)


def admitted(run: str, *_: str, **__: bool) -> Admission:
    """In the place of `admit`: offers the resource, and starts no process."""
    worker = get_worker()
    sync(worker.loop, worker.set_resources, **{resource_of(run): worker.state.nthreads})
    return Admission(CONFINED, worker.state.nthreads, 0)


def real_report(loaded: LoadedSpec) -> Report:
    with Sandbox() as sandbox:
        return grade(load_submission(RIGHT[SPEC]), loaded, sandbox, Settings(seed=SEED))


def entries(folder: Path, number: int) -> list[ClassEntry]:
    path = folder / f"hw{RIGHT[SPEC].suffix or '.py'}"
    path.write_bytes(load_submission(RIGHT[SPEC]).files[0].content)
    return [ClassEntry(f"student_{each:06}", path) for each in range(number)]


def graded_by(executor: Executor, folder: Path, number: int, loaded: LoadedSpec) -> tuple[float, float]:
    """(wall, CPU of this process) for each submission of a class, with everything that the coordinator does."""
    run = ClassRun(loaded, Settings(seed=SEED), ReportStore(folder / "out"))
    wall, cpu = time.perf_counter(), time.process_time()
    run.grade(entries(folder, number), executor)
    return (time.perf_counter() - wall) / number, (time.process_time() - cpu) / number


def measure_writer(number: int, loaded: LoadedSpec, report: Report) -> None:
    """10,000 reports really written, and the gradebooks derived from them, without a cluster."""
    text = report.to_json()

    def answer(job: GradeJob) -> Report:
        made = parse_report(text)
        part = made.submission.model_copy(update={"id": job.id})
        return made.model_copy(update={"submission": part})

    before = psutil.Process().memory_info().rss
    for size in (number // 10, number):
        with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
            wall, cpu = graded_by(FakeExecutor(answer), Path(folder), size, loaded)
        print(
            f"writer, {size} reports of {len(text):,} bytes: {1000 * wall:.2f} ms each, CPU {1000 * cpu:.2f} ms"
        )
    grown = psutil.Process().memory_info().rss - before
    print(f"memory: {grown / number / 1024:.0f} KiB for each report of {number}")


def measure_cluster(number: int, loaded: LoadedSpec, report: Report) -> None:
    """The same on a scheduler with workers that grade nothing."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "report.json"
        path.write_text(report.to_json(), encoding="utf-8")
        with loopback(folder, path) as (address, scheduler):
            for attribute, stand_in in (("grade", answered), ("admit", admitted)):
                setattr(cluster, attribute, stand_in)
            with cluster.ClusterExecutor(address, CONFINED.level, with_torch=False) as executor:
                executor._wait_for_workers()  # noqa: SLF001  not what is measured
                before = _cpu(scheduler)
                wall, cpu = graded_by(executor, folder, number, loaded)
                of_scheduler = (_cpu(scheduler) - before) / number
    print(
        f"cluster, {number} jobs: {1000 * wall:.2f} ms each; CPU of the coordinator {1000 * cpu:.2f} ms,"
        f" of the scheduler {1000 * of_scheduler:.2f} ms"
    )


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


@contextmanager
def loopback(folder: Path, report: Path) -> Iterator[tuple[str, psutil.Process]]:
    """A scheduler and two workers with eight threads each on this machine."""
    place = folder / "scheduler.json"
    own = ["--host", "127.0.0.1", "--no-dashboard", "--scheduler-file", str(place)]
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": ROOT}
    quiet["env"] = {**os.environ, "GRADER_REPORT": str(report), "PYTHONPATH": str(ROOT)}
    program = [sys.executable, "-m"]
    processes = [subprocess.Popen([*program, "distributed.cli.dask_scheduler", *own, "--port", "0"], **quiet)]
    worker = [*program, "distributed.cli.dask_worker", *own, "--nthreads", "8", "--no-nanny"]
    try:
        while not (place.exists() and place.read_text().endswith("}")):
            time.sleep(0.1)
        for number in range(2):
            local = ["--local-directory", str(folder / f"w{number}")]
            processes.append(subprocess.Popen([*worker, *local], **quiet))
        yield json.loads(place.read_text())["address"], psutil.Process(processes[0].pid)
    finally:
        for each in processes:
            each.terminate()
        for each in processes:
            each.wait()


# --- The command line --------------------------------------------------------------------------------------------------


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cluster", description=__doc__)
    parser.add_argument("--measure", action="store_true")
    parser.add_argument("--simulate", action="store_true")
    parser.add_argument("--number", type=int, default=10_000, help="of reports to write")
    parser.add_argument("--costs", type=float, nargs=2, metavar=("COORDINATOR", "SCHEDULER"), help="in ms")
    asked = parser.parse_args()
    if asked.measure:
        loaded = load_spec(SPEC)
        report = real_report(loaded)
        measure_cluster(max(200, asked.number // 5), loaded, report)
        measure_writer(asked.number, loaded, report)
    if asked.simulate or not asked.measure:
        print("| spec | submissions | workers | hours | workers busy | bottleneck |")
        print("|---|---|---|---|---|---|")
        for name, measured in MEASURED.items():
            costs = measured
            if asked.costs:
                costs = replace(costs, coordinator=asked.costs[0] / 1000, scheduler=asked.costs[1] / 1000)
            for number in CLASSES:
                for workers in WORKERS:
                    went = simulate(number, workers, costs)
                    print(
                        f"| {name} | {number:,} | {workers:,} | {went.seconds / 3600:.2f}"
                        f" | {went.busy['workers']:.0%} | {went.bottleneck} ({went.busy[went.bottleneck]:.0%}) |"
                    )


if __name__ == "__main__":
    main()
