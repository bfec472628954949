"""Loss and gradient on the value cases: right ones pass, wrong ones are told what and where."""

import numpy as np
import pytest

from grader.checks.base.context import CheckContext
from grader.checks.losses.calls import case_of
from grader.checks.losses.truth import FLOAT32_NOTE
from grader.checks.losses.values import ValuesCheck
from grader.model.observation import Died, Missing, Raised, Received, Refused, Returned, TimedOut, Unexpected
from grader.model.trial import Tensor
from grader.model.verdict import Finding
from grader.spec import load_spec
from tests.checks.students import (
    ASSIGNMENT,
    KNOW_NOTHING,
    PLACE,
    RIGHT,
    RIGHT_IDS,
    all_zero,
    bytes_of,
    constant,
    evidence_of,
    in_float32,
    in_half,
    only_in,
    probabilities,
    regularizer_only,
    says,
    shipped_svm,
    softmax_denominator_epsilon,
    softmax_epsilon_in_log,
    softmax_indexed,
    softmax_logsumexp,
    softmax_loops,
    softmax_of,
    svm_at_zero,
    svm_loops,
    svm_mask,
    verdict_on,
    verdict_on_all,
    with_gradient,
    with_loss,
)

FIRST = "a small batch (N=<count>, C=5, D=<count>, reg=0.37)"


def check_of(function="svm_loss_vectorized", loss_share=0.4, gradient_share=0.25):
    return ValuesCheck(
        kind="values",
        id="values",
        title="values",
        points=10,
        hint="Look at the notes.",
        function=function,
        loss_share=loss_share,
        gradient_share=gradient_share,
    )


def without_regularizer_gradient(student):
    def wrong(W, X, y, reg):
        loss, dW = student(W, X, y, reg)
        return loss, dW - 2 * reg * W

    return wrong


def unstable(W, X, y, reg):
    exponentials = np.exp(X @ W)
    p = exponentials / exponentials.sum(axis=1, keepdims=True)
    return softmax_of(p, W, X, y, reg)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("function,student", RIGHT, ids=RIGHT_IDS)
def test_right_functions_pass_in_every_style(function, student, seed):
    verdict = verdict_on(check_of(function), student, seed)

    assert (verdict.status, verdict.credit) == ("passed", 1.0)
    assert verdict.findings == (Finding(function, True),)
    assert verdict.hint is None


@pytest.mark.parametrize(
    "function,student",
    [
        ("svm_loss_naive", svm_loops),
        ("svm_loss_vectorized", svm_mask),
        ("softmax_loss_naive", softmax_loops),
        ("softmax_loss_vectorized", softmax_logsumexp),
    ],
    ids=["svm naive", "svm vectorized", "softmax naive", "softmax vectorized"],
)
def test_no_right_function_fails_in_fifty_runs(function, student):
    failed = [
        seed for seed in range(100, 150) if verdict_on(check_of(function), student, seed).status != "passed"
    ]

    assert failed == []


def test_the_message_of_a_pass_counts_the_calls():
    verdict = verdict_on(check_of(), svm_mask)

    assert verdict.message == "svm_loss_vectorized gives the reference's loss and gradient in 23 calls."


def test_a_pass_measures_both_parts_in_both_dtypes():
    verdict = verdict_on(check_of(), svm_mask)

    assert set(verdict.measured) == {
        "loss_relative_difference_float64",
        "gradient_relative_difference_float64",
        "loss_relative_difference_float32",
        "gradient_relative_difference_float32",
    }
    assert all(0 <= value < 1e-5 for value in verdict.measured.values())


