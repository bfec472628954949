"""Inputs that a loss function must leave alone, and results that it must not keep or change later."""

import dataclasses
from typing import Any

import numpy as np
import pytest

from grader.checks.base.context import CheckContext
from grader.checks.losses.calls import case_of
from grader.checks.losses.purity import PurityCheck
from grader.model.observation import Died, Missing, Raised, Received, Refused, Returned, TimedOut, Unexpected
from grader.model.trial import Tensor
from grader.model.verdict import Finding
from tests.checks.students import (
    ASSIGNMENT,
    KNOW_NOTHING,
    PLACE,
    RIGHT,
    RIGHT_IDS,
    bytes_of,
    evidence_of,
    in_float32,
    says,
    shipped_svm,
    softmax_indexed,
    svm_mask,
    verdict_on,
    verdict_on_all,
    with_gradient,
    with_loss,
)

AT = "a small batch (N=<count>, C=3, D=<count>, reg=0)"


def check_of(function="svm_loss_vectorized"):
    return PurityCheck(
        kind="purity", id="purity", title="purity", points=1, hint="Copy first.", function=function
    )


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("function,student", RIGHT, ids=RIGHT_IDS)
def test_right_functions_pass_in_every_style(function, student, seed):
    verdict = verdict_on(check_of(function), student, seed)

    assert (verdict.status, verdict.credit) == ("passed", 1.0)
    assert verdict.message == f"{function} leaves W, X and y unchanged, and keeps no state between calls."
    assert verdict.findings == (Finding(function, True),)


def writes_into_weights(W, X, y, reg):
    loss, dW = svm_mask(W, X, y, reg)
    W += dW
    return loss, dW


def writes_into_rows(W, X, y, reg):
    result = svm_mask(W, X, y, reg)
    X[0, 0] += 1
    return result


def writes_into_labels(W, X, y, reg):
    result = svm_mask(W, X, y, reg)
    y[0] = 1 - y[0]
    return result


def writes_nan_into_rows(W, X, y, reg):
    result = svm_mask(W, X, y, reg)
    X[1] = np.nan
    return result


def writes_only_with_a_regularizer(W, X, y, reg):
    result = svm_mask(W, X, y, reg)
    W *= 1 + reg
    return result


def writes_only_in_float32(W, X, y, reg):
    result = svm_mask(W, X, y, reg)
    if W.dtype == np.float32:
        W[0, 0] = 7
    return result


def writes_the_last_bit(W, X, y, reg):
    result = svm_mask(W, X, y, reg)
    W[0, 0] = np.nextafter(W[0, 0], W.dtype.type(9))
    return result


@pytest.mark.parametrize(
    "student,template",
    [
        (writes_into_weights, f"changes W in <count> of <count> entries, on {AT}."),
        (writes_into_rows, f"changes X in 1 of <count> entries, on {AT}."),
        (writes_into_labels, f"changes y in 1 of <count> entries, on {AT}."),
        (writes_nan_into_rows, f"changes X in <count> of <count> entries, on {AT}."),
        (writes_the_last_bit, f"changes W in 1 of <count> entries, on {AT}."),
        (
            writes_only_with_a_regularizer,
            (
                "changes W in <count> of <count> entries,"
                " on a small batch (N=<count>, C=3, D=<count>, reg=0.37)."
            ),
        ),
        (
            writes_only_in_float32,
            "changes W in 1 of <count> entries, on a small batch (N=<count>, C=3, D=<count>, reg=0) in float32.",
        ),
    ],
    ids=["W", "X", "y", "nan in X", "last bit", "with reg only", "in float32 only"],
)
def test_a_changed_input_is_named(student, template):
    verdict = verdict_on(check_of(), student)

    assert (verdict.status, verdict.credit, verdict.hint) == ("failed", 0.0, "Copy first.")
    assert says(
        verdict.message,
        f"svm_loss_vectorized {template} The caller's tensors must stay unchanged: work on a copy.",
    )
    assert verdict.findings == (Finding("svm_loss_vectorized", False),)


def test_an_input_of_another_shape_is_named():
    check = check_of()
    evidence = evidence_of(check, svm_mask)
    trial, observation = evidence[0]
    assert isinstance(observation, Returned)
    echoes = (observation.echoes[0], Unexpected("a tensor of shape (1, 2)"), observation.echoes[2])
    evidence[0] = (trial, Returned(observation.values, 0.0, echoes=echoes))

    verdict = check.judge(CheckContext(ASSIGNMENT, 0), evidence)

    assert says(
        verdict.message,
        f"svm_loss_vectorized changes the shape or kind of X, on {AT} in float64."
        " The caller's tensors must stay unchanged: work on a copy.",
    )


