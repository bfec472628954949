"""The words of a selftest, on outcomes made by hand."""

import io

from rich.console import Console

from grader.frontends import selftest_result
from grader.frontends.selftest_result import progress_line, show_result
from grader.selftest import Implementation, Outcome, Result
from grader.spec import load_spec

SPEC = load_spec("eecs498_2019").spec


def implementation(name="margin_left_out", kind="wrong", **changes):
    return Implementation(
        name=name,
        function="svm_loss_naive",
        kind=kind,
        about="The margin is left out.",
        source="",
        **{"diagnosis": frozenset({"delta_zero"}), **changes},
    )


def outcome(made=None, **changes):
    fields = {
        "implementation": made or implementation(),
        "is_right": False,
        "status": "incorrect",
        "checks": ("svm_naive_values", "svm_agreement"),
        "lost": ("svm_naive_values",),
        "errored": (),
        "named": frozenset({"delta_zero"}),
        "message": "svm_loss_naive: loss is 3, expected 4.",
    }
    return Outcome(**{**fields, **changes})


PASSES = {"status": "correct", "lost": (), "named": frozenset(), "message": ""}
RIGHT = implementation("python_float", "right", diagnosis=frozenset())


def words(*outcomes, left_out=0):
    written = io.StringIO()
    console = Console(file=written, width=80, highlight=False, emoji=False)
    show_result(console, SPEC, Result(outcomes, left_out, seed=7, seconds=12.3))
    text = written.getvalue()
    assert max(map(len, text.splitlines())) <= 80
    return " ".join(text.split())


def test_a_clean_result_has_a_table_the_diagnoses_and_two_zeros():
    right = outcome(RIGHT, is_right=True, **PASSES)
    mutant = outcome(implementation("line 3: pass", "mutant"), named=frozenset())

    text = words(outcome(), right, mutant, left_out=4)

    assert "eecs498_2019, seed 7, 12.3 s" in text
    assert "right 1 1 0 0 wrong 1 0 1 0 mutants of the solution 1 0 1 0" in text
    assert "Diagnosis of 1 named mistake: 1 name the mistake, 0 name none, 0 name another." in text
    assert "Skipped: 4 that need another function, convention or dtype." in text
    assert text.endswith("False passes: 0. False fails: 0.")
    assert Result((outcome(), right, mutant), 0, 7, 1.0).is_clean


def test_a_spec_that_no_implementation_fits_is_not_clean():
    text = words()

    assert text.endswith(
        "Nothing was tried: no implementation known to be right or wrong fits this spec. Put some into"
        " right/ and"
        " wrong/ in the spec's folder (docs/own-assignment.md)."
    )
    assert "False passes" not in text
    assert not Result((), 0, 7, 1.0).is_clean


def test_a_false_pass_says_what_is_wrong_and_where_to_look():
    passing = outcome(**PASSES)

    text = words(passing)

    assert "False passes: wrong, but this spec lets them pass (1) svm_loss_naive: margin_left_out" in text
    assert "The margin is left out. Look at svm_naive_values and svm_agreement." in text
    assert text.endswith("False passes: 1. False fails: 0.")
    assert "No check of this spec names svm_loss_naive." in words(outcome(checks=(), **PASSES))
    assert progress_line(passing, 3, 9) == "[3/9] wrong, but passes: svm_loss_naive: margin_left_out"


def test_a_false_fail_says_where_points_are_lost_and_why():
    failing = outcome(RIGHT, is_right=True, named=frozenset())

    text = words(failing)

    assert "Points are lost in svm_naive_values: svm_loss_naive: loss is 3, expected 4." in text
    assert text.endswith("False passes: 0. False fails: 1.")
    assert progress_line(failing, 3, 9) == "[3/9] right, but loses points: svm_loss_naive: python_float"


def test_a_right_one_with_a_diagnosis_is_a_false_fail():
    named = outcome(RIGHT, is_right=True, **{**PASSES, "named": frozenset({"delta_zero"})})

    assert "Its diagnosis names delta_zero." in words(named)


def test_a_wrong_diagnosis_is_not_a_clean_result():
    misnamed = outcome(named=frozenset({"delta_zero", "all_zero"}))

    assert "The diagnosis names all_zero and delta_zero, expected delta_zero." in words(misnamed)
    assert not Result((misnamed,), 0, 7, 1.0).is_clean


def test_one_that_awaits_a_check_is_known_and_not_a_false_pass():
    awaiting = outcome(implementation(awaits="loops"), **PASSES)

    text = words(awaiting)

    assert "Known: no check of this spec catches these yet (1)" in text
    assert "It needs the check loops." in text
    assert Result((awaiting,), 0, 7, 1.0).is_clean
    assert progress_line(awaiting, 1, 1) is None


def test_a_fault_of_the_grader_is_not_a_clean_result():
    errored = outcome(errored=("svm_naive_values",))

    assert "The grader failed (1)" in words(errored)
    assert "Errored: svm_naive_values." in words(errored)
    assert not Result((errored,), 0, 7, 1.0).is_clean


def test_where_the_shipped_implementations_are_not_installed_that_is_told(monkeypatch):
    monkeypatch.setattr(selftest_result, "has_catalogue", lambda: False)
    left_out = (
        "The shipped implementations are not installed, because they contain solutions; run the self-test in"
        " a checkout of the grader to try them too."
    )

    assert words().endswith(left_out)
    assert f"{left_out} False passes: 0. False fails: 0." in words(outcome())
