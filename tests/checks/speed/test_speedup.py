"""Credit for speed, on answers and times that are made up: no process, no clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from grader.checks.base.context import CheckContext
from grader.checks.speed import rounds, truth
from grader.checks.speed.rounds import FEW_SAMPLES, MAIN, MANY_SAMPLES, NULL, WARM_UPS, round_and_size
from grader.checks.speed.speedup import SpeedupCheck
from grader.checks.speed.timing import LEAST_OPEN_ROUNDS, MOST_SECONDS
from grader.model.observation import (
    Died,
    Missing,
    Observation,
    Raised,
    Received,
    Returned,
    TimedOut,
    Unexpected,
)
from grader.model.trial import Device, ResidentTensor, Scalar, Tensor, Trial
from reference import Convention, softmax_loss, svm_loss
from tests.checks.students import ASSIGNMENT, PLACE

SVM = SpeedupCheck(
    kind="speedup",
    id="speed",
    title="Speed",
    points=3,
    naive="svm_loss_naive",
    vectorized="svm_loss_vectorized",
)
SOFTMAX = SVM.model_copy(update={"naive": "softmax_loss_naive", "vectorized": "softmax_loss_vectorized"})

NULL_SECONDS, VECTORIZED_SECONDS, NAIVE_SECONDS = 0.3e-3, 1e-3, 2.5e-3
"""Of the reference, less the null call; a naive call sees 4 of the 128 samples, so its speedup is 80."""

Clock = Callable[[Trial], float]
Answer = Callable[[Trial, float], Observation]


@pytest.fixture
def handouts_sizes():
    """Asked for where the number of features matters."""


@pytest.fixture(autouse=True)
def few_features(monkeypatch, request):
    """Few features, and not so many samples: the answers that are made up here take their time too."""
    if "handouts_sizes" not in request.fixturenames:
        for name, size in (("MAIN", MAIN), ("FEW_SAMPLES", FEW_SAMPLES)):
            monkeypatch.setattr(rounds, name, replace(size, D=30))
        monkeypatch.setattr(rounds, "MANY_SAMPLES", replace(MANY_SAMPLES, N=200, D=20))


def machine(
    student: float = 1.0,
    many: float | None = None,
    naive: float = 1.0,
    noise: float = 0.01,
    reference_naive: float = 1.0,
    slow: float = 1.0,
) -> Clock:
    """A clock by role. student, many, naive: how many times as long as the reference's; slow: as a machine may be."""
    rng = np.random.default_rng(5)

    def seconds(trial: Trial) -> float:
        _, size = round_and_size(trial)
        own = trial.runner == "student"
        net = VECTORIZED_SECONDS
        if trial.function.endswith("_naive"):
            net = NAIVE_SECONDS * reference_naive * (naive if own else 1) * (32 if size == "main" else 1)
        elif trial.function == NULL:
            net = 0.0
        elif own:
            net *= many if many is not None and size == "many" else student
        return slow * (NULL_SECONDS + net * float(np.exp(noise * rng.standard_normal())))

    return seconds


def inputs(trial: Trial) -> tuple[Any, Any, Any, float]:
    W, X, y, reg = trial.positional
    assert isinstance(W, Tensor)
    assert isinstance(X, ResidentTensor)
    assert isinstance(y, ResidentTensor)
    assert isinstance(reg, Scalar)
    return W.array, X.array, y.array, float(reg.value or 0)


def right(trial: Trial, seconds: float, convention: Convention = ASSIGNMENT.convention) -> Observation:
    """What a right function returns; what the reference's do is never looked at."""
    W, X, y, reg = inputs(trial)
    if trial.runner == "reference":
        return returned(0.0, np.zeros_like(W), seconds)
    loss_of = svm_loss if trial.function.startswith("svm") else softmax_loss
    truth = loss_of(W, X, y, reg, convention, dtype=np.float64)
    return returned(float(truth.loss), truth.dW, seconds)


