"""The system call filter of a worker, enforced by Linux (seccomp(2)) without any privilege or library.

It leaves what NumPy, torch and plain Python need: memory, threads, files (Landlock says which), the clock,
the open wire. A refused call fails with EPERM, so code that merely tries goes on. A call newer than these
tables fails with ENOSYS.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import linux

# Numbers on x86_64 and on aarch64 (None: no such call), from Linux's asm/unistd_64.h and asm-generic/unistd.h.
_REFUSED: dict[str, tuple[int | None, int | None]] = {
    # other programs and processes
    "execve": (59, 221), "execveat": (322, 281), "fork": (57, None), "vfork": (58, None),
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "process_madvise": (440, 440), "process_mrelease": (448, 448), "kcmp": (312, 272),
    "pidfd_open": (434, 434), "pidfd_getfd": (438, 438), "pidfd_send_signal": (424, 424),
    "tkill": (200, 130), "move_pages": (279, 239), "migrate_pages": (256, 238),
    "sched_setparam": (142, 118), "sched_setscheduler": (144, 119), "sched_setattr": (314, 274),
    "sched_setaffinity": (203, 122), "setpriority": (141, 140), "ioprio_set": (251, 30),
    # the network
    "socket": (41, 198), "socketpair": (53, 199), "connect": (42, 203), "accept": (43, 202),
    "accept4": (288, 242), "bind": (49, 200), "listen": (50, 201),
    # another user
    "setuid": (105, 146), "setgid": (106, 144), "setreuid": (113, 145), "setregid": (114, 143),
    "setresuid": (117, 147), "setresgid": (119, 149), "setfsuid": (122, 151), "setfsgid": (123, 152),
    "setgroups": (116, 159), "capset": (126, 91), "personality": (135, 92),
    # what Landlock leaves open of files
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452),
    "chown": (92, None), "fchown": (93, 55), "lchown": (94, None), "fchownat": (260, 54),
    "setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7),
    "removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16),
    "utime": (132, None), "utimes": (235, None), "utimensat": (280, 88), "futimesat": (261, None),
    "truncate": (76, 45), "mknod": (133, None), "mknodat": (259, 33),
    "open_by_handle_at": (304, 265), "name_to_handle_at": (303, 264),
    "fanotify_init": (300, 262), "fanotify_mark": (301, 263),
    "inotify_init": (253, None), "inotify_init1": (294, 26), "inotify_add_watch": (254, 27),
    # a file whose name is taken over lives on while it is open or mapped, and is not counted anywhere
    "rename": (82, None), "renameat": (264, 38), "renameat2": (316, 276),
    # the system itself
    "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40), "umount2": (166, 39),
    "pivot_root": (155, 41), "chroot": (161, 51), "fsopen": (430, 430), "fsconfig": (431, 431),
    "fsmount": (432, 432), "fspick": (433, 433), "open_tree": (428, 428), "move_mount": (429, 429),
    "mount_setattr": (442, 442), "bpf": (321, 280), "perf_event_open": (298, 241),
    "userfaultfd": (323, 282), "keyctl": (250, 219), "add_key": (248, 217), "request_key": (249, 218),
    "syslog": (103, 116), "init_module": (175, 105), "finit_module": (313, 273),
    "delete_module": (176, 106), "kexec_load": (246, 104), "kexec_file_load": (320, 294),
    "reboot": (169, 142), "swapon": (167, 224), "swapoff": (168, 225), "acct": (163, 89),
    "quotactl": (179, 60), "quotactl_fd": (443, 443), "nfsservctl": (180, 42),
    "lookup_dcookie": (212, 18), "vhangup": (153, 58), "settimeofday": (164, 170),
    "clock_settime": (227, 112), "clock_adjtime": (305, 266), "adjtimex": (159, 171),
    "sethostname": (170, 161), "setdomainname": (171, 162), "iopl": (172, None),
    "ioperm": (173, None), "modify_ldt": (154, None),
    # work that the kernel does past this filter
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "io_setup": (206, 0), "io_submit": (209, 2), "io_destroy": (207, 1), "io_getevents": (208, 4),
    "io_pgetevents": (333, 292), "io_cancel": (210, 3),
    # memory that no process limit counts, and mailboxes between processes
    "memfd_create": (319, 279), "memfd_secret": (447, 447),
    "shmget": (29, 194), "shmat": (30, 196), "shmctl": (31, 195), "shmdt": (67, 197),
    "semget": (64, 190), "semop": (65, 193), "semctl": (66, 191), "semtimedop": (220, 192),
    "msgget": (68, 186), "msgsnd": (69, 189), "msgrcv": (70, 188), "msgctl": (71, 187),
    "mq_open": (240, 180), "mq_unlink": (241, 181), "mq_timedsend": (242, 182),
    "mq_timedreceive": (243, 183), "mq_notify": (244, 184), "mq_getsetattr": (245, 185),
}  # fmt: skip
_DECIDED_BY_ARGUMENT: dict[str, tuple[int | None, int | None]] = {
    "clone": (56, 220), "clone3": (435, 435), "kill": (62, 129), "tgkill": (234, 131),
    "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240), "prctl": (157, 167),
    "prlimit64": (302, 261), "mmap": (9, 222), "fcntl": (72, 25), "ioctl": (16, 29),
    "open": (2, None), "openat": (257, 56), "openat2": (437, 437),
    "fallocate": (285, 47), "copy_file_range": (326, 285),
    "unlink": (87, None), "unlinkat": (263, 35), "rmdir": (84, None),
}  # fmt: skip
_CALLS = _REFUSED | _DECIDED_BY_ARGUMENT
_LAST_KNOWN = 462
_UNTIL_SEALED = ("memfd_create", "socket", "socketpair", "connect", "bind", "listen", "accept", "accept4")
"""Calls that a GPU's driver may need while it is opened: memory in files, and sockets to share the GPU."""

