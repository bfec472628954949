"""A student's score once the instructor's words are applied."""

from grader.model.report import StudentPart
from grader.model.student_result import Change, StudentResult
from tests.samples import check_part, report_of

LATE = Change("late", -4.0, "2 days late: 20 % of 20 points each")


def result_of(report, *changes):
    return StudentResult("ann", None, report, changes)


def faulty():
    checks = [
        check_part(id="f", points=2.0, status="failed"),
        check_part(id="g", points=0.0, status="errored"),
    ]
    return report_of(checks=checks, status="incomplete", score=None, max_score=20.0)


def test_a_student_is_named_with_the_id_and_nobody_by_the_submission():
    named = StudentResult("s1", StudentPart(id="1001", name="Student One"), None)

    assert named.words == "Student One (1001)"
    assert StudentResult("s1", StudentPart(id="1001"), None).words == "1001"
    assert StudentResult("s1", StudentPart(id="Ann", name="Ann"), None).words == "Ann"
    assert result_of(None).words == "ann"


def test_changes_add_up():
    result = result_of(report_of(), LATE, Change("override", 1.5, "typo", "f_values"))

    assert (result.graded_score, result.score, result.max_score) == (10.0, 7.5, 10.0)


def test_a_score_is_never_below_0():
    assert result_of(report_of(score=3.0), LATE).score == 0.0


def test_without_a_score_a_penalty_gives_none():
    assert result_of(faulty(), LATE).score is None
    assert result_of(None, LATE).score is None


def test_a_word_on_the_total_gives_a_score_where_the_grader_has_none():
    assert result_of(None, Change("override", 7.0, "oral exam")).score == 7.0
    assert result_of(faulty(), Change("override", 5.0, "by hand")).score == 7.0


def test_a_word_on_each_check_that_the_grader_failed_on_gives_a_score():
    assert result_of(faulty(), Change("override", 3.0, "by hand", "g")).score == 5.0
    assert result_of(faulty(), Change("override", 3.0, "by hand", "f")).score is None


def test_the_points_of_a_check_are_those_that_count():
    result = result_of(faulty(), LATE, Change("override", 3.0, "by hand", "g"))

    assert [result.points(check) for check in result.report.checks] == [2.0, 3.0]


def test_a_check_without_a_result_has_no_points():
    f, g = faulty().checks

    assert (result_of(faulty()).points(f), result_of(faulty()).points(g)) == (2.0, None)


def test_a_report_that_is_worth_nothing_gives_no_score():
    result = result_of(report_of(score=0.0, max_score=0.0))

    assert (result.score, result.max_score) == (None, None)
