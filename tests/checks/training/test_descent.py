"""Which step of a training the loss is called alone on, and what it shows."""

import numpy as np
import pytest

from grader.checks.training.descent import STRIDE, Descent, DescentAudit, sorted_rows
from grader.model.observation import Step, Watched
from reference import Convention

SAMPLES, FEATURES, CLASSES = 20, 2 * STRIDE, 3
RNG = np.random.default_rng(0)
X = RNG.normal(size=(SAMPLES, FEATURES))
Y = RNG.integers(CLASSES, size=SAMPLES)
DESCENT = Descent("svm", Convention(layout="DC"), X, Y, sorted_rows(X), learning_rate=0.1, reg=0.0)

SMALL = (1e-3 * RNG.normal(size=(FEATURES, CLASSES))).astype(np.float32)
SHIFTED = np.broadcast_to(np.float32(1e4) * RNG.normal(size=(FEATURES, 1)), SMALL.shape).astype(np.float32)
"""The same great score for every class: beside its rounding, no margin shows on which side of the kink it is."""


def audit(*weights):
    batch = X[:, ::STRIDE].astype(np.float32)
    steps = tuple(Step(each, each - np.float32(0.1), (batch,)) for each in weights)
    return DescentAudit(DESCENT, "loss", "train", Watched(len(steps), steps), SMALL)


@pytest.mark.parametrize("weights", [(SMALL, SHIFTED, SHIFTED), (SHIFTED, SHIFTED, SMALL), (SHIFTED, SMALL)])
def test_a_wrong_loss_is_asked_on_a_step_that_shows_it(weights):
    seen = audit(*weights)

    finding = seen.finding(np.ones(SMALL.shape))

    np.testing.assert_array_equal(seen.asked[0].before, SMALL)
    assert finding.fault == "loss does not return the gradient of the SVM loss, on a batch of this training"


def test_where_no_step_shows_the_loss_nobody_is_accused():
    finding = audit(SHIFTED, SHIFTED).finding(np.ones(SMALL.shape))

    assert (finding.fault, finding.is_seen) == (None, False)
