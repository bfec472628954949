"""The gradient against differences of the function's own loss."""

import numpy as np
import pytest

from grader.checks.base.context import CheckContext
from grader.checks.losses.gradient import GradientCheck
from grader.model.observation import Died, Missing, Raised, Received, Refused, Returned, TimedOut
from tests.checks.students import (
    ASSIGNMENT,
    KNOW_NOTHING,
    PLACE,
    RIGHT,
    RIGHT_IDS,
    all_zero,
    bytes_of,
    evidence_of,
    in_float32,
    nothing,
    regularizer_only,
    says,
    shipped_svm,
    softmax_denominator_epsilon,
    softmax_epsilon_in_log,
    softmax_indexed,
    softmax_logsumexp,
    softmax_loops,
    svm_loops,
    svm_mask,
    verdict_on,
    verdict_on_all,
    with_gradient,
    with_loss,
)

AT = "a small batch (N=<count>, C=3, D=<count>, reg=0)"
AT_REG = "a small batch (N=<count>, C=3, D=<count>, reg=10)"

SHOWN = "dW[<count>, <count>] is <number>, but the numeric gradient is <number> (10 of 10 entries differ)."


def check_of(function="svm_loss_vectorized"):
    return GradientCheck(
        kind="gradient", id="gradient", title="gradient", points=2, hint="Differentiate.", function=function
    )


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("function,student", RIGHT, ids=RIGHT_IDS)
def test_right_gradients_pass_in_every_style(function, student, seed):
    verdict = verdict_on(check_of(function), student, seed)

    assert (verdict.status, verdict.credit) == ("passed", 1.0)


@pytest.mark.parametrize(
    "function,student",
    [
        ("svm_loss_naive", svm_loops),
        ("svm_loss_vectorized", svm_mask),
        ("softmax_loss_naive", softmax_loops),
        ("softmax_loss_vectorized", softmax_logsumexp),
        ("softmax_loss_float32", softmax_indexed),
        ("svm_loss_vectorized", in_float32(svm_mask)),
        ("softmax_loss_vectorized", in_float32(softmax_indexed)),
    ],
    ids=[
        "svm naive",
        "svm vectorized",
        "softmax naive",
        "softmax vectorized",
        "softmax asked for in float32",
        "svm in float32 inside",
        "softmax in float32 inside",
    ],
)
def test_no_right_gradient_fails_in_fifty_runs(function, student):
    failed = [
        seed for seed in range(100, 150) if verdict_on(check_of(function), student, seed).status != "passed"
    ]

    assert failed == []


@pytest.mark.parametrize(
    "student", [softmax_epsilon_in_log, softmax_denominator_epsilon], ids=["logarithm", "denominator"]
)
@pytest.mark.parametrize("seed", range(10))
def test_an_epsilon_of_1e_minus_9_passes(student, seed):
    assert verdict_on(check_of("softmax_loss_vectorized"), student, seed).status == "passed"


def test_a_pass_says_along_how_many_directions():
    verdict = verdict_on(check_of(), svm_mask)

    assert verdict.message == "dW agrees with central differences of the loss along 4 random directions."
    assert verdict.measured["relative_error"] <= verdict.allowed["relative_error"] == 1e-6


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("function", ["svm_loss_vectorized", "softmax_loss_vectorized"])
@pytest.mark.parametrize(
    "change",
    [np.negative, np.zeros_like, lambda dW: 1.01 * dW, lambda dW: dW + 0.01, np.ones_like],
    ids=["sign", "zero", "a hundredth more", "a constant more", "ones"],
)
def test_a_gradient_that_is_none_of_the_loss_fails(function, change, seed):
    right = svm_mask if function.startswith("svm") else softmax_indexed

    verdict = verdict_on(check_of(function), with_gradient(right, change), seed)

    assert (verdict.status, verdict.credit, verdict.hint) == ("failed", 0.0, "Differentiate.")


