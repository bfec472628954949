"""A second call with the very tensors of the one before: other contents in place, and what was returned first."""

import os
import signal

import psutil
import pytest

from grader.model.observation import Raised, Returned
from grader.model.trial import ArrayOutput
from tests.sandbox import plain
from tests.sandbox.calls import array_of, number_of, tensor, trial

FIRST, SECOND = tensor([1.0, 2.0]), tensor([3.0, 5.0])
ROW = (ArrayOutput((1, 2)),)


@pytest.fixture(params=["torch", "numpy"])
def two_calls(request, open_session):
    """The body of f(W), which gives a row, to what the first, the second and the first after the second gave."""

    def run(body):
        session = open_session(f"kept = {{}}\n\ndef f(W):\n{body}", "f")
        first = session.run(trial("f", FIRST, outputs=ROW, backend=request.param))
        again = session.run(trial("f", SECOND, outputs=ROW, backend=request.param, is_again=True, echo=(0,)))
        assert isinstance(first, Returned)
        assert isinstance(again, Returned)
        assert array_of(again.echoes[0]).tolist() == [[3.0, 5.0]]
        return [array_of(value).tolist()[0] for value in (*first.values, *again.values, *again.earlier)]

    return run


@pytest.mark.parametrize(
    "body,values",
    [
        ("    return W * 2", ([2.0, 4.0], [6.0, 10.0], [2.0, 4.0])),
        ("    kept.setdefault(id(W), W * 2)\n    return kept[id(W)]", ([2.0, 4.0], [2.0, 4.0], [2.0, 4.0])),
        ("    return W", ([1.0, 2.0], [3.0, 5.0], [3.0, 5.0])),
        (
            "    one = kept.setdefault('buffer', W * 0)\n    one[:] = W * 2\n    return one",
            ([2.0, 4.0], [6.0, 10.0], [6.0, 10.0]),
        ),
        (
            "    is_same = kept.setdefault('W', W) is W\n    return W * (1 if is_same else 0)",
            ([1.0, 2.0], [3.0, 5.0], [1.0, 2.0]),
        ),
    ],
    ids=["right", "kept by identity", "the argument itself", "one buffer", "the same object"],
)
def test_what_each_call_gave_and_what_became_of_the_first(two_calls, body, values):
    assert two_calls(body) == list(values)


def test_tensors_that_ask_for_gradients_are_changed_in_place_too(open_session):
    source = """\
import torch

def f(W):
    W.requires_grad_()
    return torch.autograd.grad((W * W).sum(), W)[0]
"""
    session = open_session(source, "f")

    session.run(trial("f", FIRST, outputs=ROW))
    again = session.run(trial("f", SECOND, outputs=ROW, is_again=True))

    assert isinstance(again, Returned)
    assert array_of(again.values[0]).tolist() == [[6.0, 10.0]]
    assert array_of(again.earlier[0]).tolist() == [[2.0, 4.0]]


@pytest.mark.parametrize("before", [[], [trial("f", 1.0)]], ids=["no call", "a call that raised"])
def test_without_a_call_before_the_tensors_are_fresh_and_there_is_no_earlier_result(open_session, before):
    session = open_session("def f(W):\n    return W.sum()", "f")
    for each in before:
        assert isinstance(session.run(each), Raised)

    again = session.run(trial("f", SECOND, is_again=True))

    assert number_of(again) == 8.0
    assert isinstance(again, Returned)
    assert not hasattr(again.earlier[0], "array")


@pytest.mark.parametrize("change", ["W.resize_(0)", "W.data = W.data.int()[0]"])
def test_tensors_that_the_code_bent_meanwhile_cost_this_call_at_most(open_session, change):
    session = open_session(f"def f(W):\n    total = float(W.sum())\n    {change}\n    return total", "f")

    session.run(trial("f", FIRST))
    session.run(trial("f", SECOND, is_again=True))

    assert number_of(session.run(trial("f", FIRST))) == 3.0


def test_a_call_that_is_not_made_again_has_tensors_of_its_own(open_session):
    session = open_session(
        "kept = []\n\ndef f(W):\n    kept.append(W)\n    return float(len({id(each) for each in kept}))", "f"
    )

    found = [number_of(session.run(trial("f", FIRST))) for _ in range(3)]

    assert found == [1.0, 2.0, 3.0]


def test_a_second_call_that_needs_a_fresh_worker_comes_after_its_first_call(open_session):
    session = open_session("def f(W): return W * 2", "f")
    session.run(trial("f", FIRST, outputs=ROW))
    (worker,) = session._workers.values()
    os.kill(zygote := psutil.Process(worker.process.process_id).ppid(), signal.SIGKILL)
    assert plain.comes_true(lambda: not plain.is_alive(zygote))

    again = session.run(trial("f", SECOND, outputs=ROW, is_again=True))

    assert isinstance(again, Returned)
    assert [array_of(each).tolist() for each in (*again.values, *again.earlier)] == [
        [[6.0, 10.0]],
        [[2.0, 4.0]],
    ]
