"""Options of the test run, and what a machine must have for some tests."""

from shutil import which

import pytest

from grader.sandbox.device import is_gpu_there


def pytest_addoption(parser):
    parser.addoption("--in-full", action="store_true", help="grade every sample with every check: minutes")


def pytest_collection_modifyitems(items):
    if not is_gpu_there():
        for item in items:
            if item.get_closest_marker("gpu") is not None:
                item.add_marker(pytest.mark.skip(reason="no NVIDIA GPU here"))


@pytest.fixture(scope="session")
def browser():
    """Debian's Chromium, without a window."""
    chromium = which("chromium") or which("chromium-browser") or which("google-chrome")
    if chromium is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    api = pytest.importorskip("playwright.sync_api", reason="needs playwright, of the dev extra")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()
