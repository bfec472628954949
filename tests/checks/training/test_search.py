"""Search parameters: what pairs may be, which of them is the best, and what the student's own training does with it."""

import numpy as np
import pytest

from grader.checks.base.context import CheckContext
from grader.checks.training.search import GREATEST_STRENGTH, RATES, SearchCheck
from grader.model.assignment import SearchParamsFunction
from grader.model.observation import Died, Missing, Raised, Refused, TimedOut
from grader.model.trial import FunctionArgument, ResidentTensor, Scalar, Tensor
from tests.checks.images import DATA
from tests.checks.students import (
    ASSIGNMENT,
    LinearSVM,
    evidence_of,
    says,
    svm_mask,
    trainer,
    verdict_on,
)

FUNCTION, TRAINER, PREDICTOR = "svm_get_search_params", "train_linear_classifier", "predict_linear_classifier"
LABEL = "100 steps with learning_rate 0.01, reg <number>"
SEARCHED = ASSIGNMENT.model_copy(
    update={
        "functions": {
            **ASSIGNMENT.functions,
            FUNCTION: SearchParamsFunction(role="search_params", classifier="svm"),
        }
    }
)
CHECK = SearchCheck(
    kind="search",
    id="search",
    title="search",
    points=4,
    hint="Powers of ten first.",
    function=FUNCTION,
    least_pairs=2,
    most_pairs=6,
    bar=0.2,
    num_iters=100,
    rank_iters=30,
    batch_size=100,
)
WITH_TRAINER = CHECK.model_copy(
    update={"loss": "svm_loss_vectorized", "trainer": TRAINER, "predictor": PREDICTOR}
)
GOOD = ([1e-6, 1e-2], [1e-2, 1e-1])


def giving(pairs):
    return lambda: pairs


def argmax(W, X):
    return (X @ W).argmax(axis=1)


def student(pairs=GOOD, **changes):
    right = {"svm_loss_vectorized": svm_mask, TRAINER: trainer(), PREDICTOR: argmax}
    return {FUNCTION: giving(pairs)} | right | changes


def verdict_of(changed, check=CHECK):
    return verdict_on(check, changed, assignment=SEARCHED)


def test_the_best_pair_of_a_good_grid_reaches_the_bar_and_is_named():
    verdict = verdict_of(student())

    assert (verdict.status, verdict.credit, verdict.hint) == ("passed", 1.0, None)
    assert says(
        verdict.message,
        "With the best of 4 pairs, learning_rate 0.01 and reg <number>, the reference reaches <number> on the"
        " validation images (0.2 needed) after <count> of 100 iterations: clear of the bar, so the search stopped there.",
    )
    assert verdict.measured["iterations"] < verdict.allowed["iterations"] == 100
    assert verdict.measured["pairs"] == 4
    assert verdict.measured["grid_accuracy"] > verdict.allowed["grid_accuracy"] == 0.2
    assert [(each.function, each.is_correct) for each in verdict.findings] == [(FUNCTION, True)]


def test_the_grid_is_kept_for_a_picture():
    verdict = verdict_of(student())

    assert verdict.curves["learning_rates"] == (1e-6, 1e-6, 1e-2, 1e-2)
    assert verdict.curves["regularization_strengths"] == (1e-2, 1e-1, 1e-2, 1e-1)
    assert max(verdict.curves["accuracies"]) == verdict.measured["grid_accuracy"]
    best = verdict.curves["accuracies"].index(verdict.measured["grid_accuracy"])
    assert verdict.curves["learning_rates"][best] == verdict.measured["learning_rate"] == 1e-2


def test_a_grid_of_rates_that_are_too_small_fails_with_what_its_best_reached():
    verdict = verdict_of(student(([1e-9, 1e-8], [1e-2])), WITH_TRAINER)

    assert (verdict.status, verdict.credit, verdict.hint) == ("failed", 0.0, "Powers of ten first.")
    assert says(
        verdict.message,
        "No pair reaches the bar. With the best of 2 pairs, learning_rate <number> and reg 0.01, the reference reaches"
        " <number> on the validation images (0.2 needed). Try other learning rates first, three to ten times"
        " apart.",
    )


