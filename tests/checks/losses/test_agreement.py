"""Naive against vectorized: agreement earns points for functions that are right at reg = 0."""

import numpy as np
import pytest

from grader.checks.base.context import CheckContext
from grader.checks.losses.agreement import AgreementCheck
from grader.checks.losses.calls import case_of
from grader.model.observation import Died, Missing, Raised, Refused, TimedOut
from tests.checks.students import (
    ASSIGNMENT,
    KNOW_NOTHING,
    PLACE,
    RIGHT_SOFTMAX,
    RIGHT_SVM,
    bytes_of,
    in_float32,
    nothing,
    says,
    shipped_svm,
    softmax_epsilon_in_log,
    softmax_indexed,
    softmax_loops,
    svm_loops,
    svm_mask,
    verdict_on,
    verdict_on_all,
    with_gradient,
    with_loss,
)

SMALL = "a small batch (N=<count>, C=3, D=<count>, reg=0)"
MIDDLE = "many classes (N=<count>, C=12, D=<count>, reg=0.37)"


def check_of(kind="svm", vectorized=None):
    return AgreementCheck(
        kind="agreement",
        id="agreement",
        title="agreement",
        points=4,
        hint="Compare them by hand.",
        naive=f"{kind}_loss_naive",
        vectorized=vectorized or f"{kind}_loss_vectorized",
    )


def both(naive, vectorized, kind="svm"):
    return {f"{kind}_loss_naive": naive, f"{kind}_loss_vectorized": vectorized}


def less_regularized(share, of=svm_mask):
    """An SVM loss whose regularizer, in the loss and in dW, is only this share of the right one."""

    def loss(W, X, y, reg):
        return of(W, X, y, reg * share)

    return loss


HALVED = less_regularized(0.5, svm_loops)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("vectorized", RIGHT_SVM.values(), ids=RIGHT_SVM)
def test_right_svms_agree(vectorized, seed):
    verdict = verdict_on(check_of(), both(svm_loops, vectorized), seed)

    assert (verdict.status, verdict.credit) == ("passed", 1.0)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("vectorized", RIGHT_SOFTMAX.values(), ids=RIGHT_SOFTMAX)
def test_right_softmaxes_agree(vectorized, seed):
    verdict = verdict_on(check_of("softmax"), both(softmax_loops, vectorized, "softmax"), seed)

    assert (verdict.status, verdict.credit) == ("passed", 1.0)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize(
    "kind,naive,vectorized", [("svm", svm_loops, svm_mask), ("softmax", softmax_loops, softmax_indexed)]
)
def test_float32_inside_one_of_them_is_still_agreement(kind, naive, vectorized, seed):
    verdict = verdict_on(check_of(kind), both(naive, in_float32(vectorized), kind), seed)

    assert verdict.status == "passed"


def test_the_message_of_a_pass_counts_the_cases():
    verdict = verdict_on(check_of(), both(svm_loops, svm_mask))

    assert verdict.message == "svm_loss_naive and svm_loss_vectorized agree on 2 cases."
    assert 0 <= verdict.measured["relative_difference"] < 1e-12


def test_a_function_that_needs_only_float32_is_compared_in_float32():
    check = check_of("softmax", "softmax_loss_float32")

    verdict = verdict_on(
        check, {"softmax_loss_naive": softmax_loops, "softmax_loss_float32": softmax_indexed}
    )

    assert verdict.status == "passed"
    assert all(case_of(trial)[1] == "float32" for trial in check.trials(CheckContext(ASSIGNMENT, 0)))


def test_another_loss_is_shown_beside_the_naive_one():
    verdict = verdict_on(check_of(), both(HALVED, with_loss(svm_mask, lambda loss: loss + 1)))

    assert (verdict.status, verdict.credit, verdict.hint) == ("failed", 0.0, "Compare them by hand.")
    assert says(
        verdict.message,
        "svm_loss_vectorized: loss is <number>, svm_loss_naive gives <number>"
        f" (relative difference <number>, allowed <number>), on {SMALL}.",
    )


def test_another_gradient_is_shown_with_its_worst_entry():
    verdict = verdict_on(check_of(), both(HALVED, with_gradient(svm_mask, lambda dW: dW + 1)))

    assert says(
        verdict.message,
        "svm_loss_vectorized: dW differs from svm_loss_naive in <count> of <count> entries;"
        f" greatest relative difference <number> at [<count>, <count>] (allowed <number>), on {SMALL}.",
    )


