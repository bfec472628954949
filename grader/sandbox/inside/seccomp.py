"""The system call filter of a worker, enforced by Linux (seccomp(2)) without any privilege or library.

It is an allow-list: the calls that Python, NumPy and torch were seen to make, and their like (docs/decisions/0016).
Any other call fails with EPERM, so code that merely tries goes on. One that Linux has learnt since all processors
count alike fails with ENOSYS, for which every library has an older call.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import linux

# Numbers on x86_64 and on aarch64 (None: no such call), from Linux's asm/unistd_64.h and asm-generic/unistd.h.
_ALLOWED: dict[str, tuple[int | None, int | None]] = {
    # files, of which Landlock says which
    "read": (0, 63), "write": (1, 64), "close": (3, 57), "close_range": (436, 436), "lseek": (8, 62),
    "pread64": (17, 67), "pwrite64": (18, 68), "readv": (19, 65), "writev": (20, 66), "preadv": (295, 69),
    "pwritev": (296, 70), "preadv2": (327, 286), "pwritev2": (328, 287), "stat": (4, None),
    "lstat": (6, None), "fstat": (5, 80), "newfstatat": (262, 79), "statx": (332, 291),
    "access": (21, None), "faccessat": (269, 48), "faccessat2": (439, 439), "readlink": (89, None),
    "readlinkat": (267, 78), "statfs": (137, 43), "fstatfs": (138, 44), "getdents64": (217, 61),
    "getcwd": (79, 17), "chdir": (80, 49), "fchdir": (81, 50), "mkdir": (83, None), "mkdirat": (258, 34),
    "umask": (95, 166), "ftruncate": (77, 46), "fsync": (74, 82),
    "fdatasync": (75, 83), "fadvise64": (221, 223), "flock": (73, 32), "sendfile": (40, 71),
    "dup": (32, 23), "dup2": (33, None), "dup3": (292, 24),
    "pipe": (22, None), "pipe2": (293, 59),
    # its own memory
    "munmap": (11, 215), "mremap": (25, 216), "mprotect": (10, 226), "madvise": (28, 233), "brk": (12, 214),
    "msync": (26, 227), "mbind": (237, 235),
    # its own threads
    "futex": (202, 98), "set_robust_list": (273, 99), "rseq": (334, 293), "exit": (60, 93),
    "exit_group": (231, 94), "sched_yield": (24, 124), "getcpu": (309, 168),
    "sched_get_priority_max": (146, 125), "sched_get_priority_min": (147, 126), "arch_prctl": (158, None),
    # time, signals to itself, and waiting
    "gettimeofday": (96, 169), "time": (201, None), "nanosleep": (35, 101), "times": (100, 153),
    "getitimer": (36, 102), "setitimer": (38, 103), "alarm": (37, None), "pause": (34, None),
    "timerfd_create": (283, 85), "timerfd_settime": (286, 86), "timerfd_gettime": (287, 87),
    "rt_sigaction": (13, 134), "rt_sigprocmask": (14, 135), "rt_sigreturn": (15, 139),
    "rt_sigpending": (127, 136), "rt_sigtimedwait": (128, 137), "rt_sigsuspend": (130, 133),
    "sigaltstack": (131, 132), "restart_syscall": (219, 128), "poll": (7, None), "ppoll": (271, 73),
    "select": (23, None), "pselect6": (270, 72), "epoll_create1": (291, 20), "epoll_ctl": (233, 21),
    "epoll_wait": (232, None), "epoll_pwait": (281, 22), "eventfd2": (290, 19), "wait4": (61, 260),
    "waitid": (247, 95),
    # what it is
    "getpid": (39, 172), "gettid": (186, 178), "getppid": (110, 173), "getpgrp": (111, None),
    "getuid": (102, 174), "geteuid": (107, 175), "getgid": (104, 176), "getegid": (108, 177),
    "getresuid": (118, 148), "getresgid": (120, 150), "getgroups": (115, 158), "getrlimit": (97, 163),
    "setrlimit": (160, 164), "getrusage": (98, 165), "sysinfo": (99, 179), "uname": (63, 160),
    "getrandom": (318, 278),
    # the open wire
    "sendto": (44, 206), "recvfrom": (45, 207), "sendmsg": (46, 211), "recvmsg": (47, 212),
}  # fmt: skip
_DECIDED_BY_ARGUMENT: dict[str, tuple[int | None, int | None]] = {
    "clone": (56, 220), "clone3": (435, 435), "kill": (62, 129), "tgkill": (234, 131),
    "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240), "prctl": (157, 167),
    "prlimit64": (302, 261), "mmap": (9, 222), "fcntl": (72, 25), "ioctl": (16, 29), "open": (2, None),
    "openat": (257, 56), "fallocate": (285, 47),
    "copy_file_range": (326, 285), "openat2": (437, 437), "unlink": (87, None), "unlinkat": (263, 35),
    "rmdir": (84, None), "getpgid": (121, 155), "getsid": (124, 156), "getpriority": (140, 141),
    "sched_getaffinity": (204, 123), "sched_getscheduler": (145, 120), "sched_getparam": (143, 121),
    "sched_getattr": (315, 275), "sched_rr_get_interval": (148, 127), "clock_gettime": (228, 113),
    "clock_getres": (229, 114), "clock_nanosleep": (230, 115),
}  # fmt: skip
_WITH_A_DEVICE: dict[str, tuple[int | None, int | None]] = {
    "capget": (125, 90), "get_mempolicy": (239, 236), "membarrier": (324, 283), "mincore": (27, 232),
    "mlock": (149, 228), "mlock2": (325, 284), "mlockall": (151, 230), "munlock": (150, 229),
    "munlockall": (152, 231), "pkey_alloc": (330, 289), "pkey_free": (331, 290),
    "pkey_mprotect": (329, 288), "readahead": (187, 213), "set_mempolicy": (238, 237),
    "set_mempolicy_home_node": (450, 450), "signalfd": (282, None), "signalfd4": (289, 74),
    "timer_create": (222, 107), "timer_delete": (226, 111), "timer_getoverrun": (225, 109),
    "timer_gettime": (224, 108), "timer_settime": (223, 110), "memfd_create": (319, 279),
    "seccomp": (317, 277), "socket": (41, 198), "socketpair": (53, 199), "connect": (42, 203),
    "bind": (49, 200), "listen": (50, 201), "accept": (43, 202), "accept4": (288, 242),
    "shutdown": (48, 210), "getsockname": (51, 204), "getpeername": (52, 205), "getsockopt": (55, 209),
    "setsockopt": (54, 208),
}  # fmt: skip
"""What a GPU's driver may need besides. It was not measured: a driver is closed, and differs between versions."""

