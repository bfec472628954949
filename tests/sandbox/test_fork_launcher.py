"""The launcher that forks: what workers say, which worker is handed out, and what is left in the end: nothing.

The zygotes here import no torch, so a launcher takes milliseconds; all else is as it is.
"""

import os
import signal
import sys
from pathlib import Path

import psutil
import pytest

from grader.errors import SandboxError
from grader.sandbox.fork_launcher import ForkLauncher
from grader.sandbox.inside import tiers
from grader.sandbox.isolation import Isolation
from grader.sandbox.launcher import Ending
from tests.sandbox import plain

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@pytest.fixture
def launcher(monkeypatch, tmp_path):
    plain.use_light_zygotes(monkeypatch, tmp_path)
    with plain.closing(ForkLauncher()) as made:
        yield made


def bound_of(worker):
    return plain.told(worker, "import resource\nanswer = resource.getrlimit(resource.RLIMIT_DATA)[0]")


# What workers are held to


def test_isolation_is_known_before_a_worker_is_asked_for(launcher):
    isolation = launcher.isolation()

    assert "limits" not in isolation.missing
    assert isolation == launcher.isolation()


def test_asking_twice_makes_no_second_worker(launcher):
    launcher.isolation()
    first = launcher._ahead

    launcher.isolation()

    assert launcher._ahead is first


def test_the_worker_that_said_its_isolation_is_the_one_handed_out(launcher):
    launcher.isolation()
    first = launcher._ahead.process_id

    worker = launcher.start()

    assert worker.process_id == first
    assert plain.told(worker, "import os\nanswer = os.getpid()") == first
    launcher.end(worker)


def test_isolation_after_a_start_is_that_of_the_started(launcher):
    worker = launcher.start()
    ahead = launcher._ahead

    assert launcher.isolation() == launcher._isolation
    assert launcher._ahead is ahead
    launcher.end(worker)


def test_a_worker_that_is_held_to_less_than_the_first_is_an_error_and_is_ended(launcher):
    launcher._wanted_tiers = tiers.LIMITS
    launcher.prepare(1 << 30)
    launcher._isolation = Isolation.of_tiers(tiers.ALL)
    process_id, folder = launcher._learn_id(launcher._ahead), launcher._ahead.directory

    with pytest.raises(SandboxError) as caught:
        launcher.start()

    assert str(caught.value) == (
        "a process for the student's code has isolation level process, the ones before had confined"
    )
    assert not plain.is_alive(process_id)
    assert not Path(folder).exists()


def test_an_error_about_isolation_is_none_about_the_zygote(launcher):
    launcher.isolation()
    zygote = launcher._zygote.pid
    launcher._isolation = Isolation.of_tiers(0)

    with pytest.raises(SandboxError):
        launcher.start()

    assert launcher._zygote.pid == zygote
    assert launcher._zygote.poll() is None


def test_workers_of_a_zygote_that_was_replaced_are_held_to_the_same(launcher):
    isolation = launcher.isolation()
    launcher._zygote.kill()
    launcher._zygote.wait()

    worker = launcher.start()

    assert launcher.isolation() == isolation
    launcher.end(worker)


# Bounds


def test_a_worker_has_the_bound_that_was_prepared(launcher):
    launcher.prepare(1 << 30)
    worker = launcher.start()

    assert bound_of(worker) == 1 << 30
    launcher.end(worker)


def test_another_bound_replaces_the_worker_that_was_ahead(launcher):
    launcher.prepare(1 << 30)
    replaced, folder = launcher._learn_id(launcher._ahead), launcher._ahead.directory

    launcher.prepare(1 << 31)

    worker = launcher.start()
    assert worker.process_id != replaced
    assert not plain.is_alive(replaced)
    assert not Path(folder).exists()
    assert bound_of(worker) == 1 << 31
    launcher.end(worker)


