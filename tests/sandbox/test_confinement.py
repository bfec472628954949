"""What a worker is held to, tried from inside it and read by the judge from outside."""

import json
import os
import re
import shutil
import sys
import zoneinfo
from itertools import combinations
from pathlib import Path

import pytest

from grader.model.observation import Returned
from grader.model.trial import SeriesOutput
from grader.sandbox.fork_launcher import ForkLauncher
from grader.sandbox.inside import tiers, wire
from grader.sandbox.isolation import Isolation
from tests.sandbox import plain
from tests.sandbox.calls import array_of, trial

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux is what confines")

ROOT = Path(__file__).resolve().parents[2]

TOP = """
import errno, json, os, socket, sys, threading
import numpy as np
import torch

def outcome(action):
    try:
        action()
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error))
    except ImportError as error:
        return 'ImportError'
    return 'done'

def f():
    return list(json.dumps(body()).encode())

def body():
"""


@pytest.fixture
def ask(open_session):
    """(body of a function) to what it returns in a worker, as JSON brings it back."""

    def run(body):
        lines = "\n".join(f"    {line}" for line in body.splitlines())
        session = open_session(f"{TOP}{lines}\n", "f")
        observation = session.run(trial("f", outputs=(SeriesOutput(100_000),), seconds=30.0))
        assert isinstance(observation, Returned), observation
        return json.loads(bytes(int(byte) for byte in array_of(observation.values[0])))

    return run


@pytest.fixture
def refused(ask, sandbox):
    """(expressions, what must hold for the test) to how the system refused each of them, all in one worker."""

    def run(*expressions, needs="filesystem"):
        if needs in sandbox.isolation.missing:
            pytest.skip(f"{needs}: not isolated here")
        return dict(zip(expressions, ask(f"return [{_outcomes(expressions)}]"), strict=True))

    return run


def _outcomes(expressions):
    return ", ".join(f"outcome(lambda: {each})" for each in expressions)


@pytest.fixture
def secret(tmp_path):
    """A file that everybody may read and write, as far as modes go."""
    path = tmp_path / "secret"
    path.write_text("s3cr3t")
    path.chmod(0o666)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.getuid() and folder.name.startswith(("pytest", "test")):
            folder.chmod(0o755)
    return path


# What cannot be read


def are_all(outcomes, *allowed):
    """Whether every expression was refused in one of these ways; the others are shown."""
    others = {expression: seen for expression, seen in outcomes.items() if seen not in allowed}
    assert not others, others
    return bool(outcomes)


def test_nothing_of_the_graders_is_read(refused):
    paths = [
        "grader/sandbox/host.py",
        "grader/sandbox/inside/wire.py",
        "grader/checks/losses/truth.py",
        "reference/__init__.py",
        "test_specs",
        "tests/sandbox/calls.py",
        "submissions",
        ".git",
        "pyproject.toml",
    ]
    places = [ROOT / path for path in paths]
    assert all(place.exists() for place in places)
    reads = [f"{'os.listdir' if place.is_dir() else 'open'}({str(place)!r})" for place in places]

    assert are_all(refused(*reads), "EACCES")


def test_no_folder_of_the_system_is_listed(refused):
    paths = ["/", "/etc", "/home", "/root", "/tmp", "/var", "/proc", "/dev", "/usr", "/sys", "/run"]

    assert are_all(refused(*(f"os.listdir({path!r})" for path in paths if Path(path).exists())), "EACCES")


def test_no_file_of_the_system_is_read(refused):
    paths = [
        "/etc/passwd",
        "/etc/hostname",
        "/proc/self/status",
        "/proc/self/environ",
        "/proc/self/maps",
        "/proc/self/mem",
        "/proc/self/cmdline",
        "/proc/self/fd",
        "/proc/1/environ",
        "/proc/1/cmdline",
        "/proc/mounts",
        "/proc/net/tcp",
        "/proc/sys/kernel/hostname",
        "/dev/kmsg",
        "/dev/shm",
        "/dev/tty",
        "/bin/sh",
    ]
    reads = [f"os.open({path!r}, os.O_RDONLY)" for path in paths if Path(path).exists()]

    assert are_all(refused(*reads), "EACCES", "EPERM", "ENXIO")


