"""The filter of system calls: what its program answers, on every architecture that it knows, and that Linux holds to it."""

import ctypes
import ctypes.util
import errno
import os
import re
import signal
import socket
import struct
import sys
import threading
from itertools import product
from pathlib import Path

import pytest

from tests.sandbox import plain

seccomp = plain.module("seccomp")
linux = plain.module("linux")

MACHINES = ("x86_64", "aarch64")
AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
OWN = 4321
X32 = 0x40000000

LOAD, AND, IF_EQUAL, IF_GREATER, IF_ANY_BIT, RETURN = 0x20, 0x54, 0x15, 0x25, 0x45, 0x06

ALLOW, KILL = "allow", "kill"
EPERM, ENOSYS = "EPERM", "ENOSYS"
PRETENDED = "pretended"
UNSUPPORTED, ELSEWHERE = errno.errorcode[errno.EOPNOTSUPP], "EXDEV"

NEEDED = {
    # name: the numbers on x86_64 (None: not there) and on aarch64
    "read": (0, 63),
    "write": (1, 64),
    "close": (3, 57),
    "stat": (4, None),
    "fstat": (5, 80),
    "newfstatat": (262, 79),
    "statx": (332, 291),
    "lseek": (8, 62),
    "pread64": (17, 67),
    "getdents64": (217, 61),
    "readlink": (89, None),
    "readlinkat": (267, 78),
    "mkdirat": (258, 34),
    "ftruncate": (77, 46),
    "munmap": (11, 215),
    "mremap": (25, 216),
    "mprotect": (10, 226),
    "madvise": (28, 233),
    "brk": (12, 214),
    "mbind": (237, 235),
    "futex": (202, 98),
    "futex_waitv": (449, 449),
    "set_robust_list": (273, 99),
    "rseq": (334, 293),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132),
    "exit": (60, 93),
    "exit_group": (231, 94),
    "getpid": (39, 172),
    "gettid": (186, 178),
    "getuid": (102, 174),
    "getrlimit": (97, 163),
    "getrusage": (98, 165),
    "sysinfo": (99, 179),
    "uname": (63, 160),
    "sched_yield": (24, 124),
    "sched_getaffinity": (204, 123),
    "getcpu": (309, 168),
    "clock_gettime": (228, 113),
    "clock_nanosleep": (230, 115),
    "nanosleep": (35, 101),
    "gettimeofday": (96, 169),
    "getrandom": (318, 278),
    "poll": (7, None),
    "ppoll": (271, 73),
    "epoll_create1": (291, 20),
    "eventfd2": (290, 19),
    "pipe2": (293, 59),
    "dup3": (292, 24),
    "recvmsg": (47, 212),
    "sendmsg": (46, 211),
    "recvfrom": (45, 207),
    "sendto": (44, 206),
}


def instructions_of(program):
    return list(struct.iter_unpack("<HBBI", program))


def verdict_of(program, architecture, number, *arguments):
    """Run a program of classic BPF as the kernel does, on what it would be shown of a call."""
    padded = (*arguments, *(0 for _ in range(6 - len(arguments))))
    data = struct.pack("<IIQ6Q", number, architecture, 0x7F00_0000_1234, *padded)
    accumulator, at = 0, 0
    while True:
        code, if_true, if_false, k = program[at]
        at += 1
        if code == LOAD:
            accumulator = struct.unpack_from("<I", data, k)[0]
        elif code == AND:
            accumulator &= k
        elif code == RETURN:
            return word_for(k)
        else:
            holds = {
                IF_EQUAL: accumulator == k,
                IF_GREATER: accumulator > k,
                IF_ANY_BIT: bool(accumulator & k),
            }[code]
            at += if_true if holds else if_false


def word_for(action):
    if action == 0x7FFF0000:
        return ALLOW
    if action == 0x80000000:
        return KILL
    assert action >> 16 == 5, hex(action)
    if action & 0xFFFF == 0:
        return PRETENDED
    return errno.errorcode[action & 0xFFFF]


@pytest.fixture(params=MACHINES)
def machine(request):
    return request.param


@pytest.fixture
def ask(machine):
    """(number or name, arguments) to what the filter of this machine answers."""
    program = instructions_of(seccomp.program(machine, OWN))

    def run(call, *arguments):
        number = number_of(call, machine) if isinstance(call, str) else call
        return verdict_of(program, AUDIT[machine], number, *arguments)

    return run