def test_a_bar_that_is_missed_by_less_than_chance_is_enough():
    reached = verdict_of(student(), CHECK.model_copy(update={"bar": 0.9})).measured["grid_accuracy"]

    near, far = (
        verdict_of(student(), CHECK.model_copy(update={"bar": reached + more})) for more in (0.01, 0.05)
    )

    assert (near.status, far.status) == ("passed", "failed")
    assert says(
        near.message.partition("). ")[2],
        "That is close enough: so few images cannot tell accuracies <number> apart.",
    )


def test_rates_that_blow_up_spoil_no_other_pair():
    verdict = verdict_of(student(([1e-2, 1e5], [1e-2, 1e10])))

    assert verdict.status == "passed"
    assert "learning_rate 0.01 and reg 0.01," in verdict.message


@pytest.mark.parametrize(
    "pairs,best_of,left_out",
    [
        (([1e-2, 1e30], [1e-2]), "1 pair", "the learning rate 1e+30 is out of range (from 1e-15 to 1e+06)"),
        (([1e-38, 1e-2], [1e-2]), "1 pair", "the learning rate 1e-38 is out of range (from 1e-15 to 1e+06)"),
        (
            ([1e-2, 5e-324], [4e37, 1e-2, 0.0]),
            "2 pairs",
            (
                "the learning rate 4.94066e-324 is out of range (from 1e-15 to 1e+06) and the regularization strength"
                " 4e+37 is out of range (from 0 to 1e+10)"
            ),
        ),
        (
            ([1e-2, 1e-16, 1e-17, 1e-18, 1e-19, 1e-20], [1e-2]),
            "1 pair",
            ("the learning rates 1e-16, 1e-17, 1e-18 and 2 more are out of range (from 1e-15 to 1e+06)"),
        ),
    ],
)
def test_pairs_out_of_range_are_left_out_and_cost_the_others_nothing(pairs, best_of, left_out):
    verdict = verdict_of(student(pairs))

    assert (verdict.status, verdict.credit) == ("passed", 1.0)
    assert f"With the best of {best_of}, learning_rate 0.01 and reg " in verdict.message
    assert verdict.message.endswith(f" so the search stopped there. Not tried: {left_out}.")
    assert verdict.measured["pairs"] == len(pairs[0]) * len(pairs[1])


@pytest.mark.parametrize(
    "rates,regs",
    [
        ([1e-10, 1e-2], [0.0]),
        ([1e-7, 1e-2], [2.5e4, 5e4, 0.0]),
        ([1e-15, 1e-2], [1e-300, 5e-324]),
        ([10, 1e-2], [1e6, 1e-3]),
        ([1e6, 1e-2], [1e10, 1e-3]),
        ([1e-2, True], [False, True]),
        ([1e-2, 1e-3], [-0.0, 0.0]),
    ],
)
def test_no_number_that_students_search_with_is_out_of_range(rates, regs):
    verdict = verdict_of(student((rates, regs)))

    assert verdict.status == "passed"
    assert "Not tried" not in verdict.message


def test_a_grid_without_a_pair_in_range_is_not_searched():
    check = CHECK.model_copy(update={"least_pairs": 1})
    changed = student(([1e-38], [4e37]))

    verdict = verdict_of(changed, check)

    assert len(evidence_of(check, changed, assignment=SEARCHED)) == 1
    assert (verdict.status, verdict.credit) == ("failed", 0.0)
    assert verdict.message == (
        "svm_get_search_params returns no pair to try: the learning rate 1e-38 is out of range (from 1e-15 to 1e+06) and"
        " the regularization strength 4e+37 is out of range (from 0 to 1e+10)."
    )
    assert [(each.function, each.is_correct) for each in verdict.findings] == [(FUNCTION, False)]


def test_the_ends_of_the_range_are_in_it():
    pairs = ([*RATES, 1e-2], [GREATEST_STRENGTH, 0.0])

    assert "Not tried" not in verdict_of(student(pairs)).message


