"""The sample submissions, each graded as a user would have it graded, against its expected.json."""

import json
from pathlib import Path

import pytest

from grader.grade import grade
from grader.judged import Settings
from grader.sandbox.host import Sandbox
from grader.spec import load_spec
from grader.submission import load_submission

SUBMISSIONS = Path(__file__).resolve().parents[1] / "submissions"
SAMPLES = sorted(path.parent for path in SUBMISSIONS.glob("*/*/expected.json"))


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as made:
        yield made


def test_there_are_samples_for_every_shipped_spec():
    assert {sample.parent.name for sample in SAMPLES} == {"eecs498_2019"}
    assert len(SAMPLES) >= 18


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_the_sample_is_graded_as_expected(sample, sandbox):
    expected = json.loads((sample / "expected.json").read_text(encoding="utf-8"))
    report = grade(load_submission(sample), load_spec(sample.parent.name), sandbox, Settings(seed=20190913))
    assert {name: function.status for name, function in report.functions.items()} == expected["functions"]
    not_passed = {check.id: check.status for check in report.checks if check.status != "passed"}
    assert not_passed == expected["not_passed"]
    named = {
        name: sorted({diagnosis.misconception for diagnosis in function.diagnosis})
        for name, function in report.functions.items()
        if function.diagnosis
    }
    assert named == expected["diagnosis"]
    flagged: dict[str, list[str | None]] = {}
    for flag in report.integrity:
        if flag.kind in {"forbidden_help", "noted_help"}:
            flagged.setdefault(flag.kind, []).append(flag.function)
    assert flagged == expected.get("help", {})
    assert report.score == expected["score"]
    assert report.max_score == 100
    assert report.status == "graded"