def returned(loss: float, dW: Any, seconds: float = 1e-3) -> Returned:
    return Returned((Received(np.array(loss), "float"), Received(dW, dW.dtype.name)), seconds)


def measure(
    check=SVM, clock=None, answer: Answer = right, assignment=ASSIGNMENT, seed=0, device: Device = "cpu"
):
    """All calls that the check asks for, with what is made up for them."""
    clock = clock or machine()
    evidence: list[tuple[Trial, Observation]] = []
    trials = check.trials(CheckContext(assignment, seed, device))
    context = CheckContext(assignment, seed, device)
    while trials:
        evidence += check.digest(context, [(trial, answer(trial, clock(trial))) for trial in trials])
        trials = check.more_trials(context, evidence)
    return evidence


def verdict(
    check=SVM, clock=None, answer: Answer = right, assignment=ASSIGNMENT, seed=0, device: Device = "cpu"
):
    context = CheckContext(assignment, seed, device)
    return check.judge(context, measure(check, clock, answer, assignment, seed, device))


def alternating(first: float, second: float) -> Clock:
    """A student whose slowdown is one in every other round, whatever is done."""
    one, other = machine(student=first), machine(student=second)
    return lambda trial: (one if round_and_size(trial)[0] % 2 else other)(trial)


# --- Credit ----------------------------------------------------------------------------------------------------------


def test_a_function_like_the_references_passes_and_is_measured():
    found = verdict()

    assert (found.status, found.credit) == ("passed", 1.0)
    assert found.measured["speedup"] == pytest.approx(80, rel=0.03)
    assert found.measured["slowdown"] == pytest.approx(1, rel=0.03)
    assert found.measured["slowdown_many_samples"] == pytest.approx(1, rel=0.03)
    assert found.measured["reference_speedup"] == pytest.approx(80, rel=0.03)
    assert found.measured["rounds"] == 3
    assert found.allowed == {"slowdown": 3.0}
    assert found.alarms == ()


@pytest.mark.parametrize(
    "slowdown, credit", [(0.5, 1.0), (2.0, 1.0), (2.8, 1.0), (4.0, 0.5), (8.0, 0.25), (20.0, 0.0)]
)
def test_credit_follows_the_time_beside_the_references(slowdown, credit):
    assert verdict(clock=machine(student=slowdown)).credit == credit


def test_a_loop_over_the_samples_shows_where_there_are_many():
    found = verdict(clock=machine(student=2.0, many=40.0, noise=0.0))

    assert (found.status, found.credit) == ("failed", 0.0)
    assert found.message == (
        "svm_loss_vectorized is too slow with many samples: with 2400 samples of 80 features it takes 40 times as long"
        " as the reference (at most 6 times for full points). At the handout's size it is 40 times as fast as"
        " svm_loss_naive (between 31 and 51) and takes 2 times as long as the reference. The first call of"
        " each, the only one the notebook times, gives a factor of 34.9. Is a Python loop over the samples"
        " left?"
    )


@pytest.mark.parametrize("many, credit", [(4.0, 1.0), (5.5, 1.0), (7.0, 0.25), (13.0, 0.0)])
def test_many_samples_have_a_bar_above_all_lists_of_row_numbers(many, credit):
    assert verdict(clock=machine(student=1.0, many=many)).credit == credit


def test_a_naive_function_that_dawdles_gains_no_credit_and_little_speedup():
    found = verdict(clock=machine(student=20.0, naive=50.0))

    assert found.credit == 0
    assert found.measured["speedup"] == pytest.approx(1.5 * 80 / 20, rel=0.03)


def test_a_vectorized_function_no_faster_than_the_naive_one_earns_nothing():
    found = verdict(clock=machine(naive=0.005, noise=0.0))

    assert found.credit == 0
    assert found.message.startswith(
        "svm_loss_vectorized is not faster than svm_loss_naive. It is 0.4 times as fast as svm_loss_naive (between 0.31 and 0.51) and"
        " takes 1 times as long as the reference."
    )


