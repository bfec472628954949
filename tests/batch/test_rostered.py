"""Results by another roster."""

from grader.batch.rostered import rostered
from grader.intake.roster import read_roster
from grader.model.report import StudentPart
from grader.model.student_result import StudentResult
from tests.samples import report_of

REPORT = report_of()


def roster_of(tmp_path, text):
    path = tmp_path / "roster.csv"
    path.write_text(text)
    return read_roster(path).roster


def students(made):
    """The students of the results."""
    return [each.student for each in made.results]


def result(identifier, **student):
    return StudentResult(identifier, StudentPart(**student) if student else None, REPORT)


def test_students_get_the_ids_and_emails_of_the_roster_and_keep_what_it_does_not_know(tmp_path):
    roster = roster_of(tmp_path, "Student ID,Email,Name\n0012,ann@x.edu,Ann One\n0013,,Ben Two\n")
    results = [
        result("a", id="0012", name="ann", platform={"canvas": "77"}),
        result("b", id="0013", email="ben@y.edu"),
    ]

    made = rostered(results, roster)

    assert [(each.id, each.email, each.name) for each in students(made)] == [
        ("0012", "ann@x.edu", "Ann One"),
        ("0013", "ben@y.edu", "Ben Two"),
    ]
    assert students(made)[0].platform["canvas"] == "77"
    assert made.remarks == ()


def test_an_email_is_an_id_too(tmp_path):
    roster = roster_of(tmp_path, "Student ID,Email,Name\n0012,ann@x.edu,Ann One\n")

    made = rostered([result("a", id="ann@x.edu", email="ann@x.edu")], roster)

    assert students(made)[0].id == "0012"


def test_who_is_not_on_the_roster_stays_and_who_is_only_there_comes_last(tmp_path):
    roster = roster_of(tmp_path, "Student ID,Name\n0012,Ann One\n0013,Ben Two\n")

    made = rostered([result("zoe", id="0099", name="Zoe"), result("b", id="0013")], roster)

    assert [each.id for each in students(made)] == ["0099", "0013", "0012"]
    assert [(each.id, each.status) for each in made.results] == [
        ("zoe", "graded"),
        ("b", "graded"),
        ("0012", "not_submitted"),
    ]
    assert made.remarks == ("Zoe: not on the roster, so their ids are those of the download",)


def test_members_of_a_group_keep_their_own_results(tmp_path):
    roster = roster_of(tmp_path, "Student ID,Name\n0012,Ann One\n0013,Ben Two\n")
    pair = [result("team", id="0013"), result("team", id="0012")]

    made = rostered(pair, roster)

    assert [each.id for each in made.results] == ["team", "team"]
    assert [each.name for each in students(made)] == ["Ben Two", "Ann One"]


def test_a_name_that_two_have_is_nobodys(tmp_path):
    roster = roster_of(tmp_path, "Student ID,Name\n0012,Ann One\n0013,Ann One\n")

    made = rostered([result("a", id="x", name="Ann One")], roster)

    assert students(made)[0].id == "x"
    assert len(made.results) == 3
    (problem,) = made.problems
    assert "0012" in problem
    assert "0013" in problem


def test_a_submission_of_nobody_is_found_by_its_name(tmp_path):
    roster = roster_of(tmp_path, "Student ID,Login,Name\n0012,ann7,Ann One\n")

    assert students(rostered([result("ann7_hw1")], roster))[0].id == "0012"
