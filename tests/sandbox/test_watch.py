"""What no limit of a process counts: who goes too far is ended and named, who does not is left alone."""

import contextlib
import errno
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil
import pytest

from grader.errors import SandboxError
from grader.model.observation import Died
from grader.sandbox import watch as watch_module
from grader.sandbox.watch import INTERVAL_SECONDS, Watch
from grader.sandbox.workspace import remove_tree
from tests.sandbox import plain
from tests.sandbox.calls import RIGHT, g_is_right, number_of, trial

MIB = 1 << 20


@pytest.fixture
def watch(monkeypatch):
    """Of few files: ten thousand take seconds to make."""
    monkeypatch.setattr(watch_module, "GREATEST_FILES", 300)
    monkeypatch.setattr(watch_module, "GREATEST_FOLDERS", 200)
    made = Watch()
    yield made
    made.close()


@pytest.fixture
def process():
    """(code) to a process that runs it when told to go on, then waits to be told to end."""
    started = []

    def start(code="", folder=None):
        whole = f"import os, mmap, sys\nsys.stdin.readline()\n{code}\nprint('done', flush=True)\nsys.stdin.readline()"
        it = subprocess.Popen(
            [sys.executable, "-I", "-c", whole],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=folder,
            text=True,
        )
        started.append(it)
        return it

    yield start
    for it in started:
        it.kill()
        it.communicate()


def go_on(process):
    """Let it run its code; whether it got to the end."""
    process.stdin.write("\n")
    process.stdin.flush()
    return process.stdout.readline() == "done\n"


