"""The instructor's page on a class, as a browser reads it."""

import base64
import hashlib
import re

import pytest

from grader.batch.left_out import LeftOut
from grader.batch.overview.class_page import class_page
from grader.model.report import StudentPart
from grader.model.student_result import Change, StudentResult
from tests.batch.overview.conftest import wrong
from tests.feedback.conftest import EVIL
from tests.feedback.pages import Page
from tests.samples import check_part, report_of


@pytest.fixture
def page(course):
    return page_of(course.results, course.outside, course.remarks, course.pages)


def page_of(*words):
    return Page(class_page(*words).content.decode())


def rows_of(page):
    return [row for row in page.texts("tr") if "_1" in row]


def test_every_student_has_a_row_and_nobody_two(page):
    assert rows_of(page) == [
        "Ann A \N{MIDDLE DOT} ann_1 10 of 10 9",
        "Bo B \N{MIDDLE DOT} bo_1 4 of 20 faster than possible",
        "Cy C \N{MIDDLE DOT} cy_1 3 of 20 \N{MINUS SIGN}1 1 day late faster than possible",
        "Di D \N{MIDDLE DOT} di_1 6 of 20 +2 f_values: a talk faster than possible",
        "Ed E \N{MIDDLE DOT} ed_1 0 of 10 could not be graded",
        "Flo F \N{MIDDLE DOT} flo_1 \N{EN DASH} did not submit",
        "Gus G \N{MIDDLE DOT} gus_1 \N{EN DASH} not graded yet",
        "Hal H \N{MIDDLE DOT} hal_1 \N{EN DASH} report cannot be read",
    ]


def test_it_says_that_it_is_not_for_students_and_shows_hidden_checks(page):
    assert "For instructors only." in page.text
    assert "On other data hidden secret" in page.text


def test_a_mistake_is_told_once_with_its_students(page):
    (mistake,) = page.classed("mistake")

    assert " ".join(mistake.text.split()).startswith(
        "3 of 4 gradient with half the regularizer's part in f Who has it"
    )
    assert "Bo B, Cy C, Di D" in " ".join(mistake.text.split())


def test_checks_have_their_pass_rate_and_why_the_others_failed(page):
    (row,) = [text for text in page.texts("tr") if text.startswith("f: values")]

    assert "3 dW is wrong. Bo B, Cy C, Di D" in row
    assert " 1 of 4 3 55 % 10 " in row


def test_those_who_need_a_look_are_named_with_the_reason(page):
    texts = (" ".join(each.text.split()) for each in page.classed("notice"))

    assert [each.partition(" Show in the table")[0] for each in texts] == [
        "Reports that cannot be read: run grader batch again to rewrite them Hal H: reports/hal_1.json: not a report",
        "Not graded yet: unless a run is still at work, run the same grader batch command again, without --select Gus G",
        "Could not be graded Ed E: found only a.pdf",
        "No submission Flo F",
        "Faster than possible 3 f took no time. Bo B, Cy C, Di D",
        "No times.",
        "Late Cy C: -1 point; 1 day late",
        "Overrides Di D: +2 points in f_values; a talk",
        "Scores changed by a regrade Ann A: 9 -> 10 of 10 (spec)",
    ]


def test_links_lead_to_pages_that_are_there_and_to_the_gradebook(page, course):
    links = {each.attributes["href"] for each in page.named("a")}

    assert {each for each in links if not each.startswith("#")} == {
        "gradebook.csv",
        *(f"feedback/{each}.html" for each in course.pages),
    }
    ids = {each.attributes["id"] for each in page.elements if "id" in each.attributes}
    assert {each[1:] for each in links if each.startswith("#")} <= ids


def test_an_id_is_a_file_name_in_an_address():
    name = "50% of/a?b#c \N{LATIN SMALL LETTER E WITH ACUTE}"
    page = page_of([StudentResult(name, None, report_of())], None, (), {name})

    assert "feedback/50%25%20of%2Fa%3Fb%23c%20%C3%A9.html" in {
        each.attributes["href"] for each in page.named("a")
    }


def test_every_filter_fits_somebody_and_every_row_fits_a_filter_that_is_there(page):
    options = {each.attributes["value"] for each in page.named("option")} - {""}
    marks = {mark for row in page.named("tr") for mark in (row.attributes.get("data-marks") or "").split()}
    asked = {each.attributes["data-mark"] for each in page.named("a") if "data-mark" in each.attributes}

    assert options == marks
    assert asked <= options


def test_the_policy_allows_its_own_script_and_style_alone(page):
    policy = next(
        each.attributes["content"] for each in page.named("meta") if "http-equiv" in each.attributes
    )

    def digest(element):
        return base64.b64encode(hashlib.sha256(element.text.encode()).digest()).decode()

    (style,), (script,) = page.named("style"), page.named("script")
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest(style)}'; script-src 'sha256-{digest(script)}';"
        " base-uri 'none'; form-action 'none'"
    )
    assert not [each for each in page.elements if "style" in each.attributes]
    assert not [name for each in page.elements for name in each.attributes if name.startswith("on")]


def test_words_of_students_are_text_and_turn_no_writing():
    names = StudentPart(id=EVIL, name=EVIL)
    part = {"id": EVIL, "sha256": "a" * 64, "files": [{"path": EVIL, "sha256": "0"}]}
    failure = {"function": "f", "kind": EVIL, "message": EVIL, "where": None, "line": EVIL}
    report = report_of(
        submission=part,
        checks=[check_part(id=EVIL, title=EVIL, status="failed", points=0.0, message=EVIL, failure=failure)],
        flags=[{"kind": "wrong_spec", "message": EVIL, "for": "both", "spec": EVIL}],
    )
    changes = (Change("late", -1, EVIL), Change("override", -1, EVIL, EVIL))
    results = [
        StudentResult(EVIL, names, report, changes, EVIL, (EVIL,)),
        StudentResult("other", None, report),
        StudentResult(EVIL, StudentPart(id="2"), None, is_awaited=True),
    ]
    outside = LeftOut(unread={EVIL: EVIL}, not_graded=(EVIL,), strangers=(EVIL,))

    page = page_of(results, outside, [EVIL], {EVIL})

    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in page.html
    assert len(page.named("script")) == len(page.named("style")) == 1
    assert not page.named("img")
    addresses = {each.attributes["href"] for each in page.named("a")}
    assert all(re.fullmatch(r"#[a-z]+|gradebook\.csv|feedback/[\w.%~-]+\.html", each) for each in addresses)


def test_an_empty_class_says_what_to_do():
    page = page_of([])

    assert page.texts("h1") == ["No reports yet"]
    assert "Grade the class with grader batch." in page.text
    assert not page.named("script")


def test_the_scores_are_drawn_and_told(page):
    told = [each.attributes["aria-label"] for each in page.named("svg") if "aria-label" in each.attributes]

    assert (
        "Scores: from 0 %: 1 student; from 10 %: 1 student; from 20 %: 1 student; from 30 %: 1 student; full marks: 1 student"
        in told
    )
    assert (
        "Speedup over the student's own naive function, f is fast, 3 students: 30 to 30 (median 30)" in told
    )


def test_equal_reasons_of_many_are_one_line_and_many_names_are_folded():
    results = [StudentResult(f"s{number:02}", None, wrong(f"s{number:02}")) for number in range(20)]

    page = page_of(results)

    (notice,) = [each for each in page.classed("notice") if each.text.strip().startswith("Faster")]
    assert notice.text.count("f took no time.") == 2  # once for the eyes, and in the words for what is folded
    assert "8 more" in notice.text
    assert all(f"s{number:02}" in notice.text for number in range(20))
