"""Which assignment a submission is, by the functions in it."""

import pytest

from grader import guess
from grader.errors import SpecError
from grader.guess import guess_spec
from grader.spec import load_spec
from tests.samples import MINI_SPEC, mini_spec, submission_of


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """Two shipped specs: mini has f and g, other has f and h."""
    other = (
        MINI_SPEC.replace('name = "mini"', 'name = "other"')
        .replace("\ng = {", "\nh = {")
        .replace('"g"', '"h"')
    )
    for name, text in (("mini", MINI_SPEC), ("other", other)):
        (tmp_path / name).mkdir()
        mini_spec(tmp_path / name, text)
    monkeypatch.setattr(guess, "shipped_specs", lambda: ("mini", "other"))
    monkeypatch.setattr(guess, "load_spec", lambda name: load_spec(str(tmp_path / name / "mini.toml")))


def test_one_function_of_the_shipped_spec_is_enough():
    assert (
        guess_spec(submission_of("def svm_loss_naive(W, X, y, reg):\n    return 0\n")).spec.name
        == "eecs498_2019"
    )


def test_the_spec_with_the_most_functions_there_is_taken(shipped):
    assert guess_spec(submission_of("def f(): pass\ndef h(): pass\n")).spec.name == "other"


def test_a_submission_without_any_of_them_is_asked_about(shipped):
    with pytest.raises(SpecError) as caught:
        guess_spec(submission_of("x = 1\n"))

    assert str(caught.value) == (
        "alice: holds none of the functions of mini or other, so it is not plain which assignment it is; say so with"
        " --spec NAME (`grader extract` with it tells why each function is missing)"
    )


def test_a_tie_is_asked_about(shipped):
    with pytest.raises(SpecError) as caught:
        guess_spec(submission_of("def f(): pass\n"))

    assert str(caught.value) == "alice: could be mini or other; say which with --spec NAME"


def test_a_submission_that_does_not_parse_is_asked_about(shipped):
    with pytest.raises(SpecError, match="none of the functions"):
        guess_spec(submission_of("def f(:\n"))