def test_a_wrong_gradient_leaves_a_picture_of_where_it_is_off():
    wrong = verdict_on(check_of(), without_regularizer_gradient(svm_mask))

    picture = wrong.pictures["dW_error"]
    assert len(picture.rgb) == picture.height * picture.width * 3 > 0
    assert not verdict_on(check_of(), svm_mask).pictures


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("axis", ["N", "C", "D"])
def test_what_is_right_for_small_sizes_only_is_wrong(axis, seed):
    def small_only(W, X, y, reg):
        size = {"N": len(y) / 203, "C": W.shape[1] / 12, "D": len(W) / 60}[axis]
        loss, dW = svm_mask(W, X, y, reg)
        return (loss, dW) if size <= 1 else (loss, 2 * dW)

    verdict = verdict_on(check_of(), small_only, seed)

    assert verdict.status == "failed"
    assert "a large batch" in verdict.message


def test_a_naive_function_is_spared_the_large_batch():
    naive = check_of("svm_loss_naive").trials(CheckContext(ASSIGNMENT, 0))

    assert len(naive) == 20
    assert not any("a large batch" in trial.label for trial in naive)


def test_every_case_is_tried_in_the_main_dtype_and_four_in_the_other():
    trials = check_of("softmax_loss_float32").trials(CheckContext(ASSIGNMENT, 0))

    dtypes = [trial.positional[0].array.dtype for trial in trials if isinstance(trial.positional[0], Tensor)]

    assert dtypes == [np.float32] * 15 + [np.float64] * 4 + [np.float32] * 2


@pytest.mark.parametrize("student", KNOW_NOTHING.values(), ids=KNOW_NOTHING)
def test_a_function_that_knows_nothing_earns_nothing(student):
    verdict = verdict_on(check_of("softmax_loss_vectorized"), student)

    assert (verdict.status, verdict.credit) == ("failed", 0.0)
    assert verdict.hint == "Look at the notes."
    assert [finding.is_correct for finding in verdict.findings] == [False]


@pytest.mark.parametrize("student", [all_zero, constant, regularizer_only], ids=["zero", "constant", "W"])
def test_a_function_that_knows_nothing_of_the_svm_earns_nothing(student):
    verdict = verdict_on(check_of(), student)

    assert (verdict.status, verdict.credit) == ("failed", 0.0)


def test_the_shipped_loss_with_a_gradient_of_zeros_earns_nothing_where_the_loss_is_handed_out():
    verdict = verdict_on(check_of("svm_loss_naive", loss_share=0.0), shipped_svm)

    assert verdict.credit == 0.0
    assert says(
        verdict.message,
        "svm_loss_naive: dW is wrong."
        " It is zero everywhere: is dW still unchanged from the template, or is the result overwritten?"
        f" On {FIRST}, dW is zero in all <count> entries. It is wrong in 22 of 22 calls."
        " The loss is right.",
    )
    assert [each.misconception for each in verdict.findings[0].diagnosis] == ["all_zero"]


def test_a_wrong_gradient_keeps_the_share_of_the_loss_and_is_diagnosed():
    verdict = verdict_on(check_of(), without_regularizer_gradient(svm_mask))

    assert (verdict.status, verdict.credit) == ("failed", 0.4)
    assert says(
        verdict.message,
        "svm_loss_vectorized: dW is wrong."
        " It equals the correct gradient without the term 2*reg*W: was the regularization left out of dW?"
        f" On {FIRST}, dW differs from the reference in <count> of <count> entries;"
        " greatest relative difference <number> at [<count>, <count>] (allowed <number>)."
        " It is wrong in 21 of 23 calls."
        " The loss is right.",
    )
    (finding,) = verdict.findings
    assert finding.is_correct is False
    assert [(each.part, each.misconception) for each in finding.diagnosis] == [("gradient", "no_regularizer")]
    assert set(verdict.measured) == set(verdict.allowed) == {"gradient_relative_difference"}