def test_the_reference_searches_in_a_worker_of_its_own_under_the_deadline_of_a_training():
    _, (search, _) = evidence_of(CHECK, student(), assignment=SEARCHED)

    assert (search.runner, search.function, search.backend) == ("reference", "svm_best_pair", "numpy")
    assert search.seconds == SEARCHED.limits.training_seconds
    large = [each for each in search.positional if isinstance(each, ResidentTensor)]
    assert [(each.array.shape, each.array.flags.writeable) for each in large] == [
        (DATA.split(name, np.float32)[0].shape, False) for name in ("train", "val")
    ]


@pytest.mark.parametrize(
    "seen",
    [TimedOut(30.0), Refused("not called again: an earlier call did not finish in 30 s")],
    ids=["timed out", "refused"],
)
def test_a_search_that_misses_its_deadline_is_told_and_shown_to_the_instructor(seen):
    context = CheckContext(SEARCHED, 0, data=DATA)
    evidence = evidence_of(CHECK, student(), assignment=SEARCHED)
    missed = [evidence[0], (evidence[1][0], seen)]

    verdict = WITH_TRAINER.judge(context, missed)

    assert WITH_TRAINER.more_trials(context, missed) == ()
    assert (verdict.status, verdict.credit, verdict.findings) == ("failed", 0.0, ())
    assert verdict.message == (
        "The reference could not train with your 4 pairs within 30 s, so they were not graded and earn no"
        " points."
    )
    ((kind, function, message),) = [(each.kind, each.function, each.message) for each in verdict.alarms]
    assert (kind, function) == ("note", FUNCTION)
    assert message == (
        f"{verdict.message} If the machine was slow or busy, grade again, or raise limits.training_seconds in the spec."
    )


@pytest.mark.parametrize("seen", [Died("signal SIGSEGV"), Raised("ValueError", "ours", None, 0.0)])
def test_a_reference_that_fails_is_a_fault_of_ours(seen):
    context = CheckContext(SEARCHED, 0, data=DATA)
    evidence = evidence_of(CHECK, student(), assignment=SEARCHED)

    with pytest.raises(RuntimeError, match="the reference could not search: svm_best_pair"):
        CHECK.judge(context, [evidence[0], (evidence[1][0], seen)])


@pytest.mark.parametrize(
    "pairs,words",
    [
        (
            None,
            (
                "svm_get_search_params should return two lists of numbers, (learning_rates, regularization_strengths), but the"
                " learning rates are None."
            ),
        ),
        (([], [0.1]), "svm_get_search_params returns no learning rates: the list is empty."),
        (([0.1, 0.2], []), "svm_get_search_params returns no regularization strengths: the list is empty."),
        (
            ([0.1, 0.0], [0.1]),
            "svm_get_search_params returns the learning rate 0; learning rates must be > 0.",
        ),
        (
            ([0.1, 0.2], [-0.5]),
            "svm_get_search_params returns the regularization strength -0.5; it must be >= 0.",
        ),
        (([0.1, float("inf")], [0.1]), "svm_get_search_params returns learning rates that are not finite."),
        (
            ([0.1], [0.1]),
            (
                "svm_get_search_params returns 1 learning rate and 1 regularization strength, which make 1 pair;"
                " expected 2 to 6 pairs."
            ),
        ),
        (
            ([0.1, 0.2, 0.3], [0.1, 0.2, 0.3]),
            (
                "svm_get_search_params returns 3 learning rates and 3 regularization strengths, which make 9 pairs;"
                " expected 2 to 6 pairs."
            ),
        ),
        (
            ([0.1] * 7, [0.1]),
            (
                "svm_get_search_params should return two lists of numbers, (learning_rates, regularization_strengths), but the"
                " learning rates are a list of 7 numbers."
            ),
        ),
    ],
)
def test_what_is_no_grid_is_told(pairs, words):
    verdict = verdict_of(student(pairs), WITH_TRAINER)

    assert (verdict.status, verdict.credit, verdict.message) == ("failed", 0.0, words)
    assert [(each.function, each.is_correct) for each in verdict.findings] == [(FUNCTION, False)]