def test_whether_it_is_faster_than_the_naive_one_is_decided_for_the_student_too():
    one, other = machine(naive=0.01, slow=20.0), machine(naive=0.02, slow=20.0)  # 0.8 and 1.6 times as fast
    found = verdict(clock=lambda trial: (one if round_and_size(trial)[0] % 2 else other)(trial))

    assert found.credit == 1
    assert found.message.endswith("Timing was too noisy to decide; you get the higher credit.")


def test_another_ladder_is_used_as_the_spec_has_it():
    check = SpeedupCheck.model_validate(
        {**SVM.model_dump(), "ladder": [{"bound": 1.5, "credit": 1.0}, {"bound": 2.5, "credit": 0.4}]}
    )

    assert verdict(check, machine(student=1.2)).credit == 1.0
    assert verdict(check, machine(student=2.0)).credit == 0.4
    assert verdict(check, machine(student=2.8)).credit == 0.0


@pytest.mark.parametrize("field, order", [("ladder", "rise"), ("cuda_ladder", "fall")])
def test_a_ladder_out_of_order_is_refused(field, order):
    backwards = list(reversed(SVM.model_dump()[field]))

    with pytest.raises(
        ValidationError, match=f"{field}: its bounds must {order} from rung to rung, and its credits fall"
    ):
        SpeedupCheck.model_validate({**SVM.model_dump(), field: backwards})


def test_the_words_are_whole():
    found = verdict(clock=machine(student=2.0, noise=0.0))

    assert found.message == (
        "svm_loss_vectorized is 40 times as fast as svm_loss_naive (between 31 and 51) and takes 2 times as"
        " long as the reference. The first call of each, the only one the notebook times, gives a factor of"
        " 34.9."
    )


def test_an_interval_that_says_nothing_is_not_told():
    one, other = (
        machine(naive=0.05, noise=0.0, slow=20.0),
        machine(reference_naive=60.0, noise=0.0, slow=20.0),
    )
    message = verdict(clock=lambda trial: (one if round_and_size(trial)[0] % 2 else other)(trial)).message

    assert message.startswith(
        "svm_loss_vectorized is about 100 times as fast as svm_loss_naive and takes 1 times"
    )


def test_one_that_fails_by_its_time_is_told_the_bound():
    message = verdict(clock=machine(student=4.0, noise=0.0)).message

    assert message.startswith(
        "svm_loss_vectorized is too slow: it takes 4 times as long as the reference (at most 3 times for full points)."
        " It is 20 times as fast as svm_loss_naive (between 16 and 26)."
    )


def test_the_cold_number_is_that_of_the_first_calls():
    clock = machine(noise=0.0)
    seen: set[str] = set()

    def cold(trial: Trial) -> float:
        if trial.runner == "reference" or trial.function in seen:
            return clock(trial)
        seen.add(trial.function)
        return clock(trial) * (10 if trial.function == "svm_loss_vectorized" else 1)

    found = verdict(clock=cold)

    assert found.measured["cold_speedup"] == pytest.approx((80 + 0.3) / 13)
    assert found.measured["speedup"] == pytest.approx(80)


# --- When measuring stops --------------------------------------------------------------------------------------------


def counted(clock: Clock, **others: Any) -> int:
    """How many rounds are measured beyond those that warm up."""
    return max(round_and_size(trial)[0] for trial, _ in measure(clock=clock, **others)) + 1 - WARM_UPS


def test_three_rounds_are_enough_on_a_quiet_machine():
    assert counted(machine()) == 3


def test_a_function_half_as_fast_as_the_reference_is_soon_sure_of_full_points():
    assert counted(machine(student=2.0, noise=0.05)) <= 8


def test_a_wide_interval_is_enough_where_the_credit_is_clear():
    found = verdict(clock=machine(student=1.5, noise=0.2))

    assert found.measured["rounds"] < 10
    assert found.measured["slowdown_low"] < 1.2
    assert 1.8 < found.measured["slowdown_high"] <= 3.0


