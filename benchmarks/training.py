"""1,500 iterations of training on the stand-in: a student's functions in a worker, and the reference in NumPy."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import numpy as np

from benchmarks.measures import SAMPLE, in_turn, ratios
from benchmarks.record import Measure
from grader.checks.base.context import CheckContext
from grader.checks.training.learning import Accuracies, Learner, Plan, prepared
from grader.data import standin_data
from grader.extract import extract
from grader.grading.sessions import budget_of
from grader.intake.submission import load_submission
from grader.model.observation import Returned
from grader.model.trial import Device
from grader.sandbox.host import Sandbox
from grader.spec import load_spec
from reference import softmax_loss
from tests.reference.trainer import train

_RATE, _REG, _STEPS, _BATCH = 1e-2, 1e-2, 1500, 200


def training(repetitions: int) -> Iterator[Measure]:
    with Sandbox() as sandbox, student(sandbox) as trained:
        own, references = in_turn(trained, _reference, repetitions)
    what = "The right module's trainer with its softmax loss, on the judge's clock."
    yield Measure.of("training: student", what, "s", own)
    yield Measure.of("training: reference", "In NumPy and float32, in this process.", "s", references)
    yield Measure.of("training: over the reference", "The one over the other.", "x", ratios(own, references))


@contextmanager
def student(sandbox: Sandbox, *, device: Device = "cpu") -> Iterator[Callable[[], float]]:
    """Give a function that trains once more in the same worker, and returns the seconds."""
    spec = load_spec("eecs498_2019").spec
    context = CheckContext(spec.assignment, 0, device, standin_data(), is_full=True)
    learner = Learner(
        ("softmax_loss_vectorized", "train_linear_classifier", "predict_linear_classifier"), "float32"
    )
    (trial,) = learner.next_trials(context, Plan(_RATE, _REG, _STEPS, _BATCH, Accuracies(1.0, 1.0)), ())
    extracted = extract(load_submission(SAMPLE), list(spec.functions))
    with sandbox.session(
        extracted, budget_of(spec.assignment), redirect_cuda=device == "cpu", device=device
    ) as session:

        def once() -> float:
            observation = session.run(trial)
            if not isinstance(observation, Returned):
                raise TypeError(f"training failed: {observation}")
            return observation.seconds

        yield once


def _reference() -> float:
    """Seconds of the reference's trainer."""
    convention = load_spec("eecs498_2019").spec.assignment.convention
    X, y = prepared(standin_data(), "train", "float32")
    loss = partial(softmax_loss, dtype=np.float32)
    rng = np.random.default_rng(0)
    W = (1e-4 * rng.normal(size=(X.shape[1], 10))).astype(np.float32)
    started = time.perf_counter()
    train(loss, W, X, y, _RATE, _REG, _STEPS, _BATCH, rng, convention)
    return time.perf_counter() - started