@pytest.mark.parametrize("seed", range(10))
def test_a_wrong_gradient_is_seen_in_float32_too(seed):
    student = with_gradient(softmax_indexed, lambda dW: np.float32(1.05) * dW)

    assert verdict_on(check_of("softmax_loss_float32"), student, seed).status == "failed"


def test_a_wrong_gradient_is_shown_beside_the_difference_of_the_loss():
    verdict = verdict_on(check_of(), with_gradient(svm_mask, lambda dW: 2 * dW))

    assert says(
        verdict.message,
        f"svm_loss_vectorized: dW is not the derivative of the loss that it returns, on {AT}."
        " Along a random direction dW gives <number>, but the numeric gradient is <number>. " + SHOWN,
    )


def test_a_missing_regularizer_in_the_gradient_shows_at_reg_10():
    def wrong(W, X, y, reg):
        loss, dW = svm_mask(W, X, y, reg)
        return loss, dW - 2 * reg * W

    verdict = verdict_on(check_of(), wrong)

    assert says(
        verdict.message,
        f"svm_loss_vectorized: dW is not the derivative of the loss that it returns, on {AT_REG}."
        " Along a random direction dW gives <number>, but the numeric gradient is <number>. " + SHOWN,
    )


def test_a_wrong_regularizer_with_its_own_derivative_passes_here():
    verdict = verdict_on(check_of(), lambda W, X, y, reg: svm_mask(W, X, y, reg / 2))

    assert (verdict.status, verdict.credit) == ("passed", 1.0)


@pytest.mark.parametrize("function", ["svm_loss_naive", "softmax_loss_naive", "softmax_loss_float32"])
@pytest.mark.parametrize("student", KNOW_NOTHING.values(), ids=KNOW_NOTHING)
def test_a_function_that_knows_nothing_earns_nothing(function, student):
    verdict = verdict_on(check_of(function), student)

    assert (verdict.status, verdict.credit) == ("failed", 0.0)


@pytest.mark.parametrize("student", [all_zero, regularizer_only], ids=["all zero", "regularizer only"])
def test_nonsense_that_is_consistent_is_told_what_is_waited_for(student):
    verdict = verdict_on(check_of(), student)

    assert says(
        verdict.message,
        "No points for the numeric gradient until the values are right with reg = 0."
        " svm_loss_vectorized: loss is <number>, expected <number>"
        f" (relative difference <number>, allowed <number>), on {AT}.",
    )


def test_the_shipped_loss_with_a_gradient_of_zeros_fails_on_the_first_direction():
    verdict = verdict_on(check_of(), shipped_svm)

    assert says(
        verdict.message,
        f"svm_loss_vectorized: dW is not the derivative of the loss that it returns, on {AT}."
        " Along a random direction dW gives 0, but the numeric gradient is <number>. " + SHOWN,
    )


def test_a_function_without_values_is_told_so():
    verdict = verdict_on(check_of(), nothing)

    assert says(verdict.message, f"svm_loss_vectorized does not return a loss and a gradient, on {AT}.")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_loss_that_is_not_finite_is_told_so(value):
    verdict = verdict_on(check_of(), with_loss(svm_mask, lambda loss: value))

    assert verdict.credit == 0.0
    assert says(
        verdict.message,
        f"svm_loss_vectorized does not return a finite loss and a finite gradient, on {AT}.",
    )


def test_a_gradient_of_both_infinities_is_told_so_without_a_warning():
    def infinite(dW):
        dW[0, 0], dW[0, 1] = np.inf, -np.inf
        return dW

    verdict = verdict_on(check_of(), with_gradient(svm_mask, infinite))

    assert says(
        verdict.message,
        f"svm_loss_vectorized does not return a finite loss and a finite gradient, on {AT}.",
    )


def test_a_loss_that_is_infinite_beside_the_point_only_is_told_so():
    check = check_of()
    evidence = evidence_of(check, svm_mask)
    for position in range(1, 3):
        trial, observation = evidence[position]
        assert isinstance(observation, Returned)
        broken = (Received(np.array(np.nan), "float64"), observation.values[1])
        evidence[position] = (trial, Returned(broken, 0.0))

    verdict = check.judge(CheckContext(ASSIGNMENT, 0), evidence)

    assert verdict.credit == 0.0
    assert says(
        verdict.message,
        f"svm_loss_vectorized does not return a finite loss at every point near W, on {AT}.",
    )


