"""When a function is called no more: decided from observations, with no process and no clock."""

from grader.model.observation import Died, Returned, TimedOut
from grader.sandbox.account import Account
from grader.sandbox.protocols import Budget
from grader.sandbox.waiting import GREATEST_EXTENSION

RETURNED = Returned((), 1.0)


def refusal_after(*observations, seconds=0.0, waited=0.0):
    account = Account(Budget(function_seconds=10.0, deaths=2), seconds=seconds)
    for observation in observations:
        account.settle(observation, lambda: waited)
    return account.refusal


def test_a_function_that_did_not_return_is_not_called_again():
    assert refusal_after(TimedOut(0.3)) == "not called again: an earlier call did not finish in 0.3 s"


def test_a_function_may_end_its_process_once():
    died = Died("exit code 3")

    assert refusal_after(died, RETURNED) is None
    assert refusal_after(died, RETURNED, died) == "not called again: it ended its process (exit code 3)"


def test_a_function_is_called_until_its_calls_took_too_long_in_total():
    assert refusal_after(RETURNED, seconds=10.0) is None
    assert refusal_after(RETURNED, seconds=10.1) == "not called again: its calls took more than 10 s in total"


def test_time_without_a_core_is_not_counted_up_to_a_bound():
    assert refusal_after(RETURNED, seconds=12.0, waited=1.0) is not None
    assert refusal_after(RETURNED, seconds=12.0, waited=3.0) is None
    assert refusal_after(RETURNED, seconds=10.0 * (1 + GREATEST_EXTENSION), waited=1e9) is None
    assert refusal_after(RETURNED, seconds=10.1 * (1 + GREATEST_EXTENSION), waited=1e9) is not None
