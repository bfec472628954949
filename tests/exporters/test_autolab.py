"""Autolab's lines and its file of grades in bulk, read back by Autolab's rules."""

from dataclasses import replace

import pytest

from grader.exporters import EXPORTERS
from grader.model.report import StudentPart
from grader.model.student_result import Change, StudentResult
from tests.exporters.readers.autolab import read_bulk, read_feedback, read_printed
from tests.exporters.school import CONTEXT, FAULT, RESULTS, SCORES, UNREADABLE, owner
from tests.samples import check_part, report_of

BY_CHECK = replace(CONTEXT, settings={"problems": "checks"})


def printed(result, context=CONTEXT):
    export = EXPORTERS["autolab"].exporter([result], context)
    assert not export.problems, export.problems
    return export.artifacts[0].content.decode()


def bulk(results, context=CONTEXT):
    return EXPORTERS["autolab-bulk"].exporter(results, context)


def test_the_last_line_is_the_score_of_the_problem_that_was_named():
    output = printed(RESULTS[1], replace(CONTEXT, column="Losses and Training"))

    assert output.endswith('\n{"scores": {"Losses and Training": 7.7}}\n')
    assert read_printed(output, ["Losses and Training"]) == {"Losses and Training": 7.7}


def test_a_fault_leaves_its_problem_as_it_was():
    output = printed(RESULTS[2], BY_CHECK)

    assert read_printed(output, ["f_values", "g_values"], {"g_values": 4.0}) == {
        "f_values": 10,
        "g_values": 4.0,
    }
    assert read_printed(output, ["f_values", "g_values"]) == {"f_values": 10}


def test_a_fault_of_everything_is_null_because_an_empty_map_would_be_zero():
    assert read_printed(printed(RESULTS[2]), ["Score"]) == {"Score": None}
    assert read_printed('{"scores": {}}', ["Score"]) == {"Score": 0}


def test_the_page_shows_cases_by_function_and_what_made_the_score():
    stages = read_feedback(printed(RESULTS[1]))

    assert list(stages) == ["f", "Hidden checks", "About the score"]
    assert stages["f"]["told"] == {"passed": True}
    assert stages["f"]["speed"]["hint"].startswith("Too slow.")
    assert stages["About the score"]["Late"] == "-1.8 points: 2 days 3 h late: 10 % of the points."


def test_a_check_that_was_not_graded_stands_apart_from_those_that_passed_or_failed():
    stages = read_feedback(printed(RESULTS[2]))

    assert stages["f"] == {"values": {"passed": True}}
    assert [*stages["Not graded yet"]] == ["g: values"]


def test_titles_that_autolab_keeps_to_itself_are_shown_all_the_same():
    checks = [check_part(title="_order: _x"), check_part(id="b", title="stages: y")]

    stages = read_feedback(printed(StudentResult("one", None, report_of(checks=checks, score=20.0))))

    assert stages == {"(_order)": {"(_x)": {"passed": True}}, "(stages)": {"y": {"passed": True}}}


@pytest.mark.parametrize("name", ["SVM: loss", "12:30", "a:b"])
def test_a_name_that_autolab_would_break_is_refused(name):
    for each in ("autolab", "autolab-bulk"):
        export = EXPORTERS[each].exporter(RESULTS, replace(CONTEXT, column=name))

        assert export.artifacts == ()
        assert export.problems == (
            f"--column {name!r}: Autolab cannot read a name with a colon after a letter or digit; rename the problem",
        )
    assert read_printed(f'{{"scores": {{"{name}": 3}}}}', [name]) == {name: 0}  # which is why


def test_settings_that_contradict_each_other_are_refused():
    both = replace(BY_CHECK, column="Losses")
    wrong = replace(CONTEXT, settings={"problems": "functions"})

    assert bulk(RESULTS, both).problems == (
        "--column names the one problem for the score; leave it out with problems=checks",
    )
    assert bulk(RESULTS, wrong).problems == (
        "--set problems=functions: write problems=score or problems=checks",
    )


