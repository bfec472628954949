"""The sentence for a call that gave no values, in full for every way in which a call can end."""

import pytest

from grader.checks.base.call import failure_sentence, returned_calls
from grader.model.observation import (
    Died,
    Location,
    Missing,
    Observation,
    Raised,
    Refused,
    Returned,
    TimedOut,
)
from grader.model.trial import NumberOutput, Trial

TRIAL = Trial("a small batch", "f", (), (NumberOutput(),))
LINE = Location("hw.py", None, 12)
RETURNED = Returned((), 0.1)


@pytest.mark.parametrize(
    "observation,expected",
    [
        (
            Raised("ValueError", "no", LINE, 0.1),
            "f raised ValueError at hw.py, line 12: no, on a small batch",
        ),
        (Raised("AssertionError", "", None, 0.1), "f raised AssertionError, on a small batch"),
        (
            Raised("PermissionError", "open", LINE, 0.1),
            (
                "f raised PermissionError at hw.py, line 12: open, on a small batch"
                " (graded code may not open files or connections or start processes)"
            ),
        ),
        (
            Raised(
                "RuntimeError",
                "[enforce fail] DefaultCPUAllocator: can't allocate memory: 9 bytes",
                LINE,
                0.1,
            ),
            "f ran out of memory at hw.py, line 12, on a small batch; does it keep every batch or result?",
        ),
        (
            Raised("_ArrayMemoryError", "Unable to allocate 9 GiB", None, 0.1),
            "f ran out of memory, on a small batch; does it keep every batch or result?",
        ),
        (TimedOut(5.0), "f is too slow or never ends: it did not finish in 5 s, on a small batch"),
        (TimedOut(2.5, is_loading=True), "f could not be called: its module-level code timed out (2.5 s)"),
        (Died("exit code 3"), "f ended its process instead of returning (exit code 3), on a small batch"),
        (Missing("no file defines it"), "f is missing: no file defines it"),
        (
            Missing("f (hw.py, line 12) cannot be loaded: it needs torch.hub"),
            "f (hw.py, line 12) cannot be loaded: it needs torch.hub",
        ),
        (Refused("not called: no time was left"), "f was not called: no time was left"),
    ],
)
def test_every_failure_has_its_sentence(observation, expected):
    assert failure_sentence(TRIAL, observation) == expected


def test_a_method_is_named_with_its_class():
    trial = Trial("a small batch", "Net", (), (NumberOutput(),), method="loss")

    assert failure_sentence(trial, Died("exit code 3")).startswith("Net.loss ended its process")


def test_a_call_that_returned_has_no_failure():
    with pytest.raises(ValueError, match="the call returned"):
        failure_sentence(TRIAL, RETURNED)


def test_calls_that_all_returned_are_given_back():
    assert returned_calls([(TRIAL, RETURNED)]) == [(TRIAL, RETURNED)]


def test_the_first_failure_is_the_sentence():
    evidence: list[tuple[Trial, Observation]] = [
        (TRIAL, RETURNED),
        (TRIAL, Missing("no file defines it")),
        (TRIAL, TimedOut(5.0)),
    ]

    assert returned_calls(evidence) == "f is missing: no file defines it"