def test_what_earns_nothing_for_sure_is_not_measured_further():
    assert counted(machine(student=200.0, noise=0.2)) == 3


def test_a_straddling_interval_goes_on_to_the_cap_and_is_decided_for_the_student():
    evidence = measure(clock=alternating(2.0, 4.0))
    found = SVM.judge(CheckContext(ASSIGNMENT, 0), evidence)

    assert (found.credit, found.is_open) == (1.0, True)
    assert found.message.endswith("Timing was too noisy to decide; you get the higher credit.")
    seconds = sum(seen.seconds for trial, seen in evidence if round_and_size(trial)[0] >= WARM_UPS)
    assert seconds == pytest.approx(MOST_SECONDS, rel=0.1)


def test_a_machine_that_grows_quiet_decides_before_the_cap():
    busy, quiet = alternating(2.0, 4.0), machine(student=4.0)
    found = verdict(clock=lambda trial: (busy if round_and_size(trial)[0] < WARM_UPS + 6 else quiet)(trial))

    assert found.credit == 0.5
    assert found.measured["rounds"] > 6
    assert not found.is_open
    assert "too noisy" not in found.message


def test_a_few_rounds_are_measured_on_the_slowest_machine():
    assert counted(machine(slow=150.0, student=3.0)) == LEAST_OPEN_ROUNDS


def test_each_output_is_compared_once_and_nothing_large_is_kept(monkeypatch):
    compared: list[Any] = []
    true_faults = truth.coarse_faults

    def counted_faults(calls: Any, *rest: Any) -> Any:
        compared.extend(calls)
        return true_faults(calls, *rest)

    monkeypatch.setattr(truth, "coarse_faults", counted_faults)

    evidence = measure(clock=alternating(2.0, 4.0))
    SVM.judge(CheckContext(ASSIGNMENT, 0), evidence)

    assert len(compared) == sum(trial.runner == "student" for trial, _ in evidence)
    assert all(trial.positional == () for trial, _ in evidence)


def test_a_machine_busy_in_every_other_call_gives_the_same_verdict():
    rng = np.random.default_rng(3)
    clock = machine()
    found = verdict(clock=lambda trial: clock(trial) + (rng.random() < 0.5) * 4e-3)

    assert found.credit == 1.0
    assert found.measured["slowdown"] == pytest.approx(1, rel=0.1)


def test_a_machine_slow_for_whole_rounds_gives_the_same_numbers():
    clock = machine()
    found = verdict(clock=lambda trial: clock(trial) * (1 + 2 * (round_and_size(trial)[0] % 3 == 0)))

    assert found.measured["slowdown"] == pytest.approx(1, rel=0.05)
    assert found.measured["speedup"] == pytest.approx(80, rel=0.05)
    assert found.measured["rounds"] == 3


def test_the_rounds_that_warm_up_do_not_count():
    clock = machine()

    def cold(trial: Trial) -> float:
        is_cold = round_and_size(trial)[0] < WARM_UPS and trial.runner == "student"
        return clock(trial) * (100 if is_cold else 1)

    assert verdict(clock=cold).measured["slowdown"] == pytest.approx(1, rel=0.05)


def test_the_same_evidence_gives_the_same_verdict():
    evidence = measure(clock=machine(noise=0.3))

    assert SVM.judge(CheckContext(ASSIGNMENT, 0), evidence) == SVM.judge(
        CheckContext(ASSIGNMENT, 0), evidence
    )


# --- What is impossible ----------------------------------------------------------------------------------------------


def test_an_impossible_time_earns_nothing_and_raises_an_alarm():
    found = verdict(clock=machine(student=0.1, many=0.1, noise=0.0))

    assert (found.status, found.credit) == ("failed", 0.0)
    (alarm,) = found.alarms
    assert (alarm.kind, alarm.function) == ("impossible_time", "svm_loss_vectorized")
    assert alarm.message == found.message
    assert found.message == (
        "svm_loss_vectorized took 0.1 times the reference's time, less than any honest computation needs."
        " No points for speed; an instructor should look at it."
    )


