"""What a grading takes over from the one before, and that its report is the one of a fresh grading."""

import json
import re
from pathlib import Path

import pytest

from grader.api import Grader
from grader.grading.grade import grade
from grader.grading.reuse import Earlier
from grader.grading.settings import Settings
from grader.model.observation import Raised, Returned, TimedOut, Unexpected
from grader.sandbox.fake import FakeSandbox
from tests.samples import mini_spec, submission_of

ROOT = Path(__file__).resolve().parents[2]

F = "def f(W, X, y, reg):\n    return W * reg\n"
G = "def g(W, X, y, reg):\n    return X * reg\n"

OF_F, OF_G = {"f_values", "f_inputs", "same"}, {"g_values", "same"}


@pytest.fixture
def loaded(tmp_path):
    return mini_spec(tmp_path)


@pytest.fixture
def regraded(loaded):
    """(text, observation of all calls) to the ids of the checks that were run, each grading building on the one before."""
    earlier = Earlier()

    def run(text, seen=None, **changes):
        seen = seen or Returned((Unexpected("an int"), Unexpected("an int")), 0.0)
        sandbox = FakeSandbox(lambda _: seen)
        settings = Settings(**{"seed": 7} | changes)
        report = grade(submission_of(text), loaded, sandbox, settings, earlier=earlier)
        assert bool(sandbox.trials) == bool(earlier.ran)
        fresh = grade(submission_of(text), loaded, FakeSandbox(lambda _: seen), settings)
        assert without_times(report) == without_times(fresh)
        return set(earlier.ran)

    return run


def without_times(report):
    """The report's fields, without those that depend on the clock: of slow calls, fewer sizes are affordable."""

    def stripped(value):
        if isinstance(value, dict):
            return {k: stripped(each) for k, each in value.items() if k not in {"seconds", "started_at"}}
        return list(map(stripped, value)) if isinstance(value, list) else value

    return stripped(json.loads(re.sub(r"\d+ (of \d+ )?calls", "N calls", report.to_json())))


def test_nothing_runs_again_where_nothing_changed(regraded):
    assert regraded(F + G) == OF_F | OF_G
    assert regraded(F + G) == set()


def test_only_the_checks_of_a_changed_function_run_again(regraded):
    regraded(F + G)

    assert regraded(F.replace("* reg", "- reg") + G) == OF_F
    assert regraded(F.replace("* reg", "- reg") + G.replace("* reg", "- reg")) == OF_G


def test_a_changed_helper_is_a_change_of_those_who_call_it(regraded):
    helper = "def half(x):\n    return x / 2\n"
    calling = G.replace("X * reg", "half(X) * reg")
    regraded(helper + F + calling)

    assert regraded(helper.replace("2", "3") + F + calling) == OF_G


def test_lines_that_move_change_nothing(regraded):
    regraded(F + G)

    assert regraded("\n\n" + F + "\n" + G) == set()


def test_lines_that_move_matter_where_a_result_tells_one(regraded):
    raised = Raised("ValueError", "no", None, 0.0)
    regraded(F + G, raised)

    assert regraded("\n" + F + G, raised) == OF_F | OF_G


def test_a_function_that_may_keep_state_takes_all_checks_with_it(regraded):
    keeping = "SEEN = {}\n" + F.replace("return", "SEEN[0] = 1\n    return")
    regraded(keeping + G)

    assert regraded(keeping + G.replace("* reg", "- reg")) == OF_F | OF_G


def test_a_function_that_did_not_return_is_called_again_by_all_its_checks(regraded):
    regraded(F + G, TimedOut(1.0))

    assert regraded(F + G.replace("* reg", "- reg"), TimedOut(1.0)) == OF_F | OF_G


def test_random_draws_tie_the_checks_of_one_worker_together(regraded):
    drawing = F.replace("return W", "return W + torch.rand(1)")
    regraded("import torch\n" + drawing + G)

    assert regraded("import torch\n" + drawing + G.replace("* reg", "- reg")) == OF_F | OF_G


def test_another_seed_or_spec_runs_everything(regraded, loaded, tmp_path):
    regraded(F + G)

    assert regraded(F + G, seed=8) == OF_F | OF_G


def test_a_function_that_comes_back_is_graded_again(regraded):
    regraded(F + G)

    assert regraded(F) == {"f_values", "f_inputs"}  # f is no longer watched for calls of g
    assert regraded(F + G) == OF_F | OF_G


def test_another_module_around_the_code_runs_everything(regraded):
    regraded(F + G)

    assert regraded("import seaborn\n" + F + G.replace("X * reg", "seaborn.load(X)")) == OF_F | OF_G


def test_what_the_grader_failed_at_is_run_again(loaded):
    def answer(trial):
        if trial.function == "f":
            raise ZeroDivisionError
        return Raised("ValueError", "", None, 0.0)

    earlier = Earlier()
    for _ in range(2):
        grade(submission_of(F + G), loaded, FakeSandbox(answer), Settings(seed=7), earlier=earlier)

    assert set(earlier.ran) == OF_F


EDITS = {
    "no regularization": "    reg = 0.0\n",
    "an exception": "    raise ValueError('x')\n",
    "nothing returned": "    return None\n",
    "lines that move": "    pass\n\n\n",
}


def edits(text):
    """The text with each edit made in each function and method, by what was done where."""
    for match in re.finditer(r"^([ \t]*)def (\w+)\([^)]*\):[^\n]*\n", text, re.MULTILINE):
        for name, lines in EDITS.items():
            indented = "".join(f"{match[1]}{line}\n" for line in lines.splitlines())
            yield f"{match[2]}: {name}", text[: match.end()] + indented + text[match.end() :]


@pytest.mark.slow
@pytest.mark.parametrize(
    "sample, spec",
    [("eecs498_2019/perfect_module", "eecs498_2019"), ("eecs498_2019/results_kept", "eecs498_2019")],
)
def test_after_any_edit_and_back_the_report_is_that_of_a_fresh_grading(tmp_path, sample, spec):
    file = tmp_path / "linear_classifier.py"
    whole = next((ROOT / "submissions" / sample).glob("*.py")).read_text()
    file.write_text(whole)
    offenders = []
    again, all_checks = 0, 0
    with Grader(spec, quick=True, seed=5) as grader:
        first = len(grader.regrade(file).ran)
        fresh_whole = grader.grade(file)
        for name, text in list(edits(whole))[::3]:
            for content in (text, whole):
                file.write_text(content)
                now = grader.regrade(file)
                fresh = fresh_whole if content is whole else grader.grade(file)
                again, all_checks = again + len(now.ran), all_checks + first
                if without_times(now.report) != without_times(fresh):
                    offenders.append(name)

    assert offenders == []
    assert all_checks > 0
    assert again < (0.6 * all_checks if sample.endswith("perfect_module") else all_checks)
