"""A GPU in workers: with doubles, since most machines have none. The zygotes import no torch; all else is as it is."""

import os
import socket
import sys

import pytest

from grader.errors import DeviceError, SandboxError
from grader.sandbox import device
from grader.sandbox.device import Gpu, is_gpu_there
from grader.sandbox.fork_launcher import ForkLauncher
from grader.sandbox.host import Sandbox
from grader.sandbox.inside import tiers, wire
from grader.sandbox.isolation import FirstWords, Isolation, IsolationLevel, receive_first_words
from grader.sandbox.launcher import tiers_beside_a_device
from grader.sandbox.protocols import Budget
from grader.sandbox.single_launcher import SingleLauncher
from tests.sandbox import plain
from tests.sandbox.calls import RIGHT, extracted_of, g_is_right

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="forks")

GIBIBYTE = 1 << 30
GPU = Gpu("NVIDIA Test", 1 << 34)


@pytest.fixture
def launch(monkeypatch, tmp_path):
    """(kind of launcher, what is in the GPU's way) to a launcher, closed afterwards."""
    made = []

    def run(kind=ForkLauncher, **told):
        plain.use_light_zygotes(monkeypatch, tmp_path, **told)
        made.append(kind())
        return made[-1]

    yield run
    for launcher in made:
        launcher.close()


def dropped(launcher, full, names):
    """What code is not kept from beside the GPU, though it is without.

    Where root's own folder holds the interpreter the user goes with the files or the calls, and is left out.
    """
    lost = [each for each in launcher.isolation().missing if each not in full.missing]
    return [each for each in lost if each != "user" or each in names]


OF_CALLS = ["network", "subprocesses", "other processes", "shared memory"]


# What tiers are tried, and which are dropped


def test_all_that_is_wanted_is_tried_first_then_one_less_then_none_of_the_three():
    assert tiers_beside_a_device(tiers.ALL) == [
        tiers.ALL,
        tiers.ALL & ~tiers.USER,
        tiers.ALL & ~tiers.FILES,
        tiers.ALL & ~tiers.SYSTEM_CALLS,
        tiers.LIMITS,
    ]


def test_what_was_not_wanted_is_not_tried_twice():
    assert tiers_beside_a_device(tiers.LIMITS | tiers.FILES) == [tiers.LIMITS | tiers.FILES, tiers.LIMITS]


@linux_only
@pytest.mark.parametrize("kind", [ForkLauncher, SingleLauncher])
def test_a_gpu_that_opens_while_confined_costs_no_isolation(launch, kind):
    launcher = launch(kind)
    full = launcher.isolation()

    assert launcher.open_device(GIBIBYTE) == GPU
    assert launcher.isolation() == full


@linux_only
@pytest.mark.parametrize(
    "broken_by, names",
    [
        (["files"], ["filesystem"]),
        (["calls"], OF_CALLS),
        (["user"], ["user"]),
        (["files", "calls"], ["filesystem", *OF_CALLS, "user"]),
    ],
)
@pytest.mark.parametrize("failure", [None, "os._exit(1)"])
def test_a_tier_that_is_in_the_way_is_dropped_and_named(launch, broken_by, names, failure):
    launcher = launch(broken_by=broken_by, **({} if failure is None else {"failure": failure}))
    full = launcher.isolation()

    assert launcher.open_device(GIBIBYTE) == GPU
    assert dropped(launcher, full, names) == [each for each in names if each not in full.missing]


@linux_only
def test_a_gpu_that_costs_more_isolation_than_is_allowed_is_not_used(launch):
    launcher = launch(broken_by=["files"])
    full = launcher.isolation()
    if full.level is not IsolationLevel.confined:
        pytest.skip("nothing is confined here")

    with pytest.raises(DeviceError) as caught:
        launcher.open_device(GIBIBYTE, IsolationLevel.confined)

    said = str(caught.value)
    assert said.startswith("it works only if the file system")
    worker = launcher.start()
    assert launcher.isolation() == full
    launcher.end(worker)


@linux_only
def test_later_workers_have_the_gpu_and_are_held_to_the_same(launch):
    launcher = launch(broken_by=["files"])
    launcher.open_device(GIBIBYTE)
    isolation = launcher.isolation()

    workers = [launcher.start() for _ in range(3)]

    assert launcher.isolation() == isolation
    for worker in workers:
        assert plain.told(worker, "import os\nanswer = os.path.exists('/etc/passwd')") is True
        assert plain.told(worker, "answer = len(open('/etc/passwd').read()) > 0") is True
        launcher.end(worker)


