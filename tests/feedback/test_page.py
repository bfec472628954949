"""The student's page: what it says, what it never says, and that nothing of a student's is HTML in it."""

import base64
import hashlib
import json
from itertools import pairwise

from grader.feedback.page import student_page
from grader.model.report import student_view
from tests.feedback.conftest import EVIL
from tests.feedback.pages import Page
from tests.samples import check_part, report_of, submission_of

SHOWN = EVIL.replace("\u202e", "<U+202E>").replace("`", "")

ELEMENTS_OF_OURS = {
    *("html", "head", "meta", "title", "style", "body", "header", "main", "footer", "section", "article"),
    *("h1", "h2", "h3", "h4", "p", "a", "div", "span", "strong", "code", "pre", "ul", "li", "dl", "dt", "dd"),
    *("table", "caption", "thead", "tbody", "tr", "th", "td", "figure", "figcaption", "img", "aside"),
    *("details", "summary", "svg", "symbol", "path", "use", "rect", "line", "circle", "polyline", "text"),
}


def page_of(report, submission=None):
    return Page(student_page(report, submission).content.decode())


def notebook(*cells):
    text = json.dumps({"cells": [{"cell_type": "code", "source": cell, "outputs": []} for cell in cells]})
    return submission_of(text, "hw.ipynb")


def graded(submission, **changes):
    part = {
        "id": submission.id,
        "sha256": submission.sha256,
        "files": [{"path": file.path, "sha256": file.sha256} for file in submission.files],
    }
    return report_of(submission=part, **changes)


def failed(**changes):
    return check_part(**{"status": "failed", "points": 0.0, "message": "f: loss is wrong.", **changes})


def wrong(identifier, function, message, where):
    """A check that names a mistake, and the function as the report has it."""
    finding = {
        "function": function,
        "is_correct": False,
        "diagnosis": [{"part": "gradient", "misconception": "halved", "message": "It is half of it."}],
    }
    check = failed(
        id=identifier,
        title=f"{function}: values",
        functions=[function],
        message=f"{function}: dW is wrong. It is half of it. {message}",
        findings=[finding],
    )
    return check, {function: {"status": "incorrect", "where": where, "diagnosis": [], "notes": []}}


def test_nothing_of_a_students_is_html(hostile):
    page = page_of(*hostile)
    assert {element.name for element in page.elements} <= ELEMENTS_OF_OURS
    assert len(page.named("style")) == 1
    for element in page.elements:
        assert not [name for name in element.attributes if name.startswith("on") or name == "style"]
        for name in ("href", "src"):
            address = element.attributes.get(name)
            assert address is None or address.startswith(("#", "data:image/png;base64,"))


def test_what_an_attacker_wrote_is_there_to_be_read(hostile):
    page = page_of(*hostile)
    assert page.named("h1")[0].text == EVIL.replace("\u202e", "<U+202E>")
    assert "<script>alert(0)<script>.ipynb" in page.texts("h3")
    code = [element.text for element in page.classed("line")]
    assert code[1] == f'    """{EVIL}"""'.replace("\u202e", "<U+202E>")
    assert page.text.count(SHOWN) > 3


def test_outputs_of_a_notebook_are_left_out(hostile):
    assert "OUTPUT" not in student_page(*hostile).content.decode()


def test_the_page_may_load_nothing_and_use_its_own_style_alone(hostile):
    page = page_of(*hostile)
    policy = page.named("meta")[1].attributes
    style = base64.b64encode(hashlib.sha256(page.named("style")[0].text.encode()).digest()).decode()
    assert policy["http-equiv"] == "Content-Security-Policy"
    assert policy["content"] == (
        f"default-src 'none'; style-src 'sha256-{style}'; img-src data:; base-uri 'none'; form-action 'none'"
    )


def test_a_hidden_checks_words_are_nowhere():
    secret = "SECRET"
    hidden = failed(
        id=f"{secret}_id",
        title=f"{secret} title",
        visibility="hidden",
        message=f"{secret} message",
        hint=f"{secret} hint",
        measured={f"{secret}_number": 0.5},
        curves={f"{secret}_curve": [1.0, 2.0]},
        findings=[
            {
                "function": "f",
                "is_correct": False,
                "diagnosis": [
                    {"part": "loss", "misconception": f"{secret}_m", "message": f"{secret} mistake"}
                ],
                "notes": [f"{secret} note"],
            }
        ],
    )
    function = {
        "status": "incorrect",
        "where": None,
        "diagnosis": [{"part": "loss", "misconception": f"{secret}_m", "message": f"{secret} mistake"}],
        "notes": [f"{secret} note"],
    }
    report = report_of(
        checks=[check_part(), hidden],
        functions={"f": function},
        flags=[{"kind": "note", "function": "f", "message": f"{secret} flag", "for": "instructor"}],
    )
    content = student_page(report).content.decode()
    assert secret not in content
    assert "Hidden check" in content
    assert student_page(student_view(report)).content.decode() == content