def test_a_wrong_loss_keeps_the_share_of_the_gradient_and_is_diagnosed():
    def wrong(W, X, y, reg):
        loss, dW = svm_mask(W, X, y, reg)
        return loss - reg * np.sum(W * W) / 2, dW

    verdict = verdict_on(check_of(), wrong)

    assert (verdict.status, verdict.credit) == ("failed", 0.25)
    assert says(
        verdict.message,
        "svm_loss_vectorized: loss is wrong."
        " It equals the correct loss with half the term reg*sum(W*W):"
        " compare the factor of the regularization with the one in the assignment."
        f" On {FIRST}, loss is <number>, expected <number>"
        " (relative difference <number>, allowed <number>). It is wrong in 21 of 23 calls."
        " The gradient is right.",
    )
    assert [(each.part, each.misconception) for each in verdict.findings[0].diagnosis] == [
        ("loss", "half_regularizer")
    ]


def test_both_parts_wrong_earn_nothing_and_each_is_diagnosed():
    verdict = verdict_on(check_of(), lambda W, X, y, reg: svm_mask(W, X, y, 0.0))

    assert verdict.credit == 0.0
    assert says(
        verdict.message,
        "svm_loss_vectorized: loss and dW are wrong for the same reason."
        " The loss equals the correct loss without the term reg*sum(W*W):"
        " was the regularization left out of the loss?"
        f" On {FIRST}, loss is <number>, expected <number>"
        " (relative difference <number>, allowed <number>). Both are wrong in 21 of 23 calls.",
    )
    assert [each.part for each in verdict.findings[0].diagnosis] == ["loss", "gradient"]


def gradient_outside_if(W, X, y, reg):
    loss, _ = svm_mask(W, X, y, reg)
    slope = np.ones((len(y), W.shape[1]), W.dtype)
    slope[np.arange(len(y)), y] = 1 - W.shape[1]
    return loss, X.T @ slope / len(y) + 2 * reg * W


def true_class_set_to_minus_one(W, X, y, reg):
    slope = probabilities(W, X)
    slope[np.arange(len(y)), y] = -1
    return softmax_indexed(W, X, y, reg)[0], X.T @ slope / len(y) + 2 * reg * W


def sum_for_mean(W, X, y, reg):
    loss, dW = softmax_indexed(W, X, y, reg / len(y))
    return loss * len(y), dW * len(y)


@pytest.mark.parametrize(
    "function,student,names",
    [
        ("svm_loss_naive", gradient_outside_if, ["all_margins_active"]),
        ("svm_loss_naive", with_gradient(svm_mask, np.negative), ["sign_flipped"]),
        ("softmax_loss_naive", true_class_set_to_minus_one, ["true_class_set_to_minus_one"]),
        ("softmax_loss_naive", sum_for_mean, ["sum_instead_of_mean", "sum_instead_of_mean"]),
        ("softmax_loss_float32", true_class_set_to_minus_one, ["true_class_set_to_minus_one"]),
    ],
    ids=["gradient outside if", "sign", "set to -1", "sum for mean", "set to -1, float32 asked for"],
)
@pytest.mark.parametrize("seed", range(5))
def test_mistakes_are_named(function, student, names, seed):
    verdict = verdict_on(check_of(function), student, seed)

    assert verdict.status == "failed"
    assert [each.misconception for each in verdict.findings[0].diagnosis] == names


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    "student",
    [
        with_gradient(softmax_indexed, lambda dW: 1.001 * dW),
        with_loss(softmax_indexed, lambda loss: loss + 1e-3),
        in_half(softmax_indexed),
        lambda W, X, y, reg: softmax_epsilon_in_log(W, X, y, reg, 3e-7),
        lambda W, X, y, reg: softmax_indexed(W, X, y, reg * len(y) / (len(y) + 1)),
    ],
    ids=["a thousandth more", "a shifted loss", "half precision", "epsilon 3e-7", "a slightly wrong reg"],
)
def test_small_mistakes_without_a_name_fail_too(student, seed):
    verdict = verdict_on(check_of("softmax_loss_vectorized"), student, seed)

    assert verdict.status == "failed"
    assert verdict.findings[0].diagnosis == ()


