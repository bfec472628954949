"""Softmax under scores that overflow an exponential."""

import numpy as np
import pytest

from grader.checks.base.context import CheckContext
from grader.checks.losses import stability
from grader.checks.losses.stability import StabilityCheck
from grader.model.observation import Died, Missing, Raised, Refused, TimedOut
from grader.model.verdict import Finding
from tests.checks.students import (
    ASSIGNMENT,
    KNOW_NOTHING,
    PLACE,
    RIGHT_SOFTMAX,
    bytes_of,
    nothing,
    probabilities,
    says,
    softmax_epsilon_in_log,
    softmax_indexed,
    softmax_of,
    verdict_on,
    verdict_on_all,
    with_gradient,
)

STILL = "unshifted scores (N=<count>, C=4, D=<count>, reg=0)"
UP = "scores of every other row shifted by +10000 (N=<count>, C=4, D=<count>, reg=0)"
OVERFLOW = (
    "softmax_loss_vectorized is not finite on large scores. Scores of this size overflow exp():"
    " what can be subtracted from all scores of a row without changing its probabilities?"
)


def check_of(function="softmax_loss_vectorized"):
    return StabilityCheck(
        kind="stability", id="stability", title="stability", points=3, hint="Shift.", function=function
    )


def exponentials_as_they_are(W, X, y, reg):
    with np.errstate(all="ignore"):
        exponentials = np.exp(X @ W)
        return softmax_of(exponentials / exponentials.sum(axis=1, keepdims=True), W, X, y, reg)


def global_maximum(W, X, y, reg):
    with np.errstate(all="ignore"):
        exponentials = np.exp(X @ W - (X @ W).max())
        return softmax_of(exponentials / exponentials.sum(axis=1, keepdims=True), W, X, y, reg)


def minimum_subtracted(W, X, y, reg):
    with np.errstate(all="ignore"):
        scores = X @ W
        exponentials = np.exp(scores - scores.min(axis=1, keepdims=True))
        return softmax_of(exponentials / exponentials.sum(axis=1, keepdims=True), W, X, y, reg)


def never_finite(W, X, y, reg):
    return np.inf, softmax_indexed(W, X, y, reg)[1]


def logarithm_of_every_probability(W, X, y, reg):
    """0*log(0) is not a number where the scores lie far apart; the gradient is right."""
    p, one_hot = probabilities(W, X), np.eye(W.shape[1])[y]
    with np.errstate(all="ignore"):
        return softmax_of(p, W, X, y, reg, data_loss=-(one_hot * np.log(p)).sum(axis=1).mean())


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("function", ["softmax_loss_vectorized", "softmax_loss_float32"])
def test_the_minimum_is_no_shift_for_scores_far_apart(function, seed):
    verdict = verdict_on(check_of(function), minimum_subtracted, seed)

    assert verdict.status == "failed"
    assert "On scores of a row far apart" in verdict.message
    assert [each.misconception for each in verdict.findings[0].diagnosis] == ["overflow_of_exp"]


@pytest.mark.parametrize("seed", range(5))
def test_a_loss_that_takes_the_logarithm_of_every_probability_is_right(seed):
    assert verdict_on(check_of(), logarithm_of_every_probability, seed).status == "passed"


def test_a_loss_that_is_never_finite_is_not_called_an_overflow():
    verdict = verdict_on(check_of(), never_finite)

    assert verdict.status == "failed"
    assert verdict.findings == (Finding("softmax_loss_vectorized", False),)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("function", ["softmax_loss_vectorized", "softmax_loss_float32"])
@pytest.mark.parametrize("student", RIGHT_SOFTMAX.values(), ids=RIGHT_SOFTMAX)
def test_right_functions_pass_in_every_style(function, student, seed):
    verdict = verdict_on(check_of(function), student, seed)

    assert (verdict.status, verdict.credit) == ("passed", 1.0)
    assert (
        verdict.message == f"{function} stays finite and unchanged when all scores in a row shift by 10000."
    )
    assert verdict.findings == (Finding(function, True),)


def test_an_epsilon_in_the_logarithm_is_stable():
    assert verdict_on(check_of(), softmax_epsilon_in_log).status == "passed"


@pytest.mark.parametrize("seed", range(10))
def test_exponentials_as_they_are_overflow(seed):
    verdict = verdict_on(check_of(), exponentials_as_they_are, seed)

    assert (verdict.status, verdict.credit, verdict.hint) == ("failed", 0.0, "Shift.")
    assert says(verdict.message, f"{OVERFLOW} On {UP}, loss is nan (not a number).")
    assert verdict.findings == (Finding("softmax_loss_vectorized", False, (stability.OVERFLOW,)),)


def test_a_gradient_that_overflows_is_counted():
    def infinite(W, X, y, reg):
        loss, dW = softmax_indexed(W, X, y, reg)
        if np.abs(X).max() > 1e3:
            dW[0] = np.inf
        return loss, dW

    verdict = verdict_on(check_of(), infinite)

    assert says(
        verdict.message,
        f"{OVERFLOW} On {UP}, dW is not finite in 4 of <count> entries: infinity at [0, 0].",
    )


