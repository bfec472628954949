"""Both launchers keep one contract: the same isolation, bounds and endings, and nothing is left behind.

The zygotes here import no torch, so a launcher takes milliseconds; all else is real.
"""

import os
import signal
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from grader.errors import SandboxError
from grader.sandbox.device import Gpu
from grader.sandbox.fork_launcher import ForkLauncher
from grader.sandbox.inside import tiers
from grader.sandbox.isolation import FirstWords, Isolation, IsolationLevel
from grader.sandbox.launcher import Ending, Terms
from grader.sandbox.single_launcher import SingleLauncher
from tests.sandbox import plain

pytestmark = pytest.mark.skipif(os.name != "posix", reason="limits and wait statuses of POSIX")
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="forks and reads /proc")

KINDS = [pytest.param(ForkLauncher, marks=linux_only), SingleLauncher]
GIBIBYTE = 1 << 30


@pytest.fixture
def processes():
    """() to the ids of the processes that were started below this one since."""

    def below():
        return {each.pid for each in psutil.Process().children(recursive=True)}

    before = below()
    return lambda: {each for each in below() - before if plain.is_alive(each)}


@pytest.fixture
def launch(monkeypatch, tmp_path, processes):
    """(kind, arguments) to a launcher of light workers; its folders lie in tmp_path."""
    plain.use_light_zygotes(monkeypatch, tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    made = []

    def run(kind, *arguments):
        made.append(kind(*arguments))
        return made[-1]

    yield run
    for each in made:
        each.close()


@pytest.fixture(params=KINDS)
def launcher(launch, request):
    return launch(request.param)


@pytest.fixture
def forking(launch):
    if sys.platform != "linux":
        pytest.skip("forks")
    return launch(ForkLauncher)


def bound_of(worker):
    return plain.told(worker, "import resource\nanswer = resource.getrlimit(resource.RLIMIT_DATA)[0]")


def zygote_of(worker):
    return psutil.Process(worker.process_id).ppid()


def kill(process_id):
    os.kill(process_id, signal.SIGKILL)
    assert plain.comes_true(lambda: not plain.is_alive(process_id))


def folders_in(tmp_path):
    return list(tmp_path.glob("grader-run-*/worker-*"))


# Isolation


@linux_only
def test_workers_of_both_kinds_are_isolated_alike_and_as_wanted(launch):
    full = [launch(kind).isolation() for kind in (ForkLauncher, SingleLauncher)]
    weak = [launch(kind, tiers.LIMITS).isolation() for kind in (ForkLauncher, SingleLauncher)]

    assert full[0] == full[1]
    assert "limits" not in full[0].missing
    assert weak == [Isolation.of_tiers(tiers.LIMITS)] * 2


def test_the_worker_that_reported_its_isolation_is_handed_out_first(launcher, processes):
    isolation = launcher.isolation()
    started = processes()
    assert launcher.isolation() == isolation
    assert processes() == started

    worker = launcher.start()

    assert worker.process_id in started
    assert plain.told(worker, "import os\nanswer = os.getpid()") == worker.process_id
    launcher.settle()
    started = processes()
    assert launcher.isolation() == isolation
    assert processes() == started
    launcher.end(worker)


def test_a_worker_that_is_isolated_otherwise_is_an_error_and_is_ended(launcher, tmp_path):
    worker = launcher.start()
    if launcher.isolation() == Isolation.of_tiers(tiers.LIMITS):
        pytest.skip("nothing but limits here")
    zygote = zygote_of(worker)
    launcher._terms = replace(launcher._terms, wanted_tiers=tiers.LIMITS, memory_bytes=0)
    launcher.prepare(GIBIBYTE)

    with pytest.raises(SandboxError, match="is isolated at level process; earlier ones were at level"):
        launcher.start()

    launcher._terms = replace(launcher._terms, wanted_tiers=tiers.ALL)
    launcher.prepare(2 * GIBIBYTE)
    again = launcher.start()
    assert zygote_of(again) == zygote
    for each in (worker, again):
        launcher.end(each)
    assert len(folders_in(tmp_path)) <= 1  # of the worker ahead


def test_the_terms_accept_workers_that_are_as_the_first():
    confined, partial = Isolation.of_tiers(tiers.ALL), Isolation.of_tiers(tiers.FILES)
    terms = Terms(tiers.ALL).accept(FirstWords(confined))
    assert terms.accept(FirstWords(confined)) == terms

    with pytest.raises(SandboxError) as caught:
        terms.accept(FirstWords(partial))

    assert str(caught.value) == (
        "a process for the student's code is isolated at level partial; earlier ones were at level confined"
    )
    assert (caught.value.expected, caught.value.seen) == (IsolationLevel.confined, IsolationLevel.partial)


def test_the_terms_accept_no_worker_without_the_gpu_that_the_first_one_had():
    confined = Isolation.of_tiers(tiers.ALL)
    terms = Terms(tiers.ALL, device_memory_bytes=GIBIBYTE)
    terms = terms.accept(FirstWords(confined, Gpu("NVIDIA Test", 1 << 34)))

    with pytest.raises(SandboxError) as caught:
        terms.accept(FirstWords(confined, fault="RuntimeError: it fell off the bus"))

    assert str(caught.value) == (
        "a process for the student's code could not use the GPU: RuntimeError: it fell off the bus"
    )


# Bounds


def test_a_worker_has_the_bound_that_was_prepared_and_another_bound_replaces_the_one_ahead(
    launcher, processes
):
    isolation = launcher.isolation()
    launcher.prepare(GIBIBYTE)
    launcher.settle()
    ahead = processes()

    launcher.prepare(2 * GIBIBYTE)
    worker = launcher.start()

    assert bound_of(worker) == 2 * GIBIBYTE
    assert isinstance(launcher, SingleLauncher) or worker.process_id not in ahead
    assert launcher.isolation() == isolation
    launcher.end(worker)


def test_the_same_bound_keeps_the_worker_that_is_ready(launcher, processes):
    launcher.prepare(GIBIBYTE)
    launcher.isolation()
    started = processes()

    launcher.prepare(GIBIBYTE)
    worker = launcher.start()

    assert worker.process_id in started
    assert bound_of(worker) == GIBIBYTE
    launcher.end(worker)


# Workers


def test_each_worker_is_a_fresh_process_with_a_fresh_folder(launcher):
    workers = [launcher.start() for _ in range(3)]

    assert len({worker.process_id for worker in workers}) == 3
    for worker in workers:
        assert plain.told(worker, "import os\nanswer = os.listdir()") == []
        plain.told(worker, "open('left', 'w').close()")
        assert os.listdir(worker.directory) == ["left"]  # noqa: PTH208
    for worker in workers:
        launcher.end(worker)
        assert not plain.is_alive(worker.process_id)
        assert not Path(worker.directory).exists()


def test_how_a_worker_ended_is_its_wait_status(launcher):
    statuses = {"os._exit(0)": 0, "os._exit(3)": 3 << 8, "os.kill(os.getpid(), 15)": 15, "os.abort()": 6}

    for code, status in statuses.items():
        worker = launcher.start()
        worker.connection.sendall(f"import os\n{code}".encode())
        assert plain.has_ended(worker.connection)

        assert launcher.end(worker) == Ending(status), code


@pytest.mark.parametrize("kind", KINDS)
def test_the_limit_that_a_worker_was_killed_for_is_reported(launch, kind):
    launcher = launch(kind, tiers.LIMITS)
    launcher.prepare(64 << 20)
    worker = launcher.start()
    worker.connection.sendall(
        b"import mmap\nblock = mmap.mmap(-1, 256 << 20)\nfor at in range(0, 256 << 20, 4096): block[at] = 1"
    )
    assert plain.comes_true(lambda: not plain.is_alive(worker.process_id))

    assert launcher.end(worker) == Ending(signal.SIGKILL, "it ran out of its 64 MiB memory limit")


def test_workers_end_in_any_order(launcher):
    workers = [launcher.start() for _ in range(4)]

    for at in (2, 0, 3, 1):
        assert launcher.end(workers[at]).status is not None
        assert not plain.is_alive(workers[at].process_id)

    last = launcher.start()
    assert plain.told(last, "answer = 1") == 1
    launcher.end(last)


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


# A zygote, or a worker ahead, that has ended


def test_a_zygote_that_ended_is_reported_and_replaced(forking):
    worker = forking.start()
    isolation = forking.isolation()
    kill(zygote_of(worker))

    assert forking.end(worker) == Ending(None, is_launcher_lost=True)

    assert not Path(worker.directory).exists()
    again = forking.start()
    assert plain.told(again, "answer = 1") == 1
    assert forking.isolation() == isolation
    forking.end(again)


def test_preparing_with_a_zygote_that_ended_is_put_right_by_the_next_start(forking, processes):
    forking.prepare(GIBIBYTE)
    forking.settle()
    (zygote,) = {each for each in processes() if psutil.Process(each).ppid() == os.getpid()}
    kill(zygote)

    forking.prepare(2 * GIBIBYTE)
    worker = forking.start()

    assert bound_of(worker) == 2 * GIBIBYTE
    assert zygote_of(worker) != zygote
    forking.end(worker)


def test_a_worker_that_was_killed_ahead_of_its_use_is_replaced(forking):
    forking.prepare(GIBIBYTE)
    killed = forking._learn_id(forking._ahead)
    kill(killed)
    forking._ahead.connection.recv(100)  # its first words, said before it was killed

    worker = forking.start()

    assert worker.process_id != killed
    assert plain.told(worker, "answer = 1") == 1
    forking.end(worker)


# Processes that cannot be used


NOTHING = "pass"
NONSENSE = plain.LIGHT_ZYGOTE.replace("zygote.main()", "tiers.MAGIC = b'nope'\nzygote.main()")
WORDS = {
    ForkLauncher: (
        "the process that imports torch ended before it could be used;"
        f" does `{sys.executable} -c 'import torch'` work?"
    ),
    SingleLauncher: "the process for the student's code ended while starting: ",
}


@pytest.mark.parametrize("script", [NOTHING, NONSENSE], ids=["ends at once", "says nonsense"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_process_that_cannot_be_used_is_an_error_once_a_worker_is_needed(
    launch, monkeypatch, tmp_path, processes, kind, script
):
    path = tmp_path / "broken.py"
    path.write_text(script)
    monkeypatch.setattr("grader.sandbox.launcher._ZYGOTE", path)
    launcher = launch(kind)
    launcher.prepare(GIBIBYTE)
    launcher.prepare(2 * GIBIBYTE)

    for ask in (launcher.isolation, launcher.start):
        with pytest.raises(SandboxError) as caught:
            ask()
        assert str(caught.value).startswith(WORDS[kind])

    launcher.close()
    assert not processes()
    assert not list(tmp_path.glob("grader-run-*"))


# The end


STATES = {
    "fresh": lambda launcher: None,
    "prepared": lambda launcher: launcher.prepare(GIBIBYTE),
    "prepared twice": lambda launcher: [launcher.prepare(GIBIBYTE), launcher.prepare(2 * GIBIBYTE)],
    "asked for isolation": lambda launcher: launcher.isolation(),
    "asked for isolation, and prepared": lambda launcher: [launcher.isolation(), launcher.prepare(GIBIBYTE)],
    "with a worker": lambda launcher: launcher.start().connection.close(),
    "with two workers": lambda launcher: [launcher.start().connection.close() for _ in range(2)],
    "with a worker that ended": lambda launcher: launcher.end(launcher.start()),
}


@pytest.mark.parametrize("bring_about", STATES.values(), ids=STATES.keys())
def test_closing_in_any_state_leaves_no_process_and_no_folder(launcher, processes, tmp_path, bring_about):
    bring_about(launcher)
    assert list(tmp_path.glob("grader-run-*"))

    launcher.close()

    assert plain.comes_true(lambda: not processes())
    assert not list(tmp_path.glob("grader-run-*"))


def test_closing_with_a_zygote_that_ended_leaves_no_folder(forking, processes, tmp_path):
    forking.start().connection.close()
    for each in processes():
        kill(each)

    forking.close()

    assert not list(tmp_path.glob("grader-run-*"))
