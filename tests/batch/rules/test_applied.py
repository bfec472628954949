"""Rules and overrides, applied to the results of a class."""

from datetime import UTC, datetime

import pytest

from grader.batch.rules.applied import Words, applied
from grader.batch.rules.class_rules import ClassRules, Override
from grader.model.report import StudentPart
from grader.model.roster import Extension
from grader.model.student_result import StudentResult
from tests.samples import check_part, report_of

DUE = datetime(2026, 10, 10, 6, 59, tzinfo=UTC)
ONE_DAY_LATE = "2026-10-11T06:00:00+00:00"
PER_DAY = {"policy": "per_day", "percent": 10.0}
CHECKS = [
    check_part(points=8.0, status="failed"),
    check_part(id="g_values", points=5.0, max_points=10.0, status="failed"),
]


def row(identifier, student=None, at=None, mark=None, **changes):
    report = report_of(**{"checks": CHECKS, "score": 13.0, "max_score": 20.0, **changes})
    known = {"id": identifier, "submitted_at": at, "late_mark": mark}
    submission = report.submission.model_copy(update=known)
    part = None if student is None else StudentPart(id=student)
    return StudentResult(identifier, part, report.model_copy(update={"submission": submission}))


def rules_of(**fields):
    return ClassRules.model_validate({"due": DUE, "late": PER_DAY, **fields})


def own(identifier, points, check=None):
    return Override(id=identifier, check=check, points=points, reason="second look")


def changes(result):
    return [(each.kind, each.points, each.check) for each in result.changes]


def test_without_words_the_results_are_the_reports():
    rows = (row("ann", at=ONE_DAY_LATE), StudentResult("s1", StudentPart(id="1"), None))

    assert applied(rows, Words()).results == rows


def test_lateness_costs_what_the_policy_says():
    (ann,) = applied([row("ann", at=ONE_DAY_LATE)], Words(rules_of())).results

    assert (ann.score, ann.graded_score, ann.late_words) == (11.0, 13.0, "23 h 1 min late")
    assert [each.reason for each in ann.changes] == [
        "23 h 1 min late: 10 % of 20 points off (10 % a day for 1 day)"
    ]


def test_lateness_takes_no_more_than_there_is():
    late = {"policy": "constant", "points": 15.0}

    (ann,) = applied([row("ann", at=ONE_DAY_LATE)], Words(rules_of(late=late))).results

    assert (changes(ann), ann.score) == ([("late", -13.0, None)], 0.0)
    assert ann.changes[0].reason == "23 h 1 min late: 15 points off, but no more than the score of 13"


def test_what_is_not_accepted_scores_0():
    late = {"policy": "none", "closes_after": "2 h"}

    (ann,) = applied([row("ann", at=ONE_DAY_LATE)], Words(rules_of(late=late))).results

    assert ann.score == 0.0
    assert ann.changes[0].reason == "23 h 1 min late: not accepted more than 2 h after the due date"


def test_points_of_a_check_count_before_lateness_and_those_of_the_total_after():
    rows = [row("ann", at=ONE_DAY_LATE), row("bob", at=ONE_DAY_LATE)]
    words = Words(rules_of(), (own("ann", 10.0, "f_values"), own("bob", 19.0)))

    ann, bob = applied(rows, words).results

    assert changes(ann) == [("override", 2.0, "f_values"), ("late", -2.0, None)]
    assert changes(bob) == [("late", -2.0, None), ("override", 8.0, None)]
    assert (ann.score, bob.score) == (13.0, 19.0)


def test_points_of_each_check_that_the_grader_failed_on_give_a_score():
    checks = [CHECKS[0], check_part(id="g_values", status="errored", points=0.0)]
    rows = [row("ann", at=ONE_DAY_LATE, status="incomplete", score=None, checks=checks)]

    without = applied(rows, Words(rules_of())).results[0]
    given = applied(rows, Words(rules_of(), (own("ann", 4.0, "g_values"),))).results[0]
    whole = applied(rows, Words(rules_of(), (own("ann", 4.0),))).results[0]

    assert (without.score, without.changes) == (None, ())
    assert (given.score, given.graded_score) == (10.0, None)
    assert whole.score == 4.0


def test_a_student_who_handed_nothing_in_can_be_given_a_total():
    rows = [StudentResult("s1", StudentPart(id="1001"), None)]

    found = applied(rows, Words(overrides=(own("1001", 7.0), own("1001", 3.0, "f_values"))))

    assert found.results[0].score == 7.0
    assert found.remarks == (
        "overrides.toml: override of 1001, f_values: nothing was submitted: an override of the total gives points",
    )