def test_what_is_no_number_gets_no_advice_on_overflow():
    verdict = verdict_on(check_of(), nothing)

    assert verdict.credit == 0.0
    assert says(verdict.message, f"softmax_loss_vectorized: loss is None, on {STILL}.")


@pytest.mark.parametrize("student", KNOW_NOTHING.values(), ids=KNOW_NOTHING)
def test_a_function_that_knows_nothing_earns_nothing(student):
    verdict = verdict_on(check_of(), student)

    assert (verdict.status, verdict.credit) == ("failed", 0.0)


def test_where_the_loss_is_handed_out_an_empty_gradient_earns_nothing():
    handed_out = with_gradient(softmax_indexed, lambda dW: 0 * dW)
    check = check_of().model_copy(update={"needs_gradient": True})

    verdict = verdict_on(check, handed_out)

    assert verdict_on(check_of(), handed_out).status == "passed"
    assert (verdict.status, verdict.credit) == ("failed", 0.0)
    assert verdict.message.startswith(
        "No points for numeric stability until dW is filled in. softmax_loss_vec"
    )
    assert verdict_on(check, softmax_indexed).status == "passed"


def test_a_wrong_loss_is_shown():
    verdict = verdict_on(check_of(), lambda W, X, y, reg: (0.0, np.zeros_like(W)))

    assert says(
        verdict.message,
        "softmax_loss_vectorized: loss is 0, expected <number>"
        f" (relative difference 1, allowed <number>), on {STILL}.",
    )


def test_a_gradient_that_a_shift_moves_is_shown():
    def moved(W, X, y, reg):
        loss, dW = softmax_indexed(W, X, y, reg)
        return loss, dW + np.float32(np.abs(X).max() > 1e3)

    verdict = verdict_on(check_of(), moved)

    assert verdict.credit == 0.0
    assert says(
        verdict.message,
        "softmax_loss_vectorized: dW differs from the reference in <count> of <count> entries;"
        f" greatest relative difference <number> at [<count>, <count>] (allowed <number>), on {UP}.",
    )


@pytest.mark.parametrize("bound", [30, 50, 80])
def test_a_clamp_of_the_scores_is_no_stability(bound):
    def clamped(W, X, y, reg):
        exponentials = np.exp(np.clip(X @ W, -bound, bound))
        return softmax_of(exponentials / exponentials.sum(axis=1, keepdims=True), W, X, y, reg)

    verdict = verdict_on(check_of(), clamped)

    assert verdict.credit == 0.0
    assert [each.misconception for each in verdict.findings[0].diagnosis] == ["scores_clipped"]


def test_infinities_that_are_swept_away_are_no_stability():
    def swept(W, X, y, reg):
        loss, dW = exponentials_as_they_are(W, X, y, reg)
        return np.nan_to_num(loss), np.nan_to_num(dW)

    assert verdict_on(check_of(), swept).credit == 0.0


@pytest.mark.parametrize(
    "student",
    [
        lambda W, X, y, reg: softmax_indexed(W, X, y, reg / 2),
        with_gradient(softmax_indexed, lambda dW: dW / 2),
    ],
    ids=["half the regularizer", "half the gradient"],
)
def test_a_slip_elsewhere_costs_no_points_here(student):
    verdict = verdict_on(check_of(), student)

    assert (verdict.status, verdict.credit) == ("passed", 1.0)


def running_maximum(scores):
    return np.maximum.accumulate(scores.max(axis=1))[:, None]


UNDERFLOWS = {
    "of the batch": lambda scores: scores.max(),
    "of the batch, at least zero": lambda scores: max(0.0, scores.max()),
    "of the row, at least zero": lambda scores: np.maximum(0, scores.max(axis=1, keepdims=True)),
    "of the absolute scores": lambda scores: np.abs(scores).max(axis=1, keepdims=True),
    "of the rows so far": running_maximum,
    "of the first row": lambda scores: scores[0].max(),
}
OVERFLOWS = {
    "nothing": lambda scores: 0.0,
    "the mean of the batch": lambda scores: scores.mean(),
    "the minimum of the batch": lambda scores: scores.min(),
    "the mean of the row": lambda scores: scores.mean(axis=1, keepdims=True),
    "the median of the row": lambda scores: np.median(scores, axis=1, keepdims=True),
}