_CALLS = _ALLOWED | _DECIDED_BY_ARGUMENT | _WITH_A_DEVICE
_FIRST_OF_ALL_PROCESSORS = 424
"""From this number on, all processors count alike. A library that tries such a call has an older one for ENOSYS."""

_UNTIL_SEALED = (
    "memfd_create", "seccomp", "socket", "socketpair", "connect", "bind", "listen", "accept", "accept4",
)  # fmt: skip
"""Calls that a GPU's driver may need while it is opened: memory in files, and sockets to share the GPU.

Of these `seccomp` is for `seal` itself.
"""

_CLONE_THREAD = 0x10000
_SHARED_AND_ANONYMOUS = 0x21  # MAP_SHARED (or MAP_SHARED_VALIDATE) with MAP_ANONYMOUS
_HARMLESS_CONTROLS = (15, 16, 2, 3, 23, 38, 39, 51, 64, 0x53564D41)
"""prctl: naming the thread, reading settings (of aarch64's vectors too), giving up privileges, naming memory areas."""

_WITHOUT_A_NAME = 0x400000  # O_TMPFILE, less O_DIRECTORY

_DESCRIPTOR_CONTROLS = (*range(8), 36, 37, 38, *range(1030, 1035))
"""fcntl: copies, flags, locks, the size of a pipe, seals. Not owners and their signals, leases, or news of folders."""
_SIGNALLING_REQUESTS = (0x8901, 0x8902, 0x5412)
"""ioctl: FIOSETOWN and SIOCSPGRP make a descriptor send signals, TIOCSTI types into a terminal."""
_HARMLESS_REQUESTS = (0x5401, 0x802C542A, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
"""ioctl: TCGETS and TCGETS2 (is it a terminal?), TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX."""
_REQUESTS_OF_FILESYSTEMS = (*b"Xf", 0x94, 0xBC, 0xCF, 0xF5)
"""ioctl: the types (bits 8 to 15) of requests that reserve space, share it or change how much a write takes:
FS_IOC_RESVSP is fallocate by another name, FICLONE copies a file in no time, XFS has hints of a gigabyte."""

_OF_A_PROCESS, _OF_A_THREAD = 0x80000000, 4
"""Bits of a clock's id: not one of the system's; a thread's, which Linux looks for in this process only."""

_OWN = 0x6B3AD59C
"""Stands for the worker's process id until it is known: no such id, and no other part of the filter has these bytes."""


@dataclass(frozen=True, slots=True)
class _Architecture:
    """The kernel's name for a processor, and its column in the tables."""

    audit: int
    column: int
    seccomp: int
    """The number of the system call that installs filters."""

    def numbers(self, names: Iterable[str]) -> list[int]:
        """Of the named calls, those that this processor has."""
        numbers = [_CALLS[name][self.column] for name in names]
        return [number for number in numbers if number is not None]


_ARCHITECTURES = {
    "x86_64": _Architecture(0xC000003E, 0, 317),
    "aarch64": _Architecture(0xC00000B7, 1, 277),
}

_LOAD, _AND, _JUMP, _RETURN = 0x20, 0x54, 0x05, 0x06  # A = the word at offset k; A &= k; skip k; return k
_IF_EQUAL, _IF_AT_LEAST, _IF_ANY_BIT = 0x15, 0x35, 0x45
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT = 0, 4, 16
_FARTHEST = 255
"""A conditional jump skips no more instructions."""

_ALLOW = 0x7FFF0000
_REFUSE = 0x00050000 | errno.EPERM
_UNKNOWN = 0x00050000 | errno.ENOSYS
_PRETEND = 0x00050000  # reports success and does nothing
_UNSUPPORTED = 0x00050000 | errno.EOPNOTSUPP  # as on a filesystem without it: libraries then write
_ELSEWHERE = 0x00050000 | errno.EXDEV  # as between two filesystems: libraries then read and write
_KILL = 0x80000000

_SET_FILTER = 1
_ALL_THREADS, _NO_SLOWDOWN = 1 << 0, 1 << 2  # SECCOMP_FILTER_FLAG_TSYNC, SECCOMP_FILTER_FLAG_SPEC_ALLOW


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def is_supported() -> bool:
    """Whether the kernel supports filters and the tables know the processor. Changes nothing."""
    architecture = _ARCHITECTURES.get(platform.machine())
    if sys.platform != "linux" or architecture is None:
        return False
    ask_for_action = 2
    wanted = ctypes.c_uint32(_REFUSE & 0x7FFF0000)
    try:
        linux.call(architecture.seccomp, ask_for_action, 0, ctypes.byref(wanted))
    except OSError:
        return False
    return True


def _word(k: int) -> bytes:
    return struct.pack("<I", k)


def _instruction(code: int, k: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("<HBBI", code, if_true, if_false, k)


def _argument(position: int) -> bytes:
    """Load the lower half of an argument: flags and process ids fit in it."""
    return _instruction(_LOAD, _ARGUMENTS_AT + 8 * position)


def _any_of(values: Sequence[int], action: int, otherwise: int) -> bytes:
    """`action` if the accumulator is one of these (at most 255: jumps are short), else `otherwise`."""
    tests = b"".join(
        _instruction(_IF_EQUAL, value, len(values) - position) for position, value in enumerate(values)
    )
    return tests + _instruction(_RETURN, otherwise) + _instruction(_RETURN, action)


def _only(*allowed: int) -> bytes:
    return _any_of(allowed, _ALLOW, _REFUSE)


def _all_but(*refused: int) -> bytes:
    return _any_of(refused, _REFUSE, _ALLOW)


def _requests() -> bytes:
    """Load ioctl's request, and refuse those that send signals."""
    refuse = _instruction(_RETURN, _REFUSE)
    return _argument(1) + b"".join(
        _instruction(_IF_EQUAL, request, 0, 1) + refuse for request in _SIGNALLING_REQUESTS
    )


def _clock_of(process_id: int) -> int:
    """Linux's MAKE_PROCESS_CPUCLOCK, without the last two bits: which of its clocks."""
    return (~process_id << 3) & 0xFFFFFFFF


def _own_clock(process_id: int) -> bytes:
    """The system's clocks, and those of this process and its threads: others' tell that they are there, and work."""
    is_allowed = _instruction(_RETURN, _ALLOW)
    return b"".join(
        (
            _argument(0),
            _instruction(_IF_ANY_BIT, _OF_A_PROCESS, 1),
            is_allowed,
            _instruction(_IF_ANY_BIT, _OF_A_THREAD, 0, 1),
            is_allowed,
            _instruction(_AND, 0xFFFFFFFF & ~3),
            _only(_clock_of(0), _clock_of(process_id)),
        )
    )


def _blocks(process_id: int) -> dict[str, bytes]:
    """The code for calls that are decided by an argument. process_id: the worker's own."""
    allow, refuse = _instruction(_RETURN, _ALLOW), _instruction(_RETURN, _REFUSE)
    own, own_or_zero = _argument(0) + _only(process_id), _argument(0) + _only(0, process_id)
    named = _instruction(_IF_ANY_BIT, _WITHOUT_A_NAME, 0, 1) + refuse + allow
    # Files stay until the worker's folder is removed: one that is unlinked and still open could not be counted.
    # Cleaning up pretends to succeed, because temporary files must not fail a right function.
    pretend = _instruction(_RETURN, _PRETEND)
    return {
        "clone": _argument(0) + _instruction(_IF_ANY_BIT, _CLONE_THREAD, 1) + refuse + allow,
        "clone3": _instruction(_RETURN, _UNKNOWN),  # its flags are in memory; the C library then uses clone
        **dict.fromkeys(("kill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo"), own),
        "prctl": _argument(0) + _only(*_HARMLESS_CONTROLS),
        **dict.fromkeys(
            (
                "prlimit64", "getpgid", "getsid", "sched_getscheduler", "sched_getparam", "sched_getattr",
                "sched_rr_get_interval",
            ),
            own_or_zero,
        ),
        # A thread asks by its own id, which looks like another's; ENOSYS is what pthread_getattr_np goes on after.
        "sched_getaffinity": _argument(0) + _any_of((0, process_id), _ALLOW, _UNKNOWN),
        "getpriority": _argument(0) + _instruction(_IF_EQUAL, 0, 1) + refuse + _argument(1) + _only(0, process_id),
        **dict.fromkeys(("clock_gettime", "clock_getres", "clock_nanosleep"), _own_clock(process_id)),
        "open": _argument(1) + named,
        "openat": _argument(2) + named,
        "openat2": _instruction(_RETURN, _UNKNOWN),  # its flags are in memory; the C library does without
        **dict.fromkeys(("unlink", "unlinkat", "rmdir"), pretend),
        "fcntl": _argument(1) + _only(*_DESCRIPTOR_CONTROLS),
        "ioctl": _requests() + _any_of(_HARMLESS_REQUESTS, _ALLOW, _UNSUPPORTED),
        # Four gigabytes in 7 ms, between two looks of the watch: a write takes as long as its bytes take.
        "fallocate": _instruction(_RETURN, _UNSUPPORTED),
        "copy_file_range": _instruction(_RETURN, _ELSEWHERE),
        "mmap": _argument(3)
        + _instruction(_AND, _SHARED_AND_ANONYMOUS)
        + _instruction(_IF_EQUAL, _SHARED_AND_ANONYMOUS, 0, 1)
        + refuse
        + allow,
    }  # fmt: skip


def _begin(architecture: _Architecture) -> bytes:
    """Kill a process that calls for another architecture, then load the call's number."""
    return b"".join(
        (
            _instruction(_LOAD, _ARCHITECTURE_AT),
            _instruction(_IF_EQUAL, architecture.audit, 1),
            _instruction(_RETURN, _KILL),
            _instruction(_LOAD, _NUMBER_AT),
        )
    )


def _ranges(blocks: Mapping[int, bytes], otherwise: Sequence[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    """From which number on which block counts. otherwise: the same, for numbers that have no block."""
    starts = sorted({0, *blocks, *(number + 1 for number in blocks), *(start for start, _ in otherwise)})
    ranges: list[tuple[int, bytes]] = []
    for start in starts:
        block = blocks.get(start) or next(code for first, code in reversed(otherwise) if first <= start)
        if not ranges or ranges[-1][1] != block:
            ranges.append((start, block))
    return ranges


def _search(ranges: Sequence[tuple[int, bytes]]) -> bytes:
    """Find the number's range by halving, and run its block: eight comparisons, not a hundred."""
    if len(ranges) == 1:
        return ranges[0][1]
    middle = len(ranges) // 2
    lower, upper = _search(ranges[:middle]), _search(ranges[middle:])
    length = len(lower) // 8
    if length <= _FARTHEST:
        return _instruction(_IF_AT_LEAST, ranges[middle][0], length) + lower + upper
    return _instruction(_IF_AT_LEAST, ranges[middle][0], 0, 1) + _instruction(_JUMP, length) + lower + upper


@cache
def _template(machine: str, *, opens_device: bool) -> bytes:
    """The filter of a process whose id is `_OWN`. It takes 0.3 ms to make, so the zygote makes it before it forks."""
    architecture = _ARCHITECTURES[machine]
    allow, refuse = _instruction(_RETURN, _ALLOW), _instruction(_RETURN, _REFUSE)
    blocks = dict.fromkeys(_ALLOWED, allow) | _blocks(_OWN)
    if opens_device:
        blocks |= dict.fromkeys((*_WITH_A_DEVICE, "mmap"), allow)
        # A driver has hundreds of requests of its own.
        of_filesystems = _any_of([each << 8 for each in _REQUESTS_OF_FILESYSTEMS], _UNSUPPORTED, _ALLOW)
        blocks["ioctl"] = _requests() + _instruction(_AND, 0xFF00) + of_filesystems
    numbered = {number: code for name, code in blocks.items() for number in architecture.numbers([name])}
    unlisted = [(0, refuse), (_FIRST_OF_ALL_PROCESSORS, _instruction(_RETURN, _UNKNOWN))]
    return _begin(architecture) + _search(_ranges(numbered, unlisted))


def program(machine: str, process_id: int, *, opens_device: bool = False) -> bytes:
    """The filter, in classic BPF. machine: from platform.machine().

    opens_device: also allow what a GPU's driver may need: more calls, any request to a device, anonymous shared
    pages for good, because the watch counts them, and the calls that `seal` withdraws.
    """
    code = _template(machine, opens_device=opens_device)
    for word_of in (int, _clock_of):
        code = code.replace(_word(word_of(_OWN)), _word(word_of(process_id)))
    return code


def prepare() -> None:
    """Make what all workers' filters share."""
    for opens_device in (False, True):
        _template(platform.machine(), opens_device=opens_device)


def install(process_id: int, *, opens_device: bool = False) -> None:
    """Install the filter for good; the process must have no_new_privs. Raises OSError."""
    _install(program(platform.machine(), process_id, opens_device=opens_device))


def seal() -> None:
    """Install a second filter in all threads, without the calls for opening a GPU. Raises OSError."""
    architecture = _ARCHITECTURES[platform.machine()]
    _install(_begin(architecture) + _all_but(*architecture.numbers(_UNTIL_SEALED)))


def _install(code: bytes) -> None:
    filled = _Program(len(code) // 8, code)
    number = _ARCHITECTURES[platform.machine()].seccomp
    try:
        linux.call(number, _SET_FILTER, _ALL_THREADS | _NO_SLOWDOWN, ctypes.byref(filled))
    except OSError:  # Linux before 4.17 does not know the second flag
        linux.call(number, _SET_FILTER, _ALL_THREADS, ctypes.byref(filled))
