"""Loops in Python, by counts that grow or stay: made by hand, and drawn trials that every style is counted on."""

import dataclasses

import numpy as np
import pytest

from grader.checks.base.context import CheckContext
from grader.checks.losses.calls import case_of
from grader.checks.losses.loops import LoopsCheck
from grader.model.observation import (
    Died,
    Instructions,
    Location,
    Missing,
    Raised,
    Refused,
    Returned,
    TimedOut,
)
from grader.model.verdict import Finding, Flag
from reference import Convention
from tests.checks.students import (
    ASSIGNMENT,
    KNOW_NOTHING,
    PLACE,
    bytes_of,
    evidence_of,
    observe,
    says,
    shipped_svm,
    softmax_indexed,
    svm_mask,
    verdict_on_all,
    with_gradient,
    with_loss,
)

LOOP, BODY = Location("hw.py", None, 11), Location("hw.py", None, 12)
VECTORIZED, NAIVE = "svm_loss_vectorized", "svm_loss_naive"


def check_of(function=VECTORIZED):
    return LoopsCheck(
        kind="loops", id="loops", title="loops", points=2, hint="Draw the shapes.", function=function
    )


def sizes_of(check, assignment=ASSIGNMENT):
    """The samples of the counted calls."""
    return [trial.positional[2].array.size for trial in check.trials(CheckContext(assignment, 0))]


def verdict_with(counts, function=VECTORIZED, student=svm_mask, assignment=ASSIGNMENT):
    """The verdict when the three calls claim these counts: a number, an Instructions, or None for no count."""
    check = check_of(function)
    evidence = []
    for (trial, seen), count in zip(evidence_of(check, student, 0, assignment), counts, strict=True):
        assert isinstance(seen, Returned)
        instructions = Instructions(count) if isinstance(count, int) else count
        evidence.append((trial, dataclasses.replace(seen, instructions=instructions)))
    return check.judge(CheckContext(assignment, 0), evidence)


@pytest.mark.parametrize(
    "counts", [(90, 90, 90), (90, 102, 102), (90, 60, 30)], ids=["flat", "a branch more", "fewer"]
)
def test_a_vectorized_function_that_stays_flat_passes(counts):
    verdict = verdict_with(counts)

    assert (verdict.status, verdict.credit) == ("passed", 1.0)
    assert verdict.message == ("svm_loss_vectorized does not loop in Python, as a vectorized version should.")
    assert verdict.measured == {"instructions": 90, "more_samples": counts[1], "more_classes": counts[2]}
    few, many, _ = sizes_of(check_of())
    assert verdict.allowed == {"more_samples": 90 + 3 * (many - few), "more_classes": 102}
    assert verdict.findings == (Finding(VECTORIZED, None),)


@pytest.mark.parametrize(
    "counts",
    [(459, 1315, 1503), (459, 1315, 459), (459, 459, 1315), (100, 131, 100)],
    ids=["both", "samples", "classes", "a little"],
)
def test_a_naive_function_that_grows_in_samples_or_in_classes_passes(counts):
    verdict = verdict_with(counts, NAIVE)

    assert (verdict.status, verdict.credit) == ("passed", 1.0)
    assert verdict.message == "svm_loss_naive loops in Python, as a naive version should."
    assert verdict.findings == (Finding(NAIVE, None),)


def test_a_loop_over_samples_is_named_with_the_line_that_grew_most():
    few = Instructions(412, {LOOP: 10, BODY: 300})
    many = Instructions(1180, {LOOP: 26, BODY: 1052})

    verdict = verdict_with((few, many, few))

    assert (verdict.status, verdict.credit, verdict.hint) == ("failed", 0.0, "Draw the shapes.")
    assert says(
        verdict.message,
        "svm_loss_vectorized does more Python work for more samples (412 steps for <count>, 1180 for <count>):"
        " is a loop left at hw.py, line 12?",
    )
    assert verdict.findings == ()


