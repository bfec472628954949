"""Options of the test run, and what a machine must have for some tests."""

import pytest

from grader.sandbox.device import is_gpu_there


def pytest_addoption(parser):
    parser.addoption("--in-full", action="store_true", help="grade every sample with every check: minutes")


def pytest_collection_modifyitems(items):
    if not is_gpu_there():
        for item in items:
            if item.get_closest_marker("gpu") is not None:
                item.add_marker(pytest.mark.skip(reason="no NVIDIA GPU here"))
