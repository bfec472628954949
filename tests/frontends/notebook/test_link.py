"""The kernel's end of the judge: answers, progress, sentences for whatever goes wrong, and nothing left behind."""

import json
import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import Pipe
from types import SimpleNamespace
from typing import Any

import pytest

from grader.errors import NotebookError, SandboxError
from grader.frontends.notebook import link as module
from grader.frontends.notebook.checking import STOPPED, Checker, Refused, Stopped
from grader.frontends.notebook.link import Link
from grader.frontends.notebook.request import Request, pack
from grader.frontends.notebook.result import Result
from grader.frontends.notebook.snapshot import Snapshot

REQUEST = Request(Snapshot(("x = 1",)), ("f",))
RESULT = {"text": "t", "html": "<b>h</b>", "report": {"checks": []}}


class FakeProcess:
    """A process that only notes what is done to it."""

    def __init__(self):
        self.done = []

    def __getattr__(self, name):
        return lambda *_: self.done.append(name)


@pytest.fixture
def judge(monkeypatch):
    """(messages) to a link whose judge will send them, and the judges that were started."""
    started = []

    def make(*messages, is_gone=False):
        def start():
            ours, theirs = Pipe()
            for message in messages:
                theirs.send_bytes(message)
            if is_gone:
                theirs.close()
            reading, writing = os.pipe()
            os.close(reading)
            process: Any = FakeProcess()
            one = module._Started(process, ours, writing, os.getpid())
            started.append(SimpleNamespace(end=theirs, process=one.process))
            return one

        monkeypatch.setattr(module, "_start", start)
        return Link(), started

    return make


def test_progress_comes_before_the_answer(judge):
    link, started = judge(pack(number=0, total=2, title="f: values"), pack(**RESULT))
    told = []

    assert link.ask(REQUEST, lambda *words: told.append(words)) == RESULT
    assert told == [(0, 2, "f: values")]
    assert Request.from_bytes(started[0].end.recv_bytes()) == REQUEST
    assert "terminate" not in started[0].process.done


def test_an_error_of_the_judge_is_a_sentence_and_leaves_it_running(judge):
    link, started = judge(pack(error="g is not defined yet"))

    with pytest.raises(NotebookError, match="g is not defined yet"):
        link.ask(REQUEST)
    assert "terminate" not in started[0].process.done


def test_a_judge_that_ended_is_told_and_replaced(judge):
    link, started = judge(is_gone=True)

    for _ in range(2):
        with pytest.raises(NotebookError, match="the grading process ended before it was done; check again"):
            link.ask(REQUEST)
    assert len(started) == 2


def test_an_interrupt_ends_the_judge_before_it_is_told(judge):
    link, started = judge(pack(number=0, total=2, title="f: values"))

    def interrupt(*_):
        raise KeyboardInterrupt

    kernel: Any = SimpleNamespace(snapshot=lambda _: REQUEST.snapshot)
    with pytest.raises(Stopped) as caught:
        Checker(kernel, link).check(
            ("f",), None, spec=None, is_full=False, data=None, seed=None, progress=interrupt
        )
    assert caught.value._render_traceback_() == [STOPPED]
    assert started[0].process.done[-4:] == ["terminate", "wait", "kill", "wait"]


def test_a_fork_of_the_kernel_ends_no_process_of_the_kernels(judge):
    link, started = judge(pack(**RESULT))
    link.ask(REQUEST)
    link._started.owner = os.getpid() + 1

    link.close()

    assert "terminate" not in started[0].process.done


def test_one_kernel_makes_one_check_at_a_time(judge):
    link, _ = judge(pack(**RESULT))
    with ThreadPoolExecutor(1) as other:
        other.submit(link._turn.acquire).result()
        with pytest.raises(NotebookError, match="another check is running in this kernel"):
            link.ask(REQUEST)


def test_a_lock_that_an_interrupt_left_does_not_lock_its_thread_out(judge):
    link, _ = judge(pack(**RESULT))
    link._turn.acquire()

    assert link.ask(REQUEST) == RESULT


def test_interrupts_wait_while_a_judge_is_started_and_while_it_is_ended(judge, monkeypatch):
    link, started = judge(pack(**RESULT))
    start = module._start

    def interrupted():
        signal.raise_signal(signal.SIGINT)
        return start()

    monkeypatch.setattr(module, "_start", interrupted)
    monkeypatch.setattr(FakeProcess, "terminate", lambda _: signal.raise_signal(signal.SIGINT), raising=False)
    before = signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # ignored where a shell runs the tests with &
    try:
        with pytest.raises(KeyboardInterrupt):
            link.ask(REQUEST)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
    assert started[0].process.done == ["wait", "kill", "wait"]
    assert link._started is None


@pytest.mark.parametrize(
    "target, name, value, words",
    [
        (sys, "executable", None, "this kernel does not know its Python"),
        (os, "pipe", None, "too many open files"),
    ],
)
def test_a_kernel_that_cannot_start_a_process_says_so(monkeypatch, target, name, value, words):
    def fail():
        raise OSError(words)

    monkeypatch.setattr(target, name, fail if name == "pipe" else value)

    with pytest.raises(SandboxError, match=f"no grading process could be started: {words}"):
        Link().ask(REQUEST)


@pytest.mark.parametrize(
    "error, words",
    [
        (SandboxError("no process could be started"), "no process could be started"),
        (FileNotFoundError(), "the kernel's working folder no longer exists; restart the kernel"),
    ],
)
def test_what_fails_in_the_kernel_is_a_sentence_too(error, words):
    def fail(_):
        raise error

    kernel: Any = SimpleNamespace(snapshot=fail)
    with pytest.raises(Refused) as caught:
        Checker(kernel).check((), None, spec=None, is_full=False, data=None, seed=None)
    assert str(caught.value) == words


def test_a_result_is_shown_as_text_and_as_html():
    def of(*statuses):
        return Result(
            "t", "<b>h</b>", json.loads(json.dumps({"checks": [{"status": each} for each in statuses]}))
        )

    assert (repr(of()), of()._repr_html_()) == ("t", "<b>h</b>")
    assert of("passed", "not_run", "skipped").has_passed
    assert not of("passed", "failed").has_passed
    assert not of("not_run").has_passed
