"""The handouts' own sizes: a case of its own for them is found, and a slow right function is spared them."""

import numpy as np
import pytest

from grader.checks.base.context import CheckContext
from grader.checks.losses.handout import PROBE, SIZES, is_handout, more_handout_trials, probe
from grader.checks.losses.values import ValuesCheck
from grader.checks.speed.truth import _expected
from grader.model.observation import Raised, Received, Returned
from grader.model.trial import ResidentTensor, Tensor
from reference import Convention
from tests.checks.students import (
    ASSIGNMENT,
    PLACE,
    evidence_of,
    in_float32,
    softmax_indexed,
    softmax_loops,
    svm_loops,
    svm_mask,
    verdict_on,
)

STUDENTS = {
    "svm_loss_naive": svm_loops,
    "svm_loss_vectorized": svm_mask,
    "softmax_loss_naive": softmax_loops,
    "softmax_loss_vectorized": softmax_indexed,
}


def check_of(function):
    return ValuesCheck(
        kind="values",
        id="values",
        title="values",
        points=10,
        function=function,
        loss_share=0.4,
        gradient_share=0.6,
    )


def probe_after(function, seconds):
    """The last trial that is asked at first, with a result that took so long."""
    *_, trial = check_of(function).trials(CheckContext(ASSIGNMENT, 0))
    zeros = np.zeros((3073, 10))
    return trial, Returned((Received(np.zeros(()), "float64"), Received(zeros, "float64")), seconds)


@pytest.mark.parametrize("layout", ["DC", "CD"])
@pytest.mark.parametrize("function", STUDENTS)
def test_the_sizes_are_exactly_the_handouts(function, layout):
    assignment = ASSIGNMENT.in_layout(layout)
    style = assignment.loss_function(function).style
    student = STUDENTS[function]

    def turned(W, X, y, reg):
        loss, dW = student(W.T, X.T, y, reg)
        return loss, dW.T

    evidence = evidence_of(check_of(function), student if layout == "DC" else turned, 0, assignment)
    asked = [trial.positional[:3] for trial, _ in evidence if is_handout(trial)]
    arrays = [[each.array for each in given if isinstance(each, Tensor | ResidentTensor)] for given in asked]

    sizes = [PROBE, *SIZES[style]]
    assert len(arrays) == 3
    for (W, X, y), (N, C) in zip(arrays, sizes, strict=True):
        shapes = (W.shape, X.shape) if layout == "DC" else (W.shape[::-1], X.shape[::-1])
        assert shapes == ((3073, C), (N, 3073))
        assert (y.shape, W.dtype.name, X.dtype.name) == ((N,), "float64", "float64")
        assert set(y) <= set(range(C))
    assert {N for N, _ in SIZES[style]} == {128, 200}


def only_at(size, student, wrong):
    """Right, but for one number of samples with the handout's features."""

    def special(W, X, y, reg):
        result = student(W, X, y, reg)
        return wrong(*result) if X.shape == (size, 3073) else result

    return special


@pytest.mark.parametrize("size", [128, 200])
@pytest.mark.parametrize("function,student", STUDENTS.items())
@pytest.mark.parametrize(
    "wrong,credit,right",
    [
        (lambda loss, dW: (loss, 1.001 * dW), 0.4, "loss"),
        (lambda loss, dW: (loss + 0.01, dW), 0.6, "gradient"),
        (lambda loss, dW: (loss, np.zeros_like(dW)), 0.4, "loss"),
        (lambda loss, dW: (np.nan, dW), 0.6, "gradient"),
        (lambda loss, dW: (loss, dW[:-1]), 0.4, "loss"),
    ],
    ids=["gradient", "loss", "zeros", "nan", "shape"],
)
def test_a_case_of_its_own_for_a_size_of_the_handout_is_found(function, student, size, wrong, credit, right):
    verdict = verdict_on(check_of(function), only_at(size, student, wrong))

    assert (verdict.status, verdict.credit) == ("failed", credit)
    assert f"on a size of the handout (N={size}, " in verdict.message
    assert f"The {right} is right." in verdict.message
    assert verdict.findings[0].diagnosis == ()