@pytest.mark.parametrize(
    "observation,template",
    [
        (
            Raised("ValueError", "no", PLACE, 0.1),
            f"svm_loss_vectorized raised ValueError at linear_classifier.py, line 12: no, on {AT}.",
        ),
        (TimedOut(5.0), f"svm_loss_vectorized is too slow or never ends: it did not finish in 5 s, on {AT}."),
        (
            Died("exit code 3"),
            f"svm_loss_vectorized ended its process instead of returning (exit code 3), on {AT}: does it call os._exit()?",
        ),
        (Missing("it is defined nowhere"), "svm_loss_vectorized is missing: it is defined nowhere."),
        (Refused("not called: no time was left"), "svm_loss_vectorized was not called: no time was left."),
    ],
    ids=["raised", "timed out", "died", "missing", "refused"],
)
def test_calls_without_values_earn_nothing_and_say_why(observation, template):
    verdict = verdict_on_all(check_of(), observation)

    assert (verdict.status, verdict.credit) == ("failed", 0.0)
    assert says(verdict.message, template)


@pytest.mark.parametrize("function", ["svm_loss_vectorized", "softmax_loss_float32"])
def test_a_right_gradient_is_called_at_one_point_and_at_two_points_for_each_direction(function):
    right = svm_mask if function.startswith("svm") else softmax_indexed

    assert len(evidence_of(check_of(function), right)) == 10


@pytest.mark.parametrize(
    "function,calls", [("svm_loss_vectorized", 10 + 8 + 20), ("softmax_loss_float32", 10 + 20)]
)
def test_a_wrong_one_is_called_again_with_another_step_and_at_single_entries(function, calls):
    assert len(evidence_of(check_of(function), with_gradient(svm_mask, np.negative))) == calls


def test_arithmetic_in_float32_is_called_with_the_coarse_step_and_then_believed():
    assert len(evidence_of(check_of(), in_float32(svm_mask))) == 10 + 8


def test_a_single_wrong_entry_is_found_by_the_directions_though_few_entries_are_shown():
    def one_entry(dW):
        dW[2, 1] += 1.0
        return dW

    verdict = verdict_on(check_of(), with_gradient(svm_mask, one_entry))

    assert verdict.status == "failed"
    assert (
        "The 10 individual entries checked agree." in verdict.message
        or "(1 of 10 entries differ)" in verdict.message
    )


def test_more_is_asked_of_the_seed_alone():
    check = check_of()
    first, again = (
        bytes_of(tuple(trial for trial, _ in evidence_of(check, with_gradient(svm_mask, np.negative), 3)))
        for _ in range(2)
    )

    assert first == again


def test_trials_are_a_function_of_the_seed_alone():
    check = check_of()

    first, again, other = (bytes_of(check.trials(CheckContext(ASSIGNMENT, seed))) for seed in (7, 7, 8))

    assert first == again
    assert first != other


@pytest.mark.parametrize(
    "student",
    [
        with_gradient(svm_mask, np.negative),
        with_loss(svm_mask, lambda loss: 2 * loss),
        with_loss(svm_mask, lambda loss: np.nan),
        lambda W, X, y, reg: (svm_mask(W, X, y, reg)[0], None),
    ],
    ids=["gradient", "loss", "infinite", "missing"],
)
def test_wrong_values_are_to_blame_for_a_gradient_that_is_not_the_derivative(student):
    verdict = verdict_on(check_of(), student)

    assert (verdict.status, verdict.blames) == ("failed", ("svm_loss_vectorized",))


def test_a_loss_that_is_off_by_a_constant_keeps_the_points_of_its_right_gradient():
    verdict = verdict_on(check_of(), with_loss(svm_mask, lambda loss: loss + 1))

    assert verdict.status == "passed"
