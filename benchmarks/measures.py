"""Calls and workers: the cost of one call, of a fresh worker, and of confining it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from benchmarks.record import Measure
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

SUBMISSIONS = Path(__file__).resolve().parents[1] / "submissions"
SAMPLE = SUBMISSIONS / "eecs498_2019" / "perfect_module"
SAME = b"import torch\n\n\ndef same(W):\n    return W\n"
_CALLS = 50
"""In a row, of which the mean is one repetition."""


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


def null_call(repetitions: int) -> Iterator[Measure]:
    with Sandbox() as sandbox, _session(sandbox) as (session, trial):
        means = [
            sum(_seconds(session, trial) for _ in range(_CALLS)) / _CALLS for _ in range(repetitions + 1)
        ]
    yield Measure.of("null-call: there and back", "A call with 246 kB of W each way.", "s", means[1:])


def _fresh_worker(sandbox: Sandbox) -> float:
    """Seconds until it was taken over, handed its program, had answered its first call and was ended again."""
    started = time.perf_counter()
    with _session(sandbox) as (session, trial):
        _seconds(session, trial)
    return time.perf_counter() - started


def confinement(repetitions: int) -> Iterator[Measure]:
    """The two kinds of workers are measured in turn, each first every other time."""
    loaded, submission = load_spec("eecs498_2019"), load_submission(SAMPLE)
    quick = Settings(seed=0, only=quick_checks(loaded))

    def submission_seconds(sandbox: Sandbox) -> float:
        started = time.perf_counter()
        grade(submission, loaded, sandbox, quick)
        return time.perf_counter() - started

    with Sandbox(ForkLauncher(tiers.ALL)) as confining, Sandbox(ForkLauncher(tiers.LIMITS)) as forking:
        for name, what, measure, times in (
            ("a fresh worker", "Taken over, one call answered, ended.", _fresh_worker, 3 * repetitions),
            ("a quick submission", "What neither times nor trains, warm.", submission_seconds, repetitions),
        ):
            confined, plain = in_turn(lambda m=measure: m(confining), lambda m=measure: m(forking), times)  # type: ignore[misc]
            yield Measure.of(f"confinement: {name}", what, "s", confined)
            over = f"Over {name} that has limits only."
            yield Measure.of(f"confinement: {name}, over limits", over, "x", ratios(confined, plain))


def quick_checks(loaded: LoadedSpec) -> frozenset[str]:
    """The ids of the checks that neither time nor train."""
    return frozenset(check.id for check in loaded.spec.checks if not check.is_slow)


def in_turn(
    first: Callable[[], float], second: Callable[[], float], repetitions: int
) -> tuple[list[float], list[float]]:
    """What both give, each going first every other time; the first pair, which warms up, is left out."""
    found: tuple[list[float], list[float]] = ([], [])
    for repetition in range(repetitions + 1):
        order = (0, 1) if repetition % 2 else (1, 0)
        for which in order:
            found[which].append((first, second)[which]())
    return found[0][1:], found[1][1:]


def ratios(over: list[float], under: list[float]) -> list[float]:
    """Within each pair, so that a machine that is slow for a while slows both."""
    return [one / other for one, other in zip(over, under, strict=True)]
