import pytest

from grader.sandbox.fork_launcher import ForkLauncher
from grader.sandbox.host import Sandbox
from grader.sandbox.inside import tiers
from grader.sandbox.protocols import Budget
from tests.sandbox.calls import extracted_of


@pytest.fixture(scope="session")
def unconfined_sandbox():
    """One whose workers are plain processes with limits, as on a machine that can do no more."""
    with Sandbox(ForkLauncher(tiers.LIMITS)) as shared:
        yield shared


@pytest.fixture
def open_unconfined_session(unconfined_sandbox):
    """As open_session, for what a confined worker cannot do at all."""
    yield from _opener(unconfined_sandbox)


@pytest.fixture
def open_session(sandbox):
    """(source or files by path, names) to a Session; closed after the test."""
    yield from _opener(sandbox)


def _opener(sandbox):
    opened = []

    def run(source, names="f g", *, redirect_cuda=False, **bounds):
        budget = Budget(**{"load_seconds": 10.0, **bounds})
        session = sandbox.session(extracted_of(source, names), budget, redirect_cuda=redirect_cuda)
        opened.append(session)
        return session

    yield run
    for session in opened:
        session.close()
