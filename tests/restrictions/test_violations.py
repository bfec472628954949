"""Violations: the sentence with its location, and the policy's effect on verdicts, functions and points."""

from typing import get_args

import pytest

from grader.model.assignment import RestrictionKind
from grader.model.verdict import Finding, Verdict
from grader.restrictions import Violation, find_violations, findings_of, verdict_under
from tests.restrictions.students import assignment_with, extracted_of

PARTNER = """\
def naive(W, X, y, reg):
    return X @ W

def vectorized(W, X, y, reg):
    return naive(W, X, y, reg)
"""
AUTOGRAD = """\
import torch

def vectorized(W, X, y, reg):
    W = W.clone().requires_grad_()
    loss = torch.nn.functional.cross_entropy(X @ W, y)
    loss.backward()
    return loss, W.grad
"""
PLAIN = "def vectorized(W, X, y, reg):\n    return X @ W\n"


def messages(*texts, traces=(), **policy):
    return [
        each.message
        for each in find_violations(assignment_with(**policy), extracted_of(*texts), dict(traces))
    ]


def test_a_partner_that_may_not_be_called_is_said_with_its_line():
    assert messages(PARTNER, partner="fail") == [
        "vectorized calls naive (hw.py, line 5), which this assignment does not allow."
    ]


def test_a_location_in_a_notebook_is_file_cell_and_line():
    seen = messages("import torch", *PARTNER.split("\n\n"), partner="fail")

    assert seen == [
        "vectorized calls naive (hw.ipynb, cell 3, line 2), which this assignment does not allow."
    ]


def test_uses_of_one_kind_share_a_sentence():
    assert messages(AUTOGRAD, losses="fail", autograd="note") == [
        (
            "vectorized uses Tensor.requires_grad_ (hw.py, line 4) and Tensor.backward (hw.py, line 6):"
            " automatic differentiation. It costs no points."
        ),
        "vectorized uses torch.nn.functional.cross_entropy (hw.py, line 5), which this assignment does not allow.",
    ]


def test_many_uses_of_one_kind_are_counted():
    lines = "; ".join(
        f"F.{name}(X, y)"
        for name in ("nll_loss", "soft_margin_loss", "multi_margin_loss", "kl_div", "cross_entropy")
    )
    source = f"import torch.nn.functional as F\ndef vectorized(W, X, y, reg):\n    {lines}\n"

    (seen,) = messages(source, losses="fail")

    assert seen.endswith(
        "torch.nn.functional.kl_div (hw.py, line 3) and 1 more, which this assignment does not allow."
    )


def test_a_note_says_what_it_is_and_costs_nothing():
    (violation,) = find_violations(
        assignment_with(losses="ignore", autograd="ignore"), extracted_of(PARTNER), {}
    )

    assert violation.policy == "note"
    assert violation.message == (
        "vectorized calls naive (hw.py, line 5): the other version of the same loss. It costs no points."
    )
    assert violation.note == "it calls naive (hw.py, line 5): the other version of the same loss"


@pytest.mark.parametrize("source", [PARTNER, AUTOGRAD])
def test_what_is_ignored_is_not_said(source):
    everything = dict.fromkeys(get_args(RestrictionKind), "ignore")
    traces = {"vectorized": ("aten.nll_loss_forward", "autograd")}

    assert messages(source, traces=traces, **everything) == []


def test_a_use_seen_only_in_a_trace_has_the_location_of_the_function():
    assert messages(PLAIN, traces={"vectorized": ("aten.mm", "aten.nll_loss_forward")}, losses="fail") == [
        (
            "vectorized uses torch's nll_loss_forward (hw.py, line 1;"
            " seen while it ran, not in its source), which this assignment does not allow."
        )
    ]


def test_a_trace_of_autograd_is_said_in_words():
    assert messages(PLAIN, traces={"vectorized": ("autograd",)}) == [
        (
            "vectorized uses torch's autograd (hw.py, line 1;"
            " seen while it ran, not in its source): automatic differentiation. It costs no points."
        )
    ]


