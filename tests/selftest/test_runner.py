"""Implementations graded by real workers: the shipped spec is clean, and an edited one is found out."""

import pytest

from grader.execution.threads import ThreadsExecutor
from grader.sandbox.host import Sandbox
from grader.selftest import Implementation, load_catalogue, make_mutants, run_selftest
from grader.selftest.catalogue import module_with, solution_of
from grader.spec import SPEC_FOLDER, load_spec
from tests.selftest.entries import smoke_slice

SPEC = load_spec("eecs498_2019")


@pytest.fixture(scope="module")
def executor(sandbox):
    with Sandbox() as other:
        yield ThreadsExecutor((sandbox, other))


def named(*names):
    return [each for each in load_catalogue() if each.full_name in names]


def without_checks(tmp_path, *kinds):
    """The shipped spec without its checks of some kinds."""
    text = (SPEC_FOLDER / "eecs498_2019.toml").read_text(encoding="utf-8")
    head, *checks = text.split("[[checks]]")
    kept = [check for check in checks if not any(f'kind = "{kind}"' in check for kind in kinds)]
    path = tmp_path / "eecs498_2019.toml"
    path.write_text("[[checks]]".join([head, *kept]), encoding="utf-8")
    return load_spec(str(path))


def test_a_wrong_one_is_caught_and_named_and_a_right_one_passes(executor):
    seen = []
    chosen = named("svm_loss_vectorized: margin_left_out", "svm_loss_vectorized: the_solution")

    result = run_selftest(chosen, SPEC, executor, 5, lambda *said: seen.append(said[1:]))

    right, wrong = result.outcomes
    assert (right.is_right, right.is_caught, right.named) == (True, False, frozenset())
    assert (wrong.is_right, wrong.status, wrong.lost) == (False, "incorrect", ("svm_vectorized_values",))
    assert wrong.is_named_rightly
    assert result.is_clean
    assert seen == [(1, 2), (2, 2)]


def test_a_spec_that_loses_its_checks_of_stability_lets_an_overflow_pass(executor, tmp_path):
    spec = without_checks(tmp_path, "stability")
    overflow = named("softmax_loss_naive: no_maximum_subtracted")

    assert run_selftest(overflow, SPEC, executor, 5).is_clean
    result = run_selftest(overflow, spec, executor, 5)

    (passing,) = result.false_passes
    assert "softmax_naive_values" in passing.checks
    assert "softmax_naive_stability" not in passing.checks
    assert not result.is_clean


def test_a_function_that_no_check_names_lets_everything_pass(executor, tmp_path):
    spec = without_checks(tmp_path, "prediction")

    result = run_selftest(named("predict_linear_classifier: argmin"), spec, executor, 5)

    assert [each.checks for each in result.false_passes] == [()]


def test_a_check_that_names_a_function_of_no_implementation_is_left_out(executor, tmp_path):
    text = (SPEC_FOLDER / "eecs498_2019.toml").read_text(encoding="utf-8")
    path = tmp_path / "renamed.toml"
    path.write_text(text.replace("svm_loss_naive", "hinge_loops"), encoding="utf-8")

    result = run_selftest(named("svm_loss_vectorized: the_solution"), load_spec(str(path)), executor, 5)

    (right,) = result.outcomes
    assert "svm_vectorized_values" in right.checks
    assert "svm_agreement" not in right.checks
    assert result.is_clean


def test_a_right_one_that_loses_points_is_a_false_fail(executor):
    wrongly_called_right = Implementation(
        "as_the_template_has_it",
        "predict_linear_classifier",
        "right",
        "Nothing is there.",
        module_with("predict_linear_classifier", "def predict_linear_classifier(W, X):\n    pass\n"),
    )

    (failing,) = run_selftest([wrongly_called_right], SPEC, executor, 5).false_fails

    assert failing.lost == ("prediction",)
    assert failing.message.startswith("predict_linear_classifier should return integer labels")


def test_what_does_not_fit_is_left_out_and_counted(executor):
    stranger = Implementation("x", "sample_batch", "wrong", "It is of another course.", "")

    result = run_selftest([stranger], SPEC, executor, 5)

    assert (result.outcomes, result.left_out) == ((), 1)


def test_the_solution_gets_all_points(executor):
    whole = [
        Implementation("whole", name, "right", "All of it.", module_with(name, source))
        for name, source in solution_of().functions.items()
    ]

    assert run_selftest(whole, SPEC, executor, 6).is_clean


@pytest.mark.slow
def test_the_shipped_spec_lets_no_wrong_one_pass_and_fails_no_right_one(executor, request):
    whole = [*load_catalogue(), *make_mutants()]
    is_in_full = request.config.getoption("--in-full")

    result = run_selftest(whole if is_in_full else smoke_slice(whole), SPEC, executor, 20190913)

    assert [each.implementation.full_name for each in result.false_passes] == []
    assert [each.implementation.full_name for each in result.false_fails] == []
    assert [each.implementation.full_name for each in result.named_wrongly] == []
    assert result.grader_faults == ()
    assert result.left_out == 0
    losses = result.wrong_losses
    named = sum(each.is_named_rightly for each in losses)
    assert 3 * named >= 2 * len(losses) if is_in_full else 2 * named >= len(losses)