def test_nothing_of_the_judge_or_the_zygote_is_read(refused, ask):
    zygote = ask("return os.getppid()")
    names = ("environ", "cmdline", "status", "maps", "mem", "fd/0", "cwd/", "root/")
    reads = [
        f"os.open('/proc/{each}/{name}', os.O_RDONLY)" for each in (os.getpid(), zygote) for name in names
    ]

    assert are_all(refused(*reads), "EACCES")


def test_a_file_of_anybodys_is_neither_read_nor_changed(refused, secret):
    expected = {
        f"open({str(secret)!r})": {"EACCES"},
        f"open({str(secret)!r}, 'w')": {"EACCES"},
        f"open({str(secret)!r}, 'a')": {"EACCES"},
        f"os.unlink({str(secret)!r})": {"done"},  # it is told so, and nothing is
        f"os.rename({str(secret)!r}, 'mine')": {"EPERM"},
        f"os.link({str(secret)!r}, 'mine')": {"EACCES", "EXDEV", "EPERM"},
        f"np.fromfile({str(secret)!r})": {"EACCES"},
        f"torch.load({str(secret)!r})": {"EACCES"},
    }

    seen = refused(*expected)

    assert {each: how for each, how in seen.items() if how not in expected[each]} == {}
    assert secret.read_text() == "s3cr3t"


def test_a_program_can_be_neither_opened_nor_run_through_the_loader(refused, secret):
    (how,) = refused(f"__import__('ctypes').CDLL({str(secret)!r})").values()

    assert "ermission denied" in how


def test_the_folder_of_another_worker_is_closed(open_session, ask, sandbox):
    first = open_session("def f(): return 1\n", "f")
    first.run(trial("f"))
    if "filesystem" in sandbox.isolation.missing:
        pytest.skip("the file system is not isolated here")
    other = Path(first._workers["f"].process.directory)
    (other / "answers").write_text("s3cr3t")
    (other / "answers").chmod(0o666)

    seen = ask(
        f"other = {str(other)!r}\n"
        "return [outcome(action) for action in (lambda: os.listdir(other), lambda: open(other + '/answers'),\n"
        "    lambda: open(other + '/new', 'w'), lambda: os.listdir(os.path.dirname(other)),\n"
        "    lambda: os.rename(other + '/answers', 'mine'), lambda: os.listdir('..'))]"
    )

    assert set(seen) == {"EACCES", "EPERM"}
    assert (other / "answers").exists()


# What cannot be written, connected to, started, signalled, changed, shared


def test_nothing_is_written_outside_of_the_own_folder(refused):
    folders = ("os.path.dirname(os.__file__)", "os.path.dirname(torch.__file__)", "'/tmp'", "'..'")
    name = f"/grader-test-{os.getpid()}"
    writes = [f"open({folder} + {name!r}, 'x')" for folder in folders]
    makes = [f"os.mkdir({folder} + {name!r})" for folder in folders]

    assert are_all(refused(*writes, *makes), "EACCES")


def test_there_is_no_socket_of_any_kind(refused):
    kinds = ("AF_INET", "AF_INET6", "AF_UNIX", "AF_NETLINK", "AF_PACKET", "AF_VSOCK")
    types = ("SOCK_STREAM", "SOCK_DGRAM", "SOCK_RAW", "SOCK_SEQPACKET")
    sockets = [f"socket.socket(socket.{kind}, socket.{type_})" for kind in kinds for type_ in types]

    assert are_all(refused(*sockets, needs="network"), "EPERM")


def test_there_is_no_pair_of_sockets_and_no_name_is_looked_up(refused):
    pair, connection, name = refused(
        "socket.socketpair()",
        "socket.create_connection(('127.0.0.1', 9))",
        "socket.getaddrinfo('localhost', 80)",
        needs="network",
    ).values()

    assert pair == connection == "EPERM"
    assert name != "done"