def test_another_bound_after_isolation_replaces_the_worker_that_said_it(launcher):
    isolation = launcher.isolation()
    replaced = launcher._ahead.process_id

    launcher.prepare(1 << 31)

    worker = launcher.start()
    assert worker.process_id != replaced
    assert bound_of(worker) == 1 << 31
    assert launcher.isolation() == isolation
    launcher.end(worker)


def test_the_same_bound_keeps_the_worker_that_is_ahead(launcher):
    launcher.prepare(1 << 30)
    ahead = launcher._ahead

    launcher.prepare(1 << 30)

    assert launcher._ahead is ahead


def test_preparing_with_a_zygote_that_is_gone_is_put_right_by_the_next_start(launcher):
    launcher.prepare(1 << 30)
    launcher._zygote.kill()
    launcher._zygote.wait()

    launcher.prepare(1 << 31)
    worker = launcher.start()

    assert bound_of(worker) == 1 << 31
    launcher.end(worker)


# Workers


def test_each_worker_is_a_fresh_process_with_a_fresh_folder(launcher):
    workers = [launcher.start() for _ in range(3)]

    assert len({worker.process_id for worker in workers}) == 3
    assert len({worker.directory for worker in workers}) == 3
    for worker in workers:
        assert plain.told(worker, "import os\nanswer = os.listdir()") == []
        plain.told(worker, "open('left', 'w').close()")
        assert os.listdir(worker.directory) == ["left"]  # noqa: PTH208
    for worker in workers:
        launcher.end(worker)
        assert not Path(worker.directory).exists()


@pytest.mark.parametrize(
    "code, status",
    [
        ("os._exit(0)", 0),
        ("os._exit(3)", 3 << 8),
        ("signal.raise_signal(signal.SIGTERM)", 15),
        ("os.abort()", 6),
    ],
)
def test_how_a_worker_ended_is_its_wait_status(launcher, code, status):
    worker = launcher.start()
    worker.connection.sendall(f"import os, signal\n{code}".encode())
    assert plain.has_ended(worker.connection)

    ending = launcher.end(worker)

    assert ending == Ending(status)


def test_a_worker_that_lives_is_killed_and_reaped(launcher):
    worker = launcher.start()

    ending = launcher.end(worker)

    assert ending.status is not None
    assert ending == Ending(ending.status)
    assert not Path(f"/proc/{worker.process_id}").exists()


def test_what_a_worker_was_ended_for_is_said(launcher):
    launcher.prepare(1 << 30)
    worker = launcher.start()
    launcher._watch._watched[worker.process_id].memory_bytes = 16 << 20
    worker.connection.sendall(
        b"block = bytearray(64 << 20)\nfor at in range(0, 64 << 20, 4096): block[at] = 1"
    )
    assert plain.comes_true(lambda: not plain.is_alive(worker.process_id))

    ending = launcher.end(worker)

    assert ending == Ending(signal.SIGKILL, "it used more than 16 MiB of memory")


def test_workers_end_in_any_order_beside_one_that_was_ordered(launcher):
    workers = [launcher.start() for _ in range(4)]

    for at in (2, 0, 3, 1):
        assert launcher.end(workers[at]).status is not None
        assert not plain.is_alive(workers[at].process_id)

    last = launcher.start()
    assert plain.told(last, "answer = 1") == 1
    launcher.end(last)


def test_a_zygote_that_is_gone_is_said_and_replaced(launcher):
    worker = launcher.start()
    launcher._zygote.kill()
    launcher._zygote.wait()

    ending = launcher.end(worker)

    assert ending == Ending(None, is_launcher_lost=True)
    assert not Path(worker.directory).exists()
    again = launcher.start()
    assert plain.told(again, "answer = 1") == 1
    launcher.end(again)


