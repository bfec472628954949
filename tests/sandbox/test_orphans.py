"""Processes that a worker started and left behind, where nothing kept it from that, are gone after its end."""

import ctypes
import os
import signal
import sys
import time

import pytest

from grader.sandbox.fork_launcher import ForkLauncher
from grader.sandbox.inside import tiers
from tests.sandbox import plain
from tests.sandbox.calls import RIGHT, g_is_right, number_of, trial

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="orphans are inherited on Linux only")

orphans = plain.module("orphans")

DAEMON = """
import os, signal, time

def daemon(before=lambda: None):
    # Fork twice, with a session between: what is left has neither the worker's group nor its session.
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            before()
            os.write(writing, b'%d ' % os.getpid())
            end = time.monotonic() + 60
            while time.monotonic() < end:
                time.sleep(0.01)
        os._exit(0)
    return int(os.read(reading, 20).split()[0])

def ignore():
    for number in set(signal.valid_signals()) - {signal.SIGKILL, signal.SIGSTOP}:
        try:
            signal.signal(number, signal.SIG_IGN)
        except OSError:
            pass
"""


@pytest.fixture
def launcher(monkeypatch, tmp_path):
    """Of workers that may start processes, and that execute what they are sent."""
    plain.use_light_zygotes(monkeypatch, tmp_path)
    with plain.closing(ForkLauncher(tiers.LIMITS)) as made:
        yield made


def left_behind(launcher, code):
    """The process ids that a worker says it left, once it has been ended."""
    worker = launcher.start()
    found = plain.told(worker, DAEMON + code)
    assert isinstance(found, list), found
    assert found
    assert all(map(plain.is_alive, found))
    launcher.end(worker)
    return found


def are_gone(processes):
    """Whether none of them is there, at most a moment later."""
    return plain.comes_true(lambda: not any(map(plain.is_alive, processes)))


LEFT = {
    "a daemon": "answer = [daemon()]",
    "several daemons": "answer = [daemon() for _ in range(5)]",
    "a daemon that ignores every signal": "answer = [daemon(ignore)]",
    "a daemon that is stopped": "answer = [daemon()]\nos.kill(answer[0], signal.SIGSTOP)",
    "a child of the worker's own group": (
        "child = os.fork()\nif child == 0:\n    time.sleep(60)\n    os._exit(0)\nanswer = [child]"
    ),
    "a child of another group": (
        "child = os.fork()\nif child == 0:\n    time.sleep(60)\n    os._exit(0)\nos.setpgid(child, child)\nanswer = [child]"
    ),
    "a daemon with children of its own": (
        "reading, writing = os.pipe()\n"
        "def children():\n"
        "    for _ in range(3):\n"
        "        if os.fork() == 0:\n"
        "            os.setsid()\n"
        "            os.write(writing, b'%d ' % os.getpid())\n"
        "            time.sleep(60)\n"
        "            os._exit(0)\n"
        "found = [daemon(children)]\n"
        "text = b''\n"
        "while len(text.split()) < 3 or not text.endswith(b' '): text += os.read(reading, 100)\n"
        "answer = found + [int(each) for each in text.split()]"
    ),
    "a chain of daemons": (
        "reading, writing = os.pipe()\n"
        "def again(depth=5):\n"
        "    os.write(writing, b'%d ' % os.getpid())\n"
        "    if depth: daemon(lambda: again(depth - 1))\n"
        "daemon(again)\n"
        "text = b''\n"
        "while len(text.split()) < 6 or not text.endswith(b' '): text += os.read(reading, 100)\n"
        "answer = [int(each) for each in text.split()]"
    ),
}


@pytest.mark.parametrize("code", LEFT.values(), ids=LEFT.keys())
def test_what_a_worker_left_behind_is_gone_after_its_end(launcher, code):
    assert are_gone(left_behind(launcher, code))