def test_the_word_on_a_member_comes_before_that_on_the_group():
    rows = [row("team", "1001"), row("team", "1002")]

    found = applied(rows, Words(overrides=(own("1002", 3.0), own("team", 9.0))))

    assert [each.score for each in found.results] == [9.0, 3.0]
    assert found.remarks == ()


def test_each_member_has_an_extension_of_their_own():
    rows = [row("team", "1001", ONE_DAY_LATE), row("team", "1002", ONE_DAY_LATE)]

    found = applied(rows, Words(rules_of(extensions={"1002": {"by": "2 days", "reason": "illness"}})))

    assert [each.score for each in found.results] == [11.0, 13.0]
    assert found.results[1].remarks == ("extension: illness",)


def test_an_extension_of_the_roster_holds_unless_class_toml_has_another():
    rows = [row("ann", "1001", ONE_DAY_LATE), row("bob", "1002", ONE_DAY_LATE)]
    day = Extension(seconds=86400.0)
    words = Words(rules_of(extensions={"1002": {"by": "1 h"}}), extensions={"1001": day, "1002": day})

    assert [each.score for each in applied(rows, words).results] == [13.0, 11.0]


def test_who_is_not_on_the_roster_has_nobodys_extension():
    rows = [
        row("zed_1001", "1001", ONE_DAY_LATE),
        row("1001", None, ONE_DAY_LATE),
        row("ann", "1001", ONE_DAY_LATE),
    ]
    words = Words(
        rules_of(),
        extensions={"1001": Extension(seconds=86_400.0)},
        strangers=frozenset({("zed_1001", "1001")}),
    )

    assert [each.score for each in applied(rows, words).results] == [11.0, 11.0, 13.0]


def test_late_days_that_are_left_are_a_students_own():
    late = {"policy": "late_days", "days": 1, "percent": 10.0, "left": {"1002": 0, "zed": 1}}
    rows = [row("ann", "1001", ONE_DAY_LATE), row("bob", "1002", ONE_DAY_LATE)]

    found = applied(rows, Words(rules_of(late=late)))

    assert [each.score for each in found.results] == [13.0, 11.0]
    assert found.results[0].changes[0].reason == "23 h 1 min late: 1 late day used"
    assert found.remarks == ("class.toml: late.left.zed: no submission or student is 'zed'",)


def test_the_commands_override_counts_before_that_of_class_toml():
    rules = rules_of(late={"policy": "none"}, overrides=(own("ann", 5.0), own("bob", 5.0)))

    found = applied([row("ann"), row("bob")], Words(rules, (own("ann", 6.0), own("bob", 5.0))))

    assert [each.score for each in found.results] == [6.0, 5.0]
    assert found.remarks == (
        "ann: class.toml gives 5 points for the total, and `grader override` 6: the latter count",
    )


def test_words_that_fit_nobody_are_said():
    rules = rules_of(
        late={"policy": "none"},
        extensions={"anna": {"by": "1 h"}},
        overrides=(own("bobb", 1.0), own("ann", 1.0, "f_value")),
    )

    found = applied([row("ann"), row("bob")], Words(rules))

    assert found.remarks == (
        "class.toml: extensions.anna: no submission or student is 'anna' (did you mean 'ann'?)",
        "class.toml: override of bobb: no submission or student is 'bobb' (did you mean 'bob'?)",
        "class.toml: override of ann, f_value: there is no check 'f_value' (did you mean 'f_values'?)",
    )
    assert [each.changes for each in found.results] == [(), ()]


def test_a_word_on_somebody_who_is_not_graded_yet_fits():
    rules = rules_of(late={"policy": "none"}, extensions={"bob": {"by": "1 h"}})

    assert (
        applied([row("ann"), StudentResult("bob", None, None, is_awaited=True)], Words(rules)).remarks == ()
    )


@pytest.mark.parametrize(
    "at, fields, remark",
    [
        (
            "2026-10-11T06:00:00",
            {},
            "the times of 1 submission have no offset: set time_zone in class.toml, because without it nobody can be marked late",
        ),
        (
            None,
            {},
            "no submission has a time, or a late mark of the platform's: no submission counts as late",
        ),
        (None, {"due": None}, "class.toml has no due date: only the platform's marks tell who is late"),
    ],
)
def test_a_policy_that_cannot_be_applied_is_said(at, fields, remark):
    assert applied([row("ann", at=at)], Words(rules_of(**fields))).remarks == (remark,)


def test_what_is_not_certain_is_a_remark_on_the_student():
    (ann,) = applied([row("ann", mark="late")], Words(rules_of())).results

    assert ann.score == 11.0
    assert ann.remarks == (
        "marked late by the platform, but no time of submission: one day is charged, as more is not certain",
    )