def test_the_wire_itself_connects_to_nobody_else(ask, sandbox):
    if "network" in sandbox.isolation.missing:
        pytest.skip("the network is not isolated here")
    seen = ask(
        "import stat\n"
        "for number in range(3, 256):\n"
        "    try:\n"
        "        if stat.S_ISSOCK(os.fstat(number).st_mode): break\n"
        "    except OSError: pass\n"
        "wire = socket.socket(fileno=os.dup(number))\n"
        "return [outcome(lambda: wire.connect('\\0x')), outcome(lambda: wire.bind('\\0x')), outcome(wire.listen)]"
    )

    assert seen == ["EPERM"] * 3


def test_no_process_is_started(refused):
    seen = refused(
        "os.fork()",
        "os.posix_spawn('/bin/true', ['true'], {})",
        "os.execv('/bin/true', ['true'])",
        "__import__('subprocess').run(['true'])",
        "__import__('subprocess').run('true', shell=True)",
        "os.popen('true').read()",
        "__import__('multiprocessing').get_context('fork').Process(target=print).start()",
        "__import__('multiprocessing').get_context('spawn').Process(target=print).start()",
        needs="subprocesses",
    )

    assert are_all(seen, "EPERM", "EACCES")


def test_a_shell_that_is_asked_for_in_c_does_not_run(ask, sandbox):
    if "subprocesses" in sandbox.isolation.missing:
        pytest.skip("subprocesses are not isolated here")
    assert ask("return os.system('true')") != 0


def test_no_other_process_is_signalled(refused):
    signals = [f"os.kill({process}, 0)" for process in (os.getpid(), "os.getppid()", 1, 0, -1)]
    others = ["os.killpg(0, 0)", "os.pidfd_open(os.getppid())"]

    assert are_all(refused(*signals, *others, needs="other processes"), "EPERM")


def test_modes_owners_times_and_kinds_of_files_stay(ask, sandbox):
    if sandbox.isolation.missing:
        pytest.skip("workers are not fully confined here")
    changes = [
        "os.chmod('own', 0o777)",
        "os.fchmod(os.open('own', os.O_RDONLY), 0o777)",
        "os.chmod('.', 0o777)",
        "os.chown('own', os.getuid(), os.getgid())",
        "os.utime('own', (0, 0))",
        "os.setxattr('own', 'user.x', b'1')",
        "os.truncate('own', 1)",
        "os.mkfifo('pipe')",
        "os.symlink('/etc/passwd', 'link')",
    ]

    seen = ask(f"open('own', 'w').close()\nreturn [{_outcomes(changes)}]")

    assert are_all(dict(zip(changes, seen, strict=True)), "EPERM", "EACCES")


def test_no_right_is_gained_and_nothing_of_the_system_is_changed(refused):
    seen = refused(
        "os.setuid(0)",
        "os.setgid(0)",
        "os.setresuid(0, 0, 0)",
        "os.setgroups([0])",
        "os.chroot('.')",
        "os.nice(-5)",
        "os.setpriority(os.PRIO_PROCESS, os.getppid(), 5)",
        "os.sched_setaffinity(0, {0})",
        "os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))",
        "socket.sethostname('mine')",
        "__import__('time').clock_settime(0, 0.0)",
        needs="subprocesses",
    )

    assert are_all(seen, "EPERM", "EACCES")


def test_no_memory_is_shared(ask, sandbox):
    if "shared memory" in sandbox.isolation.missing:
        pytest.skip("shared memory is not isolated here")
    shared = [
        "__import__('mmap').mmap(-1, 1 << 20)",
        "os.memfd_create('x')",
        "torch.ones(1000).share_memory_()",
        "__import__('multiprocessing.shared_memory').shared_memory.SharedMemory(create=True, size=1000)",
        "__import__('multiprocessing').Lock()",
        "open('/dev/shm/x', 'w')",
    ]
    attempts = "".join(
        f"try:\n    {each}\n    seen.append('done')\nexcept (OSError, RuntimeError) as error:\n    seen.append(str(error))\n"
        for each in shared
    )

    seen = ask(f"seen = []\n{attempts}return seen")

    for expression, how in zip(shared, seen, strict=True):
        assert re.search("ermission denied|not permitted", how), expression


