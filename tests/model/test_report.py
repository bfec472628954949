"""The report: its fields as DESIGN.md has them, its JSON, its schema, and what a student sees of it."""

import json

import pytest

from grader.errors import ReportError
from grader.model.report import Report, parse_report, report_schema, student_view
from tests.samples import check_part, report_of

DIAGNOSIS = {"part": "gradient", "misconception": "reg_without_2", "message": "It lacks the factor 2."}
WITH_EVERYTHING = {
    "submission": {
        "id": "alice",
        "sha256": "a" * 64,
        "files": [{"path": "hw.py", "sha256": "f" * 64}],
        "student": {"id": "s1", "name": "Alice", "email": "a@example.edu", "platform": {"canvas": "17"}},
        "members": [{"id": "s1", "name": None, "email": None, "platform": {}}],
        "attempt": 2,
        "submitted_at": "2026-01-01T00:00:00+00:00",
        "late_mark": "LATE",
    },
    "functions": {
        "f": {
            "status": "incorrect",
            "where": {"file": "hw.ipynb", "cell": 2, "line": 1},
            "diagnosis": [DIAGNOSIS],
            "notes": ["it is defined twice"],
        }
    },
    "checks": [
        check_part(
            status="failed",
            caused_by=["g"],
            curves={"loss": [2.0, 1.0]},
            pictures={"weights": {"count": 1, "height": 1, "width": 1, "rgb": "AAAA"}},
            findings=[
                {
                    "function": "f",
                    "is_correct": False,
                    "diagnosis": [DIAGNOSIS],
                    "notes": ["it is defined twice"],
                }
            ],
        )
    ],
    "flags": [
        {"kind": "impossible_time", "function": "f", "message": "It took no time.", "for": "instructor"}
    ],
    "previous": {
        "score": 8.0,
        "max_score": 10.0,
        "graded_at": "2025-12-31T00:00:00+00:00",
        "reasons": ["spec", "asked"],
    },
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
        "flags",
        "claims",
        "previous",
        "environment",
        "started_at",
        "seconds",
    ]
    assert list(data["assignment"]) == ["name", "title", "spec_sha256"]
    assert list(data["submission"]) == [
        "id",
        "sha256",
        "files",
        "student",
        "members",
        "attempt",
        "submitted_at",
        "late_mark",
    ]
    assert list(data["submission"]["files"][0]) == ["path", "sha256"]
    assert list(data["submission"]["student"]) == ["id", "name", "email", "platform"]
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
        "failure",
        "caused_by",
        "measured",
        "allowed",
        "curves",
        "pictures",
        "seconds",
        "findings",  # ours, after the design's: what the student view is made from
        "timing",  # what a class measures again at its end
    ]
    assert list(data["flags"][0]) == ["kind", "function", "message", "for", "spec"]
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
    assert data["schema_version"] == "2"


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

    with pytest.raises(ReportError, match="finite"):
        parse_report(text.replace(field, f"{field.partition(':')[0]}: {number}"))


def descriptions_missing(schema, place="report"):
    """Places in a JSON Schema with a field that has no description."""
    for name, field in schema.get("properties", {}).items():
        if not field.get("description"):
            yield f"{place}.{name}"
    for name, part in schema.get("$defs", {}).items():
        yield from descriptions_missing(part, name)


def test_every_field_of_the_schema_has_a_description():
    schema = report_schema()

    assert list(descriptions_missing(schema)) == []
    del schema["$defs"]["CheckPart"]["properties"]["points"]["description"]
    assert list(descriptions_missing(schema)) == ["CheckPart.points"]


def refusal(text):
    with pytest.raises(ReportError) as refused:
        parse_report(text)
    return str(refused.value)


def test_an_unknown_field_is_refused():
    data = json.loads(report_of().to_json())

    assert (
        refusal(json.dumps({**data, "grade": "A"})) == "not a report: grade: Extra inputs are not permitted"
    )


@pytest.mark.parametrize(
    "text, seen",
    [
        ('{"schema_version": "1", "integrity": []}', '"1"'),
        ('{"schema_version": 2}', "2"),
        ("{}", "none"),
        ("[]", "none"),
    ],
)
def test_a_report_of_another_version_is_refused_with_advice(text, seen):
    assert refusal(text) == (
        f'not a report of this version: expected schema_version "2", found {seen}; grade the submission again'
    )


