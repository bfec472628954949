"""Whose worker answers a trial, and that the student's stand still while the reference is called."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from grader.extract import extract
from grader.grading.sessions import Sessions
from grader.model.observation import Received, Returned
from grader.model.trial import ArrayOutput, NumberOutput, RunnerName, Scalar, Tensor, Trial
from grader.sandbox.fake import FakeSandbox
from grader.spec import load_spec
from tests.samples import submission_of

ASSIGNMENT = load_spec("eecs498_2019").spec.assignment

RETURNS_SEVEN = "def svm_loss_vectorized(W, X, y, reg):\n    return 7.0, W\n"
RETURNS_ITS_PROCESS_ID = "import os\ndef svm_loss_vectorized(W, X, y, reg):\n    return os.getpid(), W\n"


def call(function: str, runner: RunnerName) -> Trial:
    W, X, y = np.ones((3, 2)), np.ones((4, 3)), np.array([0, 1, 1, 0])
    return Trial(
        "a call",
        function,
        (Tensor(W), Tensor(X), Tensor(y), Scalar(0.0)),
        (NumberOutput(), ArrayOutput(W.shape)),
        runner=runner,
    )


def loss_of(observation) -> float:
    assert isinstance(observation, Returned), observation
    loss = observation.values[0]
    assert isinstance(loss, Received)
    return float(loss.array)


def extracted(text=RETURNS_SEVEN):
    return extract(submission_of(text), ["svm_loss_vectorized"])


def test_no_session_of_the_references_is_opened_before_it_is_called():
    sandbox = FakeSandbox()

    with Sessions(sandbox, extracted(), ASSIGNMENT, "cpu") as sessions:
        sessions.run(call("svm_loss_vectorized", "student"))

    assert len(sandbox.sessions) == 1


@pytest.mark.parametrize(
    "spec, text, of_student, of_reference",
    [
        ("cs231n", RETURNS_SEVEN, False, False),
        ("cs231n", f"import torch\n{RETURNS_SEVEN}    return torch\n", True, False),
        ("cs231n", f"import torch\n{RETURNS_SEVEN}", False, False),
        ("eecs498_2019", RETURNS_SEVEN, True, True),
    ],
    ids=["NumPy", "torch in a NumPy function", "torch beside it", "a torch spec"],
)
def test_workers_have_torch_where_the_spec_or_the_code_that_runs_needs_it(
    spec, text, of_student, of_reference
):
    sandbox = FakeSandbox()

    with Sessions(sandbox, extracted(text), load_spec(spec).spec.assignment, "cpu") as sessions:
        sessions.run(call("svm_loss_vectorized", "student"))
        sessions.run(call("svm_loss_vectorized", "reference"))

    assert [session.needs_torch for session in sandbox.sessions] == [of_student, of_reference]


def test_each_party_answers_with_its_own_function(sandbox):
    with Sessions(sandbox, extracted(), ASSIGNMENT, "cpu") as sessions:
        seen = [
            loss_of(sessions.run(call("svm_loss_vectorized", runner)))
            for runner in ("student", "reference", "student", "reference")
        ]

    assert seen == [7.0, 1.0, 7.0, 1.0]


def _state(process_id: int) -> str:
    """The kernel's letter for what a process does: S sleeps, T is stopped."""
    return Path(f"/proc/{process_id}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0]


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")
def test_the_students_workers_stand_still_while_the_reference_is_called(sandbox):
    with Sessions(sandbox, extracted(RETURNS_ITS_PROCESS_ID), ASSIGNMENT, "cpu") as sessions:
        worker = int(loss_of(sessions.run(call("svm_loss_vectorized", "student"))))
        while_student = _state(worker)
        sessions.run(call("null_call", "reference"))
        while_reference = _state(worker)
        sessions.run(call("svm_loss_vectorized", "student"))

        assert while_student != "T"
        assert while_reference == "T"
        assert _state(worker) != "T"


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")
def test_workers_that_stand_still_are_ended_with_the_rest(sandbox):
    with Sessions(sandbox, extracted(RETURNS_ITS_PROCESS_ID), ASSIGNMENT, "cpu") as sessions:
        worker = int(loss_of(sessions.run(call("svm_loss_vectorized", "student"))))
        sessions.run(call("null_call", "reference"))

    assert not Path(f"/proc/{worker}").exists()