_CLONE_THREAD = 0x10000
_SHARED_AND_ANONYMOUS = 0x21  # MAP_SHARED (or MAP_SHARED_VALIDATE) with MAP_ANONYMOUS
_HARMLESS_CONTROLS = (15, 16, 2, 3, 23, 38, 39, 0x53564D41)
"""prctl: naming the thread, reading settings, giving up privileges, naming memory areas."""

_WITHOUT_A_NAME = 0x400000  # O_TMPFILE, less O_DIRECTORY

_SIGNALLING_CONTROLS = (8, 10, 15)
"""fcntl: with F_SETOWN, F_SETSIG and F_SETOWN_EX a descriptor sends signals to the user's processes."""
_SIGNALLING_REQUESTS = (0x8901, 0x8902, 0x5412)
"""ioctl: FIOSETOWN and SIOCSPGRP do the same, TIOCSTI types into a terminal."""
_HARMLESS_REQUESTS = (0x5401, 0x802C542A, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
"""ioctl: TCGETS and TCGETS2 (is it a terminal?), TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX."""
_REQUESTS_OF_FILESYSTEMS = (*b"Xf", 0x94, 0xBC, 0xCF, 0xF5)
"""ioctl: the types (bits 8 to 15) of requests that reserve space, share it or change how much a write takes:
FS_IOC_RESVSP is fallocate by another name, FICLONE copies a file in no time, XFS has hints of a gigabyte."""


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

_LOAD, _AND = 0x20, 0x54  # A = the word at offset k; A &= k
_IF_EQUAL, _IF_GREATER, _IF_ANY_BIT, _RETURN = 0x15, 0x25, 0x45, 0x06
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT = 0, 4, 16

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


def _instruction(code: int, k: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("<HBBI", code, if_true, if_false, k)


def _when(number: int, block: bytes) -> bytes:
    """Run `block`, which returns, if the accumulator holds that system call's number."""
    return _instruction(_IF_EQUAL, number, 0, len(block) // 8) + block


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
    return _argument(1) + b"".join(_when(request, refuse) for request in _SIGNALLING_REQUESTS)


def _blocks(process_id: int) -> dict[str, bytes]:
    """The code for calls that are decided by an argument. process_id: the worker's own."""
    allow, refuse = _instruction(_RETURN, _ALLOW), _instruction(_RETURN, _REFUSE)
    own = _argument(0) + _only(process_id)
    named = _instruction(_IF_ANY_BIT, _WITHOUT_A_NAME, 0, 1) + refuse + allow
    # Files stay until the worker's folder is removed: one that is unlinked and still open could not be counted.
    # Cleaning up pretends to succeed, because temporary files must not fail a right function.
    pretend = _instruction(_RETURN, _PRETEND)
    return {
        "clone": _argument(0) + _instruction(_IF_ANY_BIT, _CLONE_THREAD, 1) + refuse + allow,
        "clone3": _instruction(_RETURN, _UNKNOWN),  # its flags are in memory; the C library then uses clone
        **dict.fromkeys(("kill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo"), own),
        "prctl": _argument(0) + _only(*_HARMLESS_CONTROLS),
        "prlimit64": _argument(0) + _only(0, process_id),
        "open": _argument(1) + named,
        "openat": _argument(2) + named,
        "openat2": _instruction(_RETURN, _UNKNOWN),  # its flags are in memory; the C library does without
        **dict.fromkeys(("unlink", "unlinkat", "rmdir"), pretend),
        "fcntl": _argument(1) + _all_but(*_SIGNALLING_CONTROLS),
        "ioctl": _requests() + _any_of(_HARMLESS_REQUESTS, _ALLOW, _UNSUPPORTED),
        # Four gigabytes in 7 ms, between two looks of the watch: a write takes as long as its bytes take.
        "fallocate": _instruction(_RETURN, _UNSUPPORTED),
        "copy_file_range": _instruction(_RETURN, _ELSEWHERE),
        "mmap": _argument(3)
        + _instruction(_AND, _SHARED_AND_ANONYMOUS)
        + _instruction(_IF_EQUAL, _SHARED_AND_ANONYMOUS, 0, 1)
        + refuse
        + allow,
    }


@cache
def _refusals(architecture: _Architecture) -> bytes:
    return _all_but(*architecture.numbers(_REFUSED))


def _begin(architecture: _Architecture) -> list[bytes]:
    """Kill a process that calls for another architecture, then load the call's number."""
    return [
        _instruction(_LOAD, _ARCHITECTURE_AT),
        _instruction(_IF_EQUAL, architecture.audit, 1),
        _instruction(_RETURN, _KILL),
        _instruction(_LOAD, _NUMBER_AT),
    ]


def program(machine: str, process_id: int, *, opens_device: bool = False) -> bytes:
    """The filter, in classic BPF. machine: from platform.machine().

    opens_device: also allow anonymous shared pages, for good, because the watch counts them, and the calls
    that `seal` withdraws. A GPU's driver may need both.
    """
    architecture = _ARCHITECTURES[machine]
    parts = [
        *_begin(architecture),
        _instruction(_IF_GREATER, _LAST_KNOWN, 0, 1),
        _instruction(_RETURN, _UNKNOWN),
    ]
    blocks = _blocks(process_id)
    if opens_device:
        del blocks["mmap"]
        # A driver has hundreds of requests of its own.
        of_filesystems = _any_of([each << 8 for each in _REQUESTS_OF_FILESYSTEMS], _UNSUPPORTED, _ALLOW)
        blocks["ioctl"] = _requests() + _instruction(_AND, 0xFF00) + of_filesystems
        blocks = dict.fromkeys(_UNTIL_SEALED, _instruction(_RETURN, _ALLOW)) | blocks
    for name, block in blocks.items():
        parts += [_when(number, block) for number in architecture.numbers([name])]
    return b"".join([*parts, _refusals(architecture)])


def install(process_id: int, *, opens_device: bool = False) -> None:
    """Install the filter for good; the process must have no_new_privs. Raises OSError."""
    _install(program(platform.machine(), process_id, opens_device=opens_device))


def seal() -> None:
    """Install a second filter in all threads, without the calls for opening a GPU. Raises OSError."""
    architecture = _ARCHITECTURES[platform.machine()]
    _install(b"".join([*_begin(architecture), _all_but(*architecture.numbers(_UNTIL_SEALED))]))


def _install(code: bytes) -> None:
    filled = _Program(len(code) // 8, code)
    number = _ARCHITECTURES[platform.machine()].seccomp
    try:
        linux.call(number, _SET_FILTER, _ALL_THREADS | _NO_SLOWDOWN, ctypes.byref(filled))
    except OSError:  # Linux before 4.17 does not know the second flag
        linux.call(number, _SET_FILTER, _ALL_THREADS, ctypes.byref(filled))