def test_a_time_that_may_be_possible_raises_no_alarm():
    assert verdict(clock=machine(student=0.5)).alarms == ()
    assert verdict(clock=machine(student=0.35, noise=0.1)).alarms == ()


def test_a_function_as_fast_as_the_null_call_is_impossible():
    assert verdict(clock=machine(student=0.0, many=0.0)).alarms


# --- Outputs ---------------------------------------------------------------------------------------------------------


def wrong_in(size: str, number: int, change: Callable[[float, Any], Observation]) -> Answer:
    """Right answers, but for one call of the student's vectorized function."""
    done: list[Trial] = []

    def answer(trial: Trial, seconds: float) -> Observation:
        seen = right(trial, seconds)
        is_chosen = round_and_size(trial) == (number, size) and trial.function == "svm_loss_vectorized"
        if is_chosen and trial.runner == "student" and not done:
            done.append(trial)
            W, X, y, reg = inputs(trial)
            truth = svm_loss(W, X, y, reg, ASSIGNMENT.convention, dtype=np.float64)
            return change(float(truth.loss), truth.dW.copy())
        return seen

    return answer


def nudged(loss: float, dW: Any) -> Observation:
    return returned(loss, dW * 1.1)


@pytest.mark.parametrize("size", ["main", "many"])
@pytest.mark.parametrize("number", [0, 1, 2, 3])
def test_one_wrong_output_in_any_timed_call_costs_all_credit(size, number):
    found = verdict(answer=wrong_in(size, number, nudged))

    assert (found.status, found.credit) == ("failed", 0.0)
    assert found.message.startswith(
        "svm_loss_vectorized: dW differs from the reference's (relative difference 0.1), on a timed call (N="
    )
    assert found.message.endswith("). No points for speed until the timed calls return correct results.")
    assert found.blames == ("svm_loss_vectorized",)


@pytest.mark.parametrize(
    "change, words",
    [
        (
            lambda loss, dW: returned(loss * 1.001, dW),
            "loss differs from the reference's (relative difference 0.001)",
        ),
        (lambda loss, dW: returned(float("nan"), dW), "loss differs from the reference"),
        (lambda loss, dW: returned(loss, dW * np.nan), "dW differs from the reference"),
        (lambda loss, dW: returned(loss, np.full_like(dW, np.inf)), "dW differs from the reference"),
        (lambda loss, dW: returned(loss, np.zeros_like(dW)), "dW differs from the reference"),
        (
            lambda loss, dW: Returned((Received(np.array(loss), "float"), Unexpected("None")), 1e-3),
            "returns None as its dW",
        ),
    ],
)
def test_each_kind_of_wrong_output_is_said(change, words):
    with np.errstate(invalid="ignore"):
        found = verdict(answer=wrong_in("main", 3, change))

    assert found.credit == 0
    assert words in found.message


@pytest.mark.parametrize(
    "instead",
    [
        lambda trial: returned(0.0, np.zeros_like(inputs(trial)[0])),
        lambda trial: Missing("it is defined nowhere"),
        lambda trial: TimedOut(5.0),
    ],
    ids=["wrong", "missing", "late"],
)
def test_a_lost_naive_function_costs_the_vectorized_one_nothing(instead):
    called = []

    def answer(trial: Trial, seconds: float) -> Observation:
        is_naive = trial.function == "svm_loss_naive" and trial.runner == "student"
        called.append(is_naive)
        return instead(trial) if is_naive else right(trial, seconds)

    found = verdict(answer=answer)

    assert (found.status, found.credit) == ("passed", 1.0)
    assert "as fast as the reference's naive one (you have no correct one yet)" in found.message
    assert "cold_speedup" not in found.measured
    assert sum(called) == 1  # not again after the first