@pytest.mark.parametrize("function", ["svm_loss_vectorized", "softmax_loss_vectorized"])
@pytest.mark.parametrize("student", KNOW_NOTHING.values(), ids=KNOW_NOTHING)
def test_a_function_that_knows_nothing_earns_nothing(function, student):
    verdict = verdict_on(check_of(function), student)

    assert (verdict.status, verdict.credit) == ("failed", 0.0)
    assert verdict.findings == ()


def test_a_wrong_loss_is_told_what_is_waited_for():
    verdict = verdict_on(check_of(), lambda W, X, y, reg: (0.0, np.zeros_like(W)))

    assert says(
        verdict.message,
        "No points for unchanged inputs until the values are right with reg = 0."
        " svm_loss_vectorized: loss is 0, expected <number>"
        f" (relative difference 1, allowed <number>), on {AT}.",
    )


def test_a_gradient_of_zeros_is_told_what_is_waited_for():
    verdict = verdict_on(check_of(), shipped_svm)

    assert says(
        verdict.message,
        "No points for unchanged inputs until the values are right with reg = 0."
        f" svm_loss_vectorized: dW is zero everywhere, on {AT}.",
    )


@pytest.mark.parametrize(
    "student",
    [
        with_gradient(svm_mask, np.negative),
        lambda W, X, y, reg: svm_mask(W, X, y, reg / 2),
        with_loss(svm_mask, lambda loss: 2 * loss),
        with_loss(svm_mask, lambda loss: np.nan),
    ],
    ids=["wrong gradient", "wrong regularizer", "wrong loss", "no loss"],
)
def test_a_slip_elsewhere_costs_no_points_here(student):
    verdict = verdict_on(check_of(), student)

    assert (verdict.status, verdict.credit) == ("passed", 1.0)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_loss_that_is_not_finite_earns_nothing(value):
    verdict = verdict_on(check_of(), lambda W, X, y, reg: (value, np.full_like(W, value)))

    assert (verdict.status, verdict.credit) == ("failed", 0.0)


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


AGAIN = "the same tensors with other contents (N=<count>, C=3, D=<count>, reg=0.37)"


def keeping(key, take=lambda result: result):
    """A right function that keeps its results by what `key` says of the arguments."""
    kept: dict[Any, Any] = {}

    def student(W, X, y, reg):
        # The arguments stay alive, as they do in a cache that is meant: no other can have their identity.
        found = kept.setdefault(key(W, X, y, reg), ((W, X, y), svm_mask(W, X, y, reg)))
        return take(found[1])

    return student


def kept_by_identity():
    return keeping(lambda W, X, y, reg: (id(W), id(X), id(y), reg))


def kept_by_identity_as_a_copy():
    return keeping(lambda W, X, y, reg: id(W), take=lambda result: (float(result[0]), result[1].copy()))


def kept_labels():
    """The one-hot labels are kept by the identity of y."""
    kept: dict[Any, Any] = {}

    def student(W, X, y, reg):
        held, labels = kept.setdefault(id(y), (y, y.copy()))
        assert held is y
        return svm_mask(W, X, labels, reg)

    return student


def one_buffer():
    buffers: dict[Any, Any] = {}

    def student(W, X, y, reg):
        loss, dW = svm_mask(W, X, y, reg)
        buffer = buffers.setdefault((W.shape, W.dtype), np.empty_like(dW))
        buffer[...] = dW
        return loss, buffer

    return student


def one_buffer_for_the_loss():
    buffer = np.zeros(())

    def student(W, X, y, reg):
        loss, dW = svm_mask(W, X, y, reg)
        buffer[...] = loss
        return buffer, dW

    return student


def chance():
    rng = np.random.default_rng(0)

    def student(W, X, y, reg):
        loss, dW = svm_mask(W, X, y, reg)
        return loss, dW + rng.normal(0, 0.1, dW.shape)

    return student


CACHED = "the previous call's: it caches by identity, not by value"
OTHER = "not what fresh tensors with the same contents give: it depends on an earlier call, or on randomness"
LATER = f"so it changed after it was returned, on {AGAIN}. Return a new tensor from every call."