def test_overflow_in_both_parts_names_the_first_call_in_which_it_shows():
    def infinite(W, X, y, reg):
        return np.inf, np.full_like(W, np.nan)

    verdict = verdict_on(check_of(), infinite)

    assert verdict.credit == 0.0
    assert says(
        verdict.message,
        "svm_loss_vectorized: loss is infinity, expected <number>, and dW is not finite in <count> of <count>"
        f" entries: nan (not a number) at [0, 0], on {FIRST}. Both are wrong in 23 of 23 calls.",
    )
    assert dict(verdict.measured) == {}
    assert verdict.findings[0].diagnosis == ()


def test_a_gradient_of_another_shape_is_told_its_shape():
    verdict = verdict_on(check_of(), with_gradient(svm_mask, np.transpose))

    assert verdict.credit == 0.4
    assert says(
        verdict.message,
        "svm_loss_vectorized: dW is wrong. It has the shape of W with rows and columns swapped: is there one transpose"
        f" too many, or one too few? On {FIRST}, dW should have shape (<count>, 5), but is an array of shape"
        " (5, <count>). It is wrong in 23 of 23 calls. The loss is right.",
    )
    assert [each.misconception for each in verdict.findings[0].diagnosis] == ["transposed"]


def test_a_loss_for_each_sample_is_told_its_shape():
    verdict = verdict_on(check_of(), with_loss(svm_mask, lambda loss: np.full(3, loss)))

    assert says(
        verdict.message,
        "svm_loss_vectorized: loss should be a number, but is an array of shape (3,) and dtype float64,"
        f" on {FIRST}. It is wrong in 23 of 23 calls. The gradient is right.",
    )


def test_a_function_that_returns_something_else_than_two_values_is_told_what():
    nothing = Unexpected("missing: the call returned None")
    verdict = verdict_on_all(check_of(), Returned((nothing, nothing), 0.0))

    assert says(
        verdict.message,
        f"svm_loss_vectorized returned None instead of loss and dW, on {FIRST}. Both are wrong in 21 of 21 calls.",
    )


def test_a_function_without_a_return_is_told_of_both_parts():
    verdict = verdict_on(check_of(), lambda W, X, y, reg: None)

    assert verdict.credit == 0.0
    assert says(
        verdict.message,
        "svm_loss_vectorized: loss should be a number, but is None, and dW should have shape (<count>, 5), but is"
        f" None, on {FIRST}. Both are wrong in 23 of 23 calls.",
    )


@pytest.mark.parametrize(
    "observation,template",
    [
        (
            Raised("IndexError", "index 5 is out of bounds", PLACE, 0.1),
            (
                "svm_loss_vectorized raised IndexError at linear_classifier.py, line 12: index 5 is out of bounds,"
                f" on {FIRST}."
            ),
        ),
        (
            Raised("AssertionError", "", None, 0.1),
            f"svm_loss_vectorized raised AssertionError, on {FIRST}.",
        ),
        (
            TimedOut(5.0),
            (f"svm_loss_vectorized is too slow or never ends: it did not finish in 5 s, on {FIRST}."),
        ),
        (
            Died("signal SIGSEGV"),
            (f"svm_loss_vectorized crashed the Python process (SIGSEGV), on {FIRST}."),
        ),
        (
            Missing("it is defined nowhere"),
            "svm_loss_vectorized is missing: it is defined nowhere.",
        ),
        (
            Refused("not called: its time was up"),
            "svm_loss_vectorized was not called: its time was up.",
        ),
    ],
    ids=["raised", "raised nowhere", "timed out", "died", "missing", "refused"],
)
def test_calls_without_values_earn_nothing_and_say_why(observation, template):
    verdict = verdict_on_all(check_of(), observation)

    assert (verdict.status, verdict.credit) == ("failed", 0.0)
    assert says(verdict.message, template)
    assert verdict.findings == (Finding("svm_loss_vectorized", False),)