def test_a_function_that_is_wrong_from_the_start_is_not_measured():
    evidence = measure(answer=wrong_in("main", 0, nudged))

    assert {round_and_size(trial)[0] for trial, _ in evidence} == set(range(WARM_UPS))


@pytest.mark.parametrize("check", [SVM, SOFTMAX])
def test_arithmetic_in_float32_is_right_and_in_16_bits_is_not(check, handouts_sizes):
    def computing_in(dtype: str) -> Answer:
        def answer(trial: Trial, seconds: float) -> Observation:
            if trial.runner == "reference":
                return right(trial, seconds)
            W, X, y, reg = inputs(trial)
            loss_of = svm_loss if check is SVM else softmax_loss
            narrow_W, narrow_X = (each.astype(dtype).astype(np.float32) for each in (W, X))
            truth = loss_of(narrow_W, narrow_X, y, reg, ASSIGNMENT.convention, dtype=np.float32)
            return returned(float(truth.loss), truth.dW, seconds)

        return answer

    assert verdict(check, answer=computing_in("float32")).credit == 1.0
    assert verdict(check, answer=computing_in("float16")).credit == 0.0


@pytest.mark.parametrize("layout", ["DC", "CD"])
@pytest.mark.parametrize("check", [SVM, SOFTMAX])
def test_other_conventions_are_drawn_and_judged_as_they_are(check, layout, handouts_sizes):
    convention = Convention(layout=layout, regularizer_coefficient=0.5, delta=2.0)
    assignment = ASSIGNMENT.model_copy(update={"convention": convention})

    found = verdict(
        check, assignment=assignment, answer=lambda trial, seconds: right(trial, seconds, convention)
    )
    other = verdict(
        check,
        assignment=assignment,
        answer=lambda trial, seconds: right(trial, seconds, Convention(layout=layout)),
    )

    assert found.credit == 1.0
    assert other.credit == 0.0


# --- Calls that fail -------------------------------------------------------------------------------------------------


def failing(runner: str, seen: Observation, number: int = 3) -> Answer:
    def answer(trial: Trial, seconds: float) -> Observation:
        is_chosen = round_and_size(trial)[0] == number and trial.runner == runner
        return seen if is_chosen else right(trial, seconds)

    return answer


@pytest.mark.parametrize(
    "seen, words",
    [
        (Raised("ValueError", "no", PLACE, 0.1), "raised ValueError at linear_classifier.py, line 12: no"),
        (TimedOut(5.0), "did not finish in 5 s"),
        (Died("exit code 1"), "ended its process"),
    ],
)
def test_a_call_of_the_students_that_fails_ends_the_measuring(seen, words):
    evidence = measure(answer=failing("student", seen))
    found = SVM.judge(CheckContext(ASSIGNMENT, 0), evidence)

    assert max(round_and_size(trial)[0] for trial, _ in evidence) == 3
    assert (found.status, found.credit) == ("failed", 0.0)
    assert words in found.message


def test_a_reference_that_fails_is_a_fault_of_ours():
    evidence = measure(answer=failing("reference", TimedOut(5.0)))

    with pytest.raises(RuntimeError, match=r"^the reference could not be timed: .* did not finish in 5 s"):
        SVM.judge(CheckContext(ASSIGNMENT, 0), evidence)


# --- CUDA ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("student, credit", [(1.0, 1.0), (1.5, 1.0), (2.5, 0.5), (6.0, 0.25), (20.0, 0.0)])
def test_on_cuda_the_handouts_factor_decides_where_the_reference_reaches_it(student, credit):
    found = verdict(clock=machine(student=student, many=student, reference_naive=2.0), device="cuda")

    assert found.credit == credit  # the speedup is 160 over `student`, the factor 100
    assert found.allowed == {"speedup": 100.0}
    assert "On this GPU, full points need a factor of 100." in found.message


def test_on_a_gpu_that_cannot_show_the_factor_the_reference_decides():
    found = verdict(clock=machine(student=2.0), device="cuda")

    assert found.credit == 1.0
    assert found.measured["reference_speedup"] < 150
    assert found.allowed == {"slowdown": 3.0}