def test_a_loop_over_classes_is_a_loop():
    verdict = verdict_with((412, 412, 425))

    assert says(
        verdict.message,
        "svm_loss_vectorized does more Python work for more classes (412 steps for <count>, 425 for <count>):"
        " is a loop left?",
    )


def test_loops_over_both_are_both_named():
    verdict = verdict_with((100, 300, 200))

    assert says(
        verdict.message,
        "svm_loss_vectorized does more Python work for more samples (100 steps for <count>, 300 for <count>)"
        " and for more classes (100 steps for <count>, 200 for <count>): is a loop left?",
    )


def test_a_naive_function_without_loops_is_told_so():
    verdict = verdict_with((100, 130, 112), NAIVE)

    assert verdict.status == "failed"
    assert says(
        verdict.message,
        "svm_loss_naive does hardly any more Python work for more samples (100 steps for <count>, 130 for <count>)"
        " or for more classes (100 steps for <count>, 112 for <count>). Write the naive version with loops.",
    )


@pytest.mark.parametrize("function", [VECTORIZED, NAIVE])
@pytest.mark.parametrize(
    "counts",
    [(0, 0, 0), (90, 0, 90), (None, None, None)],
    ids=["none", "one of them none", "no count at all"],
)
def test_a_call_that_returned_and_executed_nothing_is_believed_in_no_style(function, counts):
    verdict = verdict_with(counts, function)

    assert (verdict.status, verdict.credit) == ("failed", 0.0)
    assert verdict.message == (
        f"{function} ran no Python instruction that could be counted."
        " Write it in Python, and do not change how Python is traced."
    )


def test_the_greatest_claims_give_a_verdict():
    most = (1 << 32) - 1
    lines = {Location("hw.py", None, line): most for line in range(64)}

    verdict = verdict_with((Instructions(1, lines), Instructions(most, lines), Instructions(most, {})))

    assert verdict.status == "failed"
    assert all(np.isfinite(value) for value in (*verdict.measured.values(), *verdict.allowed.values()))


@pytest.mark.parametrize("function", [VECTORIZED, NAIVE])
@pytest.mark.parametrize(
    "student", [each for name, each in KNOW_NOTHING.items() if name != "None"], ids=lambda each: each.__name__
)
def test_a_function_that_knows_nothing_earns_nothing(function, student):
    counts = (90, 90, 90) if function == VECTORIZED else (90, 900, 900)

    verdict = verdict_with(counts, function, student)

    assert (verdict.status, verdict.credit) == ("failed", 0.0)
    assert verdict.message.startswith("No points for style until the values are right with reg = 0.")


def test_the_loss_that_is_handed_out_is_told_that_its_gradient_is_not_filled_in():
    verdict = verdict_with((90, 900, 900), NAIVE, shipped_svm)

    assert says(
        verdict.message,
        "No points for style until the values are right with reg = 0."
        " svm_loss_naive: dW is zero everywhere,"
        " on a few samples (N=<count>, C=<count>, D=<count>, reg=0).",
    )


@pytest.mark.parametrize(
    "student", [with_gradient(svm_mask, np.negative), with_loss(svm_mask, lambda loss: 2 * loss)]
)
def test_a_part_that_is_wrong_beside_one_that_is_right_costs_no_points_here(student):
    assert verdict_with((90, 90, 90), student=student).status == "passed"


