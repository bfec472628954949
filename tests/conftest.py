"""Options of the test run."""


def pytest_addoption(parser):
    parser.addoption("--in-full", action="store_true", help="grade every sample with every check: minutes")
