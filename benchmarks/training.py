"""1,500 iterations of training on the stand-in: a student's functions in a worker, and the reference in NumPy."""

from __future__ import annotations

import time
from functools import partial

import numpy as np

from benchmarks.measures import SAMPLE
from grader.checks.base.context import CheckContext
from grader.checks.training.learning import Learner, prepared
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

REPETITIONS = 3
_RATE, _REG, _STEPS, _BATCH = 1e-2, 1e-2, 1500, 200


def students(sandbox: Sandbox, repetitions: int = REPETITIONS, *, device: Device = "cpu") -> list[float]:
    """Seconds of the right module's trainer with its softmax loss, on the judge's clock."""
    spec = load_spec("eecs498_2019").spec
    context = CheckContext(spec.assignment, 0, device, standin_data())
    learner = Learner(
        ("softmax_loss_vectorized", "train_linear_classifier", "predict_linear_classifier"), "float32"
    )
    trial = learner.training(context, learning_rate=_RATE, reg=_REG, num_iters=_STEPS, batch_size=_BATCH)
    extracted = extract(load_submission(SAMPLE), list(spec.functions))
    seconds = []
    with sandbox.session(
        extracted, budget_of(spec.assignment), redirect_cuda=device == "cpu", device=device
    ) as session:
        for _ in range(repetitions):
            observation = session.run(trial)
            if not isinstance(observation, Returned):
                raise TypeError(f"training failed: {observation}")
            seconds.append(observation.seconds)
    return seconds


def references(repetitions: int = REPETITIONS) -> list[float]:
    """Seconds of the reference's trainer with its softmax loss, in float32 and in this process."""
    assignment = load_spec("eecs498_2019").spec.assignment
    X, y = prepared(standin_data(), "train", "float32")
    loss = partial(softmax_loss, dtype=np.float32)
    seconds = []
    for seed in range(repetitions):
        rng = np.random.default_rng(seed)
        W = (1e-4 * rng.normal(size=(X.shape[1], 10))).astype(np.float32)
        started = time.perf_counter()
        train(
            loss,
            W,
            X,
            y,
            _RATE,
            _REG,
            _STEPS,
            _BATCH,
            rng,
            assignment.convention,
        )
        seconds.append(time.perf_counter() - started)
    return seconds