def is_left_alone(process):
    """Whether it lives after a few more looks."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(6 * INTERVAL_SECONDS)
    return process.poll() is None


SHARED = "block = mmap.mmap(-1, {0})\nfor at in range(0, {0}, 4096): block[at] = 1"
PRIVATE = "block = bytearray({0})\nfor at in range(0, {0}, 4096): block[at] = 1"
NAMED = "import ctypes\nctypes.CDLL(None).prctl(15, b'{}', 0, 0, 0)\n"

TOO_MUCH = {
    "shared memory": (SHARED.format(64 * MIB), "it ran out of its 32 MiB memory limit"),
    "private memory": (PRIVATE.format(64 * MIB), "it ran out of its 32 MiB memory limit"),
    "page tables of memory that was only read": (
        "mapped = mmap.mmap(-1, 64 << 30, mmap.MAP_PRIVATE | 0x4000, mmap.PROT_READ)\nmapped.madvise(15)\nfor at in range(0, 64 << 30, 1 << 21): mapped[at]",
        "it ran out of its 32 MiB memory limit",
    ),
    "threads": (
        "import threading, time\nfor n in range(300): threading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
        "it started more than 256 threads",
    ),
    "one big file": (
        "os.posix_fallocate(os.open('a', os.O_CREAT | os.O_RDWR), 0, 257 << 20)",
        "it wrote more than 256 MiB of files",
    ),
    "several files": (
        "for n in range(5): os.posix_fallocate(os.open(str(n), os.O_CREAT | os.O_RDWR), 0, 60 << 20)",
        "it wrote more than 256 MiB of files",
    ),
    "files in folders": (
        "for n in 'abcde':\n    os.mkdir(n)\n    os.posix_fallocate(os.open(f'{n}/a', os.O_CREAT | os.O_RDWR), 0, 60 << 20)",
        "it wrote more than 256 MiB of files",
    ),
    "many files": (
        "for n in range(301): os.close(os.open(f'{n}', os.O_CREAT))",
        "it made more than 300 files",
    ),
    "many folders": (
        "for n in range(21):\n    os.mkdir(f'{n}')\n    for m in range(9): os.mkdir(f'{n}/{m}')",
        "it made more than 200 folders",
    ),
    "many folders and files": (
        "for n in range(151):\n    os.mkdir(f'{n}')\n    os.close(os.open(f'{n}/a', os.O_CREAT))",
        "it made more than 300 files",
    ),
    "deep folders": (
        "for n in range(33):\n    os.mkdir('a')\n    os.chdir('a')",
        "it nested folders more than 32 deep",
    ),
    "folders deeper than a path can be long": (
        "for n in range(40):\n    os.mkdir('a' * 255)\n    os.chdir('a' * 255)\nopen('leaf', 'w').close()",
        "it nested folders more than 32 deep",
    ),
    "files beyond the longest path": (
        "for n in range(30):\n    os.mkdir('a' * 255)\n    os.chdir('a' * 255)\nfor n in range(280): open(f'{n}', 'w').close()",
        "it made more than 300 files",
    ),
    "bytes beyond the longest path": (
        "for n in range(20):\n    os.mkdir('a' * 255)\n    os.chdir('a' * 255)\nfor n in range(5): os.truncate(os.open(str(n), os.O_CREAT | os.O_RDWR), 60 << 20)",
        "it wrote more than 256 MiB of files",
    ),
    "names that are no text": (
        "for n in range(5): os.truncate(os.open(b'\\xff\\n\\x1b' + bytes([n + 65]), os.O_CREAT | os.O_RDWR), 60 << 20)",
        "it wrote more than 256 MiB of files",
    ),
    "space beyond the end of a file": (
        "import ctypes\nctypes.CDLL(None).fallocate(os.open('a', os.O_CREAT | os.O_RDWR), 1, ctypes.c_long(0), ctypes.c_long(257 << 20))",
        "it wrote more than 256 MiB of files",
    ),
    "files without contents": (
        "for n in range(5): os.truncate(os.open(f'{n}', os.O_CREAT | os.O_RDWR), 60 << 20)",
        "it wrote more than 256 MiB of files",
    ),
    "many links to one file": (
        "os.close(os.open('a', os.O_CREAT))\nfor n in range(300): os.link('a', f'{n}')",
        "it made more than 300 files",
    ),
    "threads of a process that is named like a count": (
        NAMED.format("Threads:\\t1")
        + "import threading, time\nfor n in range(300): threading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
        "it started more than 256 threads",
    ),
    "a name that is read as two lines": (
        NAMED.format("a\\x0bVmPTE: x") + SHARED.format(64 * MIB),
        "it ran out of its 32 MiB memory limit",
    ),
    "a name that takes memory off": (
        NAMED.format("\\x0cVmSwap: -9999") + SHARED.format(40 * MIB),
        "it ran out of its 32 MiB memory limit",
    ),
    "a file in deep folders": (
        "for n in range(32):\n    os.mkdir('a')\n    os.chdir('a')\nopen('leaf', 'w').close()",
        "it nested folders more than 32 deep",
    ),
}
no_fallocate = not hasattr(os, "posix_fallocate")


@pytest.mark.skipif(no_fallocate, reason="needs files that take space at once")
@pytest.mark.parametrize("code, clause", TOO_MUCH.values(), ids=TOO_MUCH.keys())
def test_what_goes_too_far_is_ended_and_named(watch, process, tmp_path, code, clause):
    it = process(code, tmp_path)
    watch.add(it.pid, 32 * MIB, str(tmp_path))

    go_on(it)

    assert it.wait(20) == -9
    assert plain.comes_true(lambda: watch._watched[it.pid].exceeded is not None)
    assert watch.remove(it.pid) == clause


ENOUGH = {
    "nothing": "",
    "shared memory": SHARED.format(16 * MIB),
    "much memory that is not touched": "block = mmap.mmap(-1, 1 << 30)",
    "memory that was given back": "for n in range(20):\n    block = bytearray(8 << 20)\n    del block",
    "files below the bound": "os.posix_fallocate(os.open('a', os.O_CREAT | os.O_RDWR), 0, 250 << 20)",
    "a big file without contents": "os.truncate(os.open('a', os.O_CREAT | os.O_RDWR), 250 << 20)",
    "many names of one big file": "os.truncate(os.open('a', os.O_CREAT | os.O_RDWR), 60 << 20)\nfor n in range(90): os.link('a', f'{n}')",
    "folders with the longest names": "for n in range(32):\n    os.mkdir('a' * 255)\n    os.chdir('a' * 255)",
    "a strange name": NAMED.format("Threads:\\t999") + "import time\ntime.sleep(0.2)",
    "as many files as it may": "for n in range(300): os.close(os.open(f'{n}', os.O_CREAT))",
    "32 folders": "for n in range(32):\n    os.mkdir('a')\n    os.chdir('a')",
    "links to what is big": "os.symlink('/usr', 'link')\nos.symlink('.', 'loop')",
}


@pytest.mark.skipif(no_fallocate, reason="needs files that take space at once")
@pytest.mark.parametrize("code", ENOUGH.values(), ids=ENOUGH.keys())
def test_what_stays_within_bounds_is_left_alone(watch, process, tmp_path, code):
    it = process(code, tmp_path)
    watch.add(it.pid, 32 * MIB, str(tmp_path))

    assert go_on(it)
    assert is_left_alone(it)
    assert watch.remove(it.pid) is None


def failing_to_open(number, name="closed"):
    """os.open, but for one name."""
    real = os.open

    def run(path, *given, **named):
        if path == name:
            raise OSError(number, os.strerror(number))
        return real(path, *given, **named)

    return run


ERRORS = [errno.EACCES, errno.EPERM, errno.ENAMETOOLONG, errno.EIO, 1000]


@pytest.mark.parametrize("number", ERRORS)
def test_a_folder_that_cannot_be_looked_into_is_too_much(watch, process, tmp_path, monkeypatch, number):
    (tmp_path / "closed").mkdir()
    monkeypatch.setattr(os, "open", failing_to_open(number))  # root may look into every folder
    monkeypatch.setattr(os, "supports_dir_fd", {os.open})
    it = process()
    watch.add(it.pid, 32 * MIB, str(tmp_path))

    assert it.wait(20) == -9
    assert watch.remove(it.pid) == "it made a folder that cannot be read"


@pytest.mark.parametrize("number", [errno.ENOENT, errno.ENOTDIR, errno.EMFILE, errno.ENFILE])
def test_a_folder_that_is_gone_and_a_judge_short_of_descriptors_are_no_fault(
    watch, process, tmp_path, monkeypatch, number
):
    (tmp_path / "closed").mkdir()
    monkeypatch.setattr(os, "open", failing_to_open(number))
    monkeypatch.setattr(os, "supports_dir_fd", {os.open})
    it = process()
    watch.add(it.pid, 32 * MIB, str(tmp_path))

    assert is_left_alone(it)


@pytest.mark.skipif(sys.platform != "linux", reason="changes users")
def test_folders_of_no_mode_are_looked_into_or_are_too_much(process, tmp_path):
    """Root counts what is in them; a judge of the same user cannot, and says so."""
    code = (
        "import os, sys\n"
        "from grader.sandbox import watch\n"
        "if sys.argv[2] == 'other': os.setresgid(1234, 1234, 1234), os.setresuid(1234, 1234, 1234)\n"
        "os.chdir(sys.argv[1]); os.mkdir('a'); os.mkdir('a/b'); os.truncate(os.open('a/b/c', os.O_CREAT | os.O_RDWR), 257 << 20)\n"
        "os.chmod('a', int(sys.argv[3], 8))\n"
        "try: print(watch._excess_of_files(watch._opened('.')))\n"
        "except PermissionError: print('refused')\n"
        "finally: os.chmod('a', 0o700)\n"
    )
    if os.geteuid() != 0:
        pytest.skip("needs root to become another user")

    def seen(user, mode):
        folder = Path(tempfile.mkdtemp())  # pytest's own is closed to others
        folder.chmod(0o777)
        try:
            command = [sys.executable, "-c", code, str(folder), user, mode]
            ran = subprocess.run(command, capture_output=True, text=True, check=False)
            return ran.stdout.strip() or ran.stderr
        finally:
            shutil.rmtree(folder)

    for mode in ("000", "200", "300", "400", "700"):
        assert seen("root", mode) == "it wrote more than 256 MiB of files", mode
    for mode in ("000", "200", "300", "400"):
        assert seen("other", mode) == "refused", mode
    assert seen("other", "700") == "it wrote more than 256 MiB of files"


# What a look costs


def descriptors():
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.fixture
def looked_at(monkeypatch):
    """The entries that a look asks about, and the most descriptors that it holds at once."""
    seen = []
    ask = watch_module._status

    def asked(entry):
        seen.append(descriptors() if sys.platform == "linux" else 0)
        return ask(entry)

    monkeypatch.setattr(watch_module, "_status", asked)
    return seen


def test_counting_stops_at_the_limit_on_files(tmp_path, monkeypatch, looked_at):
    monkeypatch.setattr(watch_module, "GREATEST_FILES", 300)
    for number in range(1000):
        (tmp_path / f"{number}").touch()

    assert watch_module._excess_of_files(str(tmp_path)) == "it made more than 300 files"
    assert len(looked_at) == 301


@pytest.mark.skipif(sys.platform != "linux", reason="counts descriptors")
def test_counting_stops_at_the_limit_on_depth_with_a_descriptor_for_each_folder(
    tmp_path, monkeypatch, looked_at
):
    monkeypatch.chdir(tmp_path)
    for _ in range(2000):
        os.mkdir("a")  # noqa: PTH102  a path would be too long
        os.chdir("a")
    before = descriptors()
    folder = watch_module._opened(str(tmp_path))
    assert folder is not None

    assert watch_module._excess_of_files(folder) == "it nested folders more than 32 deep"
    watch_module._close(folder)
    assert len(looked_at) == 33
    assert max(looked_at) <= before + 40
    assert descriptors() == before
    os.chdir(tmp_path)
    remove_tree(tmp_path / "a")


def test_the_thread_rests_longer_than_it_computes(watch, process, tmp_path, monkeypatch):
    looks = []

    def slow(_):
        looks.append(time.thread_time())
        while time.thread_time() < looks[-1] + 0.1:
            pass

    monkeypatch.setattr(watch_module, "_excess_of_files", slow)
    it = process()
    started = time.monotonic()
    watch.add(it.pid, 32 * MIB, str(tmp_path))

    assert is_left_alone(it)
    assert plain.comes_true(lambda: len(looks) >= 3)
    assert time.monotonic() - started > 2 * 0.5


def test_a_folder_that_is_moved_is_still_the_one_that_is_counted(watch, process, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    it = process(TOO_MUCH["files without contents"][0], folder)
    watch.add(it.pid, 32 * MIB, str(folder))
    folder.rename(tmp_path / "elsewhere")
    folder.mkdir()

    go_on(it)

    assert it.wait(20) == -9
    assert watch.remove(it.pid) == "it wrote more than 256 MiB of files"


def test_folders_that_move_during_a_look_are_found_by_one_of_the_next(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name / "c").mkdir(parents=True)
    os.truncate(os.open(tmp_path / "a" / "c" / "big", os.O_CREAT | os.O_RDWR), 257 << 20)
    folder = watch_module._opened(str(tmp_path))
    assert folder is not None
    is_over = threading.Event()

    def move():
        where, other = tmp_path / "a" / "c" / "big", tmp_path / "b" / "c" / "big"
        while not is_over.is_set():
            where.rename(other)
            where, other = other, where

    mover = threading.Thread(target=move)
    mover.start()

    assert plain.comes_true(lambda: watch_module._excess_of_files(folder) is not None)
    is_over.set()
    mover.join()
    watch_module._close(folder)


@pytest.mark.skipif(sys.platform != "linux", reason="counts descriptors")
def test_no_descriptor_is_left_open(process, tmp_path):
    before = descriptors()
    watch = Watch()
    first, second = process(), process()
    started = descriptors()
    watch.add(first.pid, 32 * MIB, str(tmp_path))
    watch.add(second.pid, 32 * MIB, str(tmp_path))
    watch.remove(first.pid)

    watch.close()

    assert descriptors() == started > before


def test_the_memory_that_a_process_began_with_is_not_counted(watch, process, tmp_path):
    it = process(PRIVATE.format(64 * MIB), tmp_path)
    assert go_on(it)
    watch.add(it.pid, 32 * MIB, str(tmp_path))

    assert is_left_alone(it)


def test_only_the_one_that_goes_too_far_is_ended(watch, process, tmp_path):
    (tmp_path / "quiet").mkdir()
    (tmp_path / "loud").mkdir()
    quiet = process("", tmp_path / "quiet")
    loud = process(SHARED.format(64 * MIB), tmp_path / "loud")
    for it, name in ((quiet, "quiet"), (loud, "loud")):
        watch.add(it.pid, 32 * MIB, str(tmp_path / name))

    go_on(loud)

    assert loud.wait(20) == -9
    assert go_on(quiet)
    assert watch.remove(quiet.pid) is None


def test_what_is_watched_no_more_is_left_alone(watch, process, tmp_path):
    it = process(SHARED.format(64 * MIB), tmp_path)
    watch.add(it.pid, 32 * MIB, str(tmp_path))

    assert watch.remove(it.pid) is None
    assert go_on(it)
    assert is_left_alone(it)


# What is not there


def test_a_process_that_is_gone_before_it_is_watched_is_no_fault(watch, process, tmp_path):
    it = process()
    it.kill()
    it.wait()

    watch.add(it.pid, MIB, str(tmp_path))

    assert watch.remove(it.pid) is None


def test_a_process_that_vanishes_while_it_is_watched_is_no_fault(watch, process, tmp_path):
    gone, loud = process(), process(SHARED.format(64 * MIB), tmp_path)
    watch.add(gone.pid, 32 * MIB, str(tmp_path / "nowhere"))
    watch.add(loud.pid, 32 * MIB, str(tmp_path))
    gone.kill()
    gone.wait()

    go_on(loud)

    assert loud.wait(20) == -9  # the watch goes on
    assert watch.remove(gone.pid) is None


def test_a_folder_that_is_not_there_or_cannot_be_listed_is_no_fault(watch, process, tmp_path):
    it = process(PRIVATE.format(64 * MIB), tmp_path)
    watch.add(it.pid, 32 * MIB, str(tmp_path / "nowhere"))

    go_on(it)

    assert it.wait(20) == -9


def test_another_process_with_the_same_id_is_not_ended(watch, process, tmp_path, monkeypatch):
    def refuse(*_):
        raise psutil.NoSuchProcess(1)

    it = process(SHARED.format(64 * MIB), tmp_path)
    watch.add(it.pid, 32 * MIB, str(tmp_path))
    monkeypatch.setattr(psutil.Process, "kill", refuse)  # what psutil says of an id that is used again

    assert go_on(it)
    assert is_left_alone(it)


def test_removing_what_was_never_watched_says_nothing(watch):
    assert watch.remove(1 << 22) is None


# The thread


def threads():
    return [thread for thread in threading.enumerate() if thread.name == "worker watch"]


def test_there_is_no_thread_before_there_is_something_to_watch():
    before = len(threads())
    watch = Watch()

    assert len(threads()) == before
    watch.close()


def test_closing_ends_the_thread_and_ends_no_process(process, tmp_path):
    watch, it = Watch(), process(SHARED.format(64 * MIB), tmp_path)
    watch.add(it.pid, 32 * MIB, str(tmp_path))
    thread = watch._thread
    assert thread is not None
    assert thread.is_alive()

    watch.close()

    assert not thread.is_alive()
    assert go_on(it)
    assert is_left_alone(it)
    watch.close()


def test_one_thread_watches_all(watch, process, tmp_path):
    before = len(threads())
    for _ in range(3):
        watch.add(process().pid, MIB, str(tmp_path))

    assert len(threads()) == before + 1


def test_bounds_are_those_that_a_worker_is_told_of():
    assert (watch_module.GREATEST_FILES_BYTES, watch_module.GREATEST_FILES) == (256 << 20, 10_000)
    assert watch_module.GREATEST_FOLDERS == 1_000


# In the sandbox


SHARED_IN_A_WORKER = """
    block = mmap.mmap(-1, 450 << 20)
    for at in range(0, 450 << 20, 4096): block[at] = 1