def test_what_the_source_says_a_trace_does_not_say_again():
    traces = {"vectorized": ("aten.nll_loss_forward", "torch.nn.functional.cross_entropy", "autograd")}

    assert messages(AUTOGRAD, traces=traces) == messages(AUTOGRAD)


def test_what_another_graded_function_uses_is_not_said_of_its_caller():
    source = AUTOGRAD.replace("vectorized", "other") + PLAIN.replace("X @ W", "other(W, X, y, reg)")
    traces = {
        "other": ("aten.nll_loss_forward", "autograd"),
        "vectorized": ("aten.nll_loss_forward", "autograd"),
    }

    violations = find_violations(assignment_with(), extracted_of(source), traces)

    assert {each.function for each in violations} == {"other"}


def test_a_right_function_has_no_violation():
    assert messages(PLAIN, traces={"vectorized": ("aten.mm", "torch.functional.einsum")}, losses="fail") == []


FAIL = Violation("f", "partner", "fail", "calls g (hw.py, line 2)")
NOTE = Violation("f", "autograd", "note", "uses Tensor.backward (hw.py, line 3)")
PASSED = Verdict("passed", 1.0, "It is right.", measured={"x": 1.0}, findings=(Finding("f", True),))
SAID = "f calls g (hw.py, line 2), which this assignment does not allow."


def test_a_check_that_had_passed_fails_with_the_sentence_and_no_points():
    verdict = verdict_under([FAIL, NOTE], ("f", "h"), PASSED)

    assert (verdict.status, verdict.credit, verdict.message) == ("failed", 0.0, SAID)
    assert verdict.measured == {"x": 1.0}


def test_a_check_that_had_earned_a_share_keeps_its_words_behind_the_sentence():
    partly = Verdict("failed", 0.4, "dW is wrong.", hint="Look at dW.")

    verdict = verdict_under([FAIL], ("f",), partly)

    assert (verdict.status, verdict.credit, verdict.message) == ("failed", 0.0, f"{SAID} dW is wrong.")
    assert verdict.hint == "Look at dW."


@pytest.mark.parametrize(
    "violations, functions, verdict",
    [
        ([FAIL], ("h",), PASSED),
        ([NOTE], ("f",), PASSED),
        ([], ("f",), PASSED),
        ([FAIL], ("f",), Verdict("failed", 0.0, "It is wrong.")),
        ([FAIL], ("f",), Verdict("skipped", 0.0, "Not run.")),
        ([FAIL], ("f",), Verdict("errored", 0.0, "The grader failed here.")),
    ],
    ids=["another function", "a note", "no violation", "failed already", "skipped", "errored"],
)
def test_other_verdicts_stay_as_they_are(violations, functions, verdict):
    assert verdict_under(violations, functions, verdict) is verdict


def test_a_violation_makes_a_function_incorrect_and_a_note_does_not():
    assert findings_of([FAIL, NOTE]) == (
        Finding("f", False),
        Finding("f", None, notes=("it uses Tensor.backward (hw.py, line 3): automatic differentiation",)),
    )


UNCLEAR = """\
import torch

def vectorized(W, X, y, reg):
    return [torch][0].exp(getattr(X, str(y)))
"""


def test_what_cannot_be_followed_is_a_flag_in_words():
    (violation,) = find_violations(assignment_with(), extracted_of(UNCLEAR), {})

    assert (violation.kind, violation.policy) == ("unclear", "flag")
    assert violation.message == (
        "Cannot tell what vectorized calls, because of torch, passed on as a value (hw.py, line 4) and"
        " getattr with a computed name (hw.py, line 4). No points were deducted; please read the code."
    )


def test_a_flag_changes_no_verdict_and_adds_no_finding():
    flag = Violation("f", "unclear", "flag", "getattr with a computed name (hw.py, line 2)")

    assert verdict_under([flag], ("f",), PASSED) is PASSED
    assert findings_of([flag]) == ()