def test_a_difference_in_the_regularizer_shows_on_the_second_case():
    verdict = verdict_on(check_of(), both(HALVED, less_regularized(0.25)))

    assert verdict.credit == 0.0
    assert says(
        verdict.message,
        "svm_loss_vectorized: loss is <number>, svm_loss_naive gives <number>"
        f" (relative difference <number>, allowed <number>), on {MIDDLE}.",
    )


def test_the_same_mistake_in_the_regularizer_of_both_is_agreement():
    verdict = verdict_on(check_of(), both(HALVED, less_regularized(0.5)))

    assert (verdict.status, verdict.credit) == ("passed", 1.0)


ONE_MISTAKE = {
    "half of the regularizer": less_regularized(0.5),
    "no regularizer": less_regularized(0.0),
    "no regularizer in the loss": lambda W, X, y, reg: (svm_mask(W, X, y, 0.0)[0], svm_mask(W, X, y, reg)[1]),
    "gradient of the wrong sign": with_gradient(svm_mask, np.negative),
    "gradient without the average": with_gradient(svm_mask, lambda dW: 5 * dW),
    "sums instead of averages": lambda W, X, y, reg: tuple(len(y) * each for each in svm_mask(W, X, y, reg)),
    "gradient of another shape": with_gradient(svm_mask, np.transpose),
    "loss off by one": with_loss(svm_mask, lambda loss: loss + 1),
    "loss of nan": with_loss(svm_mask, lambda loss: np.nan),
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("wrong", ONE_MISTAKE.values(), ids=ONE_MISTAKE)
def test_a_mistake_of_the_vectorized_function_alone_costs_no_agreement(wrong, seed):
    verdict = verdict_on(check_of(), both(svm_loops, wrong), seed)

    assert (verdict.status, verdict.credit) == ("passed", 1.0)
    assert verdict.message == (
        "svm_loss_naive agrees with a correct function on 2 cases; svm_loss_vectorized is wrong itself."
    )


@pytest.mark.parametrize("wrong", [less_regularized(0.5), with_gradient(svm_loops, np.negative)])
def test_a_mistake_of_the_naive_function_alone_costs_no_agreement(wrong):
    verdict = verdict_on(check_of(), both(wrong, svm_mask))

    assert verdict.status == "passed"
    assert "svm_loss_vectorized agrees with a correct function" in verdict.message


@pytest.mark.parametrize("student", KNOW_NOTHING.values(), ids=KNOW_NOTHING)
@pytest.mark.parametrize("is_naive", [True, False])
def test_a_right_function_beside_one_that_knows_nothing_earns_nothing(student, is_naive):
    pair = both(student, svm_mask) if is_naive else both(svm_loops, student)

    assert verdict_on(check_of(), pair).credit == 0.0


@pytest.mark.parametrize("value", [1.7976931348623157e308, -5e-324, np.inf, np.nan])
def test_a_right_function_beside_one_of_extreme_numbers_earns_nothing(value):
    verdict = verdict_on(check_of(), both(lambda W, X, y, reg: (value, np.full_like(W, value)), svm_mask))

    assert verdict.credit == 0.0


def test_two_different_mistakes_are_no_agreement_and_both_are_blamed():
    verdict = verdict_on(check_of(), both(HALVED, with_gradient(svm_mask, np.negative)))

    assert (verdict.credit, verdict.blames) == (0.0, ("svm_loss_naive", "svm_loss_vectorized"))


@pytest.mark.parametrize("kind", ["svm", "softmax"])
@pytest.mark.parametrize("student", KNOW_NOTHING.values(), ids=KNOW_NOTHING)
def test_two_functions_that_know_nothing_earn_nothing(kind, student):
    verdict = verdict_on(check_of(kind), both(student, student, kind))

    assert (verdict.status, verdict.credit) == ("failed", 0.0)


def test_agreement_without_right_values_says_what_is_waited_for():
    verdict = verdict_on(check_of(), both(shipped_svm, shipped_svm))

    assert says(
        verdict.message,
        "No points for agreement until the values are right with reg = 0."
        f" svm_loss_naive: dW is zero in all <count> entries, on {SMALL}.",
    )


def test_a_naive_function_without_values_is_named():
    verdict = verdict_on(check_of(), both(nothing, svm_mask))

    assert says(verdict.message, f"svm_loss_naive does not return a loss and a gradient, on {SMALL}.")


def test_a_vectorized_function_without_values_is_named():
    verdict = verdict_on(check_of(), both(svm_loops, nothing))

    assert says(verdict.message, f"svm_loss_vectorized: loss should be a number, but is None, on {SMALL}.")


def test_a_vectorized_gradient_of_another_shape_is_described():
    verdict = verdict_on(check_of(), both(HALVED, with_gradient(svm_mask, np.transpose)))

    assert says(
        verdict.message,
        "svm_loss_vectorized: dW should have shape (<count>, 3), but is an array of shape (3, <count>),"
        f" on {SMALL}.",
    )


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_in_both_earns_nothing(value):
    def infinite(W, X, y, reg):
        return value, np.full_like(W, value)

    verdict = verdict_on(check_of(), both(infinite, infinite))

    assert (verdict.status, verdict.credit) == ("failed", 0.0)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("change", [with_loss, with_gradient])
def test_a_naive_that_is_not_finite_on_greater_cases_earns_nothing(change, value, seed):
    def naive(W, X, y, reg):
        loss, dW = svm_loops(W, X, y, reg)
        return (loss, dW) if W.shape[1] <= 5 else change(svm_loops, lambda each: each * value)(W, X, y, reg)

    verdict = verdict_on(check_of(), both(naive, svm_mask), seed)

    assert (verdict.status, verdict.credit) == ("failed", 0.0)
    assert verdict.message.startswith(
        "svm_loss_naive does not return a finite loss and a finite gradient, on "
    )


def test_a_vectorized_loss_of_nan_is_a_word():
    verdict = verdict_on(check_of(), both(HALVED, with_loss(svm_mask, lambda loss: np.nan)))

    assert says(
        verdict.message,
        f"svm_loss_vectorized: loss is nan (not a number), svm_loss_naive gives <number>, on {SMALL}.",
    )


@pytest.mark.parametrize(
    "observation,template",
    [
        (
            Raised("ValueError", "no", PLACE, 0.1),
            f"svm_loss_naive raised ValueError at linear_classifier.py, line 12: no, on {SMALL}.",
        ),
        (TimedOut(5.0), f"svm_loss_naive is too slow or never ends: it did not finish in 5 s, on {SMALL}."),
        (
            TimedOut(20.0, is_loading=True),
            "svm_loss_naive could not be called: its module-level code timed out (20 s).",
        ),
        (
            Died("exit code 3"),
            f"svm_loss_naive ended its process instead of returning (exit code 3), on {SMALL}: does it call os._exit()?",
        ),
        (Missing("it is defined nowhere"), "svm_loss_naive is missing: it is defined nowhere."),
        (Refused("not called: no time was left"), "svm_loss_naive was not called: no time was left."),
    ],
    ids=["raised", "timed out", "timed out at loading", "died", "missing", "refused"],
)
def test_calls_without_values_earn_nothing_and_say_why(observation, template):
    verdict = verdict_on_all(check_of(), observation)

    assert (verdict.status, verdict.credit) == ("failed", 0.0)
    assert says(verdict.message, template)


def test_a_partner_that_raises_is_named():
    check = check_of()
    right = both(svm_loops, svm_mask)

    def raises(W, X, y, reg):
        raise KeyError("W")

    verdict = verdict_on(check, {**right, "svm_loss_vectorized": raises})

    assert says(
        verdict.message,
        f"svm_loss_vectorized raised KeyError at linear_classifier.py, line 12: 'W', on {SMALL}.",
    )


def test_trials_are_a_function_of_the_seed_alone():
    check = check_of()

    first, again, other = (bytes_of(check.trials(CheckContext(ASSIGNMENT, seed))) for seed in (7, 7, 8))

    assert first == again
    assert first != other


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("is_naive", [True, False])
def test_a_harmless_epsilon_in_one_of_them_is_still_agreement(is_naive, seed):
    def added(W, X, y, reg):
        return softmax_epsilon_in_log(W, X, y, reg, 1e-8)

    pair = (added, softmax_indexed) if is_naive else (softmax_loops, added)

    assert verdict_on(check_of("softmax"), both(*pair, kind="softmax"), seed).credit == 1.0