@linux_only
def test_a_worker_that_was_killed_ahead_of_its_use_is_replaced(launcher):
    launcher.prepare(1 << 30)
    killed = launcher._learn_id(launcher._ahead)
    os.kill(killed, signal.SIGKILL)
    assert plain.comes_true(lambda: not plain.is_alive(killed))
    launcher._ahead.connection.recv(100)  # its first word, said before it was killed

    worker = launcher.start()

    assert worker.process_id != killed
    assert plain.told(worker, "answer = 1") == 1
    launcher.end(worker)


def test_a_worker_has_nothing_of_another_workers_wire(launcher):
    first, second = launcher.start(), launcher.start()
    count = """
import os, stat
answer = 0
for number in range(256):
    try:
        answer += stat.S_ISSOCK(os.fstat(number).st_mode)
    except OSError:
        pass
"""

    assert plain.told(first, count) == plain.told(second, count) == 1
    for worker in (first, second):
        launcher.end(worker)


# Where no worker can be had


def broken(monkeypatch, tmp_path, script):
    path = tmp_path / "broken.py"
    path.write_text(script)
    monkeypatch.setattr("grader.sandbox.launcher._ZYGOTE", path)
    return plain.closing(ForkLauncher())


NOTHING = "pass"
NONSENSE = plain.LIGHT_ZYGOTE.replace("zygote.main()", "tiers.MAGIC = b'nope'\nzygote.main()")


@pytest.mark.parametrize("script", [NOTHING, NONSENSE], ids=["ends at once", "says nonsense"])
@pytest.mark.parametrize("ask", [ForkLauncher.isolation, ForkLauncher.start], ids=["isolation", "start"])
def test_a_process_that_cannot_be_used_is_an_error_of_the_sandbox(monkeypatch, tmp_path, script, ask):
    with broken(monkeypatch, tmp_path, script) as launcher:
        with pytest.raises(SandboxError) as caught:
            ask(launcher)

        assert str(caught.value) == (
            "the process that imports torch ended before it could be used;"
            f" does `{sys.executable} -c 'import torch'` work?"
        )
        folder = launcher._workspace.folder
    assert not folder.exists()


def test_a_broken_process_is_no_fault_before_a_worker_is_needed(monkeypatch, tmp_path):
    with broken(monkeypatch, tmp_path, NOTHING) as launcher:
        launcher._zygote.wait()
        launcher.prepare(1 << 30)
        launcher.prepare(1 << 31)

    assert not launcher._workspace.folder.exists()


# The end


STATES = {
    "fresh": lambda launcher: None,
    "prepared": lambda launcher: launcher.prepare(1 << 30),
    "prepared twice": lambda launcher: [launcher.prepare(1 << 30), launcher.prepare(1 << 31)],
    "asked for isolation": lambda launcher: launcher.isolation(),
    "with a worker": lambda launcher: launcher.start().connection.close(),
    "with two workers": lambda launcher: [launcher.start().connection.close() for _ in range(2)],
    "with a worker that ended": lambda launcher: launcher.end(launcher.start()),
    "with a zygote that is gone": lambda launcher: [launcher._zygote.kill(), launcher._zygote.wait()],
    "with a zygote that is gone later": lambda launcher: [
        launcher.isolation(),
        launcher._zygote.kill(),
        launcher._zygote.wait(),
    ],
}


@pytest.mark.parametrize("bring_about", STATES.values(), ids=STATES.keys())
def test_closing_in_any_state_leaves_no_process_and_no_folder(monkeypatch, tmp_path, bring_about):
    plain.use_light_zygotes(monkeypatch, tmp_path)
    launcher = ForkLauncher()
    bring_about(launcher)
    zygote = launcher._zygote.pid
    started = [zygote]
    if launcher._zygote.poll() is None:
        started += [child.pid for child in psutil.Process(zygote).children(recursive=True)]

    launcher.close()

    assert launcher._zygote.returncode is not None
    assert plain.comes_true(lambda: not any(map(plain.is_alive, started)))
    assert not launcher._workspace.folder.exists()
    assert launcher._control.fileno() == -1
    assert launcher._ahead is None
