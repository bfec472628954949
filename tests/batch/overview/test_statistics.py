"""The statistics of a class, on hand-made results."""

import pytest

from grader.batch.overview.statistics import Bin, Spread, bins_of, class_statistics
from grader.model.report import StudentPart
from grader.model.student_result import Change, StudentResult
from tests.samples import check_part, report_of

FAILED = {"status": "failed", "points": 0.0}


def result(name, report, **changes):
    return StudentResult(name, StudentPart(id=name), report, **changes)


def names(students):
    return [each.submission for each in students]


def flag(kind, message="Look."):
    return {"kind": kind, "message": message, "for": "both"}


@pytest.mark.parametrize(
    "max_score, lows",
    [
        (100, [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100]),
        (86, [0, 10, 20, 30, 40, 50, 60, 70, 80, 86]),
        (25, [0, 2.5, 5, 7.5, 10, 12.5, 15, 17.5, 20, 22.5, 25]),
        (12, [0, 2, 4, 6, 8, 10, 12]),
        (3, [0, 0.5, 1, 1.5, 2, 2.5, 3]),
        (1, [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]),
        (0.7, [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]),
    ],
)
def test_bins_have_round_bounds_and_end_with_full_marks(max_score, lows):
    assert [each.low for each in bins_of([], max_score)] == lows


def test_a_score_is_in_the_bin_that_begins_with_it_and_full_marks_have_their_own():
    bins = bins_of([0, 1.99, 2, 9.999, 10, 11], 10)

    assert [(each.low, each.count) for each in bins if each.count] == [
        (0, 1),
        (1, 1),
        (2, 1),
        (9, 1),
        (10, 2),
    ]
    assert bins[-1] == Bin(10, None, 2)


def test_a_spread_of_one_number_is_that_number():
    assert Spread.of([4.0]) == Spread(1, 4, 4, 4, 4, 4, 4)
    assert Spread.of([]) is None


def test_quartiles_mean_and_median_are_of_the_scores_that_count():
    scores = [Change("override", points, "so") for points in (-10, -8, -6, -4, 0)]

    statistics = class_statistics(result("a", report_of(), changes=(each,)) for each in scores)

    assert statistics.scores is not None
    assert statistics.scores.spread == Spread(5, 0, 2, 4, 6, 10, 4.4)


def test_scores_of_several_maxima_are_compared_in_percent():
    statistics = class_statistics(
        [result("a", report_of()), result("b", report_of(score=10.0, max_score=20.0))]
    )

    assert statistics.scores is not None
    assert statistics.scores.is_percent
    assert (statistics.scores.spread.lowest, statistics.scores.spread.highest) == (50, 100)


def test_those_without_a_score_are_named_with_the_reason():
    errored = report_of(status="incomplete", score=None, checks=[check_part(status="errored", points=0.0)])
    left_out = report_of(status="incomplete", score=None, checks=[check_part(status="not_run", points=0.0)])
    worthless = report_of(score=None, max_score=0.0, checks=[check_part(points=0.0, max_points=0.0)])
    unreadable = report_of(status="unreadable", score=0.0, checks=[], flags=[flag("unreadable", "a .rar")])

    statistics = class_statistics(
        [
            result("right", report_of()),
            result("fault", errored),
            result("part", left_out),
            result("nothing", worthless),
            result("rar", unreadable),
            result("absent", None),
        ]
    )

    assert {why: names(who) for why, who in statistics.without_score.items()} == {
        "grader_fault": ["fault"],
        "not_all_run": ["part"],
        "nothing_to_score": ["nothing"],
    }
    assert [(name.submission, why) for name, why in statistics.unreadable] == [("rar", "a .rar")]
    assert names(statistics.nothing_submitted) == ["absent"]
    assert (statistics.students, statistics.graded) == (6, 4)


def test_what_is_not_known_of_a_student_for_sure_is_listed():
    found = [result("ghost", report_of(), remarks=("not on the roster",)), result("ann", report_of())]

    statistics = class_statistics(found)

    assert [(name.submission, words) for name, words in statistics.remarks] == [
        ("ghost", "not on the roster")
    ]


def test_an_overridden_score_counts_though_the_grader_failed():
    errored = report_of(status="incomplete", score=None, checks=[check_part(status="errored", points=0.0)])
    change = Change("override", 7, "graded by hand")

    statistics = class_statistics([result("ann", errored, changes=(change,))])

    assert statistics.scores is not None
    assert statistics.scores.spread.median == 7
    assert statistics.without_score == {}
    assert [(name.submission, each) for name, each in statistics.overrides] == [("ann", change)]


def test_a_check_is_counted_by_status_with_its_mean_credit():
    reports = [
        report_of(),
        report_of(checks=[check_part(status="failed", points=5.0)]),
        report_of(checks=[check_part(**FAILED, caused_by=["g_values"])]),
        report_of(checks=[check_part(status="skipped", points=0.0)]),
        report_of(checks=[check_part(status="not_run", points=0.0)]),
        report_of(checks=[check_part(status="errored", points=0.0)]),
    ]

    (check,) = class_statistics(result("a", report) for report in reports).checks

    assert check.statuses == {"passed": 1, "failed": 2, "skipped": 1, "not_run": 1, "errored": 1}
    assert (check.judged, check.not_passed, check.by_itself, check.following) == (4, 3, 1, 1)
    assert check.mean_credit == 0.375


