"""What all exports have in common: everybody is told of, faults are no scores, all totals agree, and no student reads too much."""

import base64
import csv
import io
import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.exporters import EXPORTERS
from grader.exporters.grades import about_scores, grades, rounded
from grader.model.export_format import EXPORT_NAMES
from grader.model.report import StudentPart
from grader.model.student_result import Change, StudentResult
from tests.exporters.golden.cases import CASES, CLASSROOM50, made
from tests.exporters.readers import (
    autolab,
    check50,
    classroom50,
    fractions,
    github_actions,
    gradescope,
    junit,
    prairielearn,
)
from tests.exporters.school import (
    CONTEXT,
    FAULT,
    PARTIAL,
    PERFECT,
    RESULTS,
    SCORES,
    SECRET,
    owner,
)
from tests.samples import check_part, report_of

FORMATS = [name for name, (_, results, _) in CASES.items() if results is RESULTS]
"""Of the golden files of a whole class."""


def scores_of(read, export):
    """{file name without its suffix: what the reader finds}."""
    return {each.name.rpartition(".")[0]: read(each.content) for each in export.artifacts}


def one(result, name, context=CONTEXT):
    """The only file of an export of one student."""
    (artifact,) = EXPORTERS[name].exporter((result,), context).artifacts
    return artifact


def test_every_format_has_an_exporter():
    assert list(EXPORTERS) == sorted(EXPORT_NAMES)
    for each in EXPORTERS.values():
        assert callable(each.exporter)


@pytest.mark.parametrize("name", FORMATS)
def test_a_withheld_student_is_told_with_the_reason(name):
    told = [(each.student, each.why) for each in made(name).withheld]

    assert told == [
        ("Student Three (1003)", "the grader failed in g: values: grade again"),
        ("Student Eight (1008)", "not graded yet: run grader batch again"),
    ]


@pytest.mark.parametrize("name", FORMATS)
def test_as_many_students_come_out_as_went_in(name):
    export = made(name)
    names = {each.words.replace("\u202e", "<U+202E>") for each in RESULTS}

    without = {each.student for each in export.withheld} | {*export.not_submitted}
    without |= {name for name in names for words in export.left_out if words.startswith(name)}

    missing = 1 if name in {"csv", "nbgrader"} else 0  # there, who did not submit has a line as well
    assert export.matched + len(without) + missing == len(RESULTS)


def test_all_exports_of_a_result_have_the_same_score():
    files = {name: made(name) for name in CASES}
    expected = {each.id if each.id != "six" else f"six {owner(each).id}": SCORES[owner(each).name]
                for each in RESULTS if owner(each).name in SCORES and each.report is not None}  # fmt: skip
    maxima = {"two": 18, "five": 10, "ten": 10}

    assert scores_of(lambda content: gradescope.read(content)[0], files["gradescope"]) == expected
    assert scores_of(lambda content: github_actions.read(content).total, files["github-actions"]) == pytest.approx(
        expected, abs=1e-9
    )  # fmt: skip
    graded = scores_of(prairielearn.read, files["prairielearn"])
    assert {
        name: rounded(each.score * maxima.get(name, 15)) for name, each in graded.items() if each.gradable
    } == expected
    assert {name: each.shown[0] for name, each in graded.items() if each.gradable} == expected
    for name, read in (("edx", fractions.read_edx), ("coursera", fractions.read_coursera)):
        told = scores_of(read, files[name])
        assert {each: rounded(score * maxima.get(each, 15)) for each, score in told.items()} == expected
    printed = scores_of(lambda content: autolab.read_printed(content.decode(), ["Score"]), files["autolab"])
    assert {name: each["Score"] for name, each in printed.items()} == {**expected, "three": None}
    told = scores_of(lambda content: junit.read(content)[0], files["junit"])
    assert told == {**expected, "three": None}
    told = scores_of(lambda content: json.loads(content)["score"], files["json"])
    assert told == {**expected, "three": None}
    rows = [*csv.DictReader(io.StringIO(files["csv"].artifacts[0].content.decode()))]
    assert [row["score"] for row in rows] == ["15", "7.7", "", "", "0", "15", "0", "", "7", "10"]