def test_a_text_that_is_not_json_is_refused():
    assert refusal("{").startswith("not a report: invalid JSON: ")
    assert refusal("[" * 100_000).startswith("not a report: invalid JSON: ")


def test_a_kind_of_flag_that_is_not_listed_is_refused():
    text = report_of(**WITH_EVERYTHING).to_json().replace("impossible_time", "strange")

    assert refusal(text).startswith("not a report: flags.0.kind: Input should be ")


def test_a_score_may_be_null():
    report = report_of(status="incomplete", score=None, checks=[check_part(status="errored", points=0.0)])

    assert json.loads(report.to_json())["score"] is None
    assert report.has_grader_faults


def test_a_failure_is_no_fault_of_the_grader():
    report = report_of(checks=[check_part(status="failed", points=0.0)])

    assert not report.has_grader_faults


def finding(is_correct, **changes):
    return {"function": "f", "is_correct": is_correct, "diagnosis": [], "notes": [], **changes}


SECRET = {"part": "loss", "misconception": "large_reg", "message": "It lacks large reg."}
PLAIN = check_part(seconds=0.25, findings=[finding(True, notes=["it returns float32"])])


def with_a_hidden_check(visible=PLAIN, **changes) -> Report:
    """A visible check, and a hidden one that found f incorrect; keywords replace fields of the report."""
    hidden = check_part(
        id="f_large",
        kind="stability",
        title="f: large reg",
        visibility="hidden",
        status="failed",
        points=0.0,
        message="f: dW differs from the reference at reg=10.",
        hint="Look at reg.",
        caused_by=["f_values"],
        measured={"large_difference": 0.5},
        allowed={"large_difference": 1e-9},
        curves={"large_loss": [1.0]},
        pictures={"large_weights": {"count": 1, "height": 1, "width": 1, "rgb": "AAAA"}},
        seconds=3.5,
        findings=[finding(False, diagnosis=[SECRET], notes=["it is slow at reg=10", "it returns float32"])],
    )
    function = {
        "status": "incorrect",
        "where": {"file": "hw.ipynb", "cell": 2, "line": 1},
        "diagnosis": [SECRET],
        "notes": ["it is defined twice", "it returns float32", "it is slow at reg=10"],
    }
    fields = {
        "functions": {"f": function},
        "checks": [hidden, visible],
        "score": 10.0,
        "max_score": 20.0,
        "seconds": 5.0,
    }
    return report_of(**{**fields, **changes})


def test_a_student_sees_only_the_points_of_a_hidden_check():
    _, hidden = student_view(with_a_hidden_check()).checks

    assert json.loads(hidden.model_dump_json()) == {
        "id": "hidden_1",
        "kind": "hidden",
        "title": "Hidden check",
        "functions": [],
        "status": "failed",
        "points": 0,
        "max_points": 10,
        "visibility": "hidden",
        "message": "",
        "hint": None,
        "failure": None,
        "caused_by": [],
        "measured": {},
        "allowed": {},
        "curves": {},
        "pictures": {},
        "seconds": 0,
        "findings": [],
        "timing": None,
    }


@pytest.mark.parametrize(
    "status, seen",
    [
        ("passed", ["passed"]),
        ("failed", ["failed"]),
        ("skipped", ["failed"]),
        ("errored", ["errored"]),
        ("not_run", []),
    ],
)
def test_a_hidden_check_only_passes_or_fails(status, seen):
    hidden = check_part(id="secret", visibility="hidden", status=status)

    view = student_view(report_of(checks=[hidden, {**PLAIN, "status": "not_run"}]))

    assert [check.status for check in view.checks] == ["not_run", *seen]


def test_nothing_else_tells_of_a_hidden_check():
    view = student_view(with_a_hidden_check())

    assert view.functions["f"].status == "correct"
    assert view.functions["f"].diagnosis == ()
    assert view.functions["f"].notes == ("it is defined twice", "it returns float32")
    assert view.seconds == 0.25
    assert view.environment.data == "not shown: this assignment has hidden checks"
    for word in ("large", "reg=10", "Look at reg", "stability", "3.5"):
        assert word not in view.to_json()