def test_a_change_of_the_total_has_no_place_among_problems_for_each_check():
    export = EXPORTERS["autolab"].exporter(RESULTS, BY_CHECK)

    assert export.problems == (
        (
            "Two, =Student<U+202E> (1002): Late (-1.8 points: 2 days 3 h late: 10 % of the points.) changes"
            " the total, which has no place when each check is a problem; leave out problems=checks"
        ),
        (
            "Student Seven (1007): Late (-20 points: a week late.) changes the total, which has no place"
            " when each check is a problem; leave out problems=checks"
        ),
        (
            "Student Seven (1007): Lowest score (A score is never below 0.) changes the total, which has no"
            " place when each check is a problem; leave out problems=checks"
        ),
    )


def test_the_instructor_is_told_which_problems_must_be_there():
    first = bulk(RESULTS[:1], BY_CHECK).remarks[0]

    assert first == (
        "Autolab must have exactly these problems, in this order: f_values (10), hidden_1 (5); a name"
        " Autolab does not know gives everybody 0"
    )
    assert "the late penalty is in the score: turn off Autolab's own" in bulk(RESULTS).remarks


def test_the_file_in_bulk_leaves_out_whom_it_must_not_touch():
    export = bulk(RESULTS)
    emails = [owner(each).email for each in RESULTS]
    before = {"student3@example.edu": {"Score": 4.0}, "student4@example.edu": {}}

    after = read_bulk(export.artifacts[0].content.decode(), ["Score"], emails, before)

    scores = {
        owner(each).email: {"Score": SCORES[owner(each).name]}
        for each in RESULTS
        if owner(each).name in SCORES
    }
    assert after == dict([*before.items(), *scores.items()])
    assert export.matched == len(scores)
    assert export.not_submitted == ("Student Four (1004)",)


def test_the_file_in_bulk_has_an_empty_cell_for_a_fault_by_check():
    export = bulk([RESULTS[2]], BY_CHECK)

    text = export.artifacts[0].content.decode()
    assert text == "student3@example.edu,10,,\n"
    assert read_bulk(text, ["f_values", "g_values"], ["student3@example.edu"], {}) == {
        "student3@example.edu": {"f_values": 10}
    }  # fmt: skip
    assert len(export.withheld) == 1


def test_nobody_is_matched_without_an_email_or_by_one_that_two_have():
    def with_email(number, email):
        return StudentResult(f"s{number}", StudentPart(id=str(number), email=email), UNREADABLE)

    results = [
        with_email(1, None),
        with_email(2, "=cmd|x@y.z"),
        with_email(3, "a@b.edu"),
        with_email(4, "A@b.edu"),
    ]

    export = bulk(results)

    assert export.left_out == (
        "1: no email; Autolab knows students by email: give --roster",
        "2: '=cmd|x@y.z' is not an email; Autolab knows students by email: give --roster",
    )
    assert export.problems == ("A@b.edu is the email of 3 and of 4",)


def test_points_without_a_submission_make_one_in_autolab_and_that_is_said():
    nine = RESULTS[8]

    assert (
        "Autolab makes an empty submission for Student Nine (1009), who did not submit"
        in bulk([nine]).remarks
    )
    assert bulk([nine], BY_CHECK).left_out == (
        "Student Nine (1009): points without a submission, which have no place among checks",
    )


def test_an_override_settles_a_fault():
    settled = StudentResult("three", None, FAULT, changes=(Change("override", 5.0, "looked at", "g_values"),))

    assert read_printed(printed(settled), ["Score"]) == {"Score": 15}
    assert read_printed(printed(settled, BY_CHECK), ["f_values", "g_values"]) == {
        "f_values": 10,
        "g_values": 5,
    }


def test_points_of_other_checks_are_not_put_into_the_columns_of_the_rest():
    def graded(number, *checks):
        report = report_of(
            checks=[check_part(id=each, points=1.0, status="failed") for each in checks], score=1.0
        )
        return StudentResult(f"s{number}", StudentPart(id=str(number), email=f"s{number}@x.edu"), report)

    others = bulk([graded(1, "a"), graded(2, "a", "b"), graded(3, "a", "b"), graded(4, "b", "a")], BY_CHECK)
    ungraded = graded(1, "a")
    ungraded = replace(
        ungraded, report=ungraded.report.model_copy(update={"score": None, "status": "incomplete"})
    )
    without = bulk([ungraded, graded(2, "a", "b")], BY_CHECK)

    assert others.problems == (
        (
            "1 and 4: graded with other checks than the rest (--quick, or another spec), so their points would go to the"
            " wrong problems; grade them again"
        ),
    )
    assert without.artifacts[0].content == b"s2@x.edu,1,1,\n"
