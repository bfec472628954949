"""Calls whose loops are disturbed: right where the loops do nothing, and otherwise wrong, broken off or refused."""

import numpy as np
import pytest

from grader.model.observation import Raised, Returned
from grader.model.trial import Tensor
from tests.sandbox.calls import number_of, trial


@pytest.fixture
def disturbed(open_session):
    """Source whose f(X) gives a number to its value, and to what a call in which its loops are disturbed gives."""

    def run(source, how="other numbers"):
        session = open_session(f"import functools\nimport numpy as np\nimport torch\n{source}", "f")
        for rows in (4, 12):
            session.run(trial("f", _rows(rows), is_counted=True))
        right = number_of(session.run(trial("f", _rows(5))))
        seen = session.run(trial("f", _rows(5), is_counted=True, disturbed=how))
        assert number_of(session.run(trial("f", _rows(5)))) == right
        return right, seen

    return run


def _rows(count):
    return Tensor(np.random.default_rng(count).normal(size=(count, 3)))


IDLE = {
    "empty": "for _ in X:\n        pass",
    "thrown away": "for x in X:\n        y = x.exp().sum()",
    "nothing added": "for x in X:\n        total = total + 0 * x.sum()\n        total += x.sum() * 0.0",
    "nothing added by a function": "for x in X:\n        total = torch.add(total, 0 * x.sum())",
    "added and taken off": "for x in X:\n        y = x.sum()\n        total += y\n        total -= y",
    "not chosen": "for x in X:\n        total = total if x.sum() < 1e30 else x.sum()",
    "counted": "n = 0\n    for x in X:\n        n += 1\n    total = total * n / len(X)",
    "asserted": "assert all(torch.isfinite(x).all() for x in X)",
}
WORKING = {
    "added": "total = 0.0\n    for x in X:\n        total += x.sum()",
    "in place": "total = torch.zeros(1)\n    for x in X:\n        total.add_(x.sum())",
    "a comparison": "total = 0\n    S = X.sum(1)\n    for i in range(len(X)):\n        total += 1 if S[i] > 0 else 0",
    "a comprehension": "total = sum([x.exp().sum() for x in X])",
    "map": "total = sum(map(lambda x: x.sum(), X))",
    "a helper": "total = sum(one(X, i) for i in range(len(X)))",
    "an older closure": "total = 0.0\n    for x in X:\n        total = total + older(x)",
    "recursion": "total = down(*X)",
    "unpacked": "total, rows = 0.0, list(X)\n    while rows:\n        x, *rows = rows\n        total = total + x.sum()",
    "copied": "X = torch.stack([x.clone() for x in X])\n    total = X.sum()",
}
HELPERS = """
def one(X, i):
    return X[i].sum()

def closure(scale):
    def inner(x):
        return scale * x.sum()
    return inner

older = closure(2.0)

def down(*rows):
    if not rows:
        return 0.0
    x, *rest = rows
    return x.sum() + down(*rest)

"""


def _function(body):
    return f"{HELPERS}def f(X):\n    total = X.sum()\n    {body}\n    return float(total)"


@pytest.mark.parametrize("body", IDLE.values(), ids=IDLE)
def test_a_loop_that_does_nothing_is_right_with_other_numbers(disturbed, body):
    right, seen = disturbed(_function(body))

    assert number_of(seen) == pytest.approx(right, rel=1e-9)


@pytest.mark.parametrize("body", WORKING.values(), ids=WORKING)
def test_a_loop_that_does_the_work_is_wrong_with_other_numbers(disturbed, body):
    right, seen = disturbed(_function(body))

    assert isinstance(seen, Raised) or abs(number_of(seen) - right) > 1e-3


@pytest.mark.parametrize(
    "body",
    [
        "for _ in range(len(X)):\n        total = X.exp().sum()",
        "i = 0\n    while i < len(X):\n        total = X.exp().sum()\n        i += 1",
        "total = [X.exp().sum() for _ in X][0]",
    ],
    ids=["for", "while", "comprehension"],
)
def test_a_loop_that_does_all_the_work_each_time_is_right_after_one_round(disturbed, body):
    right, seen = disturbed(_function(body), "once")

    assert number_of(seen) == pytest.approx(right, rel=1e-9)
    assert isinstance(seen, Returned)
    assert seen.instructions is not None
    assert 0 < seen.instructions.total < 12


@pytest.mark.parametrize(
    "name", ["added", "a comparison", "a comprehension", "a helper", "an older closure", "unpacked"]
)
def test_a_loop_over_the_samples_is_wrong_after_one_round(disturbed, name):
    right, seen = disturbed(_function(WORKING[name]), "once")

    assert isinstance(seen, Raised) or abs(number_of(seen) - right) > 1e-3


def test_lines_show_loops_that_did_not_end_after_one_round(disturbed):
    _, ended = disturbed(_function("for _ in X:\n        pass"), "once")
    _, recursion = disturbed(_function(WORKING["recursion"]), "once")

    assert recursion.instructions.total > ended.instructions.total + 10


def test_a_loop_without_end_is_broken_off(disturbed):
    body = "left = float(len(X))\n    while left > 0:\n        left = left - 1.0 * (X[0, 0] < 9) * (X.sum() > -1e9).item()"
    loop = "total, left = 0.0, 5.0\n    for x in X:\n        pass\n    while left > 0:\n        left = left - float(X.shape[0]) / len(X)"
    assert disturbed(_function(loop))[1] is not None
    _, seen = disturbed(_function(f"{body}\n    while X.abs().sum() * len(X) < 0:\n        pass"))

    assert isinstance(seen, Returned | Raised)


def test_code_in_no_file_of_the_submission_is_not_disturbed(disturbed):
    text = (
        "def work(X):\n    total = 0.0\n    for x in X:\n        total += float(x.sum())\n    return total\n"
    )
    _, seen = disturbed(
        f"TEXT = {text!r}\n\ndef f(X):\n    space = {{}}\n    exec(TEXT, space)\n    return space['work'](X)"
    )

    assert isinstance(seen, Raised)
    assert seen.kind == "CannotDisturbError"


def test_loops_are_disturbed_only_where_they_were_counted(open_session):
    seen = open_session("def f(X): return float(X.sum())", "f").run(
        trial("f", _rows(5), is_counted=True, disturbed="once")
    )

    assert isinstance(seen, Raised)
    assert seen.kind == "CannotDisturbError"
