"""Whom a word of the instructor's is about."""

from grader.batch.rules.whose import Directory
from grader.model.report import StudentPart
from grader.model.student_result import StudentResult


def row(submission, student=None, email=None, **platform):
    part = None if student is None else StudentPart(id=student, email=email, platform=platform)
    return StudentResult(submission, part, None)


CLASS = Directory(
    [
        row("ann", "1001", "Ann@example.edu", canvas="17"),
        row("team", "1002", canvas="18"),
        row("team", "1003"),
        row("19"),
        row("cem_1", "1004"),
        row("cem_2", "1004"),
        row("1005", "1006"),
        row("ben", "1005", canvas="1001"),
    ]
)


def ids(name):
    return [(each.id, each.student and each.student.id) for each in CLASS.find(name)]


def test_a_submission_a_student_an_email_and_a_platform_id_name_somebody():
    assert ids("ANN") == ids("1001") == ids(" ann@EXAMPLE.edu") == [("ann", "1001")]
    assert ids("18") == [("team", "1002")]
    assert ids("team") == [("team", "1002"), ("team", "1003")]


def test_the_strongest_id_counts():
    assert ids("19") == [("19", None)]
    assert ids("1001") == [("ann", "1001")]


def test_a_submission_that_is_called_as_another_student_takes_no_word_from_them():
    assert CLASS.fault("1005") == (
        "'1005' names several submissions: '1005' and 'ben'; give another id of the student"
    )
    assert CLASS.fault("ben") == CLASS.fault("1006") == ""


def test_a_name_that_is_nobodys():
    assert CLASS.fault("10001") == "no submission or student is '10001' (did you mean '1001'?)"
    assert CLASS.fault("zzz\u202e") == "no submission or student is 'zzz<U+202E>'"


def test_a_name_of_several_submissions():
    assert CLASS.fault("1004") == "'1004' names several submissions: 'cem_1' and 'cem_2'; give the id of one"
    assert CLASS.fault("team") == ""


def test_a_login_written_wrong_and_an_email_without_its_end_are_near():
    people = Directory([row("a", "1", "xwang@example.edu"), row("b", "2", login="amuller")])

    assert people.fault("amuler") == "no submission or student is 'amuler' (did you mean 'amuller'?)"
    assert people.fault("XWang") == "no submission or student is 'XWang' (did you mean 'xwang@example.edu'?)"
