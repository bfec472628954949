"""The fake sandbox answers as it was told, and remembers what it was asked."""

import pytest

from grader.errors import DeviceError
from grader.extract import extract
from grader.model.observation import Refused, Returned
from grader.model.trial import Trial
from grader.sandbox.device import Gpu
from grader.sandbox.fake import CONFINED, FakeSandbox
from grader.sandbox.isolation import IsolationLevel
from grader.sandbox.protocols import Budget
from tests.samples import submission_of

EXTRACTED = extract(submission_of(), ["f", "g"])


def trial(function):
    return Trial("a call", function, (), ())


def test_a_fake_answers_from_a_mapping_by_function_and_refuses_the_rest():
    sandbox = FakeSandbox({"f": Returned((), 0.5)})
    session = sandbox.session(EXTRACTED, Budget(), redirect_cuda=True)

    seen = session.run(trial("f")), session.run(trial("g"))

    assert isinstance(seen[0], Returned)
    assert seen[1] == Refused("not called: the fake sandbox has no answer")
    assert [each.function for each in sandbox.trials] == ["f", "g"]


def test_a_fake_answers_from_a_function():
    sandbox = FakeSandbox(lambda trial: Refused(f"{trial.function}, {trial.label}"))
    session = sandbox.session(EXTRACTED, Budget(), redirect_cuda=True)

    assert session.run(trial("f")) == Refused("f, a call")


def test_a_fake_records_its_sessions():
    sandbox = FakeSandbox()
    session = sandbox.session(EXTRACTED, Budget(deaths=1), redirect_cuda=False, device="cuda")

    session.hold(is_held=True)
    session.close()

    assert sandbox.sessions == [session]
    assert (session.extracted, session.budget) == (EXTRACTED, Budget(deaths=1))
    assert (session.redirect_cuda, session.is_shared, session.device) == (False, False, "cuda")
    assert (session.is_held, session.is_closed) == (True, True)


def test_a_fake_opens_the_gpu_that_it_was_given_or_says_why_not():
    gpu = Gpu("NVIDIA Test", 1 << 34)
    sandbox = FakeSandbox(gpu=gpu)

    assert sandbox.open_device(7, IsolationLevel.partial) == gpu
    assert (sandbox.opened, sandbox.isolation) == ([(7, IsolationLevel.partial)], CONFINED)
    with pytest.raises(DeviceError, match="no driver"):
        FakeSandbox().open_device(7)