def number_of(name, machine):
    for table in (seccomp._REFUSED, seccomp._DECIDED_BY_ARGUMENT, NEEDED):
        if name in table:
            return table[name][MACHINES.index(machine)]
    raise LookupError(name)


def named_numbers(table, machine):
    column = MACHINES.index(machine)
    return {name: pair[column] for name, pair in table.items() if pair[column] is not None}


# The program


def test_every_instruction_is_known_and_every_jump_leads_forward_into_the_program(machine):
    program = instructions_of(seccomp.program(machine, OWN))

    assert len(program) <= 4096  # BPF_MAXINSNS
    for at, (code, if_true, if_false, k) in enumerate(program):
        if code == LOAD:
            assert k % 4 == 0
            assert k < 64
        elif code in {IF_EQUAL, IF_GREATER, IF_ANY_BIT}:
            assert at + 1 + max(if_true, if_false) < len(program)
        else:
            assert code in {AND, RETURN}
    assert program[-1][0] == RETURN


def test_no_instruction_is_out_of_reach(machine):
    program = instructions_of(seccomp.program(machine, OWN))
    reached, pending = set(), [0]
    while pending:
        at = pending.pop()
        if at in reached:
            continue
        reached.add(at)
        code, if_true, if_false, _ = program[at]
        if code in {IF_EQUAL, IF_GREATER, IF_ANY_BIT}:
            pending += [at + 1 + if_true, at + 1 + if_false]
        elif code != RETURN:
            pending.append(at + 1)

    assert reached == set(range(len(program)))


def test_a_call_of_another_architecture_kills(machine):
    program = instructions_of(seccomp.program(machine, OWN))
    i386, arm, own_of_big_endian = 0x40000003, 0x40000028, AUDIT[machine] & ~0x40000000
    others = [AUDIT[each] for each in MACHINES if each != machine]
    for architecture in (i386, arm, own_of_big_endian, 0, 0xFFFFFFFF, *others):
        for number in (*range(600), X32, X32 + 1):
            assert verdict_of(program, architecture, number) == KILL, (hex(architecture), number)


def test_each_call_of_the_table_is_refused_as_not_permitted(machine, ask):
    for name in named_numbers(seccomp._REFUSED, machine):
        assert ask(name) == EPERM, name
        assert ask(name, *[(1 << 64) - 1] * 6) == EPERM, name


def test_what_no_table_names_is_allowed_whatever_its_arguments(machine, ask):
    named = {
        *named_numbers(seccomp._REFUSED, machine).values(),
        *named_numbers(seccomp._DECIDED_BY_ARGUMENT, machine).values(),
    }
    for number in set(range(463)) - named:
        assert ask(number) == ALLOW, number
        assert ask(number, *[(1 << 64) - 1] * 6) == ALLOW, number


def test_what_linux_learnt_later_is_unknown(ask):
    for number in (*range(463, 601), 1000, 0x3FFFFFFF, 0x7FFFFFFF, 0xFFFFFFFF):
        assert ask(number) == ENOSYS, number


def test_the_calls_of_x32_are_unknown(ask):
    for number in range(601):
        assert ask(X32 | number) == ENOSYS, number
        assert ask(0x80000000 | number) == ENOSYS, number


def test_what_python_and_torch_need_is_allowed(machine, ask):
    for name in named_numbers(NEEDED, machine):
        assert ask(name) == ALLOW, name


def test_no_call_has_two_rows(machine):
    tables = (seccomp._REFUSED, seccomp._DECIDED_BY_ARGUMENT, NEEDED)
    numbers = [number for table in tables for number in named_numbers(table, machine).values()]

    assert len(set(numbers)) == len(numbers)


# Calls that their arguments decide


def test_a_clone_makes_threads_only(ask):
    of_glibc = 0x3D0F00  # CLONE_VM | FS | FILES | SIGHAND | THREAD | SYSVSEM | SETTLS | PARENT_SETTID | CHILD_CLEARTID
    assert ask("clone", of_glibc) == ALLOW
    assert ask("clone", of_glibc & ~0x10000) == EPERM
    assert ask("clone", signal.SIGCHLD) == EPERM  # fork
    assert ask("clone", 0x4000 | 0x100 | signal.SIGCHLD) == EPERM  # vfork
    assert ask("clone", 0x10000000) == EPERM  # a user namespace
    assert ask("clone", 0, 0x10000, 0x10000) == EPERM  # the flag in the wrong place
    assert ask("clone", 0x10000 << 32) == EPERM


