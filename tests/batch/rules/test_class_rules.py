"""class.toml: what it may say, and the words for what it may not."""

import json
from datetime import UTC, datetime

import pytest

from grader.batch.rules.class_rules import Constant, LateDays, PerDay, read_rules, rules_schema
from grader.errors import RulesError

DUE = "due = 2026-10-09T23:59:00-07:00\n"


@pytest.fixture
def rules(tmp_path):
    def read(text):
        path = tmp_path / "class.toml"
        path.write_text(text, encoding="utf-8")
        return read_rules(path)[0]

    return read


@pytest.fixture
def faults(rules, tmp_path):
    """The lines of the error, without the path above class.toml."""

    def read(text):
        with pytest.raises(RulesError) as caught:
            rules(text)
        return str(caught.value).replace(f"{tmp_path}/", "").splitlines()

    return read


def test_everything_that_it_may_say(rules):
    said = rules(
        """
        due = 2026-10-09T23:59:00
        time_zone = "America/Los_Angeles"
        grace = "15 min"
        [late]
        policy = "late_days"
        days = 3
        left = { ann = 1 }
        percent = 10
        at_most = 50
        closes_after = "1 week"
        [extensions.bob]
        by = "1 day 12 h"
        reason = "illness"
        [extensions."cem@example.edu"]
        due = 2026-10-12
        [[overrides]]
        id = "dia"
        check = "f_values"
        points = 8
        reason = "typo"
        """
    )

    assert said.due_at == datetime(2026, 10, 10, 6, 59, tzinfo=UTC)
    assert said.grace == 900
    assert said.late == LateDays.model_validate(
        {
            "policy": "late_days",
            "days": 3,
            "left": {"ann": 1},
            "percent": 10,
            "at_most": 50,
            "closes_after": "1 week",
        }
    )
    assert said.extensions["bob"].by == 36 * 3600
    assert said.extensions["cem@example.edu"].due.isoformat() == "2026-10-12T23:59:59.999999"
    assert said.overrides[0].points == 8.0


def test_nothing_is_needed(rules):
    assert rules("").due_at is None


@pytest.mark.parametrize(
    "text, policy",
    [
        ("policy = 'constant'\npoints = 5", Constant(policy="constant", points=5.0)),
        ("policy = 'constant'\npercent = 10", Constant(policy="constant", percent=10.0)),
        ("policy = 'per_day'\npercent = 10", PerDay(policy="per_day", percent=10.0, at_most=100.0)),
    ],
)
def test_policies(rules, text, policy):
    assert rules(f"[late]\n{text}").late == policy


@pytest.mark.parametrize(
    "written, seconds",
    [
        ("0 min", 0),
        ("90 minutes", 5400),
        ("2h", 7200),
        ("1.5 days", 129600),
        ("1 week 2 days 3 hours 4 min", 788640),
    ],
)
def test_durations(rules, written, seconds):
    assert rules(f'{DUE}grace = "{written}"').grace == seconds


@pytest.mark.parametrize(
    "text, fault",
    [
        ("deu = 1", "deu is an unknown field (did you mean 'due'?)"),
        ("due = 2026-10-09", "due has no offset; write one, such as -07:00 after the time, or set time_zone"),
        (
            "due = 'friday'",
            "due must be a date, or a date with a time such as 2026-10-09T23:59:00-07:00, without quotes",
        ),
        ("due = 9999-12-31T23:59:00-12:00", "due is out of range (got 9999-12-31 23:59:00-12:00)"),
        (
            "time_zone = 'America/LosAngeles'",
            "time_zone must be an IANA name, such as 'America/Los_Angeles' (got 'America/LosAngeles'; did you mean",
        ),
        (f"{DUE}grace = 15", 'grace must be a duration, such as "15 min", "2 h" or "1 day 12 h" (got 15)'),
        (f'{DUE}grace = "1 min\\n"', 'grace must be a duration, such as "15 min", "2 h" or "1 day 12 h"'),
        ("grace = '1 h'", "grace needs a due date"),
        (
            "late.policy = 'daily'",
            "late.policy must be one of 'none', 'constant', 'per_day' or 'late_days' (got 'daily')",
        ),
        ("late.percent = 10", "late.policy is missing"),
        ("late.policy = 'per_day'", "late.percent is missing"),
        ("late = {policy = 'per_day', percent = 0}", "late.percent must be greater than 0 (got 0)"),
        ("late = {policy = 'per_day', percent = nan}", "late.percent must be a finite number (got nan)"),
        ("late.policy = 'constant'", "late must have either points or percent"),
        ("late.closes_after = '1 day'\nlate.policy = 'none'", "late.closes_after needs a due date"),
        (f"{DUE}[extensions.ann]", "extensions.ann must have either due or by"),
        ("[extensions.ann]\nby = '1 h'", "extensions.ann needs the due date of the class"),
        (
            f"{DUE}[extensions.ann]\ndue = 2026-10-08",
            "extensions.ann.due must be later than the due date of the class",
        ),
        ("[[overrides]]\nid = 'a'\npoints = 1", "overrides[0].reason is missing"),
        (
            "[[overrides]]\nid = 'a'\npoints = -1\nreason = 'x'",
            "overrides[0].points must be greater than or equal to 0 (got -1)",
        ),
        (
            "overrides = [{id = 'a', points = 1, reason = 'x'}, {id = 'a', points = 2, reason = 'y'}]",
            "overrides[1] is for the same points as overrides[0]",
        ),
        ("due = x", "line 1, column 7 is invalid TOML: invalid value (got 'due = x')"),
    ],
)
def test_a_fault_is_said_with_its_field(faults, text, fault):
    (line,) = faults(text)

    assert line.startswith(f"class.toml: {fault}")


def test_all_faults_are_said(faults):
    assert faults("due = 1\ntime_zone = 2")[0] == "class.toml: 2 faults"


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(RulesError) as caught:
        read_rules(tmp_path / "class.toml")

    assert str(caught.value) == (
        f"{tmp_path}/class.toml: file not found; give the path of the rules of the class, a .toml file"
    )


def test_a_time_that_happens_twice_is_read_in_the_students_favour(rules):
    said = rules("due = 2026-11-01T01:30:00\ntime_zone = 'America/Los_Angeles'")

    assert said.due_at == datetime(2026, 11, 1, 9, 30, tzinfo=UTC)
    handed_in = said.instant(
        datetime.fromisoformat("2026-11-01T01:30"), zone=said.platform_zone, is_due=False
    )
    assert handed_in == datetime(2026, 11, 1, 8, 30, tzinfo=UTC)


def test_the_schema_names_every_field():
    schema = json.loads(json.dumps(rules_schema()))

    assert list(schema["properties"]) == ["due", "time_zone", "grace", "late", "extensions", "overrides"]
    assert all(each["description"] for each in schema["properties"].values())