@linux_only
def test_the_worker_that_found_the_gpu_is_the_first_that_is_handed_out(launch):
    launcher = launch()
    launcher.open_device(GIBIBYTE)
    first = launcher._ahead.process_id

    worker = launcher.start()

    assert worker.process_id == first
    launcher.end(worker)


@linux_only
@pytest.mark.parametrize("kind", [ForkLauncher, SingleLauncher])
def test_where_no_worker_can_open_it_the_last_reason_is_told_and_workers_go_on_without(launch, kind):
    launcher = launch(kind, setup="raise RuntimeError('the driver is too old')")
    full = launcher.isolation()

    with pytest.raises(DeviceError) as caught:
        launcher.open_device(GIBIBYTE)

    assert str(caught.value) == "RuntimeError: the driver is too old"
    worker = launcher.start()
    assert launcher.isolation() == full
    assert plain.told(worker, "answer = 1") == 1
    launcher.end(worker)


@linux_only
def test_a_worker_that_ends_at_the_gpu_costs_no_zygote(launch):
    launcher = launch(setup="os._exit(1)")
    zygote = launcher._zygote.pid

    with pytest.raises(DeviceError, match=r"^its process ended$"):
        launcher.open_device(GIBIBYTE)

    assert launcher._zygote.pid == zygote
    assert launcher._zygote.poll() is None


@linux_only
def test_a_worker_that_hangs_at_the_gpu_is_given_up(launch, monkeypatch):
    monkeypatch.setattr("grader.sandbox.fork_launcher.DEVICE_SECONDS", 1.0)
    launcher = launch(broken_by=["calls"], failure="import time; time.sleep(100)")
    full = launcher.isolation()

    assert launcher.open_device(GIBIBYTE) == GPU
    assert dropped(launcher, full, OF_CALLS) == [each for each in OF_CALLS if each not in full.missing]


@linux_only
def test_a_later_worker_that_cannot_use_the_gpu_is_no_worker(launch, tmp_path):
    marker = tmp_path / "gone"
    launcher = launch(setup=f"if os.path.exists({str(marker)!r}): raise RuntimeError('it fell off the bus')")
    launcher.open_device(GIBIBYTE)
    worker = launcher.start()
    launcher.settle()
    marker.touch()
    later = launcher.start()

    with pytest.raises(SandboxError) as caught:
        launcher.start()

    assert str(caught.value) == (
        "a process for the student's code could not use the GPU: RuntimeError: it fell off the bus"
    )
    for each in (worker, later):
        launcher.end(each)


@linux_only
def test_settling_waits_for_the_worker_that_is_made_ahead(launch):
    launcher = launch()
    launcher.settle()
    launcher.open_device(GIBIBYTE)
    worker = launcher.start()

    launcher.settle()

    assert launcher._ahead.first_words.gpu == GPU
    launcher.end(worker)


@linux_only
@pytest.mark.skipif(is_gpu_there(), reason="there is a GPU")
def test_real_workers_without_a_gpu_say_so_and_call_as_before():
    with Sandbox() as sandbox:
        full = sandbox.isolation

        with pytest.raises(DeviceError, match=r"^(RuntimeError|AssertionError|AcceleratorError): ."):
            sandbox.open_device(GIBIBYTE)

        assert sandbox.isolation == full
        with sandbox.session(extracted_of(RIGHT, "g"), Budget(), redirect_cuda=True) as session:
            assert g_is_right(session)


# What is allowed for the GPU's sake


NAMES_ITS_THREAD = """
    with open(f'/proc/self/task/{os.getpid()}/comm', 'w') as file: file.write('gpu')
    assert open('/proc/self/comm').read().strip() == 'gpu'
"""
SHARES_MEMORY = """
    os.close(os.memfd_create('gpu'))
    mmap.mmap(-1, 4096, flags=mmap.MAP_SHARED).close()
"""
LISTENS = """
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f'\\0cuda-uvmfd-{os.getpid()}')
        listening.listen()
"""


@linux_only
@pytest.mark.parametrize("setup", [NAMES_ITS_THREAD, SHARES_MEMORY, LISTENS])
def test_what_a_driver_does_is_allowed_while_all_is_held(launch, setup):
    launcher = launch(setup=setup.strip())
    full = launcher.isolation()

    assert launcher.open_device(GIBIBYTE) == GPU
    assert launcher.isolation() == full