def test_limits_are_not_raised_and_not_read_of_others(ask, sandbox):
    if sandbox.isolation.missing:
        pytest.skip("workers are not fully confined here")
    seen = ask(
        "import resource\n"
        "def raise_limit():\n"
        "    try: resource.setrlimit(resource.RLIMIT_DATA, (1 << 40, 1 << 40))\n"
        "    except ValueError as error: raise PermissionError(1, str(error))\n"
        "return [outcome(raise_limit), outcome(lambda: resource.prlimit(os.getppid(), resource.RLIMIT_CPU))]"
    )
    assert seen == ["EPERM", "EPERM"]


# What still works


WORKS = {
    "torch.nn": "import torch.nn.functional as F\nreturn float(F.relu(torch.tensor(1.0)))",
    "torch.distributions": "import torch.distributions\nreturn float(torch.distributions.Normal(0, 1).mean + 1)",
    "torch.utils.data": (
        "from torch.utils.data import DataLoader, TensorDataset\n"
        "return sum(1 for _ in DataLoader(TensorDataset(torch.ones(4, 2)), batch_size=4, shuffle=True))"
    ),
    "torch.linalg": "return float(torch.linalg.inv(torch.eye(3))[0, 0])",
    "torch.fft": "return float(torch.fft.fft(torch.tensor([1.0])).real[0])",
    "a matrix product of two threads": "torch.set_num_threads(2)\nreturn float((torch.ones(300, 300) @ torch.ones(300, 300))[0, 0]) / 300",
    "backward": "x = torch.ones(1, requires_grad=True)\n(x * x / 2).backward()\nreturn float(x.grad)",
    "torch.save": "torch.save({'W': torch.ones(2)}, 'a.pt')\nreturn float(torch.load('a.pt')['W'][0])",
    "numpy.save": "np.save('a', np.ones(2))\nreturn float(np.load('a.npy')[0])",
    "numpy.savez": "np.savez_compressed('a', x=np.ones(2))\nreturn float(np.load('a.npz')['x'][0])",
    "numpy.memmap": (
        "x = np.memmap('a', dtype='f8', mode='w+', shape=(1000,))\nx[:] = 1\nx.flush()\n"
        "return float(np.memmap('a', dtype='f8', mode='r', shape=(1000,))[999])"
    ),
    "numpy.random": "return float(np.random.default_rng().random() < 1)",
    "numpy.testing": "import numpy.testing\nnumpy.testing.assert_allclose(1, 1)\nreturn 1",
    "numpy.linalg": "return float(np.linalg.svd(np.eye(2))[1][0])",
    "decimal": "import decimal\nreturn float(decimal.Decimal('0.5') * 2)",
    "fractions": "import fractions\nreturn float(fractions.Fraction(2, 2))",
    "statistics": "import statistics\nreturn statistics.mean([1, 1])",
    "sqlite3": "import sqlite3\nreturn sqlite3.connect(':memory:').execute('select 1').fetchone()[0]",
    "encodings": "return sum(len('x'.encode(name)) for name in ('cp1252', 'koi8_r', 'shift_jis', 'utf_7')) / 4",
    "idna": "return len('x'.encode('idna'))",
    "unicodedata": "import unicodedata\nreturn unicodedata.digit('1')",
    "threads": (
        "seen = []\nthreads = [threading.Thread(target=seen.append, args=(1,)) for _ in range(8)]\n"
        "[each.start() for each in threads]\n[each.join() for each in threads]\nreturn sum(seen) / 8"
    ),
    "a pool of threads": (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "with ThreadPoolExecutor(4) as pool: return sum(pool.map(float, [0.25] * 4))"
    ),
    "a timer": (
        "import signal\nsignal.signal(signal.SIGALRM, lambda *_: None)\nsignal.setitimer(signal.ITIMER_REAL, 0.01)\n"
        "signal.pause()\nreturn 1"
    ),
    "a signal to oneself": "import signal\nsignal.signal(signal.SIGUSR1, lambda *_: None)\nsignal.raise_signal(signal.SIGUSR1)\nos.kill(os.getpid(), signal.SIGUSR1)\nreturn 1",
    "asyncio": "import asyncio, selectors\nselectors.DefaultSelector().close()\nreturn 1",
    "temporary files": (
        "import tempfile\nwith tempfile.NamedTemporaryFile('w+') as file, tempfile.TemporaryFile() as other:\n"
        "    file.write('x')\n    other.write(b'x')\n"
        "    return float(os.path.dirname(file.name) == os.getcwd() == tempfile.gettempdir())"
    ),
    "temporary folders": "import tempfile\nwith tempfile.TemporaryDirectory() as name: return float(os.path.isdir(name))",
    "folders": "import shutil\nos.makedirs('a/b/c')\nopen('a/b/c/d', 'w').close()\nshutil.rmtree('a')\nreturn 1",
    "temporary files in their folder": "import tempfile\nwith tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile(dir=folder) as file:\n    return file.write(b'x')",
    "copies": "import shutil\nopen('a', 'w').write('x')\nshutil.copyfile('a', 'b')\nreturn len(open('b').read())",
    "pickle": "import pickle\npickle.dump([1], open('a', 'wb'))\nreturn pickle.load(open('a', 'rb'))[0]",
    "csv, gzip, zipfile": "import bz2, csv, gzip, lzma, zipfile\ngzip.open('a.gz', 'w').write(b'x')\nreturn 1",
    "the local time": "import datetime\nreturn datetime.datetime.now().astimezone().utcoffset() is not None",
    "strftime": "import time\nreturn float(bool(time.strftime('%Y %Z %c', time.localtime())))",
    "os.cpu_count": "return os.cpu_count() >= 1",
    "multiprocessing.cpu_count": "import multiprocessing\nreturn multiprocessing.cpu_count() >= 1",
    "the load": "import resource\nreturn resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > 0",
    "warnings": "import warnings\nwarnings.warn('x')\nnp.log(np.zeros(1))\nreturn 1",
    "logging": "import logging\nlogging.basicConfig(filename='log')\nlogging.warning('x')\nreturn len(open('log').readlines())",
    "a traceback": (
        "import linecache, traceback\ntry: torch.ones(2) @ torch.ones(3)\nexcept RuntimeError: text = traceback.format_exc()\n"
        "return float('in body' in text and bool(linecache.getline(os.__file__, 1)))"
    ),
    "the source of a library": "import inspect\nreturn float('def mean' in inspect.getsource(__import__('statistics')))",
    "random": "import random\nrandom.seed()\nreturn float(random.SystemRandom().random() < 1)",
    "secrets": "import secrets\nreturn len(secrets.token_bytes(1)) * len(os.urandom(1))",
    "hashlib": "import hashlib\nreturn len(hashlib.sha256(b'x').digest()) / 32",
    "getpass": "import getpass\nreturn len(getpass.getuser()) > 0",
    "the home folder": "from pathlib import Path\nreturn float(str(Path.home()) == os.path.expanduser('~') == os.getcwd())",
    "platform": (
        "import platform\nplatform.uname(), platform.processor(), platform.python_version(), platform.machine()\n"
        "return len(platform.platform()) > 0"
    ),
    "uuid": "import uuid\nreturn float(len({uuid.uuid1(), uuid.uuid4()}) == 2 and uuid.getnode() > 0)",
    "locale": "import locale\nlocale.setlocale(locale.LC_ALL, '')\nlocale.localeconv()\nreturn float('UTF-8' in locale.getlocale())",
    "ctypes": "import ctypes\nreturn ctypes.CDLL(None).abs(-1)",
    "time": "import time\ntime.sleep(0.001)\nreturn float(time.perf_counter() > 0 and time.process_time() >= 0)",
    "timeit": "import timeit\nreturn timeit.timeit('1', number=1) < 60",
    "cProfile": "import cProfile\ncProfile.Profile().runcall(int)\nreturn 1",
    "dataclasses, enum, typing": "import collections, copy, dataclasses, enum, functools, heapq, itertools, operator, typing\nreturn 1",
    "importlib.metadata": "import importlib.metadata\nreturn len(importlib.metadata.version('torch')) > 0",
    "output": "print('x' * 10000)\nsys.stdout.flush()\nsys.stderr.write('x')\nreturn 1",
    "input that is empty": "return float(sys.stdin.read() == '')",
    "scipy": "from scipy.special import expit\nreturn float(expit(0)) * 2",
}
NOT_EVERYWHERE = {"scipy"}


