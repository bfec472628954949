"""The class page in Chromium: it loads nothing, sorts and filters, fits a phone, and has no violation of axe-core."""

import pytest

from grader.batch.left_out import LeftOut
from grader.batch.overview.class_page import class_page
from grader.model.report import StudentPart
from grader.model.student_result import Change, StudentResult
from tests.samples import check_part, report_of


@pytest.fixture
def address(course, tmp_path):
    path = tmp_path / "index.html"
    page = class_page(course.results, course.outside, course.remarks, course.pages)
    path.write_bytes(page.content)
    return path.as_uri()


def test_the_table_is_sorted_and_filtered(browser, address):
    said: list[str] = []
    asked: list[str] = []
    with browser.new_context(viewport={"width": 360, "height": 900}) as context:
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(address)

        def names():
            rows = page.locator("#class tbody tr:visible th").all_text_contents()
            return [row.split()[0] for row in rows]

        assert names() == ["Ann", "Bo", "Cy", "Di", "Ed", "Flo", "Gus", "Hal"]
        score = page.locator("#class th", has_text="Score")
        score.get_by_role("button").click()
        assert names() == ["Ann", "Di", "Bo", "Cy", "Ed", "Flo", "Gus", "Hal"]
        assert score.get_attribute("aria-sort") == "descending"
        score.get_by_role("button").press("Enter")
        assert names() == [
            "Ed",
            "Cy",
            "Bo",
            "Di",
            "Ann",
            "Flo",
            "Gus",
            "Hal",
        ]  # nobody without a score is first
        assert score.get_attribute("aria-sort") == "ascending"

        page.get_by_label("Search").fill("FASTER c\u0301y")
        assert names() == ["Cy"]
        assert page.get_by_role("status").inner_text() == "1 of 8"
        page.get_by_label("Search").fill("nobody of this name")
        page.get_by_role("button", name="Show everybody").click()
        assert len(names()) == 8

        page.locator(".mistake summary").click()
        page.locator(".mistake .filter").click()
        assert names() == ["Cy", "Bo", "Di"]
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        assert (said, asked) == ([], [address])


def test_without_scripts_everybody_is_there_and_nothing_that_needs_one(browser, address):
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(address)

        assert page.locator("#class tbody tr").count() == 8
        assert page.locator("form, button, .filter").locator("visible=true").count() == 0


def test_axe_finds_no_violation(browser, address):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe, of the dev extra")
    for scheme, width in (("light", 1280), ("dark", 360)):
        with browser.new_context(
            bypass_csp=True, color_scheme=scheme, viewport={"width": width, "height": 900}
        ) as context:
            page = context.new_page()
            page.goto(address)
            page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
            found = axe.Axe().run(page)
            assert [each["id"] for each in found.response["violations"]] == []


def test_words_that_no_line_has_room_for_fit_a_phone(browser, tmp_path):
    word = "W" * 4000
    student = StudentPart(id=word, name=word)
    report = report_of(
        assignment={"name": "mini", "title": word, "spec_sha256": "5" * 64},
        checks=[check_part(title=word, status="failed", points=0.0, message=word)],
        functions={word: {"status": "missing", "where": None}},
        flags=[{"kind": "restriction_violated", "message": word, "for": "both"}],
    )
    changes = (Change("late", -1.0, word), Change("override", 2.0, word, "f_values"))
    results = [StudentResult(word, student, report, changes, word, (word,))] * 3
    path = tmp_path / "index.html"
    path.write_bytes(
        class_page(results, LeftOut(unread={word: word}, strangers=(word,)), (word,), {word}).content
    )
    with browser.new_context(viewport={"width": 360, "height": 900}) as context:
        page = context.new_page()
        page.goto(path.as_uri())
        page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