def test_a_clone_whose_flags_cannot_be_seen_is_unknown(ask):
    assert ask("clone3", 0x10000) == ask("clone3") == ENOSYS


@pytest.mark.parametrize("name", ["kill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo"])
def test_signals_reach_only_oneself(ask, name):
    assert ask(name, OWN, 9) == ALLOW
    for other in (0, 1, OWN - 1, OWN + 1, (1 << 64) - 1, (1 << 32) - OWN, (1 << 64) - OWN):
        assert ask(name, other, OWN, OWN) == EPERM, other


def test_memory_is_never_shared_and_anonymous_whatever_else_is_asked_for(ask):
    others = (0x0, 0x10, 0x100, 0x800, 0x2000, 0x4000, 0x8000, 0x10000, 0x20000, 0x40000, 0x80000, 0x100000)
    huge = (0, 21 << 26, 30 << 26)
    for kind, is_anonymous, first, second, size in product(range(16), (0, 0x20), others, others, huge):
        flags = kind | is_anonymous | first | second | size
        expected = EPERM if kind & 1 and is_anonymous else ALLOW
        assert ask("mmap", 0, 4096, 3, flags, (1 << 64) - 1, 0) == expected, hex(flags)


def test_the_flags_of_memory_are_read_where_they_are(ask):
    assert ask("mmap", 0x21, 0x21, 0x21, 0x22, 0x21, 0x21) == ALLOW
    assert ask("mmap", 0, 0, 0, 0x21 | 1 << 40) == EPERM


def test_a_process_may_name_its_thread_and_ask_but_change_nothing_else(ask):
    harmless = {
        "PR_GET_PDEATHSIG": 2,
        "PR_GET_DUMPABLE": 3,
        "PR_SET_NAME": 15,
        "PR_GET_NAME": 16,
        "PR_CAPBSET_READ": 23,
        "PR_SET_NO_NEW_PRIVS": 38,
        "PR_GET_NO_NEW_PRIVS": 39,
        "PR_SET_VMA": 0x53564D41,
    }
    for option in (*range(100), 0x53564D41, 0x59616D61, 0xFFFFFFFF):
        assert ask("prctl", option, 1) == (ALLOW if option in harmless.values() else EPERM), option


def test_descriptors_are_controlled_but_for_the_signals_that_they_would_send(ask):
    signalling = {"F_SETOWN": 8, "F_SETSIG": 10, "F_SETOWN_EX": 15}
    for command in (*range(20), *range(1024, 1045), 0xFFFFFFFF):
        assert ask("fcntl", 3, command, 8) == (EPERM if command in signalling.values() else ALLOW), command
    for request in ("FIOSETOWN", 0x8901), ("SIOCSPGRP", 0x8902), ("TIOCSTI", 0x5412):
        assert ask("ioctl", 3, request[1]) == EPERM, request
    for request in ("TCGETS", 0x5401), ("FIONREAD", 0x541B), ("FIONBIO", 0x5421), ("FIOCLEX", 0x5451):
        assert ask("ioctl", 3, request[1]) == ALLOW, request


SPACE_REQUESTS = {
    "FS_IOC_RESVSP": 0x40305828,
    "FS_IOC_RESVSP64": 0x4030582A,
    "FS_IOC_ZERO_RANGE": 0x40305839,
    "FS_IOC_FSSETXATTR": 0x401C5820,
    "FS_IOC_SETFLAGS": 0x40086602,
    "FICLONE": 0x40049409,
    "FICLONERANGE": 0x4020940D,
    "FIDEDUPERANGE": 0xC0189436,
    "CIFS_IOC_COPYCHUNK_FILE": 0x4004CF03,
    "F2FS_IOC_RESERVE_COMPRESS_BLOCKS": 0x8008F513,
}


def test_no_space_is_taken_but_by_writing(ask, ask_with_device):
    """Four gigabytes in 7 ms otherwise: less than the watch takes to look again."""
    for each in (ask, ask_with_device):
        for mode in (0, 1, 2, 3, 0x10, 0xFFFFFFFF):
            assert each("fallocate", 3, mode, 0, 1) == UNSUPPORTED
        assert each("copy_file_range", 3, 0, 4, 0, 1 << 30, 0) == ELSEWHERE
        for name, request in SPACE_REQUESTS.items():
            assert each("ioctl", 3, request) == UNSUPPORTED, name


