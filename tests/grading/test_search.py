"""A search from the hand-in to the report: where it runs, and what is told where it does not end in time."""

import dataclasses

from grader.grading.grade import grade
from grader.grading.sessions import Sessions
from grader.grading.settings import Settings
from grader.model.trial import Replacement
from grader.spec import load_spec
from tests.attacks.pairs.search import PAIRS
from tests.grading.test_sessions import ASSIGNMENT, call, extracted, loss_of
from tests.samples import submission_of

PAIR = PAIRS["a good pair beside bad ones"]


def report_on(tmp_path, sandbox, limits):
    path = tmp_path / "own.toml"
    path.write_text(f"{PAIR.spec}\n[limits]\n{limits}\n", encoding="utf-8")
    return grade(submission_of(PAIR.honest), load_spec(str(path)), sandbox, Settings(0))


def test_a_search_that_does_not_end_in_time_is_no_fault_of_the_grader(tmp_path, sandbox):
    report = report_on(tmp_path, sandbox, "training_seconds = 0.01")

    assert (report.status, report.score) == ("graded", 0.0)
    assert [(check.status, check.message) for check in report.checks] == [
        (
            "failed",
            f"The reference could not train with your {pairs} pairs within 0.01 s, so they were not graded and earn no points.",
        )
        for pairs in (16, 12)
    ]
    told = [flag for flag in report.flags if "raise limits.training_seconds" in flag.message]
    assert [(flag.kind, flag.audience) for flag in told] == [("note", "instructor")] * 2


def test_what_is_replaced_in_the_student_is_not_looked_for_in_the_reference(sandbox):
    replaced = (Replacement("svm_loss_vectorized", None, "f", "def f(): pass\n"),)
    trial = call("null_call", "reference")

    with Sessions(sandbox, extracted(), ASSIGNMENT, "cpu") as sessions:
        seen = sessions.run(dataclasses.replace(trial, replaced=replaced))

    assert loss_of(seen) == 0