def test_processes_that_multiply_are_gone_after_the_workers_end(launcher):
    # Each starts the next in a session of its own and ends, fifty in all; a file tells their ids.
    code = """
log = os.open('ids', os.O_CREAT | os.O_RDWR | os.O_APPEND)

def hop(left):
    os.setsid()
    os.write(log, b'%d ' % os.getpid())
    time.sleep(0.002 if left else 60)
    if left and os.fork() == 0:
        hop(left - 1)
    os._exit(0)

if os.fork() == 0:
    hop(50)
while os.fstat(log).st_size < 20:
    time.sleep(0.001)
answer = os.path.abspath('ids')
"""
    worker = launcher.start()
    path = plain.told(worker, DAEMON + code)
    with open(path, "rb") as ids:  # noqa: PTH123  kept open: the folder is removed
        launcher.end(worker)
        processes = [int(each) for each in ids.read().split()]

    assert processes
    assert are_gone(processes)


def test_other_workers_and_the_one_ahead_are_left_alone(launcher):
    first, second = launcher.start(), launcher.start()
    plain.told(first, DAEMON + "answer = daemon()")

    launcher.end(first)

    assert plain.told(second, "answer = 1 + 1") == 2
    third = launcher.start()
    assert plain.told(third, "answer = 1 + 2") == 3
    for worker in (second, third):
        launcher.end(worker)


def test_a_worker_whose_daemon_is_ended_by_the_judges_of_another_leaves_nothing(launcher):
    first, second = launcher.start(), launcher.start()
    of_second = plain.told(second, DAEMON + "answer = [daemon()]")

    launcher.end(first)
    launcher.end(second)

    assert are_gone(of_second)


def test_closing_the_launcher_leaves_nothing_either(launcher):
    worker = launcher.start()
    found = plain.told(worker, DAEMON + "answer = [daemon(), daemon(ignore)]")
    launcher.end(worker)

    launcher.close()

    assert are_gone(found)


def test_a_daemon_of_a_students_function_is_gone_when_its_session_is(open_unconfined_session):
    source = f"{RIGHT}\n{DAEMON}\ndef f(): return daemon()\n"
    session = open_unconfined_session(source)
    process = int(number_of(session.run(trial("f"))))
    assert plain.is_alive(process)

    session.close()

    assert are_gone([process])
    assert g_is_right(session)


# By themselves


def test_orphans_are_inherited_killed_and_reaped_and_workers_are_not():
    def nursery():
        orphans.inherit()
        worker = os.fork()
        if worker == 0:
            signal.pause()
        for _ in range(3):
            if os.fork() == 0:
                if os.fork() == 0:
                    os.setsid()
                    signal.pause()
                os._exit(0)
        started = time.monotonic()
        orphans.end_all_but({worker})
        seen = [list(orphans._children()) == [worker], time.monotonic() - started < orphans._PATIENCE_SECONDS]
        os.kill(worker, signal.SIGKILL)
        os.waitpid(worker, 0)
        return [*seen, list(orphans._children())]

    assert plain.in_child(nursery) == [True, True, []]


def test_without_orphans_nothing_is_done():
    assert plain.in_child(lambda: orphans.end_all_but(frozenset()) or "done") == "done"


def test_patience_ends_where_processes_cannot_be_ended(monkeypatch):
    killed = []
    monkeypatch.setattr(orphans, "_PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(orphans, "_children", lambda: iter([1 << 22]))
    monkeypatch.setattr(orphans.os, "kill", lambda process, _: killed.append(process))
    monkeypatch.setattr(orphans.os, "waitpid", lambda *_: (0, 0))

    orphans.end_all_but({7})

    assert set(killed) == {1 << 22}


def test_a_system_that_lets_nobody_inherit_is_no_fault(monkeypatch):
    def refuse(*_):
        raise OSError(22, "unknown option")

    monkeypatch.setattr(orphans.linux, "control_process", refuse)

    assert orphans.inherit() is None


def test_a_name_with_brackets_and_spaces_hides_no_child():
    def child():
        other = os.fork()
        if other == 0:
            ctypes.CDLL(None).prctl(15, b") S 1 (x", 0, 0, 0)
            os.write(writing, b"x")
            signal.pause()
        os.read(reading, 1)
        seen = list(orphans._children())
        os.kill(other, signal.SIGKILL)
        os.waitpid(other, 0)
        return seen == [other]

    reading, writing = os.pipe()
    assert plain.in_child(child) is True
    os.close(reading)
    os.close(writing)