def test_a_request_that_plain_code_does_not_make_is_for_drivers_only(ask, ask_with_device):
    for request in (0xC020_4600, 0x3000_0001, 0x25, 0xC008_4700, 0xC040_6400):  # NVIDIA's, WSL's, DRM's
        assert ask("ioctl", 3, request) == UNSUPPORTED
        assert ask_with_device("ioctl", 3, request) == ALLOW


def test_files_are_opened_but_for_those_that_have_no_name(machine, ask):
    temporary = os.O_TMPFILE | os.O_RDWR
    assert ask("openat", 3, 0, os.O_CREAT | os.O_RDWR | os.O_TRUNC | os.O_CLOEXEC | os.O_DIRECTORY) == ALLOW
    assert ask("openat", 3, 0, temporary) == EPERM
    assert ask("openat", temporary, temporary, os.O_RDONLY, temporary) == ALLOW
    if machine == "x86_64":
        assert ask("open", 0, os.O_RDWR) == ALLOW
        assert ask("open", 0, temporary) == EPERM
    assert ask("openat2") == ENOSYS


def test_a_removal_is_said_to_be_done_and_is_not(machine, ask):
    assert ask("unlinkat") == ask("unlinkat", 3, 0, 0x200) == PRETENDED
    if machine == "x86_64":
        assert ask("unlink") == ask("rmdir") == PRETENDED


def test_limits_are_those_of_this_process_only(ask):
    assert ask("prlimit64", 0) == ask("prlimit64", OWN) == ALLOW
    for other in (1, OWN - 1, OWN + 1, 0xFFFFFFFF):
        assert ask("prlimit64", other, 0, OWN) == EPERM


def test_each_call_that_arguments_decide_has_its_rule(machine):
    assert set(seccomp._DECIDED_BY_ARGUMENT) == set(seccomp._blocks(OWN))


# The numbers


def resolver():
    name = ctypes.util.find_library("seccomp")
    if name is None:
        pytest.skip("no libseccomp")
    resolve = ctypes.CDLL(name).seccomp_syscall_resolve_name_arch
    resolve.argtypes, resolve.restype = (ctypes.c_uint32, ctypes.c_char_p), ctypes.c_int
    return resolve


NOT_KNOWN_TO_LIBSECCOMP = -1


@pytest.mark.parametrize("table", ["_REFUSED", "_DECIDED_BY_ARGUMENT", "NEEDED"])
def test_the_numbers_are_those_of_libseccomp(machine, table):
    resolve = resolver()
    rows = NEEDED if table == "NEEDED" else getattr(seccomp, table)
    column, compared = MACHINES.index(machine), 0
    for name, pair in rows.items():
        number = resolve(AUDIT[machine], name.encode())
        if number != NOT_KNOWN_TO_LIBSECCOMP:
            compared += 1
            assert (number if number >= 0 else None) == pair[column], name
    assert compared >= len(rows) - 5


