"""The result in a cell: escaped, without formulas, without style sheet or script, and readable on any background."""

import re
from html.parser import HTMLParser

import pytest

from grader.feedback.brief import brief
from grader.model.report import student_view
from tests.samples import check_part, report_of

HOSTILE = "<img src=x onerror=alert(1)> `<b>` $\\href{javascript:alert(1)}{x}$ \\(x\\) \u202e &amp;"


OF_A_WHOLE_PAGE = ("document-title", "html-has-lang", "landmark-one-main", "page-has-heading-one", "region")
"""Axe's rules for what a notebook has around a result."""


class Seen(HTMLParser):
    """The tags, attributes and text of a piece of HTML."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.texts = [], set(), []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data):
        self.texts.append(data)


def failed(**changes):
    return check_part(**{"status": "failed", "points": 0.0, "message": HOSTILE, "hint": HOSTILE, **changes})


def hostile_report():
    failure = {"function": "f", "kind": "ValueError", "message": HOSTILE, "where": None, "line": HOSTILE}
    return report_of(
        score=0.0,
        assignment={"name": "mini", "title": HOSTILE, "spec_sha256": "5" * 64},
        checks=[
            failed(title=HOSTILE),
            failed(id="two", failure=failure, caused_by=[]),
            check_part(id="three", kind="speedup", message=HOSTILE),
        ],
        functions={
            HOSTILE: {"status": "not_written", "where": None, "diagnosis": [], "notes": [HOSTILE]},
            "f": {
                "status": "incorrect",
                "where": {"file": HOSTILE, "cell": 2, "line": 1},
                "diagnosis": [],
                "notes": [HOSTILE],
            },
        },
        flags=[{"kind": "note", "message": f"flag {HOSTILE}", "for": "both"}],
    )


def test_a_students_words_are_text_wherever_they_are():
    html = brief(hostile_report(), (HOSTILE,), (HOSTILE,))
    seen = Seen(html)

    assert set(seen.tags) <= {
        *(
            "div",
            "span",
            "strong",
            "code",
            "pre",
            "details",
            "summary",
            "table",
            "tbody",
            "tr",
            "td",
            "ul",
            "li",
        )
    }
    assert seen.attributes <= {"class", "style", "role", "aria-label", "open"}
    assert "".join(seen.texts).count("onerror") >= 8
    assert "\u202e" not in html
    assert "&amp;amp;" in html


def test_no_two_signs_of_a_formula_are_in_one_text():
    seen = Seen(brief(hostile_report()))

    assert any("$" in text for text in seen.texts)
    assert all(text in {"$", "\\"} for text in seen.texts if "$" in text or "\\" in text)


def test_a_mistake_comes_with_its_cost_and_the_checks_that_failed_with_it():
    report = report_of(
        score=0.0,
        checks=[
            failed(message="f: dW is wrong.", hint=None),
            failed(id="g", title="f: loops", message="f: dW is wrong.", hint=None),
        ],
    )

    text = " ".join("".join(Seen(brief(report)).texts).split())

    assert text.startswith(
        "0 of 10 points Mini 0 of 2 checks passed · 1 thing to fix f: values \N{MINUS SIGN}20 points dW is wrong."
    )
    assert "Failed for the same reason: f: loops." in text
    assert text.endswith("Isolation: partial (the file system is not isolated). Seed 7, cpu, 1.5 s.")


def test_selected_checks_have_the_points_of_those_that_ran():
    report = report_of(
        status="incomplete",
        score=None,
        checks=[check_part(), check_part(id="b", status="not_run", points=0.0)],
    )

    text = " ".join("".join(Seen(brief(report, ("f",))).texts).split())

    assert text.startswith("10 of 10 points Mini: f ✔ 1 of 1 check passed")


def test_a_hidden_checks_words_are_nowhere():
    zebra = failed(
        id="zebra", title="zebra", message="zebra", hint="zebra", visibility="hidden", kind="purity"
    )

    html = brief(student_view(report_of(score=10.0, checks=[check_part(), zebra])))

    assert "zebra" not in html
    assert "Hidden check" in html


def test_it_is_small_and_needs_nothing_from_elsewhere():
    html = brief(report_of(), ("f",), ("Left out.",))

    assert len(html) < 4_000
    assert not re.search(r"<style|<script|<link|url\(|https?:", html)


@pytest.mark.slow
def test_it_is_readable_in_chromium_on_light_and_dark_at_any_width(browser):
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="needs axe-core, of the dev extra"
    )
    html = brief(hostile_report(), ("f",), ("x" * 300,))
    for back, ink in (("#ffffff", "#1d1f22"), ("#111111", "#e0e0e0")):
        for width in (1000, 360):
            page = browser.new_page(viewport={"width": width, "height": 600})
            troubles: list[str] = []
            page.on("pageerror", lambda error, told=troubles: told.append(str(error)))
            page.on("request", lambda request, told=troubles: told.append(request.url))
            page.on("dialog", lambda dialog, told=troubles: told.append(dialog.message))
            page.set_content(f"<body style='background:{back};color:{ink}'>{html}</body>")
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.evaluate("getComputedStyle(document.querySelector('strong')).color") == page.evaluate(
                "getComputedStyle(document.body).color"
            )
            page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
            rules = {"rules": {name: {"enabled": False} for name in OF_A_WHOLE_PAGE}}
            found = axe.Axe().run(page, options=rules).response["violations"]
            assert [each["help"] for each in found] == []
            assert troubles == []
            page.close()
