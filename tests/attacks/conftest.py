import pytest

from grader.sandbox.host import Sandbox
from grader.sandbox.isolation import IsolationLevel

collect_ignore = ["submissions", "twins"]  # a student's test_*.py or conftest.py must not run in this process


@pytest.fixture(scope="session")
def sandbox():
    """One for all attacks, apart from that of other tests: what one attack leaves behind, the next may find."""
    with Sandbox() as made:
        made.isolation  # noqa: B018  waits for the first worker
        yield made


@pytest.fixture(scope="session")
def confined(sandbox):
    """Skips what a machine that does not confine workers cannot show."""
    if sandbox.isolation.level is not IsolationLevel.confined:
        pytest.skip(f"this machine does not confine workers: {sandbox.isolation.missing}")
