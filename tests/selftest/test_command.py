"""`grader spec selftest` from the command line, on a few implementations."""

import re

import pytest
from typer.testing import CliRunner

from grader import selftest
from grader.errors import SpecError
from grader.frontends.app import app
from grader.spec import SPEC_FOLDER

CHOSEN = ("predict_linear_classifier: argmin", "predict_linear_classifier: int32")


@pytest.fixture
def few(monkeypatch):
    chosen = tuple(each for each in selftest.load_catalogue() if each.full_name in CHOSEN)
    mutants = tuple(each for each in selftest.make_mutants() if "line 3: pass" in each.full_name)[-2:]
    monkeypatch.setattr(selftest, "implementations_for", lambda spec: chosen)
    monkeypatch.setattr(selftest, "make_mutants", lambda: mutants)


def run(*arguments):
    return CliRunner().invoke(app, ["spec", "selftest", *arguments])


@pytest.mark.usefixtures("few")
def test_a_clean_spec_exits_with_0_and_says_what_was_graded():
    done = run("eecs498_2019", "--seed", "7")

    assert done.exit_code == 0, done.output
    assert "eecs498_2019, seed 7" in done.output
    assert re.search(r"^ *mutants of the solution +2 +0 +2 +0 *$", done.output, re.MULTILINE)
    assert "False passes: 0. False fails: 0." in done.output


@pytest.mark.usefixtures("few")
def test_a_spec_that_lets_one_pass_exits_with_1_and_names_it(tmp_path):
    text = (SPEC_FOLDER / "eecs498_2019.toml").read_text(encoding="utf-8")
    head, *checks = text.split("[[checks]]")
    kept = [check for check in checks if 'kind = "prediction"' not in check]
    (tmp_path / "edited.toml").write_text("[[checks]]".join([head, *kept]), encoding="utf-8")

    done = run(str(tmp_path / "edited.toml"), "--no-mutants")

    assert done.exit_code == 1, done.output
    assert "predict_linear_classifier: argmin" in done.output
    assert "No check of this spec names" in done.output
    assert re.search(r"^ *mutants of the solution +0 +0 +0 +0 *$", done.output, re.MULTILINE)


def test_a_spec_that_no_implementation_fits_exits_with_1():
    done = run("ridge_regression")

    assert done.exit_code == 1, done.output
    assert "Nothing was tried" in done.output


def test_a_spec_that_is_not_there_is_an_error_of_use():
    done = run("eecs498_1999")

    assert isinstance(done.exception, SpecError)