def lowered_by(shift, logarithms=False):
    def student(W, X, y, reg):
        with np.errstate(all="ignore"):
            scores = X @ W
            scores = scores - shift(scores)
            totals = np.exp(scores).sum(axis=1, keepdims=True)
            losses = np.log(totals[:, 0]) - scores[np.arange(len(y)), y]
            return softmax_of(np.exp(scores) / totals, W, X, y, reg, losses.mean() if logarithms else None)

    return student


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("logarithms", [False, True])
@pytest.mark.parametrize("function", ["softmax_loss_vectorized", "softmax_loss_float32"])
@pytest.mark.parametrize(
    "cause,shift",
    [("underflow_of_exp", each) for each in UNDERFLOWS.values()]
    + [("overflow_of_exp", each) for each in OVERFLOWS.values()],
    ids=[*UNDERFLOWS, *OVERFLOWS],
)
def test_underflow_and_overflow_are_told_apart(cause, shift, function, logarithms, seed):
    verdict = verdict_on(check_of(function), lowered_by(shift, logarithms), seed)

    assert [each.misconception for each in verdict.findings[0].diagnosis] == [cause]


def test_one_maximum_for_the_whole_batch_is_told_that_other_rows_underflow():
    verdict = verdict_on(check_of(), global_maximum)

    assert verdict.credit == 0.0
    assert says(
        verdict.message,
        "softmax_loss_vectorized is not finite on large scores. All exponentials in a row underflow to zero (0/0) because its scores are far below the number you subtract: is that the row's own maximum, or the whole batch's?"
        f" On {UP}, loss is nan (not a number).",
    )


def test_a_maximum_that_is_kept_from_call_to_call_has_no_name():
    greatest = [-np.inf]

    def kept(scores):
        greatest[0] = max(greatest[0], scores.max())
        return greatest[0]

    verdict = verdict_on(check_of(), lowered_by(kept))

    assert verdict.status == "failed"
    assert not verdict.findings[0].diagnosis


def test_a_loss_of_zero_for_weights_of_ones_is_wrong():
    def zero_at_ones(W, X, y, reg):
        return (0.0, np.zeros_like(W)) if reg > 1 else softmax_of(probabilities(W, X), W, X, y, reg)

    verdict = verdict_on(check_of(), zero_at_ones)

    assert verdict.credit == 0.0
    assert verdict.message.startswith("softmax_loss_vectorized: loss is 0, on W of ones")


def test_weights_of_ones_must_give_finite_values():
    def infinite_at_ones(W, X, y, reg):
        if reg > 1:
            return np.float32(np.inf), np.zeros_like(W)
        return softmax_of(probabilities(W, X), W, X, y, reg)

    verdict = verdict_on(check_of(), infinite_at_ones)

    assert says(
        verdict.message,
        f"{OVERFLOW} On W of ones (N=4, C=10, D=300, reg=25000), loss is infinity.",
    )


@pytest.mark.parametrize(
    "observation,template",
    [
        (
            Raised("FloatingPointError", "overflow", PLACE, 0.1),
            (
                "softmax_loss_vectorized raised FloatingPointError at linear_classifier.py, line 12: overflow,"
                f" on {STILL}."
            ),
        ),
        (
            TimedOut(5.0),
            f"softmax_loss_vectorized is too slow or never ends: it did not finish in 5 s, on {STILL}.",
        ),
        (
            Died("exit code 3"),
            f"softmax_loss_vectorized ended its process instead of returning (exit code 3), on {STILL}: does it call os._exit()?",
        ),
        (Missing("it is defined nowhere"), "softmax_loss_vectorized is missing: it is defined nowhere."),
        (
            Refused("not called: no time was left"),
            "softmax_loss_vectorized was not called: no time was left.",
        ),
    ],
    ids=["raised", "timed out", "died", "missing", "refused"],
)
def test_calls_without_values_earn_nothing_and_decide_nothing(observation, template):
    verdict = verdict_on_all(check_of(), observation)

    assert (verdict.status, verdict.credit) == ("failed", 0.0)
    assert says(verdict.message, template)
    assert verdict.findings == (Finding("softmax_loss_vectorized", None),)


def test_trials_are_a_function_of_the_seed_alone():
    check = check_of()

    first, again, other = (bytes_of(check.trials(CheckContext(ASSIGNMENT, seed))) for seed in (7, 7, 8))

    assert first == again
    assert first != other


def test_the_true_score_or_the_mean_is_no_shift_where_one_score_lies_far_above():
    for shift in (lambda s, y: s[np.arange(len(y)), y][:, None], lambda s, y: s.mean(1, keepdims=True)):

        def student(W, X, y, reg, shift=shift):
            with np.errstate(all="ignore"):
                scores = X @ W
                exponentials = np.exp(scores - shift(scores, y))
                P = exponentials / exponentials.sum(1, keepdims=True)
                return softmax_of(P, W, X, y, reg)

        assert verdict_on(check_of(), student).status == "failed"


def test_a_gradient_that_is_wrong_anyway_is_not_called_an_overflow():
    def student(W, X, y, reg):
        loss, dW = softmax_of(probabilities(W, X), W, X, y, reg)
        return loss, dW * np.where(np.ptp(X @ W) > 50, np.inf, 1.5)

    verdict = verdict_on(check_of(), student)

    assert verdict.status == "failed"
    assert not verdict.findings[0].diagnosis
