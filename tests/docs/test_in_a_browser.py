"""The site that `make docs` has built, in a browser: no request, no error, and nothing that a screen reader or a phone would miss."""

import pytest

from tests.docs.pages import ROOT

SITE = ROOT / "build" / "docs"

pytestmark = pytest.mark.skipif(not SITE.is_dir(), reason="needs the site: make docs")

THEME = {"landmark-unique"}
"""Of Furo's own frame: its two sidebars have no names."""

NOTHING_IS_LOADED = {"preload": False}
"""axe asks for the style sheets again, which Chromium refuses for files: it says so on the console, at once or a page later."""


@pytest.mark.slow
@pytest.mark.parametrize("width, scheme", [(1280, "light"), (360, "dark")])
def test_a_page_reads_well_on_a_screen_and_on_a_phone(browser, width, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    seen = []
    page.on("console", lambda message: seen.append(message.text) if message.type == "error" else None)
    page.on("request", lambda request: seen.append(request.url))

    faults = []
    for name in ("students", "reference/spec"):
        page.goto((SITE / f"{name}.html").as_uri())
        violations = axe.run(page, options=NOTHING_IS_LOADED).response["violations"]
        faults += [f"{name}: {each['id']}" for each in violations if each["id"] not in THEME]
        if page.evaluate("document.documentElement.scrollWidth") > width:
            faults.append(f"{name} is too wide")
    page.close()
    faults += [each for each in seen if not each.startswith(("file:", "data:"))]

    assert not faults, "\n".join(faults)


@pytest.mark.slow
def test_the_search_finds_a_page_without_a_server(browser):
    page = browser.new_page()
    seen = []
    page.on("console", lambda message: seen.append(message.text) if message.type == "error" else None)
    page.on("request", lambda request: seen.append(request.url))

    page.goto(f"{(SITE / 'search.html').as_uri()}?q=extensions")
    page.locator("#search-results a", has_text="Late work and extensions").first.wait_for()
    page.wait_for_load_state("networkidle")
    found = page.locator("#search-results a").all_inner_texts()
    page.close()

    assert "Late work and extensions" in found
    assert [each for each in seen if not each.startswith(("file:", "data:"))] == []