def test_a_piece_of_feedback_is_below_its_line():
    submission = notebook("import torch", "def f(W, X, y, reg):\n    return X @ W")
    where = {"file": "hw.ipynb", "cell": 2, "line": 2}
    check = failed(
        message="f raised ValueError at hw.ipynb, cell 2, line 2: `return X @ W`: no.",
        failure={
            "function": "f",
            "kind": "ValueError",
            "message": "no",
            "where": where,
            "line": "return X @ W",
        },
    )
    page = page_of(graded(submission, score=0.0, checks=[check]), submission)
    line = next(element for element in page.elements if element.attributes.get("id") == "f0-c2-l2")
    aside = page.elements[page.elements.index(line) + 2 :]  # after the colored keyword
    assert (line.text, aside[0].name) == ("    return X @ W", "aside")
    assert aside[0].attributes["aria-label"] == "Feedback on line 2 of Cell 2: f: values"
    assert "#f0-c2-l2" in [element.attributes["href"] for element in page.named("a")]
    assert page.named("summary")[0].text == "Cell 1, without feedback"


def test_the_same_mistake_in_two_functions_is_told_once():
    f_check, f_part = wrong("f_values", "f", "On a batch.", {"file": "hw.py", "cell": None, "line": 1})
    g_check, g_part = wrong("g_values", "g", "On two.", {"file": "hw.py", "cell": None, "line": 4})
    page = page_of(report_of(score=0.0, checks=[f_check, g_check], functions={**f_part, **g_part}))
    (cause,) = page.classed("cause")
    assert " ".join(cause.text.split()).startswith(
        "The same mistake in 2 places \N{MINUS SIGN}20 points dW is half of it."
    )
    assert cause.text.count("half of it") == 1
    assert "On a batch." in cause.text
    assert "On two." in cause.text


def test_checks_that_failed_for_the_same_reason_are_named_with_it():
    first = failed(message="f: loss is wrong.")
    second = failed(id="f_more", title="f: more", message="x", caused_by=["f_values"])
    page = page_of(report_of(score=0.0, checks=[first, second]))
    (cause,) = page.classed("cause")
    assert "Failed for the same reason: f: more." in cause.text
    assert [each.attributes["href"] for each in page.named("a")][:4] == [
        "#results",
        "#fix",
        *["#cause-1"] * 2,
    ]


def test_unwritten_functions_share_one_line_and_their_checks_wait():
    part: dict[str, object] = {"status": "not_written", "where": None, "diagnosis": [], "notes": []}
    functions = {"f": part, "g": part}
    checks = [failed(caused_by=["f"]), failed(id="g_values", title="g: values", caused_by=["g"])]
    page = page_of(report_of(score=0.0, functions=functions, checks=checks))
    (notice,) = page.classed("notice")
    assert (
        " ".join(notice.text.split())
        == "Not written yet: f and g; the checks that need them fail until they are."
    )
    assert page.classed("cause") == []
    assert page.text.count("waits for a missing function") == 2


def test_another_assignment_is_named_above_what_is_missing_and_once():
    part: dict[str, object] = {"status": "missing", "where": None, "diagnosis": [], "notes": []}
    flag = {
        "kind": "wrong_spec",
        "spec": "cs231n_2025",
        "message": "Looks like <b>2025</b>.",
        "audience": "both",
    }
    page = page_of(
        report_of(score=0.0, functions={"f": part}, checks=[failed(caused_by=["f"])], flags=[flag])
    )

    first, second = page.classed("notice")
    assert first.text.strip() == "Looks like <b>2025</b>."
    assert second.text.strip().startswith("Missing: f;")
    assert page.text.count("Looks like") == 1


def test_code_that_changed_since_it_was_graded_is_not_shown():
    page = page_of(report_of(), submission_of("def f(): return 'later'"))
    assert "later" not in page.text
    assert "The files have changed since they were graded, so the code is not shown." in page.text