@linux_only
def test_memory_in_files_and_sockets_are_refused_again_once_the_gpu_is_open(launch):
    launcher = launch()
    launcher.open_device(GIBIBYTE)
    worker = launcher.start()

    if "network" not in launcher.isolation().missing:
        for asked in ("os.memfd_create('x')", "socket.socket()", "socket.socketpair()"):
            said = plain.told(worker, f"import os, socket\n{asked}")
            assert said == "PermissionError: [Errno 1] Operation not permitted"
    launcher.end(worker)


@linux_only
def test_another_process_is_not_looked_into(launch):
    launcher = launch()
    launcher.open_device(GIBIBYTE)
    worker = launcher.start()

    if "filesystem" not in launcher.isolation().missing:
        said = plain.told(worker, f"open('/proc/{os.getpid()}/status').read()")
        assert said.startswith("PermissionError")
    launcher.end(worker)


@linux_only
def test_a_worker_with_a_gpu_may_reserve_more_memory_and_open_more_files(launch):
    ask = "import resource\nanswer = [resource.getrlimit(getattr(resource, 'RLIMIT_' + n))[0] for n in ('DATA', 'NOFILE', 'AS')]"
    launcher = launch()
    launcher.prepare(GIBIBYTE)
    before = launcher.start()
    on_cpu = plain.told(before, ask)
    launcher.open_device(GIBIBYTE)
    worker = launcher.start()

    on_gpu = plain.told(worker, ask)

    assert on_cpu[:2] == [GIBIBYTE, 256]
    assert on_gpu == [17 * GIBIBYTE, 1024, on_cpu[2]]
    for each in (before, worker):
        launcher.end(each)


@linux_only
def test_which_gpu_is_meant_is_told_to_those_that_open_one(launch, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    monkeypatch.setenv("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
    ask = "import os\nanswer = sorted(name for name in os.environ if name.startswith('CUDA'))"
    launcher = launch()
    before = launcher.start()
    launcher.open_device(GIBIBYTE)
    worker = launcher.start()

    assert plain.told(before, ask) == []
    assert plain.told(worker, ask) == ["CUDA_DEVICE_ORDER", "CUDA_VISIBLE_DEVICES"]
    for each in (before, worker):
        launcher.end(each)


# A worker's first words


def first_words(sent, *, has_device=True):
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            theirs.sendall(sent)
        ours.settimeout(5)
        return receive_first_words(ours, has_device=has_device)


def words(held, text, size=1 << 34, length=None):
    length = len(text) if length is None else length
    return tiers.HELLO.pack(tiers.MAGIC, held) + tiers.DEVICE_HELLO.pack(size, length) + text


def test_a_worker_with_a_gpu_says_its_name():
    said = first_words(words(tiers.ALL | tiers.DEVICE, b"NVIDIA Test\n"))

    assert said == FirstWords(Isolation.of_tiers(tiers.ALL), GPU)


def test_a_worker_without_says_why():
    said = first_words(words(tiers.ALL, b"RuntimeError: no driver", 0))

    assert said == FirstWords(Isolation.of_tiers(tiers.ALL), None, "RuntimeError: no driver")


def test_having_a_gpu_is_no_part_of_the_isolation():
    assert Isolation.of_tiers(tiers.ALL | tiers.DEVICE) == Isolation.of_tiers(tiers.ALL)
    assert not tiers.ALL & tiers.DEVICE


def test_a_worker_on_the_cpu_says_no_more_than_its_isolation():
    said = first_words(tiers.HELLO.pack(tiers.MAGIC, tiers.ALL), has_device=False)

    assert said == FirstWords(Isolation.of_tiers(tiers.ALL))


@pytest.mark.parametrize("sent", [b"", words(tiers.ALL, b"")[:-1], words(tiers.ALL, b"abc", length=4)])
def test_first_words_that_break_off_are_none(sent):
    with pytest.raises(wire.Closed):
        first_words(sent)


def test_a_name_without_end_is_not_read():
    with pytest.raises(wire.WireError, match="too long"):
        first_words(words(tiers.ALL, b"x" * 401))


# The machine


@pytest.mark.parametrize("there", [(), ("nvidiactl",), ("dxg",)])
def test_a_gpu_is_there_where_a_driver_has_its_node(monkeypatch, tmp_path, there):
    for name in there:
        (tmp_path / name).touch()
    monkeypatch.setattr(device, "NODES", (tmp_path / "nvidiactl", tmp_path / "dxg"))

    assert is_gpu_there() == bool(there)


def test_a_gpu_is_told_with_its_memory():
    assert str(GPU) == "NVIDIA Test, 16 GiB"