@pytest.mark.parametrize("position", range(0, 19, 3))
def test_one_call_without_values_is_enough_to_earn_nothing(position):
    check = check_of()
    evidence = evidence_of(check, svm_mask)
    evidence[position] = (evidence[position][0], TimedOut(5.0))

    verdict = check.judge(CheckContext(ASSIGNMENT, 0), evidence)

    assert (verdict.status, verdict.credit) == ("failed", 0.0)
    assert "did not finish in 5 s" in verdict.message


@pytest.mark.parametrize("position", range(0, 19, 3))
def test_one_wrong_loss_is_enough_to_fail(position):
    check = check_of()
    evidence = evidence_of(check, svm_mask)
    trial, observation = evidence[position]
    assert isinstance(observation, Returned)
    loss, gradient = observation.values
    assert isinstance(loss, Received)
    evidence[position] = (trial, Returned((Received(loss.array * 1.01, "float64"), gradient), 0.0))

    verdict = check.judge(CheckContext(ASSIGNMENT, 0), evidence)

    assert (verdict.status, verdict.credit) == ("failed", 0.25)
    same = [other for other, _ in evidence if other.label == trial.label]
    dtype = f" in {case_of(trial)[1]}" if len(same) == 2 else ""
    assert f"on {trial.label}{dtype}. The gradient is right." in verdict.message


def test_an_epsilon_in_the_logarithm_costs_nothing():
    verdict = verdict_on(check_of("softmax_loss_vectorized"), softmax_epsilon_in_log)

    assert (verdict.status, verdict.credit) == ("passed", 1.0)
    assert verdict.findings[0].notes == (
        "it adds an epsilon of 1e-09 inside the logarithm, which hides very small probabilities",
    )


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize(
    "function,student,note",
    [
        (
            "softmax_loss_vectorized",
            softmax_epsilon_in_log,
            "it adds an epsilon of 1e-09 inside the logarithm, which hides very small probabilities",
        ),
        ("softmax_loss_vectorized", in_float32(softmax_indexed), FLOAT32_NOTE),
        ("svm_loss_vectorized", in_float32(svm_mask), FLOAT32_NOTE),
    ],
    ids=["epsilon in the log", "softmax in float32", "svm in float32"],
)
def test_harmless_deviations_pass_with_a_note(function, student, note, seed):
    verdict = verdict_on(check_of(function), student, seed)

    assert (verdict.status, verdict.credit) == ("passed", 1.0)
    assert verdict.findings == (Finding(function, True, (), (note,)),)


@pytest.mark.parametrize(
    "function,student",
    [
        ("softmax_loss_vectorized", softmax_denominator_epsilon),
        ("svm_loss_vectorized", svm_at_zero),
    ],
    ids=["epsilon in the denominator", "margin >= 0"],
)
def test_deviations_below_rounding_pass_without_a_note(function, student):
    verdict = verdict_on(check_of(function), student)

    assert verdict.status == "passed"
    assert verdict.findings == (Finding(function, True),)


def test_a_gradient_in_float32_where_the_weights_are_float64_is_a_note():
    def narrow(W, X, y, reg):
        return svm_mask(W.astype(np.float32), X.astype(np.float32), y, reg)

    verdict = verdict_on(check_of(), narrow)

    assert verdict.status == "passed"
    assert verdict.findings[0].notes == (FLOAT32_NOTE, "it returns dW in float32 where W is float64")


@pytest.mark.parametrize(
    "function,student,dtype",
    [
        ("softmax_loss_float32", only_in("float32", softmax_indexed), "float64"),
        ("svm_loss_float64", only_in("float64", svm_mask), "float32"),
    ],
    ids=["float32 only", "float64 only"],
)
def test_a_function_that_raises_only_in_a_dtype_that_is_not_asked_for_passes_with_a_note(
    function, student, dtype
):
    verdict = verdict_on(check_of(function), student)

    assert (verdict.status, verdict.credit) == ("passed", 1.0)
    assert verdict.findings[0].notes == (
        f"it raises TypeError in {dtype}, which this assignment does not need",
    )


