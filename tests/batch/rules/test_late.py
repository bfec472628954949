"""How late, and what that costs: only what is certain."""

import math
from datetime import UTC, datetime, timedelta

import pytest

from grader.batch.rules.class_rules import ClassRules
from grader.batch.rules.late import Lateness, lateness, penalty, span
from grader.model.report import SubmissionPart
from grader.model.roster import Extension

DUE = datetime(2026, 10, 10, 6, 59, tzinfo=UTC)
PER_DAY = {"policy": "per_day", "percent": 10.0, "at_most": 50.0}


def rules_of(**fields):
    return ClassRules.model_validate({"due": DUE, **fields})


def handed_in(after=None, *, mark=None, at=None):
    if after is not None:
        at = (DUE + timedelta(**after)).isoformat()
    return SubmissionPart(id="ann", sha256="a", files=(), submitted_at=at, late_mark=mark)


@pytest.mark.parametrize(
    "after, words",
    [
        ({"seconds": 1}, "less than 1 min late"),
        ({"minutes": 12, "seconds": 59}, "12 min late"),
        ({"hours": 3, "minutes": 5}, "3 h 5 min late"),
        ({"days": 1}, "1 day late"),
        ({"days": 2, "hours": 3, "minutes": 59}, "2 days 3 h late"),
    ],
)
def test_late_by_the_time(after, words):
    late = lateness(handed_in(after), rules_of())

    assert (late.is_late, late.words, late.seconds) == (True, words, timedelta(**after).total_seconds())


def test_in_time():
    assert not lateness(handed_in({"seconds": 0}), rules_of()).words
    assert not lateness(handed_in(), rules_of()).is_late


def test_the_grace_costs_nothing_and_days_are_counted_from_its_end():
    rules = rules_of(grace="15 min")

    within = lateness(handed_in({"minutes": 15}), rules)
    beyond = lateness(handed_in({"days": 1, "minutes": 15}), rules)

    assert (within.is_late, within.words) == (False, "15 min late, within the grace")
    assert (beyond.is_late, beyond.days) == (True, 1)
    assert lateness(handed_in({"days": 1, "minutes": 16}), rules).days == 2


@pytest.mark.parametrize(
    "extension", [Extension(seconds=7200.0), Extension(due_at=DUE + timedelta(hours=2))], ids=["by", "until"]
)
def test_an_extension_is_the_students_own_due_date(extension):
    assert not lateness(handed_in({"hours": 2}), rules_of(), extension).is_late
    assert lateness(handed_in({"hours": 3}), rules_of(), extension).words == "1 h late"


def test_an_extension_takes_no_time_away():
    assert not lateness(handed_in({"hours": -1}), rules_of(), Extension(due_at=DUE - timedelta(days=1))).words
    assert lateness(handed_in({"hours": 1}), rules_of(), Extension(seconds=1e15)).words == "1 h late"


def test_the_mark_counts_where_there_is_no_time():
    late = lateness(handed_in(mark="late"), rules_of())

    assert late == Lateness(is_late=True, words="marked late by the platform")


def test_by_a_mark_one_day_is_certain_and_that_is_said():
    late = lateness(handed_in(mark="late"), rules_of(late=PER_DAY))

    assert (late.is_late, late.days) == (True, 1)
    assert late.remark == (
        "marked late by the platform, but no time of submission: one day is charged, as more is not certain"
    )


@pytest.mark.parametrize(
    "fields, extension, allowance",
    [({"grace": "15 min"}, None, "a grace of 15 min"), ({}, Extension(seconds=60.0), "an extension")],
)
def test_a_mark_beside_a_grace_or_an_extension_is_not_certain(fields, extension, allowance):
    late = lateness(handed_in(mark="late"), rules_of(**fields), extension)

    assert not late.is_late
    assert late.remark == (
        f"marked late by the platform, and there is {allowance}, but no time of submission: nothing is taken off"
    )


def test_a_time_counts_before_the_mark():
    late = lateness(handed_in({"hours": -1}, mark="late"), rules_of())

    assert not late.is_late
    assert late.remark == "marked late by the platform, but handed in before the due date of class.toml"


def test_a_time_without_an_offset_is_in_the_time_zone_of_the_class():
    rules = ClassRules.model_validate(
        {"due": datetime.fromisoformat("2026-10-09T23:59"), "time_zone": "America/Los_Angeles"}
    )

    assert lateness(handed_in(at="2026-10-10T00:09:00"), rules).words == "10 min late"
    assert not lateness(handed_in(at="2026-10-10T00:09:00"), rules_of()).is_late


@pytest.mark.parametrize("at", ["yesterday", "0001-01-01T00:00:00+14:00", ""])
def test_a_time_that_is_none_is_unknown(at):
    assert not lateness(handed_in(at=at), rules_of()).is_late


def cost(late, after=None, *, mark=None, left=None):
    rules = rules_of(late=late)
    found = penalty(lateness(handed_in(after, mark=mark), rules), rules, 20.0, left)
    return None if found is None else (found.points, found.words)


def test_no_policy_costs_nothing():
    assert cost({"policy": "none"}, {"days": 3}) is None


def test_a_constant_cost():
    assert cost({"policy": "constant", "points": 2.5}, {"days": 3}) == (2.5, "2.5 points off")
    assert cost({"policy": "constant", "percent": 15.0}, mark="late") == (3.0, "15 % of 20 points off")
    assert cost({"policy": "constant", "points": 2.5}, {"seconds": 0}) is None


def test_a_cost_for_each_day_that_has_begun():
    assert cost(PER_DAY, {"minutes": 1}) == (2.0, "10 % of 20 points off (10 % a day for 1 day)")
    assert cost(PER_DAY, {"days": 1, "hours": 1}) == (4.0, "20 % of 20 points off (10 % a day for 2 days)")
    assert cost(PER_DAY, {"days": 9}) == (
        10.0,
        "50 % of 20 points off (10 % a day for 9 days, at most 50 %)",
    )
    assert cost(PER_DAY, mark="late") == (2.0, "10 % of 20 points off (10 % a day for 1 day)")


def test_late_days_cost_nothing_until_they_are_used_up():
    policy = {"policy": "late_days", "days": 2, "percent": 25.0}

    assert cost(policy, {"days": 2}) == (0.0, "2 late days used")
    assert cost(policy, {"days": 3}) == (
        5.0,
        "2 late days used, 25 % of 20 points off (25 % a day for 1 day)",
    )
    assert cost(policy, {"hours": 30}, left=1) == (
        5.0,
        "1 late day used, 25 % of 20 points off (25 % a day for 1 day)",
    )


def test_after_the_close_nothing_is_accepted():
    policy = {**PER_DAY, "closes_after": "2 days"}

    assert cost(policy, {"days": 2}) == (4.0, "20 % of 20 points off (10 % a day for 2 days)")
    assert cost(policy, {"days": 2, "seconds": 1}) == (
        math.inf,
        "not accepted more than 2 days after the due date",
    )
    assert cost({"policy": "none", "closes_after": "2 days"}, {"days": 3})[0] == math.inf


def test_a_span_has_two_parts_at_most():
    assert [span(each) for each in (59, 60, 3600, 86400, 90000)] == [
        "less than 1 min",
        "1 min",
        "1 h",
        "1 day",
        "1 day 1 h",
    ]
