"""What a method's Python work grows with, by counts made by hand."""

import dataclasses

import numpy as np
import pytest

from grader.checks.base.context import CheckContext
from grader.checks.questions.method_loops import MethodLoopsCheck
from grader.model.observation import Died, Instructions, Location, Returned
from grader.model.verdict import Finding, Flag
from tests.checks.questions.knn_students import ON, knn
from tests.checks.students import evidence_of

LINE = Location("knn.py", None, 9)
TWO, ONE, NONE = "knn_two_loops", "knn_one_loop", "knn_no_loops"
RIGHT = {TWO: (300, 900, 850, 301), ONE: (200, 500, 200, 203), NONE: (90, 90, 95, 90)}
"""Of a small call, and of more test points, training points and features."""


def judged(counts=RIGHT, questions=(TWO, ONE, NONE), **methods):
    """The verdict when the counted calls claim these numbers, or these Instructions."""
    check = MethodLoopsCheck(
        kind="method_loops",
        id="loops",
        title="loops",
        points=3,
        function="KNearestNeighbor",
        questions=questions,
    )
    claims = [
        each if isinstance(each, Instructions) else Instructions(each, {LINE: each})
        for question in questions
        for each in {**RIGHT, **counts}[question]
    ]
    evidence = [
        (trial, dataclasses.replace(seen, instructions=claim) if isinstance(seen, Returned) else seen)
        for (trial, seen), claim in zip(
            evidence_of(check, {"KNearestNeighbor": knn(**methods)}, 0, ON), claims, strict=True
        )
    ]
    return check.judge(CheckContext(ON, 0), evidence)


def test_loops_as_the_handout_has_them_pass():
    verdict = judged()

    assert (verdict.status, verdict.credit) == ("passed", 1.0)
    assert verdict.message == (
        "compute_distances_two_loops, compute_distances_one_loop and compute_distances_no_loops loop as the handout says."
    )
    assert verdict.findings == (Finding("KNearestNeighbor", None),)


def test_every_call_is_counted_with_the_calls_of_libraries():
    check = MethodLoopsCheck(
        kind="method_loops", id="l", title="l", points=1, function="KNearestNeighbor", questions=(NONE,)
    )
    trials = check.trials(CheckContext(ON, 0))

    assert len(trials) == 4
    assert all(each.is_counted and each.are_calls_counted for each in trials)
    assert check.methods == ()


@pytest.mark.parametrize(
    "counts,said",
    [
        (
            {NONE: (90, 240, 90, 90)},
            ("compute_distances_no_loops loops over test points (at knn.py, line 9): it does more Python work for more test"
            " points (90 steps for 5, 240 for 20). According to the handout, it takes no loop."),
        ),
        (
            {ONE: (200, 200, 500, 200)},
            ("compute_distances_one_loop loops over training points (at knn.py, line 9), but not over test points: it"
            " does more Python work for more training points (200 steps for 6, 500 for 20). According to the"
            " handout, it takes a single"
            " loop, over the test points."),
        ),
        (
            {TWO: (300, 900, 300, 300)},
            ("compute_distances_two_loops does not loop over training points: it does hardly any more Python work for more training"
            " points (300 steps for 6, 300 for 20). According to the handout, it takes a loop over the test"
            " points and one over the"
            " training points."),
        ),
        (
            {TWO: (300, 900, 900, 700)},
            ("compute_distances_two_loops loops over features (at knn.py, line 9): it does more Python work for more features"
            " (300 steps for 7, 700 for 20). According to the handout, it takes a loop over the test points"
            " and one over the training"
            " points."),
        ),
        (
            {NONE: (90, Instructions(90, {}, {"NumPy's sum": 20}), 90, 90)},
            ("compute_distances_no_loops calls NumPy's sum more often for more test points (0 times for 5, 20 for 20), which is"
            " a loop over test points. According to the handout, it takes no loop."),
        ),
    ],
    ids=["left in none", "the other points", "one of two", "features", "in C"],
)  # fmt: skip
def test_other_loops_cost_their_share_and_are_told_with_their_place(counts, said):
    verdict = judged(counts)

    assert verdict.status == "failed"
    assert verdict.credit == pytest.approx(2 / 3)
    assert verdict.message == said
    assert verdict.findings == (Finding("KNearestNeighbor", False),)


def test_wrong_answers_earn_nothing_for_loops_and_are_judged_elsewhere():
    verdict = judged(compute_distances_no_loops=lambda self, X: np.zeros((len(X), len(self.X_train))))

    assert verdict.credit == pytest.approx(2 / 3)
    assert verdict.message == (
        "No points for the loops of compute_distances_no_loops until its answers are right."
    )
    assert verdict.findings == (Finding("KNearestNeighbor", None),)
    assert verdict.blames == ("KNearestNeighbor",)


def test_a_count_that_was_stopped_is_flagged():
    verdict = judged({NONE: (Instructions(9, is_whole=False), 9, 9, 9)})

    assert verdict.credit == pytest.approx(2 / 3)
    assert [type(each) for each in verdict.alarms] == [Flag]
    assert verdict.message.startswith("compute_distances_no_loops stops or evades the count")


def test_calls_that_died_cost_their_share_alone():
    check = MethodLoopsCheck(
        kind="method_loops", id="l", title="l", points=1, function="KNearestNeighbor", questions=(ONE, NONE)
    )
    context = CheckContext(ON, 0)
    evidence = [(trial, Died("signal 9")) for trial in check.trials(context)]

    assert check.judge(context, evidence).credit == 0.0


def test_a_question_that_says_nothing_of_loops_is_a_fault_of_the_spec():
    check = MethodLoopsCheck(
        kind="method_loops",
        id="l",
        title="l",
        points=1,
        function="KNearestNeighbor",
        questions=("knn_labels", ONE),
    )

    assert [fault.where for fault in check.misfits(ON.functions)] == ["questions"]