@pytest.mark.parametrize(
    "student,dtype",
    [(only_in("float32", svm_mask), "float64"), (only_in("float64", svm_mask), "float32")],
    ids=["float32 only", "float64 only"],
)
def test_a_function_that_raises_in_a_dtype_that_is_asked_for_fails_and_is_told_which(student, dtype):
    verdict = verdict_on(check_of(), student)

    assert (verdict.status, verdict.credit) == ("failed", 0.0)
    assert f"reg=0.37) in {dtype}. It gave no values in " in verdict.message


def test_an_exception_in_every_dtype_is_not_said_to_be_one_of_float32():
    def raising(W, X, y, reg):
        raise NameError("name 'CFG' is not defined")

    verdict = verdict_on(check_of("svm_loss_float64"), raising)

    assert "float" not in verdict.message.replace("svm_loss_float64", "")
    assert verdict.findings[0].notes == ()


def test_a_function_that_raises_everywhere_does_not_pass_for_want_of_calls():
    verdict = verdict_on_all(check_of("softmax_loss_float32"), Raised("TypeError", "no", None, 0.0))

    assert (verdict.status, verdict.credit) == ("failed", 0.0)


def test_scores_that_overflow_at_a_gap_of_forty_do_not_fail_what_only_lacks_stability():
    verdict = verdict_on(check_of("softmax_loss_float32"), unstable)

    assert verdict.status == "passed"


def test_unexpected_values_of_one_call_are_wrong_there_only():
    check = check_of()
    evidence = evidence_of(check, svm_mask)
    evidence[4] = (evidence[4][0], Returned((Unexpected("None"), Unexpected("None")), 0.0))

    verdict = check.judge(CheckContext(ASSIGNMENT, 0), evidence)

    assert verdict.credit == 0.0
    assert says(
        verdict.message,
        "svm_loss_vectorized: loss should be a number, but is None, and dW should have shape (5, 4), but is None,"
        " on one sample (N=1, C=4, D=5, reg=0.37).",
    )


def test_trials_are_a_function_of_the_seed_alone():
    check = check_of()

    first, again, other = (bytes_of(check.trials(CheckContext(ASSIGNMENT, seed))) for seed in (7, 7, 8))

    assert first == again
    assert first != other


def test_checks_of_another_id_draw_other_inputs():
    one = check_of()
    two = one.model_copy(update={"id": "other"})

    assert bytes_of(one.trials(CheckContext(ASSIGNMENT, 7))) != bytes_of(
        two.trials(CheckContext(ASSIGNMENT, 7))
    )


def test_sizes_vary_with_the_seed():
    labels = {check_of().trials(CheckContext(ASSIGNMENT, seed))[0].label for seed in range(20)}

    assert len(labels) > 5


@pytest.mark.parametrize("name", ["cs231n", "eecs498_2019", "eecs498_2020"])
def test_a_shipped_spec_pays_a_right_gradient_beside_a_wrong_loss(name):
    spec = load_spec(name).spec
    for check in spec.checks:
        if isinstance(check, ValuesCheck):
            right = softmax_indexed if check.function.startswith("softmax") else svm_mask
            verdict = verdict_on(check, with_loss(right, lambda loss: 2 * loss), 0, spec.assignment)

            assert (verdict.status, verdict.credit) == ("failed", 0.6)


@pytest.mark.parametrize("name", ["cs231n", "cs231n_2016", "eecs498_2019", "eecs498_2020"])
def test_no_shipped_spec_pays_more_for_the_parts_than_for_the_whole(name):
    checks = [check for check in load_spec(name).spec.checks if isinstance(check, ValuesCheck)]

    assert len(checks) == 4
    assert all(check.gradient_share > 0 for check in checks)
    assert all(check.loss_share + check.gradient_share <= 1 for check in checks)