def test_a_function_that_only_hidden_checks_name_is_not_named():
    absent = {"status": "missing", "where": None}
    there = {"status": "correct", "where": {"file": "hw.py", "cell": None, "line": 1}}
    functions = {"f": absent, "g": there, "both": absent, "neither": absent}
    hidden = check_part(id="secret", visibility="hidden", status="skipped", functions=["f", "g", "both"])
    visible = {**PLAIN, "functions": ["both"], "caused_by": ["both", "f"], "status": "skipped"}
    view = student_view(report_of(functions=functions, checks=[hidden, visible]))

    assert {name: part.status for name, part in view.functions.items()} == {
        "g": "unjudged",
        "both": "missing",
        "neither": "missing",
    }
    assert view.checks[0].caused_by == ("both",)
    assert student_view(view) == view


def test_the_points_of_hidden_checks_count():
    view = student_view(with_a_hidden_check())

    assert (view.score, view.max_score) == (10, 20)
    assert [(check.points, check.max_points) for check in view.checks] == [(10, 10), (0, 10)]


def test_a_visible_check_keeps_its_words():
    report = with_a_hidden_check()

    assert student_view(report).checks[0] == report.checks[1]


def test_a_visible_check_loses_the_causes_that_a_student_cannot_see():
    visible = check_part(status="failed", points=0.0, caused_by=["f_large", "f", "g"])
    missing = {"status": "missing", "where": None, "diagnosis": [], "notes": ["g is not defined"]}
    functions = {**with_a_hidden_check().model_dump()["functions"], "g": missing}

    view = student_view(with_a_hidden_check(visible, functions=functions))

    assert view.checks[0].caused_by == ("g",)  # that f is incorrect only the hidden check found


@pytest.mark.parametrize(
    "visible, status",
    [
        (finding(True), "correct"),
        (finding(None), "unjudged"),
        (finding(False), "incorrect"),
    ],
)
def test_the_status_of_a_function_is_what_visible_checks_found(visible, status):
    view = student_view(with_a_hidden_check(check_part(findings=[visible])))

    assert view.functions["f"].status == status


def test_a_function_stays_unwritten_only_if_a_visible_check_found_it_incorrect():
    part: dict[str, object] = {"status": "not_written", "where": None, "diagnosis": [], "notes": []}

    seen = student_view(with_a_hidden_check(check_part(findings=[finding(False)]), functions={"f": part}))
    unseen = student_view(with_a_hidden_check(functions={"f": part}))

    assert seen.functions["f"].status == "not_written"
    assert unseen.functions["f"].status == "correct"


def test_a_function_that_waits_for_an_unwritten_one_stays_unjudged():
    part: dict[str, object] = {"status": "unjudged", "where": None, "diagnosis": [], "notes": []}

    view = student_view(with_a_hidden_check(check_part(findings=[finding(False)]), functions={"f": part}))

    assert view.functions["f"].status == "unjudged"


def test_a_violated_restriction_makes_a_function_incorrect_for_the_student_too():
    flag = {"kind": "restriction_violated", "function": "f", "message": "f uses eval.", "for": "both"}

    assert student_view(with_a_hidden_check(flags=[flag])).functions["f"].status == "incorrect"


def test_the_id_of_a_hidden_check_is_new():
    view = student_view(with_a_hidden_check({**PLAIN, "id": "hidden_1"}))

    assert [check.id for check in view.checks] == ["hidden_1", "hidden_2"]


def test_a_student_sees_flags_for_both_only():
    flags = [
        {"kind": "impossible_time", "function": "f", "message": "No time.", "for": "instructor"},
        {"kind": "note", "function": None, "message": "It fits.", "for": "both"},
    ]

    assert [flag.kind for flag in student_view(report_of(flags=flags)).flags] == ["note"]
    assert [flag.kind for flag in student_view(with_a_hidden_check(flags=flags)).flags] == ["note"]


def test_without_hidden_checks_a_student_sees_everything():
    report = report_of(**{**WITH_EVERYTHING, "flags": []})

    assert student_view(report) == report


def test_the_view_of_a_view_is_the_same():
    view = student_view(with_a_hidden_check())

    assert parse_report(view.to_json()) == view
    assert student_view(view) == view
