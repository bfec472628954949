"""The defaults of a signature as its source has them."""

import pytest

from grader.extract import extract
from grader.extract.defaults import defaults_of
from tests.samples import submission_of


def defaults(text, name="train", method=None):
    return dict(defaults_of(extract(submission_of(text), [name]).functions[name], method))


@pytest.mark.parametrize(
    "signature, expected",
    [
        ("loss, W, lr=1e-3, reg=1e-5, n=100", {"lr": 1e-3, "reg": 1e-5, "n": 100}),
        ("loss, *, lr=0.5, n", {"lr": 0.5}),
        ("a, b=10**-3, c=2 * 100, d=1 / 4, e=-1", {"b": 1e-3, "c": 200, "d": 0.25, "e": -1}),
        ("a=None, b=True, c='1', d=LIMIT, e=(1,), f=float('inf')", {}),
        ("a, /, b=3", {"b": 3}),
        ("a=1 / 0, b=10**1000, c=9**9**9", {}),
        ("", {}),
    ],
)
def test_plain_numbers_are_read(signature, expected):
    assert defaults(f"LIMIT = 3\ndef train({signature}):\n    pass\n") == pytest.approx(expected)


def test_a_method_is_found_in_its_class_and_the_last_one_counts():
    text = (
        "class C:\n    def train(self, X, n=1):\n        pass\n"
        "    def train(self, X, n=2):\n        def train(n=3):\n            pass\n"
    )

    assert defaults(text, "C", "train") == {"n": 2}
    assert defaults(text, "C", "predict") == {}


def test_a_lambda_and_a_decorated_function_have_no_surprise():
    assert defaults("train = lambda X, n=3: n\n") == {}
    assert defaults("import functools\n@functools.lru_cache\ndef train(X, n=3):\n    return n\n") == {"n": 3}