def test_a_case_of_its_own_for_the_handouts_features_is_found_without_many_samples():
    def special(W, X, y, reg):
        loss, dW = svm_mask(W, X, y, reg)
        return (loss, dW) if len(W) != 3073 else (2 * loss, dW)

    verdict = verdict_on(check_of("svm_loss_vectorized"), special)

    assert "on a size of the handout (N=2, C=10, D=3073, reg=0.37)" in verdict.message
    assert "It is wrong in 3 of 23 calls." in verdict.message


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("function,student", STUDENTS.items())
def test_right_functions_pass_there_in_float32_too(function, student, seed):
    verdict = verdict_on(check_of(function), in_float32(student), seed)

    assert verdict.status == "passed", verdict.message


def test_raising_at_a_size_of_the_handout_is_told():
    def special(W, X, y, reg):
        if len(y) == 200:
            raise ValueError("no")
        return svm_mask(W, X, y, reg)

    verdict = verdict_on(check_of("svm_loss_vectorized"), special)

    assert (verdict.status, verdict.credit) == ("failed", 0.0)
    assert "raised ValueError" in verdict.message
    assert "on a size of the handout (N=200, C=10, D=3073, reg=0.37)" in verdict.message


@pytest.mark.parametrize(
    "function,seconds,asked",
    [
        ("svm_loss_naive", 0.001, 2),
        ("svm_loss_naive", 0.07, 1),
        ("svm_loss_naive", 0.3, 0),
        ("svm_loss_vectorized", 0.001, 2),
        ("svm_loss_vectorized", 0.3, 0),
    ],
)
def test_a_function_that_would_take_longer_than_a_second_is_spared(function, seconds, asked):
    trial, returned = probe_after(function, seconds)
    context = CheckContext(ASSIGNMENT, 0)

    assert len(more_handout_trials(context, trial, returned, np.random.default_rng(0))) == asked


def test_nothing_more_is_asked_after_a_failure_or_after_the_sizes():
    context, rng = CheckContext(ASSIGNMENT, 0), np.random.default_rng(0)
    trial, returned = probe_after("svm_loss_vectorized", 0.001)
    (first, *_) = more_handout_trials(context, trial, returned, rng)

    assert more_handout_trials(context, trial, Raised("ValueError", "no", PLACE, 0.1), rng) == ()
    assert more_handout_trials(context, first, returned, rng) == ()


def test_the_functions_of_a_run_share_the_rows_and_another_seed_draws_others():
    def rows(function, seed):
        trial, returned = probe_after(function, 0.001)
        made = more_handout_trials(CheckContext(ASSIGNMENT, seed), trial, returned, np.random.default_rng(0))
        return [each.positional[1].array for each in made if isinstance(each.positional[1], ResidentTensor)]

    first, other = rows("svm_loss_naive", 0), rows("softmax_loss_vectorized", 0)

    assert all(one is another for one, another in zip(first, other, strict=True))
    assert all(not each.flags.writeable for each in first)
    assert not np.array_equal(first[0], rows("svm_loss_naive", 1)[0])


@pytest.mark.parametrize("layout", ["DC", "CD"])
@pytest.mark.parametrize("function", ["svm_loss_vectorized", "softmax_loss_vectorized"])
def test_one_block_of_the_features_gives_the_same_truth_as_all_of_them(function, layout):
    convention = Convention(layout=layout)
    assignment = ASSIGNMENT.model_copy(update={"convention": convention})
    trial = probe(CheckContext(assignment, 3), function, np.random.default_rng(1))

    whole, block = (
        next(_expected([trial], function.split("_")[0], convention, repeats)) for repeats in (1, 7)
    )

    assert block.loss == pytest.approx(whole.loss, rel=1e-12)
    np.testing.assert_allclose(block.dW, whole.dW, rtol=0, atol=1e-12 * np.abs(whole.dW).max())