@pytest.mark.parametrize("name", [name for name in CASES if name != "csv"])
def test_no_student_reads_a_word_of_a_hidden_check(name):
    for each in made(name).artifacts:
        text = each.content if name != "github-actions" else base64.b64decode(each.content)
        assert SECRET.encode() not in text
        assert b"ridge_secret" not in text


def test_a_reason_for_withholding_is_the_students_view_too():
    report = report_of(
        status="incomplete", score=None, checks=[check_part(title=SECRET, status="errored", visibility="hidden")]
    )  # fmt: skip

    ((_, withheld),) = grades([StudentResult("one", None, report)]).withheld

    assert withheld.why == "the grader failed in Hidden check: grade again"


def test_a_report_of_which_not_every_check_was_run_is_withheld():
    report = report_of(
        status="incomplete", score=None, checks=[check_part(), check_part(id="g", status="not_run")]
    )

    ((_, withheld),) = grades([StudentResult("one", None, report)]).withheld

    assert withheld.why == "not every check was run: grade again without --only"


def test_a_report_in_which_nothing_is_worth_points_is_withheld():
    report = report_of(score=None, max_score=0.0, checks=[check_part(points=0.0, max_points=0.0)])

    ((_, withheld),) = grades([StudentResult("one", None, report)]).withheld

    assert withheld.why == "nothing in this assignment is worth points"


@pytest.mark.parametrize(
    "name",
    [
        "gradescope",
        "prairielearn",
        "github-actions",
        "autolab",
        "junit",
        "json",
        "check50",
        "edx",
        "coursera",
    ],
)
def test_points_without_a_submission_are_told_to_be_entered_by_hand(name):
    assert made(name).left_out == (
        "Student Nine (1009): 7 points by an override and no report; enter them in the platform",
    )  # fmt: skip


def test_a_single_students_file_has_the_usual_name():
    names = {
        name: one(RESULTS[0], name).name
        for name, (_, _, context) in CASES.items()
        if context is CONTEXT and name in EXPORTERS
    }

    assert names == {
        "autolab": "autoresult.txt",
        "autolab-bulk": "autolab_grades.csv",
        "check50": "check50.json",
        "coursera": "feedback.json",
        "csv": "gradebook.csv",
        "edx": "answer.json",
        "github-actions": "result.txt",
        "gradescope": "results.json",
        "json": "result.json",
        "junit": "junit.xml",
        "nbgrader": "grades.csv",
        "prairielearn": "results.json",
    }


def test_an_id_that_is_a_path_names_a_file_all_the_same():
    results = [StudentResult(each, None, FAULT) for each in ("../../etc/passwd", "a/b", "CON")]

    names = [each.name for each in EXPORTERS["junit"].exporter(results, CONTEXT).artifacts]

    assert names == ["_.._etc_passwd.xml", "a_b.xml", "_CON.xml"]


def test_classroom50_takes_the_file_and_its_points_are_whole():
    (artifact,) = made("classroom50").artifacts

    assert classroom50.read(artifact.content, "cs231n-s26", "a1", "Student1") == (1500, 1500)


def test_what_a_student_reads_of_late_work_and_changes():
    tests = gradescope.read(one(RESULTS[1], "gradescope").content)[1]

    assert {test["name"]: test["output"] for test in tests[1:]} == {
        "f: speed": "Too slow.\nChanged by the instructor, +1 points: The handout was unclear.",
        "f: told": "It only tells.",
        "Hidden check": "Changed by the instructor, +2 points: Regraded by hand.",
        "Late": "-1.8 points: 2 days 3 h late: 10 % of the points.",
        "Submission": "Attempt 2, submitted 2026-04-20T20:58:10Z.",
        "Score before": "4 of 18, graded 2026-04-21T08:00:00Z; changed since: spec and grader.",
    }


