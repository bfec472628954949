"""How many workers a submission starts, and that a function that ruins its own costs no other."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from grader.extract import extract
from grader.grading.grade import grade, in_running_order
from grader.grading.settings import Settings
from grader.intake.submission import load_submission
from grader.model.report import Report
from grader.sandbox.fork_launcher import ForkLauncher
from grader.sandbox.host import Sandbox
from grader.sandbox.launcher import WorkerProcess
from grader.sandbox.protocols import Budget
from grader.spec import load_spec
from tests.samples import submission_of
from tests.sandbox.calls import number_of, trial

SAMPLE = Path("submissions/eecs498_2019/perfect_module")
LOADED = load_spec("eecs498_2019")

NAMES_ITS_PROCESS = "import os\n\ndef f():\n    return os.getpid()\n\ndef g():\n    return os.getpid()\n"


@dataclass
class CountingLauncher(ForkLauncher):
    """Notes the workers that it starts."""

    started: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def start(self) -> WorkerProcess:
        worker = super().start()
        self.started.append(worker.process_id)
        return worker


@pytest.fixture(scope="module")
def launcher():
    return CountingLauncher()


@pytest.fixture(scope="module")
def sandbox(launcher):
    with Sandbox(launcher) as made:
        yield made


def graded(sandbox, text: str | None = None, *, is_quick: bool = True) -> Report:
    submission = load_submission(SAMPLE) if text is None else submission_of(text)
    return grade(submission, LOADED, sandbox, Settings(seed=3, is_quick=is_quick))


def test_a_right_submission_starts_one_worker_a_function_where_nothing_is_trained_to_an_end(
    sandbox, launcher
):
    launcher.started.clear()

    report = graded(sandbox)

    assert {check.status for check in report.checks} == {"passed", "not_run"}
    assert len(launcher.started) == len(LOADED.spec.functions) == 9


@pytest.mark.slow
def test_a_right_submission_starts_at_most_15_workers_for_nine_functions(sandbox, launcher):
    launcher.started.clear()

    report = graded(sandbox, is_quick=False)

    assert {check.status for check in report.checks} == {"passed"}
    assert len(launcher.started) <= 15


@pytest.mark.parametrize(
    "body",
    ["import os; os._exit(0)", "kept = [bytes(1 << 28) for _ in iter(int, 1)]"],
    ids=["ends its process", "fills its memory"],
)
def test_a_function_that_ruins_its_worker_costs_no_other(sandbox, body):
    head = "def svm_loss_vectorized(W: Tensor, X: Tensor, y: Tensor, reg: float) -> LossAndGrad:\n"
    text = (SAMPLE / "linear_classifier.py").read_text(encoding="utf-8")
    assert head in text

    report = graded(sandbox, text.replace(head, f"{head}    {body}\n"))

    failed = {check.id for check in report.checks if check.status == "failed"}
    callers = {
        check.id for check in report.checks if {"svm_loss_vectorized", "LinearSVM"} & set(check.functions)
    }
    assert "svm_vectorized_values" in failed <= callers


def test_checks_run_once_those_of_all_their_functions_have_begun_and_hidden_ones_last():
    checks = list(LOADED.spec.checks)
    hidden = checks[0].model_copy(update={"visibility": "hidden"})

    order = [check.id for check in in_running_order([hidden, *checks[1:]])]

    assert order.index("svm_speed") < order.index("softmax_naive_values")
    assert order.index("prediction") < order.index("svm_accuracy") < order.index("linear_classifier")
    assert order[-1] == hidden.id
    assert sorted(order) == sorted(check.id for check in checks)


def test_functions_of_ours_share_a_worker_but_for_calls_apart(sandbox):
    extracted = extract(submission_of(NAMES_ITS_PROCESS), ["f", "g"])
    session = sandbox.session(extracted, Budget(), redirect_cuda=False, is_shared=True)

    f, g, apart = (session.run(each) for each in (trial("f"), trial("g"), trial("g", is_apart=True)))
    session.close()

    assert number_of(f) == number_of(g) != number_of(apart)


def test_a_worker_for_a_call_apart_is_the_first_to_go(sandbox):
    extracted = extract(submission_of(NAMES_ITS_PROCESS), ["f", "g"])
    session = sandbox.session(extracted, Budget(), redirect_cuda=False)

    before, _, g, after = (
        number_of(session.run(each))
        for each in (trial("f"), trial("f", is_apart=True), trial("g"), trial("f"))
    )
    session.close()

    assert before == after != g
