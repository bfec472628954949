"""Equal files of different students."""

from grader.batch.overview.equal_files import EqualFilesTally
from grader.batch.student_name import StudentName
from tests.samples import report_of

WHERE = {"file": "hw.py", "cell": None, "line": 1}


def report(sha256="a" * 64, status="correct", path="hw.py", others=()):
    return report_of(
        submission={"id": "any", "sha256": "", "files": [{"path": path, "sha256": sha256}, *others]},
        functions={"f": {"status": status, "where": {**WHERE, "file": path}}},
    )


def groups(*handed_in):
    """Of (student, submission, report)."""
    tally = EqualFilesTally()
    for student, submission, each in handed_in:
        tally.add(StudentName(student, student, submission), each)
    return [(each.files, each.submissions) for each in tally.groups()]


def test_the_same_file_of_two_students_is_found_whatever_its_name_and_folder():
    found = groups(
        ("ann", "ann", report(path="a/hw.py")),
        ("bob", "bob", report(path="solution.py")),
        ("cid", "cid", report("c" * 64)),
    )

    assert found == [(("hw.py", "solution.py"), ("ann", "bob"))]


def test_members_of_a_group_are_no_case():
    assert groups(("ann", "team", report()), ("bob", "team", report())) == []


def test_two_submissions_of_one_student_are_no_case():
    assert groups(("ann", "ann_1", report()), ("ann", "ann_2", report())) == []


def test_two_groups_with_the_same_file_are_one_case():
    found = groups(*((name, name[0], report()) for name in ("a1", "a2", "b1", "b2")))

    assert found == [(("hw.py",), ("a", "b"))]


def test_templates_that_nobody_wrote_in_are_no_case():
    part = {"where": WHERE, "notes": []}
    zero = {"part": "gradient", "misconception": "all_zero", "message": "It is zero throughout."}
    template = report_of(
        submission={"id": "any", "sha256": "", "files": [{"path": "hw.py", "sha256": "a" * 64}]},
        functions={
            "f": {**part, "status": "not_written"},
            "begun": {**part, "status": "incorrect", "diagnosis": [zero]},
            "given": {**part, "status": "unjudged"},
        },
    )

    assert groups(("ann", "ann", template), ("bob", "bob", template)) == []


def test_equal_files_that_do_not_parse_are_a_case():
    found = groups(*((name, name, report(status="missing")) for name in ("ann", "bob")))

    assert found == [(("hw.py",), ("ann", "bob"))]


def test_files_with_no_graded_function_are_no_case():
    data = {"path": "plots.py", "sha256": "d" * 64}

    assert (
        groups(("ann", "ann", report(others=[data])), ("bob", "bob", report("b" * 64, others=[data]))) == []
    )


def test_the_same_students_with_two_equal_files_are_one_case():
    def both():
        files = [{"path": name, "sha256": name[0] * 64} for name in ("a.py", "b.py")]
        return report_of(
            submission={"id": "any", "sha256": "", "files": files},
            functions={
                name: {"status": "incorrect", "where": {**WHERE, "file": f"{name}.py"}} for name in "ab"
            },
        )

    assert groups(("ann", "ann", both()), ("bob", "bob", both())) == [(("a.py", "b.py"), ("ann", "bob"))]