@pytest.mark.parametrize(
    "make,template",
    [
        (kept_by_identity, f"loss is {CACHED}, on {AGAIN}."),
        (kept_by_identity_as_a_copy, f"loss is {CACHED}, on {AGAIN}."),
        (kept_labels, f"loss is {OTHER}, on {AGAIN}."),
        (chance, f"dW is {OTHER}, on {AGAIN}."),
        (
            one_buffer,
            f"dW shares memory with the next call's dW, {LATER}",
        ),
        (
            one_buffer_for_the_loss,
            f"loss shares memory with the next call's loss, {LATER}",
        ),
    ],
)
def test_what_is_kept_from_call_to_call_is_named(make, template):
    verdict = verdict_on(check_of(), make())

    assert (verdict.status, verdict.credit, verdict.hint) == ("failed", 0.0, "Copy first.")
    assert says(verdict.message, f"svm_loss_vectorized {template}".replace("vectorized ", "vectorized: ", 1))
    assert verdict.findings == (Finding("svm_loss_vectorized", False),)


def test_a_result_in_the_memory_of_an_input_is_named():
    check = check_of()
    evidence = evidence_of(check, svm_mask)
    trial, again = evidence[-2]
    assert isinstance(again, Returned)
    loss, dW = again.earlier
    assert isinstance(dW, Received)
    changed = Received(dW.array + 1, dW.dtype)
    evidence[-2] = (trial, dataclasses.replace(again, earlier=(loss, changed)))

    verdict = check.judge(CheckContext(ASSIGNMENT, 0), evidence)

    assert says(
        verdict.message,
        f"svm_loss_vectorized: dW shares memory with W, X or y, {LATER}",
    )


def test_an_earlier_result_that_is_of_no_use_any_more_is_a_changed_one():
    check = check_of()
    evidence = evidence_of(check, svm_mask)
    trial, again = evidence[-2]
    assert isinstance(again, Returned)
    earlier = (again.earlier[0], Unexpected("a tensor of shape (0,)"))
    evidence[-2] = (trial, dataclasses.replace(again, earlier=earlier))

    assert check.judge(CheckContext(ASSIGNMENT, 0), evidence).findings == (
        Finding("svm_loss_vectorized", False),
    )


def test_a_function_that_keeps_results_by_their_contents_is_right():
    student = keeping(lambda W, X, y, reg: (W.tobytes(), X.tobytes(), y.tobytes(), reg))

    assert verdict_on(check_of(), student).status == "passed"


@pytest.mark.parametrize("seed", range(10))
def test_float32_inside_is_still_the_same_answer(seed):
    assert verdict_on(check_of(), in_float32(svm_mask), seed).status == "passed"


def test_the_repeated_calls_have_the_same_sizes_and_nothing_in_common():
    first, again, fresh = check_of().trials(CheckContext(ASSIGNMENT, 0))[-3:]

    assert (first.is_again, again.is_again, fresh.is_again) == (False, True, False)
    assert bytes_of((again,)) == bytes_of((fresh,))
    for one, other in zip(first.positional[:3], again.positional[:3], strict=True):
        assert isinstance(one, Tensor)
        assert isinstance(other, Tensor)
        assert (one.array.shape, one.array.dtype) == (other.array.shape, other.array.dtype)
        assert not np.array_equal(one.array, other.array)


def test_only_the_dtypes_that_are_asked_for_are_tried():
    trials = check_of("softmax_loss_float32").trials(CheckContext(ASSIGNMENT, 0))

    assert [case_of(trial)[1] for trial in trials] == ["float32"] * 5
    assert verdict_on(check_of("softmax_loss_float32"), softmax_indexed).status == "passed"


def test_trials_are_a_function_of_the_seed_alone():
    check = check_of()

    first, again, other = (bytes_of(check.trials(CheckContext(ASSIGNMENT, seed))) for seed in (7, 7, 8))

    assert first == again
    assert first != other


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("move", ["weights", "samples"])
def test_inputs_that_are_moved_and_moved_back_are_seen_by_their_last_digits(move, seed):
    def moves(W, X, y, reg):
        if move == "weights":
            W /= 7
            W *= 7
        else:
            X += 0.1
            X -= 0.1
        return svm_mask(W, X, y, reg)

    assert verdict_on(check_of(), moves, seed).status == "failed"