@pytest.mark.parametrize("body", WORKS.values(), ids=WORKS.keys())
def test_what_right_code_may_use_works(ask, body, request):
    name = request.node.callspec.id
    if name in NOT_EVERYWHERE:
        pytest.importorskip(name)

    assert ask(body) == 1


def test_time_zones_are_there_where_the_machine_has_them(ask):
    if not zoneinfo.available_timezones():
        pytest.skip("no time zones on this machine")
    seen = ask(
        "import datetime, zoneinfo\n"
        "moment = datetime.datetime(2024, 7, 1, tzinfo=zoneinfo.ZoneInfo('Europe/Berlin'))\n"
        "return moment.utcoffset().total_seconds()"
    )

    assert seen == 7200


@pytest.mark.slow
@pytest.mark.parametrize(
    "body",
    [
        "import torch._dynamo\nreturn len(torch._dynamo.list_backends()) > 0",
        "import torch.optim\nreturn torch.optim.SGD([torch.ones(1, requires_grad=True)], lr=1).defaults['lr']",
    ],
)
def test_the_greatest_parts_of_torch_are_imported_late(ask, body):
    assert ask(body) == 1


# What the judge reads of a worker


def status_of(process_id):
    lines = Path(f"/proc/{process_id}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


@pytest.fixture
def worker(open_session, sandbox):
    """A live worker; the judge may look at it."""

    def start():
        session = open_session("def f(): return 1\n", "f")
        session.run(trial("f"))
        return session._workers["f"].process

    return start


READ_ANYTHING = 1 << 2


def is_closed_to_others():
    """Whether another user could not read the interpreter's library, and root makes workers other users."""
    file = Path(os.path.realpath(os.__file__))
    closed = [folder for folder in file.parents if not folder.stat().st_mode & 0o001]
    return os.geteuid() == 0 and bool(closed or not file.stat().st_mode & 0o004)


def test_a_worker_has_no_capability_but_to_read_where_nothing_could_be_read_otherwise(worker):
    status = status_of(worker().process_id)

    expected = READ_ANYTHING if is_closed_to_others() else 0
    assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == expected
    assert int(status["CapInh"], 16) == int(status["CapAmb"], 16) == 0


def test_a_worker_gains_nothing_and_is_filtered(worker, sandbox):
    status = status_of(worker().process_id)

    assert status["NoNewPrivs"] == "1"
    if "network" not in sandbox.isolation.missing:
        assert status["Seccomp"] == "2"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make another user of a worker")
def test_each_worker_is_another_user_in_no_group_of_roots(worker):
    users = []
    for _ in range(4):
        status = status_of(worker().process_id)
        (user,), (group,) = (set(status[name].split()) for name in ("Uid", "Gid"))
        assert user == group
        assert not status["Groups"].strip()
        assert 60000 < int(user) < 61184
        users.append(user)
    assert len(set(users)) == 4


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make another user of a worker")
def test_the_folder_belongs_to_the_worker_alone_and_the_runs_cannot_be_listed(worker):
    it = worker()
    folder = Path(it.directory)

    assert folder.stat().st_uid == int(status_of(it.process_id)["Uid"].split()[0])
    assert folder.stat().st_mode & 0o077 == 0
    assert folder.parent.stat().st_mode & 0o066 == 0
    assert folder.parent.stat().st_uid == 0


def test_a_worker_has_the_wire_and_the_witness_pipe_and_nothing_else_open(worker):
    descriptors = Path(f"/proc/{worker().process_id}/fd")
    targets = {str(path.readlink()) for path in descriptors.iterdir()} - {os.devnull}

    assert sorted(target.partition(":")[0] for target in targets) == ["pipe", "socket"]


def test_nobody_of_the_same_user_looks_into_a_workers_memory(ask):
    assert ask("import ctypes\nreturn ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)") == 0  # PR_GET_DUMPABLE


def test_a_worker_leads_a_session_without_a_terminal(worker):
    process_id = worker().process_id

    assert os.getsid(process_id) == os.getpgid(process_id) == process_id
    assert Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[4] == "0"


# Tiers, each by itself, in workers without torch


@pytest.fixture
def light(monkeypatch, tmp_path):
    """(wanted tiers) to a launcher of workers that execute what they are sent."""
    plain.use_light_zygotes(monkeypatch, tmp_path)
    opened = []

    def make(wanted=tiers.ALL):
        launcher = ForkLauncher(wanted)
        opened.append(launcher)
        return launcher

    yield make
    for launcher in opened:
        launcher.close()


PROBES = """
import errno, os, resource, socket

def outcome(action):
    try:
        action()
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error))
    return 'done'

answer = {
    'files': outcome(lambda: open('/etc/passwd').close()),
    'system calls': outcome(lambda: socket.socket().close()),
    'user': os.geteuid() != 0,
    'limits': resource.getrlimit(resource.RLIMIT_CORE) == (0, 0) and os.getsid(0) == os.getpid(),
}
"""
TIERS = {
    "limits": tiers.LIMITS,
    "files": tiers.FILES,
    "system calls": tiers.SYSTEM_CALLS,
    "user": tiers.USER,
}
SWITCHED = [
    tiers.LIMITS | sum(chosen)
    for size in range(4)
    for chosen in combinations((tiers.FILES, tiers.SYSTEM_CALLS, tiers.USER), size)
]


def names_in(mask):
    return "+".join(name for name, tier in TIERS.items() if mask & tier)


@pytest.fixture(scope="module")
def possible(tmp_path_factory):
    """The tiers that this machine can hold workers to."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        plain.use_light_zygotes(monkeypatch, tmp_path_factory.mktemp("possible"))
        with plain.closing(ForkLauncher()) as launcher:
            return hello_of(launcher)


def hello_of(launcher):
    """The mask in the first bytes that a fresh worker sends."""
    ordered = launcher._order()
    launcher._learn_id(ordered)
    ordered.connection.settimeout(20)
    magic, held = tiers.HELLO.unpack(wire.receive_exactly(ordered.connection, tiers.HELLO.size))
    launcher._end_ordered(ordered)
    assert magic == tiers.MAGIC
    return held


@pytest.mark.parametrize("wanted", SWITCHED, ids=names_in)
def test_what_is_switched_off_is_missing_and_the_rest_holds(light, possible, wanted):
    launcher = light(wanted)
    worker = launcher.start()
    expected = possible & wanted
    if is_closed_to_others() and (tiers.FILES | tiers.SYSTEM_CALLS) & ~expected:
        expected &= (
            ~tiers.USER
        )  # another user could not read the interpreter, and may read all only under the rest
    seen = plain.told(worker, PROBES)
    launcher.end(worker)

    assert launcher.isolation() == Isolation.of_tiers(expected)
    assert seen["limits"] is True
    assert seen["files"] == ("EACCES" if expected & tiers.FILES else "done")
    assert seen["system calls"] == ("EPERM" if expected & tiers.SYSTEM_CALLS else "done")
    if os.geteuid() == 0:
        assert seen["user"] == bool(expected & tiers.USER)


def test_the_first_word_of_a_worker_says_what_it_is_held_to(light, possible):
    assert hello_of(light()) == possible
    assert hello_of(light(tiers.LIMITS)) == tiers.LIMITS & possible


def test_a_worker_says_nothing_more_before_it_is_asked(light):
    launcher = light()
    worker = launcher.start()
    worker.connection.setblocking(False)

    with pytest.raises(BlockingIOError):
        worker.connection.recv(1)
    launcher.end(worker)


def test_a_worker_that_may_read_anything_keeps_that_right_only_where_files_and_calls_are_held(light):
    for wanted in SWITCHED:
        launcher = light(wanted)
        worker = launcher.start()
        status = status_of(worker.process_id)
        held = launcher.isolation()
        if int(status["CapEff"], 16) & READ_ANYTHING and status["Uid"].split()[0] != "0":
            assert not {"filesystem", "network"} & set(held.missing)
        if "user" not in held.missing:
            assert int(status["CapEff"], 16) & ~READ_ANYTHING == 0
            assert status["Uid"].split()[0] != "0"
        launcher.end(worker)


def test_a_worker_ends_when_its_zygote_does(light):
    launcher = light()
    worker = launcher.start()

    launcher._zygote.kill()

    with worker.connection:
        assert plain.has_ended(worker.connection)


# What is prepared


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """A folder of packages in which the grader lies beside torch, and a Confinement prepared for it."""
    confinement = plain.module("confinement")
    if plain.module("landlock").version() == 0:
        pytest.skip("no Landlock in this kernel, or it is switched off")
    packages = tmp_path / "site-packages"
    for path in (
        "torch/nn/late.py",
        "grader/sandbox/host.py",
        "grader-1.0.dist-info/RECORD",
        "reference/truth.py",
    ):
        (packages / path).parent.mkdir(parents=True, exist_ok=True)
        (packages / path).write_text("x")
    (packages / "alias").symlink_to("grader")
    (tmp_path / "private").mkdir()
    monkeypatch.setattr(
        confinement, "_readable_paths", lambda: iter([str(packages), str(packages / "torch")])
    )
    prepared = confinement.prepare(str(packages / name) for name in ("grader", "reference", "test_specs"))
    yield prepared, packages
    for rule in prepared.rules:
        os.close(rule.descriptor)


def test_a_grader_that_is_installed_beside_torch_is_not_read(installed):
    confinement, (prepared, packages) = plain.module("confinement"), installed

    def child(writing):
        bounds = confinement.Bounds(1 << 33, str(packages.parent / "private"), None, tiers.ALL, None)
        held = prepared.apply(writing, bounds)
        return [
            held & tiers.FILES,
            plain.outcome(lambda: os.open(packages / "torch/nn/late.py", os.O_RDONLY)),
            plain.outcome(lambda: os.open(packages / "grader-1.0.dist-info/RECORD", os.O_RDONLY)),
            plain.outcome(lambda: os.open(packages / "grader/sandbox/host.py", os.O_RDONLY)),
            plain.outcome(lambda: os.open(packages / "alias/sandbox/host.py", os.O_RDONLY)),
            plain.outcome(lambda: os.open(packages / "reference/truth.py", os.O_RDONLY)),
            plain.outcome(lambda: os.open(packages, os.O_RDONLY)),
        ]

    seen = plain.in_child(child, takes_descriptor=True)

    assert seen == [tiers.FILES, "done", "done", "EACCES", "EACCES", "EACCES", "EACCES"]


def test_folders_inside_others_need_no_rule_of_their_own():
    outermost = plain.module("confinement")._outermost

    assert outermost(["/usr/lib", "/usr/lib/python3", "/usr/library", "/usr/lib"]) == [
        "/usr/lib",
        "/usr/library",
    ] or (os.path.realpath("/usr/lib") != "/usr/lib")


def test_links_to_folders_are_followed_before_they_are_compared(tmp_path):
    (tmp_path / "real" / "inner").mkdir(parents=True)
    (tmp_path / "link").symlink_to("real")

    seen = plain.module("confinement")._outermost([str(tmp_path / "link" / "inner"), str(tmp_path / "real")])

    assert seen == [str((tmp_path / "real").resolve())]


def test_what_lies_in_a_closed_folder_is_not_readable_to_others(tmp_path):
    others_may_read = plain.module("confinement")._others_may_read
    open_folder = Path(shutil.__file__).parent
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "file").write_text("x")

    assert not others_may_read(closed / "file")
    assert not others_may_read(tmp_path / "nothing")
    (closed / "file").chmod(0o600)
    assert not others_may_read(closed / "file")
    assert others_may_read(Path(shutil.__file__)) == all(
        folder.stat().st_mode & 0o001 for folder in (open_folder, *open_folder.parents)
    )
