"""The launcher of whole interpreters: it says the same, and leaves as little, as the one that forks."""

import os
import signal
import sys
from pathlib import Path

import pytest

from grader.errors import SandboxError
from grader.sandbox.fork_launcher import ForkLauncher
from grader.sandbox.inside import tiers
from grader.sandbox.isolation import Isolation, IsolationLevel
from grader.sandbox.launcher import Ending
from grader.sandbox.single_launcher import SingleLauncher
from tests.sandbox import plain

pytestmark = pytest.mark.skipif(os.name != "posix", reason="limits and wait statuses of POSIX")


@pytest.fixture
def launcher(monkeypatch, tmp_path):
    plain.use_light_zygotes(monkeypatch, tmp_path)
    with plain.closing(SingleLauncher()) as made:
        yield made


def bound_of(worker):
    return plain.told(worker, "import resource\nanswer = resource.getrlimit(resource.RLIMIT_DATA)[0]")


# What workers are held to


@pytest.mark.skipif(sys.platform != "linux", reason="forks")
def test_its_workers_are_held_to_the_same_as_forked_ones(launcher):
    with plain.closing(ForkLauncher()) as forking:
        assert launcher.isolation() == forking.isolation()


def test_it_reports_the_tiers_that_are_switched_off(monkeypatch, tmp_path):
    plain.use_light_zygotes(monkeypatch, tmp_path)
    with plain.closing(SingleLauncher(tiers.LIMITS)) as launcher:
        isolation = launcher.isolation()

    assert isolation == Isolation.of_tiers(tiers.LIMITS)
    assert isolation.level == IsolationLevel.process


def test_asking_twice_starts_no_second_process(launcher):
    first = launcher.isolation()
    processes = list(launcher._processes)

    assert launcher.isolation() == first
    assert list(launcher._processes) == processes


def test_the_worker_that_said_its_isolation_is_the_one_handed_out(launcher):
    launcher.isolation()
    (process_id,) = launcher._processes

    worker = launcher.start()

    assert worker.process_id == process_id
    assert plain.told(worker, "import os\nanswer = os.getpid()") == process_id
    launcher.end(worker)


def test_isolation_after_a_start_starts_nothing(launcher):
    worker = launcher.start()

    launcher.isolation()

    assert list(launcher._processes) == [worker.process_id]
    launcher.end(worker)


def test_a_worker_that_is_held_to_less_than_the_first_is_an_error_and_is_ended(launcher):
    launcher._isolation = Isolation.of_tiers(tiers.ALL)
    launcher._wanted_tiers = tiers.LIMITS

    with pytest.raises(SandboxError) as caught:
        launcher.start()

    assert str(caught.value) == (
        "a process for the student's code has isolation level process, the ones before had confined"
    )
    assert launcher._processes == {}
    assert list(launcher._workspace.folder.iterdir()) == []


# Workers


def test_another_bound_replaces_the_worker_that_waits(launcher):
    launcher.prepare(1 << 30)
    launcher.isolation()
    (replaced,) = launcher._processes

    launcher.prepare(1 << 31)
    worker = launcher.start()

    assert worker.process_id != replaced
    assert not plain.is_alive(replaced)
    assert bound_of(worker) == 1 << 31
    launcher.end(worker)


def test_the_same_bound_keeps_the_worker_that_waits(launcher):
    launcher.prepare(1 << 30)
    launcher.isolation()
    waiting = launcher._waiting

    launcher.prepare(1 << 30)

    assert launcher._waiting is waiting


def test_a_bound_that_comes_before_the_first_worker_is_its_own(launcher):
    launcher.prepare(1 << 31)
    worker = launcher.start()

    assert bound_of(worker) == 1 << 31
    launcher.end(worker)


@pytest.mark.parametrize("code, status", [("os._exit(3)", 3 << 8), ("os.abort()", 6)])
def test_how_a_worker_ended_is_its_wait_status(launcher, code, status):
    worker = launcher.start()
    worker.connection.sendall(f"import os\n{code}".encode())
    assert plain.has_ended(worker.connection)

    assert launcher.end(worker) == Ending(status)


def test_what_a_worker_was_ended_for_is_said(launcher):
    launcher.prepare(1 << 30)
    worker = launcher.start()
    launcher._watch._watched[worker.process_id].memory_bytes = 16 << 20
    worker.connection.sendall(
        b"block = bytearray(64 << 20)\nfor at in range(0, 64 << 20, 4096): block[at] = 1"
    )
    assert plain.comes_true(lambda: not plain.is_alive(worker.process_id))

    assert launcher.end(worker) == Ending(signal.SIGKILL, "it used more than 16 MiB of memory")


def test_a_worker_that_lives_is_killed_and_its_folder_removed(launcher):
    worker = launcher.start()
    plain.told(worker, "open('left', 'w').close()")

    launcher.end(worker)

    assert not plain.is_alive(worker.process_id)
    assert not Path(worker.directory).exists()


def test_a_process_that_ends_at_its_start_is_an_error_of_the_sandbox(monkeypatch, tmp_path):
    script = tmp_path / "broken.py"
    script.write_text("pass")
    monkeypatch.setattr("grader.sandbox.launcher._ZYGOTE", script)
    with plain.closing(SingleLauncher()) as launcher:
        with pytest.raises(SandboxError, match="the process for the student's code ended at its start"):
            launcher.isolation()
        with pytest.raises(SandboxError, match="the process for the student's code ended at its start"):
            launcher.start()
        assert launcher._processes == {}

    assert not launcher._workspace.folder.exists()


# The end


STATES = {
    "fresh": lambda launcher: None,
    "prepared": lambda launcher: launcher.prepare(1 << 30),
    "asked for isolation": lambda launcher: launcher.isolation(),
    "asked for isolation, and prepared": lambda launcher: [launcher.isolation(), launcher.prepare(1 << 31)],
    "with a worker": lambda launcher: launcher.start().connection.close(),
    "with two workers": lambda launcher: [launcher.start().connection.close() for _ in range(2)],
    "with a worker that ended": lambda launcher: launcher.end(launcher.start()),
}


@pytest.mark.parametrize("bring_about", STATES.values(), ids=STATES.keys())
def test_closing_in_any_state_leaves_no_process_no_socket_and_no_folder(monkeypatch, tmp_path, bring_about):
    plain.use_light_zygotes(monkeypatch, tmp_path)
    launcher = SingleLauncher()
    bring_about(launcher)
    processes = [*launcher._processes, *([launcher._ahead[0].pid] if launcher._ahead else [])]
    waiting = launcher._waiting

    launcher.close()

    assert not any(map(plain.is_alive, processes))
    assert launcher._processes == {}
    assert not launcher._workspace.folder.exists()
    assert waiting is None or waiting.connection.fileno() == -1
