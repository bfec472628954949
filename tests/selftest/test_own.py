"""right/ and wrong/ of a spec's own folder, and changes to a right one."""

import shutil

import pytest
from typer.testing import CliRunner

from grader.errors import SpecError
from grader.frontends.app import app
from grader.selftest import Outcome, OwnImplementation, Result, mutants_of, own_implementations
from grader.selftest.mutants import changes_in
from grader.selftest.own import costs_beside
from grader.spec import load_spec
from grader.spec.starting import write_new_spec


@pytest.fixture
def folder(tmp_path):
    write_new_spec(tmp_path / "toy")
    return tmp_path / "toy"


def own(folder):
    return {each.full_name: each for each in own_implementations(load_spec(str(folder)))}


def outcome(implementation, **changes):
    fields = {
        "implementation": implementation,
        "is_right": implementation.kind == "right",
        "status": "correct",
        "checks": ("loss",),
        "lost": (),
        "errored": (),
        "named": frozenset(),
        "message": "",
    }
    return Outcome(**{**fields, **changes})


def test_each_file_and_folder_is_an_implementation_with_what_its_docstring_says(folder):
    (folder / "right" / "package").mkdir()
    shutil.copy(folder / "right" / "plain.py", folder / "right" / "package")
    (folder / "right" / "notes.txt").write_text("no code")

    found = own(folder)

    assert [(name, each.kind) for name, each in found.items()] == [
        ("right/package", "right"),
        ("right/plain.py", "right"),
        ("right/with_loops.py", "right"),
        ("wrong/factor_2_forgotten.py", "wrong"),
        ("wrong/rows_and_columns.py", "wrong"),
        ("wrong/sum_instead_of_mean.py", "wrong"),
    ]
    assert found["wrong/sum_instead_of_mean.py"].about == "Sums over the samples."
    assert {each.functions for each in found.values()} == {("squared_loss",)}


def test_one_without_a_function_of_the_spec_is_an_error(folder):
    (folder / "right" / "typo.py").write_text("def square_loss(w, X, y):\n    return 0\n")

    with pytest.raises(SpecError, match=r"typo\.py: defines no function of toy: expected squared_loss$"):
        own(folder)


def test_a_file_named_after_a_mistake_must_be_told_that_one(folder):
    found = own(folder)
    named, other = found["wrong/factor_2_forgotten.py"], found["wrong/rows_and_columns.py"]
    caught = {"status": "incorrect", "lost": ("loss",)}

    assert outcome(named, named=frozenset({"factor_2_forgotten"}), **caught).is_named_rightly
    assert outcome(named, named=frozenset({"sum_instead_of_mean"}), **caught).is_named_wrongly
    assert outcome(named, **caught).is_named_wrongly
    assert not outcome(other, named=frozenset({"factor_2_forgotten"}), **caught).is_named_wrongly
    assert outcome(other).is_false_pass


def test_a_change_that_passes_is_worth_a_look_and_no_false_pass(folder):
    loaded = load_spec(str(folder))
    mutants = tuple(mutants_of(loaded, own_implementations(loaded)))
    passing, caught = outcome(mutants[0]), outcome(mutants[1], status="incorrect", lost=("loss",))

    result = Result((passing, caught), 0, seed=7, seconds=1.0)

    assert len(mutants) > 10
    assert len({each.full_name for each in mutants}) == len(mutants)
    assert result.worth_a_look == (passing,)
    assert result.false_passes == ()
    assert result.is_clean


def test_one_on_which_the_grader_failed_is_neither_passed_nor_worth_a_look(folder):
    loaded = load_spec(str(folder))
    found = own(folder)
    wrong = outcome(found["wrong/rows_and_columns.py"], errored=("loss",))
    mutant = outcome(next(mutants_of(loaded, tuple(found.values()))), errored=("loss",))

    result = Result((wrong, mutant), 0, seed=7, seconds=1.0)

    assert result.false_passes == result.worth_a_look == ()
    assert result.grader_faults == (wrong, mutant)
    assert not result.is_clean


SECOND = """
[functions.other]
role = "function"

[[checks]]
id = "other"
kind = "answers"
title = "other"
function = "other"
question = "other"
points = 5
"""


def test_checks_of_other_functions_that_a_named_mistake_costs_are_told_unless_a_right_one_replaces_it(folder):
    with (folder / "spec.toml").open("a") as file:
        file.write(SECOND)
    questions = folder / "questions.py"
    text = questions.read_text()
    other = "import dataclasses\n\nOTHER = dataclasses.replace(SQUARED_LOSS, name='other', mistakes=())\n\nQUESTIONS = (OTHER, "
    questions.write_text(text.replace("QUESTIONS = (", other))
    spec, found = load_spec(str(folder)).spec, own(folder)
    named, unnamed = found["wrong/factor_2_forgotten.py"], found["wrong/rows_and_columns.py"]

    assert costs_beside(named, ("loss", "other"), spec) == ("other",)
    assert costs_beside(named, ("loss",), spec) == ()
    assert costs_beside(unnamed, ("loss", "other"), spec) == ()

    (folder / "drivers.py").write_text("def good(w, X, y):\n    return 0\n")
    questions.write_text(
        questions.read_text().replace(
            "    answer=answer,", "    answer=answer,\n    right=('drivers', 'good'),"
        )
    )
    assert costs_beside(named, ("loss", "other"), load_spec(str(folder)).spec) == ()


def test_without_a_check_nothing_was_tried(folder):
    (right, *_) = own(folder).values()

    assert isinstance(right, OwnImplementation)
    assert not Result((outcome(right, checks=()),), 0, seed=7, seconds=1.0).is_clean


MODULE = """
import numpy as np

SCALE = 2

def other(x):
    return x + 1

def f(X, y):
    # a comment
    d = X.T @ X + y - 1
    if d[0] < 0:
        return np.mean(d, axis=1)
    return d.sum() * SCALE
"""


def test_every_kind_of_change_is_made_to_that_function_alone():
    changes = list(changes_in(MODULE, "f"))
    names = {each.name for each in changes}

    for name in (
        "line 11: d = X @ X + y - 1",  # transposition
        "line 11: d = X.T @ X - y - 1",  # operator
        "line 11: d = X.T @ X - 1",  # a term dropped
        "line 11: d = X.T @ X + y - 2",  # constant
        "line 12: if d[0] >= 0:",  # comparison
        "line 13: return np.sum(d, axis=1)",  # reduction
        "line 13: return np.mean(d)",  # keyword
        "line 13: return np.mean(d, axis=0)",  # axis
        "line 14: return -(d.sum() * SCALE)",  # sign
    ):
        assert name in names
    assert all("def other(x):\n    return x + 1" in each.source for each in changes)
    assert all(each.source.count("SCALE = 2") == 1 for each in changes)
    assert list(changes_in(MODULE, "g")) == []


def test_a_new_spec_is_clean_as_it_is_written_and_says_so(folder):
    done = CliRunner().invoke(app, ["spec", "selftest", str(folder), "--seed", "4"])

    assert done.exit_code == 0, done.output
    assert "False passes: 0. False fails: 0." in done.output
    assert "2 name the mistake, 0 name none, 0 name another" in done.output
    assert "shipped" not in done.output


def test_a_folder_without_implementations_exits_with_1(folder):
    shutil.rmtree(folder / "right")
    shutil.rmtree(folder / "wrong")

    done = CliRunner().invoke(app, ["spec", "selftest", str(folder)])

    assert done.exit_code == 1
    assert "Nothing was tried" in done.output