def numbers_of_headers(machine):
    """Name to number, as the C compiler's headers have them."""
    places = {
        "x86_64": ("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "/usr/include/asm/unistd_64.h"),
        "aarch64": ("/usr/include/asm-generic/unistd.h",),
    }
    for place in places[machine]:
        if Path(place).exists():
            lines = re.findall(
                r"^#define __NR(?:3264)?_(\w+)\s+(\d+)$", Path(place).read_text(), re.MULTILINE
            )
            return {name: int(number) for name, number in lines}
    pytest.skip("no headers of the kernel")


def test_the_numbers_are_those_of_the_headers(machine):
    known, column = numbers_of_headers(machine), MACHINES.index(machine)
    compared = 0
    for table in (seccomp._REFUSED, seccomp._DECIDED_BY_ARGUMENT, NEEDED):
        for name, pair in table.items():
            number = known.get("fstatat" if name == "newfstatat" and machine == "aarch64" else name)
            if number is not None:
                compared += 1
                assert pair[column] == number, name
            else:
                assert (pair[column] or 441) > 440, name  # newer than these headers, or not there
    assert compared > 100


def test_the_number_of_seccomp_itself_is_right(machine):
    assert seccomp._ARCHITECTURES[machine].seccomp == numbers_of_headers(machine)["seccomp"]


# The kernel


@pytest.fixture
def filtered():
    """(action) to what it returns in a child that is held to the filter."""
    if not seccomp.is_supported():
        pytest.skip("no seccomp here, or no table for this processor")

    def run(action):
        def held():
            linux.control_process(linux.PR_SET_NO_NEW_PRIVS, 1)
            seccomp.install(os.getpid())
            return action()

        return plain.in_child(held)

    return run


def test_the_kernel_takes_the_filter_and_plain_python_goes_on(filtered):
    assert filtered(lambda: sum(range(10)) + len(list(Path("/").iterdir()))) > 45


def test_the_kernel_refuses_what_the_program_refuses(filtered):
    import socket

    seen = filtered(
        lambda: [
            plain.outcome(os.fork),
            plain.outcome(lambda: os.execv("/bin/true", ["true"])),
            plain.outcome(socket.socket),
            plain.outcome(lambda: os.kill(os.getppid(), 0)),
            plain.outcome(lambda: os.kill(os.getpid(), 0)),
        ]
    )

    assert seen == ["EPERM", "EPERM", "EPERM", "EPERM", "done"]


def test_a_temporary_file_keeps_its_name_and_so_can_be_counted(filtered, tmp_path):
    import tempfile

    def make():
        with tempfile.TemporaryDirectory(dir=tmp_path) as folder, tempfile.TemporaryFile(dir=folder) as file:
            return file.write(b"x")

    assert filtered(make) == 1
    assert [path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()] == [1]


def test_what_libraries_do_instead_of_reserving_space_works(filtered, tmp_path):
    """The C library then writes, NumPy and shutil go on without."""
    import shutil

    import numpy as np

    def make():
        os.chdir(tmp_path)
        with Path("a").open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, 100_000)
        values = np.arange(3 << 20, dtype=np.float64)
        with Path("b").open("wb") as file:
            values.tofile(file)
        shutil.copyfile("b", "c")
        mapped = np.memmap("d", dtype=np.float64, mode="w+", shape=(1000,))
        mapped[:] = 1
        mapped.flush()
        with Path("a").open() as file:
            assert not file.isatty()
        return [Path(name).stat().st_size for name in "abcd"] + [float(np.fromfile("c")[-1])]

    assert filtered(make) == [100_000, 24 << 20, 24 << 20, 8000, float((3 << 20) - 1)]


def test_the_kernel_reserves_nothing_whoever_asks(filtered, tmp_path):
    import fcntl

    def allocate(file, mode):
        size = ctypes.c_long(1 << 30)
        if ctypes.CDLL(None, use_errno=True).fallocate(file, mode, ctypes.c_long(0), size):
            raise OSError(ctypes.get_errno(), "fallocate")

    def reserve():
        file = os.open(tmp_path / "a", os.O_CREAT | os.O_RDWR)
        space = struct.pack("hhqqii16x", 0, 0, 0, 1 << 30, 0, 0)
        return [
            plain.outcome(lambda: allocate(file, 0)),
            plain.outcome(lambda: allocate(file, 1)),
            plain.outcome(lambda: fcntl.ioctl(file, 0x4030582A, space)),
            plain.outcome(lambda: os.copy_file_range(file, file, 10, 0, 10)),
            os.fstat(file).st_blocks,
        ]

    assert filtered(reserve) == [UNSUPPORTED, UNSUPPORTED, UNSUPPORTED, ELSEWHERE, 0]


def test_no_file_loses_its_name_to_another(filtered, tmp_path):
    (tmp_path / "one").touch()

    assert filtered(lambda: plain.outcome(lambda: (tmp_path / "one").replace(tmp_path / "two"))) == "EPERM"


def test_a_filter_is_for_good(filtered):
    def install_a_laxer_one():
        seccomp.install(os.getppid())
        os.kill(os.getppid(), 0)

    assert filtered(lambda: plain.outcome(install_a_laxer_one)) == "EPERM"


