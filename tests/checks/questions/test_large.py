"""A size that does not fit in memory for who is careless: memory, time and values, by observations made by hand."""

import dataclasses

import numpy as np
import pytest

from grader.checks.base.context import CheckContext
from grader.checks.questions.large import LargeCheck
from grader.model.observation import Checked, Died, Raised, Received, Returned, TimedOut, Unexpected
from grader.model.trial import ResidentTensor, Tensor
from reference.questions.knn.distances import Terms
from tests.checks.questions.knn_students import ON
from tests.checks.students import PLACE

CHECK = LargeCheck(
    kind="large",
    id="speed",
    title="speed",
    points=1,
    hint="Think.",
    function="KNearestNeighbor",
    question="knn_no_loops",
)
SMALL = ON.model_copy(update={"limits": ON.limits.model_copy(update={"memory_bytes": 512 << 20})})
CONTEXT = CheckContext(SMALL, 0)
TRIALS = CHECK.trials(CONTEXT)
SLOW, STUDENT = TRIALS[:3], TRIALS[3]
SCALE = 400
"""The whole has so many times the pairs of the part that the slow version is timed with."""


def evidence_with(*seen, slow=0.01):
    """The student's calls ended so; the slow version took so many seconds for its part."""
    reference = [(trial, Checked(slow + 0.001 * at)) for at, trial in enumerate(SLOW)]
    return [*reference, *((STUDENT, each) for each in seen)]


def verdict_on_calls(*seen, slow=0.01):
    return CHECK.judge(CONTEXT, evidence_with(*seen, slow=slow))


def test_the_slow_version_is_ours_and_runs_on_a_part():
    assert [trial.runner for trial in TRIALS] == ["reference"] * 3 + ["student"]
    assert all(trial.driver is not None for trial in SLOW)
    shapes = [each.array.shape for each in SLOW[0].positional if isinstance(each, Tensor)]
    assert shapes[0][0] * shapes[1][0] * SCALE == 400 * 2000


def test_a_fast_one_passes_after_a_single_call():
    evidence = evidence_with(Checked(0.1))

    assert CHECK.more_trials(CONTEXT, evidence) == ()
    verdict = CHECK.judge(CONTEXT, evidence)
    assert (verdict.status, verdict.credit) == ("passed", 1.0)
    assert verdict.message == (
        f"compute_distances_no_loops is 40 times as fast as our version with loops, on {STUDENT.label}."
    )
    assert verdict.measured == {"speedup": pytest.approx(40.0)}


def test_one_near_the_bound_is_called_again_and_its_fastest_call_counts():
    near = [Checked(0.9), Checked(0.92), Checked(0.95)]

    (again,) = CHECK.more_trials(CONTEXT, evidence_with(*near))
    assert (again.label, again.seconds, again.driver) == (STUDENT.label, STUDENT.seconds, STUDENT.driver)
    assert CHECK.more_trials(CONTEXT, evidence_with(*near, Checked(0.79))) == ()
    assert CHECK.judge(CONTEXT, evidence_with(*near, Checked(0.79))).status == "passed"


def test_no_call_gets_the_rows_of_another_one_so_none_can_be_remembered():
    calls = [STUDENT, *(CHECK.more_trials(CONTEXT, evidence_with(*[Checked(0.9)] * n))[0] for n in (1, 2))]
    first, *later = (
        [each.array for each in call.positional if isinstance(each, ResidentTensor)] for call in calls
    )
    rows = len(first) - 1  # X is the last that is an array

    assert all(each[0] is first[0] for each in later)
    found = [each[rows] for each in (first, *later)]
    assert {each.shape for each in found} == {first[rows].shape}
    assert not any(np.isin(one[0], other).any() for one in found for other in found if one is not other)
    keys = {each.key for call in calls for each in call.positional if isinstance(each, ResidentTensor)}
    assert len(keys) == len(first) + 2


def test_a_slow_one_fails_with_both_numbers():
    verdict = verdict_on_calls(Checked(1.6))

    assert (verdict.status, verdict.credit, verdict.hint) == ("failed", 0.0, "Think.")
    assert verdict.message == (
        f"compute_distances_no_loops is too slow: 2.5 times as fast as our version with loops, on {STUDENT.label} (at least 5"
        " times needed). Is a loop left, or something that works like one? The handout suggests one"
        " matrix multiplication."
    )
    assert verdict.allowed == {"speedup": 5.0}


def test_a_broadcast_is_told_of_memory():
    raised = Raised("MemoryError", "Unable to allocate 12 GiB", PLACE, 0.1, memory="4 GiB memory")

    assert CHECK.more_trials(CONTEXT, evidence_with(raised)) == ()
    assert verdict_on_calls(raised).message == (
        f"compute_distances_no_loops needs more than its 4 GiB memory limit on {STUDENT.label}. Does it hold"
        " the differences of all pairs of points at once, an array of N x M x D numbers? The result has only"
        " N x M: what do you need from each difference?"
    )


def test_one_that_does_not_end_in_time_is_too_slow():
    verdict = verdict_on_calls(TimedOut(5.0))

    assert verdict.credit == 0.0
    assert "did not finish in 5 s" in verdict.message
    assert verdict.message.endswith("one matrix multiplication.")


def test_one_that_died_or_gives_wrong_values_earns_nothing():
    assert verdict_on_calls(Died("signal 11")).credit == 0.0
    verdict = verdict_on_calls(Checked(0.1, "dists is wrong in some of 4 rows"))
    assert verdict.blames == ("KNearestNeighbor",)
    assert verdict.message == (
        f"compute_distances_no_loops: dists is wrong in some of 4 rows, on {STUDENT.label}. No points for speed until it is"
        " right."
    )


def test_a_failure_of_ours_is_not_the_students():
    evidence = [(trial, Died("signal 9")) for trial in SLOW]

    with pytest.raises(RuntimeError, match="could not be timed"):
        CHECK.judge(CONTEXT, [*evidence, (STUDENT, Checked(0.1))])


def test_some_rows_are_compared_and_no_values_kept():
    X_train, X = (STUDENT.positional[at] for at in (1, 3))
    assert isinstance(X_train, ResidentTensor)
    assert isinstance(X, ResidentTensor)
    found = Terms(X.array, X_train.array)
    right = np.sqrt(found.a + found.b - 2 * found.c)

    def digested(value):
        seen = Returned((value,), 0.2, waiting_seconds=0.05)
        ((_, found),) = CHECK.digest(CONTEXT, [(STUDENT, seen)])
        assert isinstance(found, Checked)
        assert found.own_seconds == pytest.approx(0.15)
        return found.fault

    assert digested(Received(right, "float64")) is None
    assert digested(Received(right.astype(np.float32).astype(np.float64), "float32")) is None
    assert digested(Received(right * 1.001, "float64")) == "dists is wrong in some of 4 rows"
    assert digested(Unexpected("an array of shape (2, 3) and dtype float64")) == (
        "dists is an array of shape (2, 3) and dtype float64"
    )
    assert [type(seen) for _, seen in CHECK.digest(CONTEXT, [(STUDENT, Died("x"))])] == [Died]


def test_it_is_slow_and_about_its_method_alone():
    assert CHECK.is_slow
    assert CHECK.methods == ("compute_distances_no_loops",)
    assert dataclasses.replace(STUDENT).echo == ()


def test_a_question_without_a_large_case_is_a_fault_of_the_spec():
    check = CHECK.model_copy(update={"question": "knn_labels"})

    assert [fault.where for fault in check.misfits(ON.functions)] == ["question"]
    assert list(CHECK.misfits(ON.functions)) == []
