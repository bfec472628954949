"""The sentence for a call that gave no values, in full for every way in which a call can end."""

import pytest

from grader.checks.base.call import (
    exception_message,
    failure_of,
    failure_sentence,
    failure_told,
    returned_calls,
)
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
from grader.model.trial import NumberOutput, Scalar, Trial
from grader.model.verdict import Failure

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
            Raised("NameError", "name 'CFG' is not defined", LINE, 0.1, "loss = 0.0 * CFG['x']"),
            "f raised NameError at hw.py, line 12: `loss = 0.0 * CFG['x']`: name 'CFG' is not defined",
        ),
        (
            Raised("RecursionError", "maximum recursion depth exceeded", LINE, 0.1, "return f(W)"),
            "f recurses without end at hw.py, line 12: `return f(W)`, on a small batch (RecursionError)",
        ),
        (
            Raised("SystemExit", "0", LINE, 0.1, "sys.exit(0)"),
            "f calls exit() at hw.py, line 12: `sys.exit(0)` instead of returning, on a small batch",
        ),
        (
            Raised("EOFError", "EOF when reading a line", LINE, 0.1, "float(input())"),
            (
                "f raised EOFError at hw.py, line 12: `float(input())`: EOF when reading a line, on a small batch"
                " (input() gets no answer during grading)"
            ),
        ),
        (
            Raised("AttributeError", "'f' object has no attribute 'train'", None, 0.1),
            "f has no method or attribute train",
        ),
        (
            Raised("AttributeError", "'Net' object has no attribute 'train'", LINE, 0.1),
            "f raised AttributeError at hw.py, line 12: 'Net' object has no attribute 'train', on a small batch",
        ),
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
                "D = X[:, None] - W.T",
                "4 GiB memory",
            ),
            (
                "f ran out of its 4 GiB memory limit at hw.py, line 12: `D = X[:, None] - W.T`, on a small batch:"
                " does it keep every batch, or build an N x N or N x D x C array?"
            ),
        ),
        (
            Raised("_ArrayMemoryError", "Unable to allocate 9 GiB", None, 0.1, memory="4 GiB memory"),
            (
                "f ran out of its 4 GiB memory limit (Unable to allocate 9 GiB), on a small batch:"
                " does it keep every batch, or build an N x N or N x D x C array?"
            ),
        ),
        (TimedOut(5.0), "f is too slow or never ends: it did not finish in 5 s, on a small batch"),
        (TimedOut(2.5, is_loading=True), "f could not be called: its module-level code timed out (2.5 s)"),
        (
            Died("exit code 3"),
            (
                "f ended its process instead of returning (exit code 3), on a small batch:"
                " does it call os._exit()?"
            ),
        ),
        (Died("signal SIGSEGV"), "f crashed the Python process (SIGSEGV), on a small batch"),
        (
            Died("for an unknown reason"),
            "f ended its process instead of returning (for an unknown reason), on a small batch",
        ),
        (Died("it started more than 256 threads"), "f started more than 256 threads, on a small batch"),
        (
            Died("it ran out of its 4 GiB memory limit"),
            (
                "f ran out of its 4 GiB memory limit, on a small batch:"
                " does it keep every batch, or build an N x N or N x D x C array?"
            ),
        ),
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


@pytest.mark.parametrize(
    "steps,slow",
    [(1500, "is too slow: 1,500 steps"), (12, "is too slow or never ends: 12 steps")],
)
def test_a_training_that_takes_too_long_is_told_in_steps(steps, slow):
    trial = Trial("12 steps", "train", (), (NumberOutput(),), keywords={"num_iters": Scalar(steps)})

    assert failure_sentence(trial, TimedOut(30.0)) == f"train {slow} did not finish in 30 s"


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


@pytest.mark.parametrize(
    "message,read",
    [
        (
            (
                "randn() received an invalid combination of arguments - got (int, device=str), but expected one of:"
                " * (tuple of ints size, *, torch.Generator generator) * (tuple of ints size)"
            ),
            "randn() received an invalid combination of arguments - got (int, device=str)",
        ),
        (
            "cannot import name 'x' from 'torch' (/opt/venv/lib/python3.12/site-packages/torch/__init__.py)",
            "cannot import name 'x' from 'torch' (__init__.py)",
        ),
        ("[Errno 2] No such file: '/tmp/grader-run-a1/worker-b2/W.npy'", "[Errno 2] No such file: 'W.npy'"),
        ("module 'submission.hw' has no attribute 'g'", "module 'hw' has no attribute 'g'"),
        ("submission.py is late", "submission.py is late"),
        ("first. " + "word " * 100, "first"),
        ("x" * 300, "x" * 240 + "..."),
        ("see /content/drive/data.csv", "see /content/drive/data.csv"),
    ],
)
def test_a_message_is_cut_to_what_helps_a_student(message, read):
    assert exception_message(message) == read


def test_the_cause_is_that_of_the_call_that_a_message_tells():
    raised = Raised("NameError", "name 'np' is not defined", LINE, 0.1, "np.dot(X, W)")
    other = Trial("a large batch", "g", (), (NumberOutput(),))
    evidence: list[tuple[Trial, Observation]] = [(TRIAL, RETURNED), (other, TimedOut(5.0)), (TRIAL, raised)]

    assert failure_told(evidence, failure_sentence(TRIAL, raised)) == Failure(
        "f", "NameError", "name 'np' is not defined", LINE, "np.dot(X, W)"
    )
    assert failure_told(evidence, failure_sentence(other, TimedOut(5.0))) == Failure("g", "timed out")
    assert failure_told(evidence, "f: loss is wrong.") is None
    assert failure_of(TRIAL, RETURNED) is None
    assert failure_of(TRIAL, Died("exit code 3")) == Failure("f", "ended")
    assert failure_of(TRIAL, Refused("not called")) == Failure("f", "not called")


def test_a_method_that_does_not_parse_is_told_without_the_line_put_in_its_place():
    message = "train (net.py) does not parse: line 44 (`<<<<<<< HEAD`) is a Git conflict marker: delete it"
    raised = Raised("SyntaxError", message, LINE, 0.1, "def train(*_, **__): raise SyntaxError(...)")

    assert failure_sentence(TRIAL, raised) == f"f.{message}"
    assert failure_of(TRIAL, raised) == Failure("f", "SyntaxError", message, LINE, None)