def test_on_a_cpu_the_factor_is_not_asked_for():
    assert verdict(clock=machine(reference_naive=4.0, student=2.5)).allowed == {"slowdown": 3.0}


# --- What is drawn ---------------------------------------------------------------------------------------------------


def drawn(seed: int = 0, count: int = 3, assignment=ASSIGNMENT, check=SVM) -> list[Trial]:
    context = CheckContext(assignment, seed)
    trials = list(check.trials(context))
    evidence = [*check.digest(context, [(trial, right(trial, 1e-3)) for trial in trials])]
    for _ in range(count - WARM_UPS):
        more = check.more_trials(context, evidence)
        evidence += check.digest(context, [(trial, right(trial, 1e-3)) for trial in more])
        trials += more
    return trials


def test_the_same_seed_draws_the_same_calls_and_another_seed_others():
    def prints(seed: int) -> list[tuple[str, bytes, bytes]]:
        return [
            (trial.function, inputs(trial)[0].tobytes(), inputs(trial)[1].tobytes()[:64])
            for trial in drawn(seed)
        ]

    assert prints(1) == prints(1)
    assert not {W for _, W, _ in prints(1)} & {W for _, W, _ in prints(2)}


def test_no_function_sees_weights_twice_and_no_round_the_data_of_another():
    trials = drawn(count=4)
    for function in {trial.function for trial in trials}:
        for runner in ("student", "reference"):
            seen = [
                inputs(trial)[0].tobytes()
                for trial in trials
                if (trial.function, trial.runner) == (function, runner)
            ]
            assert len(set(seen)) == len(seen)
    data = {trial.resident[0].key: trial.resident[0].array.tobytes()[:256] for trial in trials}
    assert len(set(data.values())) == len(data) == 2 + 3 + 3 + 3


def test_the_order_of_the_calls_changes_from_round_to_round():
    trials = drawn(count=5)
    orders = {
        tuple(trial.function + trial.runner for trial in trials if round_and_size(trial) == (number, "main"))
        for number in range(1, 5)
    }

    assert len(orders) == 4


def test_the_first_round_calls_the_naive_functions_at_the_handouts_size():
    calls = [trial for trial in drawn() if trial.function.endswith("naive")]

    assert {
        (trial.runner, inputs(trial)[1].shape[0]) for trial in calls if round_and_size(trial)[0] == 0
    } == {
        ("student", MAIN.N),
        ("reference", MAIN.N),
    }
    later = [inputs(trial)[1].shape[0] for trial in calls if round_and_size(trial)[0] > 0]
    assert later == [FEW_SAMPLES.N] * (2 * 2 * FEW_SAMPLES.repeats)


def test_student_and_reference_are_called_equally_often_in_the_main_dtype():
    trials = [trial for trial in drawn() if round_and_size(trial)[0] == 2]
    vectorized = [trial for trial in trials if trial.function.endswith("vectorized")]

    assert [trial.runner for trial in vectorized].count("student") == MAIN.repeats + MANY_SAMPLES.repeats
    assert [trial.runner for trial in vectorized].count("reference") == MAIN.repeats + MANY_SAMPLES.repeats
    assert {inputs(trial)[0].dtype.name for trial in trials} == {"float64"}
    check = SVM.model_copy(update={"naive": "softmax_loss_naive", "vectorized": "softmax_loss_float32"})
    assert {inputs(trial)[0].dtype.name for trial in check.trials(CheckContext(ASSIGNMENT, 0))} == {"float32"}


def test_where_samples_are_columns_they_are_drawn_so(handouts_sizes):
    assignment = ASSIGNMENT.model_copy(update={"convention": Convention(layout="CD")})
    W, X, y, _ = inputs(SVM.trials(CheckContext(assignment, 0))[0])

    assert (W.shape, X.shape, y.shape) == ((10, 3073), (3073, 128), (128,))
    assert X.flags["C_CONTIGUOUS"]