@pytest.mark.parametrize(
    "observation,template",
    [
        (
            Raised("ValueError", "no", PLACE, 0.1),
            (
                "svm_loss_vectorized raised ValueError at linear_classifier.py, line 12: no, on a few samples"
                " (N=<count>, C=<count>, D=<count>, reg=0)."
            ),
        ),
        (
            TimedOut(5.0),
            (
                "svm_loss_vectorized is too slow or never ends: it did not finish in 5 s, on a few samples"
                " (N=<count>, C=<count>, D=<count>, reg=0)."
            ),
        ),
        (
            Died("exit code 3"),
            (
                "svm_loss_vectorized ended its process instead of returning (exit code 3), on a few samples"
                " (N=<count>, C=<count>, D=<count>, reg=0): does it call os._exit()?"
            ),
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


@pytest.mark.parametrize("layout", ["DC", "CD"])
@pytest.mark.parametrize("function, most", [(NAIVE, 24), (VECTORIZED, 260)])
@pytest.mark.parametrize("seed", range(5))
def test_one_trial_has_more_samples_and_one_three_times_the_classes(seed, function, most, layout):
    trials = check_of(function).trials(CheckContext(ASSIGNMENT.in_layout(layout), seed))
    few, samples, classes = (case_of(trial)[0] for trial in trials)

    features, kinds = few.W.shape if layout == "DC" else few.W.shape[::-1]
    shapes = [case.W.shape if layout == "DC" else case.W.shape[::-1] for case in (samples, classes)]
    assert shapes == [(features, kinds), (features, 3 * kinds)]
    assert 3 * len(few.y) <= len(samples.y) <= most
    assert len(classes.y) == len(few.y)


def test_the_other_layout_names_its_classes_as_classes():
    assignment = ASSIGNMENT.model_copy(update={"convention": Convention(layout="CD")})

    def transposed(W, X, y, reg):
        loss, dW = svm_mask(W.T, X.T, y, reg)
        return loss, dW.T

    verdict = verdict_with((100, 100, 300), student=transposed, assignment=assignment)

    assert "does more Python work for more classes (" in verdict.message


@pytest.mark.parametrize("function, has_calls", [("svm_loss_naive", False), ("svm_loss_vectorized", True)])
def test_what_libraries_are_called_for_is_asked_of_vectorized_functions_alone(function, has_calls):
    trials = check_of(function).trials(CheckContext(ASSIGNMENT, 0))

    assert [trial.are_calls_counted for trial in trials] == [has_calls] * 3


def test_every_trial_is_counted_in_the_dtype_that_the_function_must_work_in():
    trials = check_of("softmax_loss_float32").trials(CheckContext(ASSIGNMENT, 0))

    assert [(trial.is_counted, case_of(trial)[1]) for trial in trials] == [(True, "float32")] * 3
    verdict = verdict_with((90, 90, 90), "softmax_loss_float32", softmax_indexed)
    assert verdict.status == "passed"


def test_trials_are_a_function_of_the_seed_alone():
    check = check_of()

    first, again, other = (bytes_of(check.trials(CheckContext(ASSIGNMENT, seed))) for seed in (7, 7, 8))

    assert first == again
    assert first != other


def test_a_batch_that_is_taken_in_chunks_is_no_loop_and_more_than_three_steps_for_each_sample_are():
    few, many, _ = sizes_of(check_of())

    assert verdict_with((90, 90 + 3 * (many - few), 90)).status == "passed"
    assert verdict_with((90, 91 + 3 * (many - few), 90)).status == "failed"


@pytest.mark.parametrize("function", [VECTORIZED, NAIVE])
def test_a_count_that_was_stopped_is_no_count(function):
    counts = [Instructions(total) for total in (90, 900, 900)]
    counts[1] = dataclasses.replace(counts[1], is_whole=False)

    verdict = verdict_with(counts, function)

    message = (
        f"{function} stops or evades the count of its Python steps (with sys.settrace, sys.setprofile, an audit hook"
        " or a frame), so the grader cannot tell whether it loops. Remove that code."
    )
    assert (verdict.status, verdict.credit, verdict.message) == ("failed", 0.0, message)
    assert verdict.alarms == (Flag("unclear_code", function, message),)


def disturbed_verdict(counts, answers, function=NAIVE):
    """The verdict when the disturbed calls answer like these students and count these lines, until none is asked for."""
    check, context = check_of(function), CheckContext(ASSIGNMENT, 0)
    evidence = [
        (trial, dataclasses.replace(seen, instructions=count))
        for (trial, seen), count in zip(evidence_of(check, svm_mask, 0, ASSIGNMENT), counts, strict=False)
    ]
    asked: list[str | None] = []
    while trials := check.more_trials(context, evidence):
        for trial in trials:
            student, lines = answers[len(asked)]
            seen = observe(trial, student)
            assert isinstance(seen, Returned)
            asked.append(trial.disturbed)
            evidence.append((trial, dataclasses.replace(seen, instructions=Instructions(lines))))
    return check.judge(context, evidence), asked


COUNTS = (
    Instructions(412, {LOOP: 10, BODY: 300}),
    Instructions(1180, {LOOP: 26, BODY: 1052}),
    Instructions(412),
)


def test_a_naive_function_that_is_wrong_once_its_loops_are_disturbed_passes():
    verdict, asked = disturbed_verdict(COUNTS, [(shipped_svm, 20), (shipped_svm, 20)])

    assert asked == ["other numbers", "once"]
    assert (verdict.status, verdict.alarms) == ("passed", ())


def test_a_naive_function_that_is_right_whatever_its_loops_see_is_told_where_they_are():
    verdict, _ = disturbed_verdict(COUNTS, [(svm_mask, 20), (shipped_svm, 20)])

    assert (verdict.status, verdict.credit) == ("failed", 0.0)
    assert verdict.message == (
        "svm_loss_naive does its work outside its loops at hw.py, line 12: it returns the same loss and dW"
        " whatever numbers the loops see. Write the naive version with loops that compute the result."
    )


def test_a_naive_function_that_is_right_after_one_round_of_each_loop_and_grows_no_more_loops_for_nothing():
    verdict, asked = disturbed_verdict(COUNTS, [(shipped_svm, 20), (svm_mask, 20), (svm_mask, 22)])

    assert asked == ["other numbers", "once", "once"]
    assert (verdict.status, verdict.credit) == ("failed", 0.0)
    assert verdict.message == (
        "svm_loss_naive does its work for all samples at once at hw.py, line 12: it returns the same loss"
        " and dW when each loop stops after one iteration. Write the naive version with loops that compute"
        " the result."
    )


@pytest.mark.parametrize("last", [(svm_mask, 23), (shipped_svm, 20)], ids=["it grows", "it is wrong"])
def test_work_that_is_repeated_elsewhere_than_in_the_loops_that_end_is_work(last):
    verdict, _ = disturbed_verdict(COUNTS, [(shipped_svm, 20), (svm_mask, 20), last])

    assert verdict.status == "passed"


def test_loops_that_do_little_are_shown_to_the_instructor_and_cost_nothing():
    few, many, _ = sizes_of(check_of(NAIVE))
    counts = [Instructions(30), Instructions(30 + 11 * (many - few)), Instructions(30)]

    verdict, _ = disturbed_verdict(counts, [(shipped_svm, 20), (shipped_svm, 20)])

    message = "svm_loss_naive does little inside its loops (11 steps for each additional sample or class): is it the vectorized version with a loop beside it? No points were deducted; please read the code."
    assert (verdict.status, verdict.credit) == ("passed", 1.0)
    assert verdict.alarms == (Flag("unclear_code", NAIVE, message),)


@pytest.mark.parametrize("function, counts", [(VECTORIZED, (90, 90, 90)), (NAIVE, (90, 90, 90))])
def test_only_a_naive_function_with_loops_is_asked_further(function, counts):
    _, asked = disturbed_verdict([Instructions(count) for count in counts], [], function)

    assert asked == []


def test_what_a_library_does_once_more_for_each_sample_is_a_loop():
    few, many, _ = sizes_of(check_of())
    counts = [Instructions(90, {}, {"torch's mul": amount, "torch's sum": 3}) for amount in (few, many, few)]

    verdict = verdict_with(counts)

    assert verdict.status == "failed"
    assert verdict.message == (
        f"svm_loss_vectorized calls torch's mul more often for more samples ({few} times for {few}, {many} for {many}):"
        " is a loop left?"
    )


def test_a_call_or_two_more_are_no_loop():
    counts = [Instructions(90, {}, {"torch's mul": amount}) for amount in (3, 5, 4)]

    assert verdict_with(counts).status == "passed"