def test_a_function_that_raises_says_what():
    def raising():
        raise NameError("name 'np' is not defined")

    verdict = verdict_of(student(**{FUNCTION: raising}))

    assert verdict.message == (
        "svm_get_search_params raised NameError at linear_classifier.py, line 12: name 'np' is not defined."
    )


def test_equal_pairs_count_once():
    assert verdict_of(student(([1e-2, 1e-2, 1e-3], [1e-2]))).measured["pairs"] == 2


def test_the_students_own_training_is_run_on_the_best_pair_alone():
    evidence = evidence_of(WITH_TRAINER, student(), assignment=SEARCHED)

    _, _, (training, _), *_, (labelling, _), (alone, _) = evidence
    assert training.function == TRAINER
    assert training.positional[0] == FunctionArgument("svm_loss_vectorized")
    assert training.keywords["learning_rate"] == Scalar(1e-2)
    assert (labelling.function, alone.function) == (PREDICTOR, "svm_loss_vectorized")
    verdict = WITH_TRAINER.judge(CheckContext(SEARCHED, 0, data=DATA), evidence)
    assert (verdict.status, verdict.credit) == ("passed", 1.0)
    assert says(
        verdict.message.partition("search stopped there. ")[2],
        "Your own training with it reaches <number> on the validation images, after <count> of 100 iterations: clear of the"
        " bar, so training stopped there.",
    )
    assert verdict.measured["own_accuracy"] > 0.2


def test_no_label_of_a_judged_image_is_handed_over():
    evidence = evidence_of(WITH_TRAINER, student(), assignment=SEARCHED)

    handed = [
        each.array
        for trial, _ in evidence
        if trial.runner == "student"
        for each in trial.positional
        if isinstance(each, Tensor | ResidentTensor)
    ]
    *labels, _of_a_batch = [array for array in handed if array.dtype.kind == "i"]
    assert labels
    assert all(np.array_equal(each, DATA.splits.train.labels) for each in labels)


def test_a_class_is_trained_on_the_best_pair_too():
    check = CHECK.model_copy(update={"class_name": "LinearSVM"})

    verdict = verdict_of({FUNCTION: giving(GOOD), "LinearSVM": LinearSVM}, check)

    assert verdict.status == "passed"
    assert "own_accuracy" in verdict.measured


def solves(loss, W, X, y, **_):
    return X.T @ np.linalg.solve(X @ X.T + 1000 * np.eye(len(X)), np.eye(10)[y] - 0.1), [2.3]


def gives_nothing(*_, **__):
    return None


def overflows(loss, W, X, y, **_):
    return np.full((X.shape[1], 10), np.inf), [2.3]


@pytest.mark.parametrize(
    "changed,words",
    [
        (
            {TRAINER: solves},
            f"{TRAINER} never calls the loss that it is given.",
        ),
        (
            {TRAINER: gives_nothing},
            f"{TRAINER} returned None instead of the weights W.",
        ),
        (
            {TRAINER: overflows},
            f"{TRAINER} ended with weights that are not finite, on {LABEL}; does the loss grow?",
        ),
    ],
)
def test_good_pairs_keep_their_half_where_the_own_training_fails(changed, words):
    verdict = verdict_of(student(**changed), WITH_TRAINER)

    assert (verdict.status, verdict.credit, verdict.hint) == ("failed", 0.5, "Powers of ten first.")
    assert says(verdict.message.partition(" With the best of 4 pairs, ")[0], words)


@pytest.mark.parametrize(
    "seen,words",
    [
        (
            Missing("it is not in the submission"),
            "train_linear_classifier is missing: it is not in the submission.",
        ),
        (
            Died("exit code 3"),
            "train_linear_classifier ended its process instead of returning (exit code 3), on 25 steps",
        ),
    ],
)
def test_good_pairs_keep_their_half_where_the_own_training_gives_no_values(seen, words):
    evidence = evidence_of(CHECK, student(), assignment=SEARCHED)
    (training,) = WITH_TRAINER.more_trials(CheckContext(SEARCHED, 0, data=DATA), evidence)

    verdict = WITH_TRAINER.judge(CheckContext(SEARCHED, 0, data=DATA), [*evidence, (training, seen)])

    assert verdict.credit == 0.5
    assert words in verdict.message
