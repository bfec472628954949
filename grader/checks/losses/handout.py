"""Calls at the handouts' own sizes, in which a function may have a case of its own.

They are larger than all other calls together, so X stays in the worker, and the results are compared as those of timed
calls are: in float64, the loss and dW each as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Literal

import numpy as np

from grader.checks.base.check import random_stream
from grader.checks.base.comparison import Comparison
from grader.checks.base.context import CheckContext
from grader.checks.losses.cases import SPREAD
from grader.checks.speed.truth import TOLERANCE, coarse_faults
from grader.model.assignment import Assignment
from grader.model.observation import Observation, Returned
from grader.model.trial import (
    Array,
    ArrayOutput,
    DTypeName,
    NumberOutput,
    ResidentTensor,
    Scalar,
    Tensor,
    Trial,
)
from reference.conventions import Layout

FEATURES, CLASSES, REG = 3073, 10, 0.37
PROBE = (2, CLASSES)
SIZES: Mapping[Literal["naive", "vectorized"], tuple[tuple[int, int], ...]] = {
    "naive": ((128, 2), (200, 2)),
    "vectorized": ((128, CLASSES), (200, CLASSES)),
}
"""N and C: with 128 samples the handouts compare the two styles, 200 are a batch of training.

A naive function takes as long as N*C, so it gets two classes; the probe has all ten.
"""

AFFORDABLE_SECONDS = 1.0
"""A function that would take longer is not asked: a right one may loop over the features too."""

_TAG = "handout"
_REPEATS = 7
"""Blocks of features in X that are the same; random numbers take longer than anything done with them."""


def is_handout(trial: Trial) -> bool:
    """Whether it is one of these calls."""
    return trial.tag == _TAG


def probe(context: CheckContext, function: str, rng: np.random.Generator) -> Trial:
    """Two samples of the handouts' features and classes, whose time foretells that of more."""
    return _trial(context, function, *PROBE, rng)


def more_handout_trials(
    context: CheckContext, trial: Trial, observation: Observation, rng: np.random.Generator
) -> tuple[Trial, ...]:
    """After the probe the sizes that the function can afford; none after any other call."""
    N, C = PROBE
    if not is_handout(trial) or not isinstance(observation, Returned) or _samples(trial) != N:
        return ()
    seconds = observation.seconds / (N * C)
    sizes = SIZES[context.assignment.loss_function(trial.function).style]
    return tuple(
        _trial(context, trial.function, N, C, rng) for N, C in sizes if seconds * N * C <= AFFORDABLE_SECONDS
    )


def handout_comparisons(
    assignment: Assignment, trial: Trial, returned: Returned
) -> dict[Literal["loss", "dW"], Comparison]:
    """The loss and dW of one such call against the reference."""
    classifier = assignment.loss_function(trial.function).classifier
    faults = coarse_faults([(trial, returned)], classifier, assignment.convention, repeats=_REPEATS)
    wrong = {name: Comparison(False, clause.lstrip(": "), allowed=TOLERANCE) for _, clause, name in faults}
    right = Comparison(True, "", relative=0.0)
    return {"loss": wrong.get("loss", right), "dW": wrong.get("dW", right)}


def _trial(context: CheckContext, function: str, N: int, C: int, rng: np.random.Generator) -> Trial:
    assignment = context.assignment
    dtype, layout = assignment.loss_function(function).main_dtype, assignment.convention.layout
    X = _rows(context.seed, N, layout, dtype)
    W = _in_layout(_uniform(rng, FEATURES, C) * np.float32(SPREAD / FEATURES**0.5), layout, dtype)
    return Trial(
        label=f"a size of the handout (N={N}, C={C}, D={FEATURES}, reg={REG:g})",
        function=function,
        positional=(
            Tensor(W),
            ResidentTensor(f"X of {N}", X),
            ResidentTensor(f"y of {N}", rng.integers(0, C, N)),
            Scalar(REG),
        ),
        outputs=(NumberOutput(), ArrayOutput(W.shape)),
        backend=assignment.backend,
        seconds=assignment.limits.call_seconds,
        tag=_TAG,
    )


@lru_cache(maxsize=6)
def _rows(seed: int, N: int, layout: Layout, dtype: DTypeName) -> Array:
    """X for every function of a run, in memory that their workers map."""
    block = _uniform(random_stream(seed, "handout", str(N)), N, FEATURES // _REPEATS)
    X = _in_layout(np.tile(block.astype(dtype), _REPEATS), layout, dtype)
    X.flags.writeable = False
    return X


def _in_layout(array: Array, layout: Layout, dtype: DTypeName) -> Array:
    return np.ascontiguousarray(array.T if layout == "CD" else array, dtype=dtype)


def _uniform(rng: np.random.Generator, rows: int, columns: int) -> Array:
    """Uniform float32 of mean 0 and deviation 1, which both dtypes hold."""
    return (rng.random((rows, columns), dtype=np.float32) - np.float32(0.5)) * np.float32(12**0.5)


def _samples(trial: Trial) -> int:
    y = trial.positional[2]
    assert isinstance(y, ResidentTensor)
    return int(y.array.size)