"""
FOLDERS_IN_A_WORKER = """
    for n in range(33):
        os.mkdir('a')
        os.chdir('a')
"""


@pytest.mark.parametrize(
    "body, clause",
    [
        (SHARED_IN_A_WORKER, "it ran out of its 300 MiB memory limit"),
        (FOLDERS_IN_A_WORKER, "it nested folders more than 32 deep"),
    ],
)
def test_a_worker_that_goes_too_far_died_of_what_it_did(open_unconfined_session, body, clause):
    source = f"{RIGHT}\nimport mmap, os, time\ndef f():{body}    time.sleep(20)\n"
    session = open_unconfined_session(source, memory_bytes=300 << 20)

    assert session.run(trial("f", seconds=15)) == Died(clause)
    assert g_is_right(session)


def test_a_worker_that_uses_what_it_may_is_left_alone(open_session):
    source = (
        "import os, time, torch\n"
        "def f():\n"
        "    block = torch.ones(100 << 20, dtype=torch.uint8)\n"
        "    for n in range(100): os.close(os.open(f'{n}', os.O_CREAT))\n"
        "    time.sleep(0.3)\n"
        "    return len(os.listdir()) + float(block[-1])\n"
    )

    assert number_of(open_session(source, "f", memory_bytes=400 << 20).run(trial("f"))) == 101


def test_a_system_without_another_thread_is_told_and_closes(watch, monkeypatch, tmp_path):
    def refuse(_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(SandboxError) as caught:
        watch.add(os.getpid(), MIB, str(tmp_path))
    watch.close()

    assert str(caught.value) == "the student's process cannot be watched: can't start new thread"
    assert watch.remove(os.getpid()) is None
