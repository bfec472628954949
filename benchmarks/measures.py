"""What is measured: each function gives seconds, one number for each repetition."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from grader.extract import extract
from grader.grading.grade import grade
from grader.grading.settings import Settings
from grader.intake.submission import SourceFile, Submission, load_submission
from grader.model.observation import Returned
from grader.model.trial import ArrayOutput, Tensor, Trial
from grader.sandbox.fork_launcher import ForkLauncher
from grader.sandbox.host import Sandbox
from grader.sandbox.inside import tiers
from grader.sandbox.protocols import Budget
from grader.sandbox.session import Session
from grader.spec import LoadedSpec, load_spec

SAMPLE = Path(__file__).resolve().parents[1] / "submissions" / "eecs498_2019" / "perfect_module"
SAME = b"import torch\n\n\ndef same(W):\n    return W\n"


@contextmanager
def _session(sandbox: Sandbox) -> Iterator[tuple[Session, Trial]]:
    """A session whose one function gives back a 3073x10 float64 W."""
    extracted = extract(Submission("same", (SourceFile("same.py", SAME),)), ["same"])
    W = np.random.Generator(np.random.PCG64(0)).normal(size=(3073, 10))
    trial = Trial("null call", "same", (Tensor(W),), (ArrayOutput(W.shape),))
    with sandbox.session(extracted, Budget(), redirect_cuda=True) as session:
        yield session, trial


def _seconds(session: Session, trial: Trial) -> float:
    observation = session.run(trial)
    if not isinstance(observation, Returned):
        raise TypeError(f"the null call failed: {observation}")
    return observation.seconds


def null_call(sandbox: Sandbox, repetitions: int = 1000) -> list[float]:
    """One call there and back, with 246 kB of W each way."""
    with _session(sandbox) as (session, trial):
        for _ in range(20):
            _seconds(session, trial)
        return [_seconds(session, trial) for _ in range(repetitions)]


def fork_to_first_call(sandbox: Sandbox, repetitions: int = 20) -> list[float]:
    """A fresh worker: taken over, handed its program, first call answered, ended again."""
    seconds = []
    for _ in range(repetitions):
        started = time.perf_counter()
        with _session(sandbox) as (session, trial):
            _seconds(session, trial)
        seconds.append(time.perf_counter() - started)
    return seconds


def warm_submission(sandbox: Sandbox, repetitions: int = 7, *, in_full: bool = False) -> list[float]:
    """A right module with torch imported already, as one of a batch; the checks that time or train only in full."""
    loaded, submission = load_spec("eecs498_2019"), load_submission(SAMPLE)
    only = None if in_full else quick_checks(loaded)
    reports = [
        grade(submission, loaded, sandbox, Settings(seed=seed, only=only)) for seed in range(repetitions + 1)
    ]
    if any(check.status == "failed" for report in reports for check in report.checks):
        raise ValueError("the right module did not get full points")
    return [report.seconds for report in reports[1:]]


def quick_checks(loaded: LoadedSpec) -> frozenset[str]:
    """The ids of the checks that neither time nor train."""
    return frozenset(check.id for check in loaded.spec.checks if not check.is_slow)


def confinement(workers: int = 50, submissions: int = 15) -> dict[str, list[float]]:
    """What confinement adds to a fresh worker, and to a submission, over plain forks that have limits only.

    The two are measured in turn, each first every other time; what is added is the difference within a pair.
    """
    loaded, submission = load_spec("eecs498_2019"), load_submission(SAMPLE)

    def fresh_worker(sandbox: Sandbox) -> float:
        return fork_to_first_call(sandbox, 1)[0]

    def whole_submission(sandbox: Sandbox) -> float:
        return grade(submission, loaded, sandbox, Settings(seed=0, only=quick_checks(loaded))).seconds

    series = {}
    with Sandbox(ForkLauncher(tiers.ALL)) as confining, Sandbox(ForkLauncher(tiers.LIMITS)) as forking:
        for name, measure, repetitions in (
            ("fresh worker", fresh_worker, workers),
            ("one submission", whole_submission, submissions),
        ):
            confined, plain = _in_turn(
                lambda m=measure: m(confining), lambda m=measure: m(forking), repetitions
            )
            series[f"{name}, confined"] = confined
            series[f"{name}, plain forks"] = plain
            series[f"{name}, added"] = [one - other for one, other in zip(confined, plain, strict=True)]
    return series


def _in_turn(
    first: Callable[[], float], second: Callable[[], float], repetitions: int
) -> tuple[list[float], list[float]]:
    """Seconds of both, each going first every other time; the first pair, which warms up, is left out."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for repetition in range(repetitions + 1):
        order = (0, 1) if repetition % 2 else (1, 0)
        for which in order:
            seconds[which].append((first, second)[which]())
    return seconds[0][1:], seconds[1][1:]


def import_torch(repetitions: int = 5) -> list[float]:
    """A whole process that imports torch and does nothing."""
    return [_whole_process([sys.executable, "-c", "import torch"]) for _ in range(repetitions)]


def check_command(repetitions: int = 5) -> list[float]:
    """`grader check` on a right module, from the shell's point of view, by the checks that neither time nor train."""
    only = [word for each in sorted(quick_checks(load_spec("eecs498_2019"))) for word in ("--only", each)]
    command = [
        sys.executable,
        "-m",
        "grader.frontends.cli",
        "check",
        str(SAMPLE),
        "--spec",
        "eecs498_2019",
        *only,
    ]
    return [_whole_process(command) for _ in range(repetitions)]


def help_command(repetitions: int = 5) -> list[float]:
    """`grader --help`."""
    return [
        _whole_process([sys.executable, "-m", "grader.frontends.cli", "--help"]) for _ in range(repetitions)
    ]


def _whole_process(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started