def test_the_check_that_most_fail_comes_first_and_before_those_that_follow_from_it():
    follows = check_part(id="follows", **FAILED, caused_by=["f_values"])
    easy = check_part(id="easy")
    wrong = report_of(checks=[easy, follows, check_part(id="cause", **FAILED)])
    worse = report_of(checks=[check_part(id="easy", **FAILED), follows, check_part(id="cause", **FAILED)])

    statistics = class_statistics([result("a", wrong), result("b", worse)])

    assert [check.id for check in statistics.hardest_checks] == ["cause", "follows", "easy"]


def test_checks_of_the_same_id_in_two_assignments_are_two():
    other = report_of(assignment={"name": "other", "title": "Other", "spec_sha256": "6" * 64})

    statistics = class_statistics([result("a", report_of()), result("b", report_of()), result("c", other)])

    assert [(check.assignment, check.judged) for check in statistics.checks] == [("mini", 2), ("other", 1)]
    assert statistics.assignments == {("mini", "Mini"): 2, ("other", "Other"): 1}


def test_reports_by_an_older_version_of_the_spec_are_noticed():
    older = report_of(assignment={"name": "mini", "title": "Mini", "spec_sha256": "6" * 64})

    assert class_statistics([result("a", report_of()), result("b", older)]).outdated == {"mini": 2}
    assert class_statistics([result("a", report_of()), result("b", report_of())]).outdated == {}


def test_students_who_failed_a_check_for_the_same_reason_are_together():
    wrong = [
        check_part(**FAILED, message="f: loss is 3.5, expected 4."),
        check_part(**FAILED, message="f: loss is 2.25e-3, expected 4."),
        check_part(**FAILED, message="f returned None."),
        check_part(status="skipped", points=0.0, message="f is missing."),
    ]

    (check,) = class_statistics(
        result(str(number), report_of(checks=[each])) for number, each in enumerate(wrong)
    ).checks

    assert [(cause.status, cause.words, names(cause.students)) for cause in check.causes] == [
        ("failed", "f: loss is 3.5, expected 4.", ["0", "1"]),
        ("failed", "f returned None.", ["2"]),
        ("skipped", "f is missing.", ["3"]),
    ]


def test_functions_that_are_not_there_are_counted_only_if_points_are_lost_without_them():
    parts = {
        name: {"status": status, "where": None}
        for name, status in (("f", "missing"), ("g", "not_written"), ("extra", "missing"))
    }
    checks = [
        check_part(functions=["f", "g"], **FAILED),
        check_part(id="x", functions=["extra"], max_points=0.0),
    ]

    statistics = class_statistics([result("ann", report_of(functions=parts, checks=checks))])

    assert [(each.name, names(each.missing), names(each.not_written)) for each in statistics.absent] == [
        ("f", ["ann"], []),
        ("g", [], ["ann"]),
    ]


def test_the_speed_of_a_timed_check_is_spread_over_the_class():
    reports = [
        report_of(checks=[check_part(kind="speedup", measured={"speedup": speedup, "slowdown": 1.0})])
        for speedup in (10.0, 20.0, 40.0)
    ]

    (speed,) = class_statistics(result("a", report) for report in reports).speeds

    assert (speed.speedup.lowest, speed.speedup.median, speed.speedup.highest) == (10, 20, 40)
    assert speed.slowdown is not None
    assert speed.slowdown.median == 1


def test_flags_are_by_kind_with_who_has_them():
    statistics = class_statistics(
        [
            result("ann", report_of(flags=[flag("impossible_time"), flag("note")])),
            result("bob", report_of(flags=[flag("impossible_time", "Again.")])),
        ]
    )

    found = [(name.submission, each.message) for name, each in statistics.flags["impossible_time"]]
    assert found == [("ann", "Look."), ("bob", "Again.")]


def test_late_students_are_listed_with_what_it_cost_them():
    late = Change("late", -2, "2 days late")

    statistics = class_statistics(
        [
            result("ann", report_of(), changes=(late,), late_words="in words of its own"),
            result("bob", report_of(), late_words="marked late by Canvas"),
            result("cid", report_of()),
        ]
    )

    assert [(name.submission, *rest) for name, *rest in statistics.late] == [
        ("ann", "2 days late", -2),
        ("bob", "marked late by Canvas", 0),
    ]


def test_scores_that_a_regrade_changed_are_listed():
    def before(score):
        return {
            "score": score,
            "max_score": 10.0,
            "graded_at": "2026-01-01T00:00:00+00:00",
            "reasons": ["spec"],
        }

    statistics = class_statistics(
        [result("ann", report_of(previous=before(8.0))), result("bob", report_of(previous=before(10.0)))]
    )

    assert [(each.student.submission, each.before.score, each.score) for each in statistics.regraded] == [
        ("ann", 8, 10)
    ]


def test_nobody_at_all_has_no_scores():
    statistics = class_statistics([])

    assert (statistics.students, statistics.scores, statistics.checks) == (0, None, ())
