"""The page in Chromium: nothing loaded, nothing run, readable on a phone and on paper, and without a violation of axe-core."""

import base64
from pathlib import Path

import pytest

from grader.feedback.page import student_page
from tests.samples import check_part, report_of, submission_of


def whole_page():
    """With a picture of each kind, every status and annotated code."""
    submission = submission_of()
    where = {"file": "hw.py", "cell": None, "line": 1}
    weights = {"count": 2, "height": 2, "width": 2, "rgb": base64.b64encode(bytes(24)).decode()}
    part = {"id": "alice", "sha256": submission.sha256, "files": [{"path": "hw.py", "sha256": "0" * 64}]}
    trained = check_part(
        id="trained",
        title="f: accuracy",
        measured={
            "val_accuracy": 0.4,
            "slowdown": 2.0,
            "slowdown_low": 1.0,
            "slowdown_high": 4.0,
            "learning_rate": 0.1,
            "regularization_strength": 1.0,
        },
        allowed={"val_accuracy": 0.37, "slowdown": 3.0},
        curves={
            "loss": [9.0, 3.0, 2.0],
            "learning_rates": [0.1, 0.2],
            "regularization_strengths": [1.0, 1.0],
            "accuracies": [0.4, 0.1],
        },
        pictures={"weights": weights},
    )
    others = [
        check_part(id=status, title=f"f: {status}", status=status, points=0.0, message=f"It was {status}.")
        for status in ("failed", "skipped", "errored")
    ]
    functions = {"f": {"status": "incorrect", "where": where, "diagnosis": [], "notes": ["a note"]}}
    report = report_of(
        score=10.0, max_score=40.0, submission=part, checks=[trained, *others], functions=functions
    )
    return report, submission


def long_words():
    """With words that no line has room for, wherever a student or a course has a say."""
    word = "W" * 4000
    submission = submission_of(f"def f():\n    return '{word}'\n", "W" * 200 + ".py")
    (file,) = submission.sources
    where = {"file": file.path, "cell": None, "line": 2}
    student = {"id": word, "name": word}
    part = {"id": word, "sha256": submission.sha256, "files": [{"path": file.path, "sha256": "0" * 64}]}
    names = {"f": "incorrect", "g": "not_written", word: "unjudged"}
    report = report_of(
        assignment={"name": "mini", "title": word, "spec_sha256": "5" * 64},
        submission={**part, "student": student, "late_mark": word},
        functions={
            name: {"status": status, "where": where, "notes": [word]} for name, status in names.items()
        },
        checks=[
            check_part(status="failed", points=0.0, title=f"f: {word}", message=word, hint=word),
            check_part(id="ok", measured={word: 1.0}, curves={word: [1e300, -1e-300]}),
        ],
        flags=[{"kind": "note", "message": word, "for": "both"}],
    )
    return report, submission


@pytest.fixture
def pages(hostile, tmp_path):
    """Addresses of files."""
    addresses = []
    for name, graded in (("hostile", hostile), ("whole", whole_page()), ("long", long_words())):
        path = Path(tmp_path, f"{name}.html")
        path.write_bytes(student_page(*graded).content)
        addresses.append(path.as_uri())
    return addresses


def test_the_page_loads_nothing_runs_nothing_and_fits(browser, pages):
    for address in pages:
        for width, scheme in ((360, "dark"), (1280, "light")):
            with browser.new_context(
                viewport={"width": width, "height": 900}, color_scheme=scheme
            ) as context:
                page = context.new_page()
                said: list[str] = []
                asked: list[str] = []
                page.on("console", lambda message, said=said: said.append(message.text))
                page.on("dialog", lambda dialog, said=said: said.append(dialog.message))
                page.on("request", lambda request, asked=asked: asked.append(request.url))
                page.goto(address)
                background = page.evaluate("getComputedStyle(document.body).backgroundColor")
                assert said == []
                assert [url for url in asked if not url.startswith("data:")] == [address]
                assert page.evaluate("document.documentElement.scrollWidth") <= width
                assert background == {"dark": "rgb(20, 21, 23)", "light": "rgb(251, 251, 250)"}[scheme]


def test_axe_finds_no_violation(browser, pages):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe, of the dev extra")
    hostile, whole, _ = pages
    for address, scheme in ((hostile, "light"), (whole, "light"), (whole, "dark")):
        # The page's own policy keeps out even axe.
        with browser.new_context(bypass_csp=True, color_scheme=scheme) as context:
            page = context.new_page()
            page.goto(address)
            page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
            found = axe.Axe().run(page)
            assert [each["id"] for each in found.response["violations"]] == []


def test_the_page_is_printed(browser, pages):
    page = browser.new_page()
    page.goto(pages[1])
    assert page.pdf(format="A4").startswith(b"%PDF-")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