def test_an_unreadable_submission_is_its_reason():
    flag = {"kind": "unreadable", "function": None, "message": "hw.pdf: no notebook <in> it", "for": "both"}
    page = page_of(report_of(status="unreadable", score=0.0, checks=[], functions={}, flags=[flag]))
    assert page.texts("h2")[:1] == ["The submission cannot be read"]
    assert "hw.pdf: no notebook <in> it" in page.text


def test_a_page_without_a_score_says_why():
    page = page_of(report_of(status="incomplete", score=None))
    assert "No score: not every check was run." in page.text
    assert page.classed("total") == []


def test_headings_follow_one_another_and_ids_are_there_once():
    check, part = wrong("f_values", "f", "On a batch.", {"file": "hw.py", "cell": None, "line": 1})
    submission = submission_of()
    page = page_of(
        graded(submission, score=0.0, checks=[check, check_part(id="b")], functions=part), submission
    )
    levels = [int(each.name[1]) for each in page.elements if each.name in {"h1", "h2", "h3", "h4"}]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    ids = [each.attributes["id"] for each in page.elements if "id" in each.attributes]
    assert len(ids) == len(set(ids))
    links = {each.attributes["href"] for each in page.named("a")}
    assert links <= {f"#{each}" for each in ids}


def test_a_member_of_a_group_is_named():
    people = [{"id": "1", "name": "Ada"}, {"id": "2", "name": None}]
    part = {"id": "team", "sha256": "", "files": [], "members": people}
    assert page_of(report_of(submission=part)).texts("h1") == ["Ada and 2"]


CLAIMS = [
    {
        "title": "Test accuracy",
        "file": EVIL,
        "cell": 3,
        "printed": 0.37,
        "measured": 0.36,
        "message": f"printed 0.37 {EVIL}",
    },
    {
        "title": "Features",
        "file": "f.ipynb",
        "cell": 1,
        "printed": 0.4,
        "measured": None,
        "message": "printed 0.4; alone",
    },
]


def test_what_the_notebooks_print_is_shown_as_text_for_no_points():
    page = page_of(report_of(claims=CLAIMS))

    assert (
        "Printed in your notebooks For comparison only: these numbers earn and cost no points." in page.text
    )
    assert "Features f.ipynb, cell 1printed 0.4; alone" in page.text
    assert {element.name for element in page.elements} <= ELEMENTS_OF_OURS
    assert "printed 0.37" in page.text


def test_a_check_on_images_that_passed_says_what_was_asked():
    check = check_part(kind="saved", title="Saved weights", message="With CIFAR-10 (--data) it counts.")

    assert (
        "Accuracy on images Saved weights: With CIFAR-10 (--data) it counts."
        in page_of(report_of(checks=[check])).text
    )


def test_without_images_and_claims_the_page_says_nothing_of_them():
    assert "Accuracy on images" not in page_of(report_of()).text


def test_a_fault_of_the_grader_costs_nothing_and_is_nothing_to_fix():
    fault = check_part(
        id="fault", title="f: loops", status="errored", points=0.0, message="The grader failed here."
    )
    page = page_of(
        report_of(
            status="incomplete", score=None, max_score=30.0, checks=[failed(), check_part(id="ok"), fault]
        )
    )
    wrong, errored = page.classed("cause")
    assert "\u221210 points" in wrong.text
    assert " ".join(errored.text.split()) == "f: loops The grader failed here."
    assert "1 thing to fix" in page.text
    assert len(page.classed("lost")) == 2
    (row,) = [text for text in page.texts("tr") if text.startswith("the grader failed")]
    assert row == "the grader failed loops \u2013no result / 10"


def test_a_regrade_says_why_in_words():
    before = {
        "score": 4.0,
        "max_score": 10.0,
        "graded_at": "2026-01-01T00:00:00+00:00",
        "reasons": ["spec", "asked"],
    }
    facts = page_of(report_of(previous=before)).texts("dd")
    assert (
        "4 of 10, on 1 January 2026, 00:00 UTC; graded again because of a changed spec and the instructor's request"
        in facts
    )


def test_a_long_name_is_cut():
    part = {"id": "alice", "sha256": "a" * 64, "files": [], "student": {"id": "a", "name": "W" * 4000}}
    assert len(page_of(report_of(submission=part)).named("h1")[0].text) == 200
