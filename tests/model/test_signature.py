"""Which calls a signature takes."""

import ast

import pytest

from grader.model.signature import Signature


def takes(seen, expected, *, fully=False):
    return Signature.parsed(seen).takes(Signature.parsed(expected), fully=fully)


@pytest.mark.parametrize(
    "seen",
    [
        "(W, X, y, reg)",
        "(w, x, labels, strength)",
        "(W, X, y, reg=0.0)",
        "(W, X, y, reg, verbose=False)",
        "(*args)",
        "(W, *rest, **named)",
        "(w, x, y, reg, *, debug=False)",
    ],
)
def test_the_same_call_fits_other_names_and_more_defaults(seen):
    assert takes(seen, "(W, X, y, reg)")


@pytest.mark.parametrize(
    "seen",
    ["(x, y)", "(W, X, y)", "(W, X, y, reg, lr)", "(X, W, y, reg)", "(x, y, w, reg)", "(W, X, y, *, reg)"],
)
def test_too_few_too_many_and_the_known_names_in_another_order_do_not_fit(seen):
    assert not takes(seen, "(W, X, y, reg)")


def test_an_argument_with_a_default_may_be_missing_unless_all_are_passed():
    assert takes("(X, y=None)", "(X, y=None, reg=0.0)")
    assert not takes("(X, y=None)", "(X, y=None, reg=0.0)", fully=True)
    assert takes("(X, y=None, **more)", "(X, y=None, reg=0.0)", fully=True)


def test_the_order_of_arguments_with_a_default_does_not_matter():
    assert takes("(a, b, c, dtype=None, std=1)", "(a, b, c, std=1)")


def test_a_method_is_called_without_its_first_parameter():
    (method,) = ast.parse("def loss(self, X, y=None): pass").body
    assert isinstance(method, ast.FunctionDef)

    assert Signature.of(method.args, is_bound=True) == Signature(("X", "y"), 1)


@pytest.mark.parametrize("text", ["", "X, y", "(X, y", "(X): pass\ndef g()", "(1)", "(X) -> 1; x = ("])
def test_other_text_is_not_a_signature(text):
    with pytest.raises(ValueError, match=r"^not a signature$"):
        Signature.parsed(text)


def test_it_is_shown_by_its_names():
    assert str(Signature.parsed("(X, y=None, *rest)")) == "(X, y, ...)"
    assert str(Signature(tuple("abcdefghijklmno"), 15)) == "(a, b, c, d, e, f, g, h, i, j, k, l, ...)"