@settings(max_examples=60, deadline=None)
@given(message=st.text(max_size=80), title=st.text(min_size=1, max_size=30), reason=st.text(max_size=30))
def test_every_reader_takes_whatever_a_student_or_an_instructor_wrote(message, title, reason):
    checks = [check_part(title=title, status="failed", points=4.0, message=message, hint=message)]
    result = StudentResult(
        "one",
        StudentPart(id=title, name=message or None),
        report_of(checks=checks, score=4.0, submission=PERFECT.submission.model_dump()),
        changes=(Change("late", -1.5, reason),),
    )
    settings_of_50 = replace(CONTEXT, settings=CLASSROOM50)

    assert gradescope.read(one(result, "gradescope").content)[0] == 2.5
    assert prairielearn.read(one(result, "prairielearn").content).shown == (2.5, 10)
    printed = one(result, "autolab").content.decode()
    assert autolab.read_printed(printed, ["Score"]) == {"Score": 2.5}
    assert autolab.read_feedback(printed)
    assert github_actions.read(one(result, "github-actions").content).total == 2.5
    assert classroom50.read(
        one(result, "classroom50", settings_of_50).content, "cs231n-s26", "a1", "student1"
    ) == (250, 1000)
    assert junit.read(one(result, "junit").content)[0] == 2.5
    assert check50.read(one(result, "check50").content) == {"f_values": False}
    assert fractions.read_edx(one(result, "edx").content) == 0.25
    assert fractions.read_coursera(one(result, "coursera").content) == 0.25


def test_check50_knows_what_was_not_graded():
    assert check50.read(one(RESULTS[2], "check50").content) == {"f_values": True, "g_values": None}
    assert check50.read(one(RESULTS[1], "check50").content) == {
        "f_values": False, "speed": False, "told": True, "hidden_1": False,
    }  # fmt: skip


def test_junit_skips_what_was_not_graded():
    assert junit.read(one(RESULTS[2], "junit").content) == (
        None,
        {"f_values": "passed", "g_values": "skipped"},
    )
    assert junit.read(one(RESULTS[1], "junit").content)[1]["f_values"] == "failure"


def test_classroom50_is_told_of_all_problems_at_once():
    identity = {**CLASSROOM50, "submission": "v1", "assignment_type": "pair", "datetime": "2026-04-20"}
    del identity["owner"]

    export = EXPORTERS["classroom50"].exporter(RESULTS, replace(CONTEXT, settings=identity))

    assert export.artifacts == ()
    assert export.problems == (
        "Classroom 50 knows a submission by its tag and commit, so it takes one at a time: give --student ID, or a report",
        "missing owner, which Classroom 50's runner sets in the environment; give --set owner=VALUE",
        "assignment_type must be individual or group, not 'pair'",
        "submission must be a tag that begins with submit/, not 'v1'",
        "datetime must be a time with its zone, as git log -1 --format=%cI prints it, not '2026-04-20'",
    )


def test_classroom50_needs_the_time_of_the_commit():
    result = StudentResult("one", None, report_of())

    export = EXPORTERS["classroom50"].exporter([result], replace(CONTEXT, settings=CLASSROOM50))

    assert export.problems == (
        'one: the time of submission is unknown; give --set datetime="$(git log -1 --format=%cI)", the time of the commit',
    )


def test_the_platforms_with_a_maximum_refuse_more_points_than_it():
    extra = (Change("override", 2.5, "a bonus", "f_values"),)
    result = StudentResult("one", None, RESULTS[0].report, changes=extra)

    problems = {
        name: EXPORTERS[name].exporter([result], replace(CONTEXT, settings=CLASSROOM50)).problems
        for name in ("prairielearn", "edx", "coursera", "classroom50", "gradescope")
    }

    assert problems == {
        "prairielearn": (
            "one: 17.5 of 15 points: PrairieLearn takes no score above the maximum; lower the override",
        ),
        "edx": ("one: 17.5 of 15 points: edX takes no score above the maximum; lower the override",),
        "coursera": (
            "one: 17.5 of 15 points: Coursera takes no score above the maximum; lower the override",
        ),
        "classroom50": (
            "one: 17.5 of 15 points: Classroom 50 takes no score above the maximum; lower the override",
            "one: f: values: 12.5 of 10 points: Classroom 50 refuses such a test; change the override",
        ),
        "gradescope": (),
    }


