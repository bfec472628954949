"""Options of the test run, what a machine must have for some tests, and the sandbox that tests share."""

import gc
import os

# Before NumPy is imported, as the command line does: in several processes, threads of a product of matrices mostly wait
# for one another, and small products take five times as much of the processor.
os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"

# The commands that tests start need not compile the grader anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

from shutil import which

import pytest

from grader.sandbox.device import is_gpu_there
from grader.sandbox.host import Sandbox


def pytest_addoption(parser):
    parser.addoption("--in-full", action="store_true", help="grade every sample with every check: minutes")


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """What the tests are made of stays to the end, and takes half a second each time it is looked through for garbage."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


def pytest_collection_modifyitems(items):
    # The longest come first: at the end, no process waits for one that has just begun one of them.
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
    if not is_gpu_there():
        for item in items:
            if item.get_closest_marker("gpu") is not None:
                item.add_marker(pytest.mark.skip(reason="no NVIDIA GPU here"))


@pytest.fixture(scope="module")
def browser():
    """Debian's Chromium, without a window. Not for longer than a module: while it is there, asyncio cannot run in its thread."""
    chromium = which("chromium") or which("chromium-browser") or which("google-chrome")
    if chromium is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    api = pytest.importorskip("playwright.sync_api", reason="needs playwright, of the dev extra")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def sandbox():
    """One zygote for all tests of a process: each takes seconds to import torch."""
    with Sandbox() as shared:
        yield shared