def test_no_descriptor_can_be_told_to_send_signals_to_others(filtered):
    """Linux would send them whatever the filter says of kill: to any process of the same user."""
    import fcntl

    def attempts():
        reading, _ = os.pipe()
        judge = os.getppid()
        return [
            plain.outcome(lambda: fcntl.fcntl(reading, fcntl.F_SETOWN, judge)),
            plain.outcome(lambda: fcntl.fcntl(reading, 15, struct.pack("ii", 1, judge))),
            plain.outcome(lambda: fcntl.fcntl(reading, 10, signal.SIGKILL)),
            plain.outcome(lambda: fcntl.ioctl(reading, 0x8901, struct.pack("i", judge))),
            plain.outcome(lambda: fcntl.fcntl(reading, fcntl.F_SETFL, os.O_NONBLOCK)),
        ]

    assert filtered(attempts) == ["EPERM", "EPERM", "EPERM", "EPERM", "done"]


def test_a_kernel_without_the_second_flag_is_asked_again_without_it(filtered, monkeypatch):
    real, flags_seen = linux.call, []

    def old_kernel(number, operation, flags, *others):
        flags_seen.append(flags)
        if flags & 4:
            raise OSError(errno.EINVAL, "unknown flag")
        return real(number, operation, flags, *others)

    monkeypatch.setattr(linux, "call", old_kernel)

    assert filtered(lambda: [plain.outcome(os.fork), flags_seen]) == ["EPERM", [5, 1]]


def test_a_processor_that_the_table_does_not_know_is_not_supported(monkeypatch):
    monkeypatch.setattr(seccomp.platform, "machine", lambda: "riscv64")

    assert not seccomp.is_supported()


def test_a_kernel_without_seccomp_is_not_supported(monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOSYS, "no such call")

    monkeypatch.setattr(linux, "call", refuse)

    assert not seccomp.is_supported()


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux")
def test_asking_for_support_changes_nothing():
    before = Path("/proc/self/status").read_text()

    seccomp.is_supported()

    after = Path("/proc/self/status").read_text()
    for line in ("Seccomp:", "Seccomp_filters:", "NoNewPrivs:"):
        assert re.findall(f"^{line}.*$", after, re.MULTILINE) == re.findall(
            f"^{line}.*$", before, re.MULTILINE
        )


# For a GPU's sake


@pytest.fixture
def ask_with_device(machine):
    """As `ask`, of the filter for a worker that opens a GPU."""
    program = instructions_of(seccomp.program(machine, OWN, opens_device=True))
    return lambda call, *given: verdict_of(program, AUDIT[machine], number_of(call, machine), *given)


def test_a_worker_that_opens_a_gpu_may_share_pages_and_make_files_of_memory_and_sockets(ask_with_device):
    assert {ask_with_device(name) for name in seccomp._UNTIL_SEALED} == {ALLOW}
    assert ask_with_device("mmap", 0, 4096, 3, 0x21) == ALLOW
    assert ask_with_device("ioctl", 5, 0xC020_4600) == ALLOW


def test_all_else_is_decided_as_for_any_other(ask, ask_with_device, machine):
    for name in named_numbers(seccomp._REFUSED, machine):
        assert ask_with_device(name) == (ALLOW if name in seccomp._UNTIL_SEALED else ask(name))
    for name in named_numbers(seccomp._DECIDED_BY_ARGUMENT, machine):
        if name not in {"mmap", "ioctl"}:
            for argument in (0, 1, 0x21, 0x10000, OWN, 0x400000):
                assert ask_with_device(name, argument, argument) == ask(name, argument, argument)


def test_both_end_for_good_and_for_threads_that_run_already():
    if not seccomp.is_supported():
        pytest.skip("no seccomp here, or no table for this processor")

    def child():
        linux.control_process(linux.PR_SET_NO_NEW_PRIVS, 1)
        seccomp.install(os.getpid(), opens_device=True)
        before = [
            plain.outcome(lambda: os.close(os.memfd_create("x"))),
            plain.outcome(lambda: socket.socket(socket.AF_UNIX).close()),
        ]
        seen, sealed = [], threading.Event()

        def other():
            sealed.wait()
            seen.append(plain.outcome(lambda: os.close(os.memfd_create("x"))))

        thread = threading.Thread(target=other)
        thread.start()
        seccomp.seal()
        sealed.set()
        thread.join()
        after = [lambda: os.close(os.memfd_create("x")), lambda: socket.socket().close(), os.fork]
        return [*before, *seen, *map(plain.outcome, after)]

    assert plain.in_child(child) == ["done", "done", "EPERM", "EPERM", "EPERM", "EPERM"]
