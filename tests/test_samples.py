"""The sample submissions against their expected.json: all by the checks that take no clock, some in full.

With `--in-full` all of them are graded in full, which takes ten seconds for each.
"""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from grader.grading.grade import grade
from grader.grading.settings import Settings
from grader.intake.submission import load_submission
from grader.sandbox.host import Sandbox
from grader.sandbox.launch import make_launcher
from grader.spec import load_spec
from tests.samples import quick

SUBMISSIONS = Path(__file__).resolve().parents[1] / "submissions"
SAMPLES = sorted(path.parent for path in SUBMISSIONS.glob("*/*/expected.json"))


@pytest.fixture(scope="module")
def of_numpy():
    """No sample of a NumPy spec needs torch, so none gets it."""
    with Sandbox(make_launcher(with_torch=False)) as of_numpy:
        yield of_numpy
        assert not of_numpy.launcher.has_torch


@pytest.fixture
def of_its_backend(sample, sandbox, of_numpy):
    return of_numpy if load_spec(sample.parent.name).spec.backend == "numpy" else sandbox


def test_there_are_samples_for_every_shipped_spec():
    assert {sample.parent.name for sample in SAMPLES} >= {"cnn_mnist", "eecs498_2019", "softmax_sgd_lab"}
    assert len(SAMPLES) >= 18


IN_FULL = {
    "eecs498_2019/gradient_outside_if",
    "linear_regression/perfect_notebook",
    "two_layer_net/perfect_notebook",
}
ENDLESS = {"endless_loop", "flood_of_prints"}
"""A call of these takes its whole limit, which need not be five seconds."""
SEED = 20190913


def expected_of(sample):
    return json.loads((sample / "expected.json").read_text(encoding="utf-8"))


def assert_as_expected(report, expected, checks):
    """Whether the report on these checks says what is expected of them; each that passed has all its points.

    What `varies` names is near a bar or a limit, and not compared; nor are functions that no check here names.
    """
    judged = {name for check in checks for name in check.functions}
    statuses = {name: function.status for name, function in report.functions.items() if name in judged}
    assert statuses == {name: status for name, status in expected["functions"].items() if name in judged}
    ids = {check.id for check in checks} - set(expected.get("varies", ()))
    compared = [check for check in report.checks if check.id in ids]
    not_passed = {check.id: check.status for check in compared if check.status != "passed"}
    assert not_passed == {name: status for name, status in expected["not_passed"].items() if name in ids}
    points = {check.id: check.points for check in compared if check.points not in {0, check.max_points}}
    assert points == {name: share for name, share in expected["partial"].items() if name in ids}
    named = {
        name: sorted({diagnosis.misconception for diagnosis in function.diagnosis})
        for name, function in report.functions.items()
        if function.diagnosis
    }
    assert named == expected["diagnosis"]
    if "notes" in expected:
        notes = {name: list(function.notes) for name, function in report.functions.items() if function.notes}
        assert {name: notes[name] for name in notes if statuses.get(name) != "missing"} == expected["notes"]
    flagged: dict[str, list[str | None]] = {}
    for flag in report.flags:
        if flag.kind in {"restriction_violated", "restriction_noted"}:
            flagged.setdefault(flag.kind, []).append(flag.function)
    assert flagged == expected.get("flags", {})
    assert report.status == "graded"


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_the_sample_is_graded_as_expected_without_a_clock(sample, of_its_backend):
    loaded = quick(load_spec(sample.parent.name))
    if sample.name in ENDLESS:
        limits = loaded.spec.limits.model_copy(update={"call_seconds": 1.0})
        loaded = replace(loaded, spec=loaded.spec.model_copy(update={"limits": limits}))

    report = grade(load_submission(sample), loaded, of_its_backend, Settings(seed=SEED))

    assert_as_expected(report, expected_of(sample), loaded.spec.checks)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_the_sample_is_graded_as_expected_in_full(sample, of_its_backend, request):
    if f"{sample.parent.name}/{sample.name}" not in IN_FULL and not request.config.getoption("--in-full"):
        pytest.skip("graded in full with --in-full only: ten seconds")
    loaded, expected = load_spec(sample.parent.name), expected_of(sample)

    report = grade(load_submission(sample), loaded, of_its_backend, Settings(seed=SEED))

    assert_as_expected(report, expected, loaded.spec.checks)
    if not expected.get("varies"):
        assert (report.score, report.max_score) == (expected["score"], 100)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_the_expected_score_is_the_sum_of_what_is_expected_of_the_checks(sample):
    expected = expected_of(sample)
    points = {check.id: check.points for check in load_spec(sample.parent.name).spec.checks}

    lost = sum(points[name] - expected["partial"].get(name, 0) for name in expected["not_passed"])

    assert expected["score"] == pytest.approx(100 - lost)
