"""The report: its fields as DESIGN.md has them, its JSON, its schema, and what a student does not see of it."""

import json

import pytest
from pydantic import ValidationError

from grader.model.report import Report, parse_report, report_schema, student_view
from tests.samples import check_part, report_of

DIAGNOSIS = {"part": "gradient", "misconception": "reg_without_2", "message": "It lacks the factor 2."}
WITH_EVERYTHING = {
    "functions": {
        "f": {
            "status": "incorrect",
            "where": {"file": "hw.ipynb", "cell": 2, "line": 1},
            "diagnosis": [DIAGNOSIS],
            "notes": ["it is defined twice"],
        }
    },
    "integrity": [{"kind": "impossible_time", "function": "f", "message": "It took no time."}],
}


def test_the_fields_stand_in_the_order_of_the_design():
    data = json.loads(report_of(**WITH_EVERYTHING).to_json())

    assert list(data) == [
        "schema_version",
        "assignment",
        "submission",
        "status",
        "score",
        "max_score",
        "functions",
        "checks",
        "integrity",
        "environment",
        "started_at",
        "seconds",
    ]
    assert list(data["assignment"]) == ["name", "title", "spec_sha256"]
    assert list(data["submission"]) == ["id", "sha256", "student", "files"]
    assert list(data["submission"]["files"][0]) == ["path", "sha256"]
    assert list(data["functions"]["f"]) == ["status", "where", "diagnosis", "notes"]
    assert list(data["functions"]["f"]["where"]) == ["file", "cell", "line"]
    assert list(data["functions"]["f"]["diagnosis"][0]) == ["part", "misconception", "message"]
    assert list(data["checks"][0]) == [
        "id",
        "kind",
        "title",
        "functions",
        "status",
        "points",
        "max_points",
        "visibility",
        "message",
        "hint",
        "measured",
        "allowed",
        "seconds",
        "curves",  # ours, after the design's
        "pictures",
    ]
    assert list(data["integrity"][0]) == ["kind", "function", "message"]
    assert list(data["environment"]) == [
        "grader_version",
        "python",
        "torch",
        "device",
        "device_name",
        "isolation",
        "isolation_missing",
        "seed",
        "data",
    ]
    assert data["schema_version"] == "1"


def test_a_report_comes_back_from_its_json():
    report = report_of(**WITH_EVERYTHING)

    assert parse_report(report.to_json()) == report
    assert report.to_json().endswith("}\n")


def test_a_report_fits_its_schema():
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft202012Validator(report_schema())
    data = json.loads(report_of(**WITH_EVERYTHING).to_json())

    validator.check_schema(report_schema())
    validator.validate(data)
    assert not validator.is_valid({**data, "score": "ten"})
    assert not validator.is_valid({**data, "grade": "A"})
    assert not validator.is_valid({key: value for key, value in data.items() if key != "checks"})


def test_the_schema_lists_every_field_of_every_part():
    schema = report_schema()

    for part in [schema, *schema["$defs"].values()]:
        assert part["additionalProperties"] is False
        assert set(part["required"]) == set(part["properties"])


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
@pytest.mark.parametrize(
    "field", ['"points": 10.0', '"score": 10.0', '"loss_difference": 1e-16', '"seconds": 1.5']
)
def test_no_number_is_without_an_end(field, number):
    text = report_of().to_json()
    assert field in text

    with pytest.raises(ValidationError, match="finite"):
        parse_report(text.replace(field, f"{field.partition(':')[0]}: {number}"))


def test_no_field_is_taken_that_is_not_known():
    data = json.loads(report_of().to_json())

    with pytest.raises(ValidationError, match="grade\n"):
        parse_report(json.dumps({**data, "grade": "A"}))


def test_a_report_of_another_schema_is_refused():
    text = report_of().to_json().replace('"schema_version": "1"', '"schema_version": "2"')

    with pytest.raises(ValidationError, match="schema_version"):
        parse_report(text)


def test_a_score_may_be_null():
    report = report_of(status="incomplete", score=None, checks=[check_part(status="errored", points=0.0)])

    assert json.loads(report.to_json())["score"] is None
    assert report.has_grader_faults


def test_a_failure_is_no_fault_of_the_grader():
    report = report_of(checks=[check_part(status="failed", points=0.0)])

    assert not report.has_grader_faults


def with_a_hidden_check() -> Report:
    hidden = check_part(
        id="f_large",
        title="f: large reg",
        visibility="hidden",
        status="failed",
        points=0.0,
        message="f: dW differs from the reference at reg=10.",
        hint="Look at reg.",
    )
    return report_of(**{**WITH_EVERYTHING, "checks": [check_part(), hidden]})


def test_a_student_sees_of_a_hidden_check_its_points_alone():
    _, hidden = student_view(with_a_hidden_check()).checks

    assert (hidden.id, hidden.status, hidden.points, hidden.max_points) == ("f_large", "failed", 0, 10)
    assert (hidden.title, hidden.message, hidden.hint) == ("hidden check", "", None)
    assert (hidden.measured, hidden.allowed) == ({}, {})


def test_a_student_sees_visible_checks_as_they_are():
    report = with_a_hidden_check()

    assert student_view(report).checks[0] == report.checks[0]
    assert student_view(report_of()) == report_of()


def test_a_student_sees_no_flag_of_integrity():
    assert student_view(with_a_hidden_check()).integrity == ()


def test_a_student_is_not_told_the_mistake_that_a_hidden_check_saw():
    text = student_view(with_a_hidden_check()).to_json()

    assert "lacks the factor 2" not in text
    assert "reg=10" not in text
    assert "Look at reg" not in text


def test_a_mistake_that_visible_checks_saw_is_shown():
    report = report_of(**WITH_EVERYTHING)

    assert student_view(report).functions == report.functions


def test_the_students_view_is_a_report_too():
    view = student_view(with_a_hidden_check())

    assert parse_report(view.to_json()) == view
