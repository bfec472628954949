"""Tensors that a worker keeps between calls, and functions that are handed to other functions."""

import numpy as np
import pytest

from grader.model.observation import Died, Missing, Raised, Refused, TimedOut
from grader.model.trial import FunctionArgument, ResidentTensor, Scalar
from tests.sandbox.calls import number_of, trial

ROW = ResidentTensor("row", np.arange(4.0))
OTHER = ResidentTensor("other", np.full(4, 10.0))

ADDS = "def f(X):\n    X += 1\n    return float(X.sum())"
DIES = "import os\n\ndef f(X, W=0):\n    if W:\n        os._exit(3)\n    X += 1\n    return float(X.sum())"


@pytest.mark.parametrize("backend", ["torch", "numpy"])
def test_what_is_kept_stays_as_the_function_left_it(open_session, backend):
    session = open_session(ADDS, "f")

    assert [number_of(session.run(trial("f", ROW, backend=backend))) for _ in range(3)] == [10.0, 14.0, 18.0]


def test_another_key_takes_the_place_of_all_that_was_kept(open_session):
    session = open_session(ADDS, "f")

    found = [number_of(session.run(trial("f", each))) for each in (ROW, OTHER, ROW)]

    assert found == [10.0, 44.0, 10.0]


def test_several_are_handed_over_together(open_session):
    session = open_session("def f(X, y):\n    return float((X * y).sum())", "f")

    assert number_of(session.run(trial("f", ROW, OTHER))) == 60.0


def test_a_worker_that_died_gets_them_again(open_session):
    session = open_session(DIES, "f")

    assert number_of(session.run(trial("f", ROW))) == 10.0
    assert isinstance(session.run(trial("f", ROW, 1.0)), Died)
    assert number_of(session.run(trial("f", ROW))) == 10.0


def test_the_judges_own_copy_is_not_what_the_function_changes(open_session):
    session = open_session(ADDS, "f")

    session.run(trial("f", ROW))

    assert ROW.array.tolist() == [0.0, 1.0, 2.0, 3.0]


TWO = """
LIMIT = 3.0

def helper(x):
    return x * LIMIT

def g(x):
    return helper(x)

def f(function, x):
    return function(x) + 1
"""


def test_a_function_is_handed_to_another_of_the_same_submission(open_session):
    session = open_session(TWO)

    assert number_of(session.run(trial("f", FunctionArgument("g"), 2.0))) == 7.0
    assert number_of(session.run(trial("g", 2.0))) == 6.0


def test_a_function_that_is_not_there_is_missing_by_its_name(open_session):
    session = open_session("def f(function, x):\n    return function(x)")

    seen = session.run(trial("f", FunctionArgument("g"), 2.0))

    assert isinstance(seen, Missing)
    assert seen.reason.startswith("it needs g: ")


def test_a_function_that_cannot_be_loaded_costs_those_calls_only(open_session):
    session = open_session(
        "def f(function, x):\n    return 1.0 if function is None else function(x)\n\ng = 1 / 0\n"
    )

    seen = session.run(trial("f", FunctionArgument("g"), 2.0))

    assert isinstance(seen, Raised | Missing)
    assert number_of(session.run(trial("f", Scalar(None), 2.0))) == 1.0


def test_what_raises_within_a_lent_function_is_placed_there(open_session):
    session = open_session(
        "def g(x):\n    raise ValueError('no')\n\ndef f(function, x):\n    return function(x)"
    )

    seen = session.run(trial("f", FunctionArgument("g"), 2.0))

    assert isinstance(seen, Raised)
    assert seen.location is not None
    assert seen.location.line == 2


def test_a_function_that_did_not_return_is_not_handed_over(open_session):
    session = open_session(
        "def g(x):\n    while True:\n        pass\n\ndef f(function, x):\n    return function(x)"
    )

    assert isinstance(session.run(trial("g", 2.0, seconds=0.3)), TimedOut)
    seen = session.run(trial("f", FunctionArgument("g"), 2.0))

    assert seen == Refused(
        "not called, because g was not called again: an earlier call did not finish in 0.3 s"
    )


def test_a_function_that_never_returns_costs_its_borrower_nothing_with_another(open_session):
    session = open_session(
        "def g(x):\n    while True:\n        pass\n\ndef h(x):\n    return x\n\ndef f(function, x):\n    return function(x)",
        "f g h",
    )

    assert isinstance(session.run(trial("f", FunctionArgument("g"), 2.0, seconds=0.3)), TimedOut)
    assert isinstance(session.run(trial("f", FunctionArgument("g"), 2.0)), Refused)
    assert number_of(session.run(trial("f", FunctionArgument("h"), 2.0))) == 2.0


def test_cuda_in_a_lent_function_is_redirected_too(open_session):
    session = open_session(
        "import torch\n\ndef g(x):\n    return torch.ones(3, device='cuda').sum() * x\n\ndef f(function, x):\n    return function(x)",
        redirect_cuda=True,
    )

    assert number_of(session.run(trial("f", FunctionArgument("g"), 2.0))) == 6.0