def test_prairielearn_takes_no_attempt_for_a_fault():
    graded = prairielearn.read(one(RESULTS[2], "prairielearn").content)

    assert (graded.gradable, graded.score) == (False, None)
    assert graded.format_errors == ("The grader failed, not your code. Submit again.",)


@pytest.mark.parametrize(
    "name, read, greatest",
    [("prairielearn", prairielearn.read, 1 << 20), ("github-actions", github_actions.read, 120_000)],
)
def test_messages_are_cut_until_the_file_is_small_enough(name, read, greatest):
    checks = [
        check_part(
            id=f"c{number}", status="failed", points=0.0, max_points=1.0, message="A long line.\n" * 300
        )
        for number in range(400)
    ]
    report = report_of(checks=checks, score=0.0, max_score=400.0)

    content = one(StudentResult("one", None, report), name).content

    assert greatest / 10 < len(content) <= greatest
    assert read(content).score == 0 if name == "prairielearn" else read(content).most == 400


@pytest.mark.parametrize("name", ["prairielearn", "github-actions"])
def test_more_checks_than_fit_are_refused(name):
    checks = [check_part(id=f"c{number}", title=f"{'x' * 900} {number}") for number in range(2_000)]
    report = report_of(checks=checks, score=20_000.0, max_score=20_000.0)

    export = EXPORTERS[name].exporter([StudentResult("one", None, report)], CONTEXT)

    (problem,) = export.problems
    assert problem.startswith("one: 2,000 checks do not fit into the 1")
    assert export.artifacts == ()


def test_a_cut_message_ends_at_a_line_and_says_so():
    from grader.exporters.seen import cut

    assert cut("short", 10) == "short"
    assert cut("first line\nsecond line", 15) == "first line\n(cut: 12 more characters)"
    assert cut("x" * 20, 15) == f"{'x' * 15}\n(cut: 5 more characters)"


def test_times_are_in_utc_or_as_they_were():
    from grader.exporters.seen import in_utc

    assert in_utc("2026-04-20T22:58:10.5+02:00") == "2026-04-20T20:58:10Z"
    assert in_utc("2026-04-20T22:58:10") is None
    assert in_utc(None) is None


def test_a_hidden_failure_does_not_name_what_it_depends_on():
    data = json.loads(one(RESULTS[1], "check50").content)

    (speed,) = [each for each in data["results"] if each["name"] == "speed"]
    assert speed["dependency"] == "f_values"
    assert PARTIAL.checks[1].caused_by == ("f_values", "ridge_secret")


def test_a_student_with_the_same_title_twice_can_tell_the_checks_apart():
    tests = gradescope.read(one(RESULTS[-1], "gradescope").content)[1]

    assert [test["name"] for test in tests[:3]] == ["f: values", "f: values 2", "f: values 3"]


@pytest.mark.parametrize("name", ["autolab-bulk", "brightspace", "moodle", "nbgrader"])
def test_a_student_with_a_score_and_a_fault_is_in_no_table_twice(name):
    first = RESULTS[0]
    again = replace(first, id="again", report=FAULT)

    problems = EXPORTERS[name].exporter([first, again], CONTEXT).problems

    assert problems == (
        (
            "Student One (1001) has several submissions (again and one): decide which one counts, and grade the class"
            " without the others"
        ),
    )


def test_that_all_were_graded_quickly_is_said_without_their_names():
    left_out = check_part(id="speed", status="not_run", points=0.0, max_points=4.0)
    quick, unread = (
        report_of(checks=[check_part(), left_out]),
        report_of(status="unreadable", score=0.0, checks=[]),
    )

    told = [*about_scores([StudentResult("ann", None, quick), StudentResult("ben", None, unread)])]

    assert told[0].startswith("graded with --quick: checks worth 4 points were left out")
    assert told[1].startswith("0 points because the submission could not be read: ben")
