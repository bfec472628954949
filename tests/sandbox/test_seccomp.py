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
from tests.sandbox.bpf import (
    ALLOW,
    AND,
    AUDIT,
    CONDITIONAL,
    JUMP,
    KILL,
    LOAD,
    PRETENDED,
    RETURN,
    instructions_of,
    numbers_of_headers,
    verdict_of,
)

seccomp = plain.module("seccomp")
linux = plain.module("linux")

MACHINES = ("x86_64", "aarch64")
OWN = 4321
X32 = 0x40000000

EPERM, ENOSYS = "EPERM", "ENOSYS"

UNSUPPORTED, ELSEWHERE = errno.errorcode[errno.EOPNOTSUPP], "EXDEV"

REFUSED = {
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
    # what tells of other processes, mounts and the machine
    "listmount": (458, 458), "statmount": (457, 457), "capget": (125, 90), "ioprio_get": (252, 31),
    "get_robust_list": (274, 100), "getxattr": (191, 8), "lgetxattr": (192, 9), "fgetxattr": (193, 10),
    "listxattr": (194, 11), "llistxattr": (195, 12), "flistxattr": (196, 13), "sysfs": (139, None),
    "ustat": (136, None), "getsockopt": (55, 209), "getsockname": (51, 204), "getpeername": (52, 205),
    "cachestat": (451, 451), "lsm_get_self_attr": (459, 459), "lsm_list_modules": (461, 461),
    # the rest of the system, and what nobody needs
    "sync": (162, 81), "syncfs": (306, 267), "setsockopt": (54, 208), "shutdown": (48, 210),
    "sendmmsg": (307, 269), "recvmmsg": (299, 243), "seccomp": (317, 277), "link": (86, None),
    "linkat": (265, 37), "symlink": (88, None), "symlinkat": (266, 36), "splice": (275, 76),
    "tee": (276, 77), "vmsplice": (278, 75), "remap_file_pages": (216, 234), "mlockall": (151, 230),
    "timer_create": (222, 107), "setpgid": (109, 154), "setsid": (112, 157), "signalfd4": (289, 74),
    "landlock_create_ruleset": (444, 444), "map_shadow_stack": (453, 453), "mseal": (462, 462),
    "pkey_alloc": (330, 289), "futex_waitv": (449, 449), "epoll_pwait2": (441, 441),
}  # fmt: skip
"""Some of the calls that are not on the list: at least these stay refused."""

TABLES = (seccomp._ALLOWED, seccomp._DECIDED_BY_ARGUMENT, REFUSED)


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
    for table in TABLES:
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
        elif code in CONDITIONAL:
            assert at + 1 + max(if_true, if_false) < len(program)
        elif code == JUMP:
            assert at + 1 + k < len(program)
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
        code, if_true, if_false, k = program[at]
        if code in CONDITIONAL:
            pending += [at + 1 + if_true, at + 1 + if_false]
        elif code == JUMP:
            pending.append(at + 1 + k)
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


def test_a_frequent_call_is_decided_in_a_dozen_steps(machine):
    """Also for old kernels, which run the filter on every call."""
    program = instructions_of(seccomp.program(machine, OWN))
    for name, number in named_numbers(seccomp._ALLOWED, machine).items():
        at, steps, rows = 3, 0, program
        while rows[at][0] != RETURN:
            code, if_true, if_false, k = rows[at]
            at += 1
            if code == JUMP:
                at += k
            elif code in CONDITIONAL:
                at += if_true if number >= k else if_false
            steps += 1
        assert steps <= 14, name


def test_each_call_of_the_list_is_allowed_whatever_its_arguments(machine, ask):
    for name in named_numbers(seccomp._ALLOWED, machine):
        assert ask(name) == ALLOW, name
        assert ask(name, *[(1 << 64) - 1] * 6) == ALLOW, name


def test_all_other_calls_are_refused_whatever_their_arguments(machine, ask):
    named = {
        *named_numbers(seccomp._ALLOWED, machine).values(),
        *named_numbers(seccomp._DECIDED_BY_ARGUMENT, machine).values(),
    }
    for number in set(range(601)) - named:
        expected = EPERM if number < 424 else ENOSYS
        assert ask(number) == expected, number
        assert ask(number, *[(1 << 64) - 1] * 6) == expected, number


def test_the_calls_of_the_table_are_not_on_the_list(machine, ask):
    for name, number in named_numbers(REFUSED, machine).items():
        assert ask(name) == (EPERM if number < 424 else ENOSYS), name


def test_what_linux_learnt_later_is_unknown(ask):
    for number in (*range(463, 601), 1000, 0x3FFFFFFF, 0x7FFFFFFF, 0xFFFFFFFF):
        assert ask(number) == ENOSYS, number


def test_the_calls_of_x32_are_unknown(ask):
    for number in range(601):
        assert ask(X32 | number) == ENOSYS, number
        assert ask(0x80000000 | number) == ENOSYS, number


def test_no_call_has_two_rows(machine):
    numbers = [number for table in TABLES for number in named_numbers(table, machine).values()]

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
        "PR_SVE_GET_VL": 51,
        "PR_SME_GET_VL": 64,
        "PR_SET_VMA": 0x53564D41,
    }
    for option in (*range(100), 0x53564D41, 0x59616D61, 0xFFFFFFFF):
        assert ask("prctl", option, 1) == (ALLOW if option in harmless.values() else EPERM), option


def test_descriptors_are_controlled_but_neither_owned_leased_nor_watched(ask):
    needed = {
        "F_DUPFD": 0, "F_GETFD": 1, "F_SETFD": 2, "F_GETFL": 3, "F_SETFL": 4, "F_GETLK": 5, "F_SETLK": 6,
        "F_SETLKW": 7, "F_OFD_GETLK": 36, "F_OFD_SETLK": 37, "F_OFD_SETLKW": 38, "F_DUPFD_CLOEXEC": 1030,
        "F_SETPIPE_SZ": 1031, "F_GETPIPE_SZ": 1032, "F_ADD_SEALS": 1033, "F_GET_SEALS": 1034,
    }  # fmt: skip
    refused = {"F_SETOWN": 8, "F_SETSIG": 10, "F_SETOWN_EX": 15, "F_SETLEASE": 1024, "F_NOTIFY": 1026}
    for command in (*range(60), *range(1024, 1060), 0xFFFFFFFF):
        assert ask("fcntl", 3, command, 8) == (ALLOW if command in needed.values() else EPERM), command
    assert not set(refused.values()) & set(needed.values())


def test_of_requests_to_devices_only_those_are_made_that_files_and_pipes_answer(ask):
    for request in (
        ("TCGETS", 0x5401), ("TIOCGWINSZ", 0x5413), ("FIONREAD", 0x541B), ("FIONBIO", 0x5421),
        ("FIONCLEX", 0x5450), ("FIOCLEX", 0x5451), ("TCGETS2", 0x802C542A),
    ):  # fmt: skip
        assert ask("ioctl", 3, request[1]) == ALLOW, request
    for request in (
        ("FIOASYNC", 0x5452), ("SIOCGIFCONF", 0x8912), ("FS_IOC_FIEMAP", 0xC020660B), ("FIFREEZE", 0xC0045877),
        ("PIDFD_GET_INFO", 0xC040FF0B), ("NS_GET_PARENT", 0xB702), ("TIOCGPGRP", 0x540F),
    ):  # fmt: skip
        assert ask("ioctl", 3, request[1]) == UNSUPPORTED, request
    for request in ("FIOSETOWN", 0x8901), ("SIOCSPGRP", 0x8902), ("TIOCSTI", 0x5412):
        assert ask("ioctl", 3, request[1]) == EPERM, request


@pytest.mark.parametrize(
    "name",
    [
        "prlimit64",
        "getpgid",
        "getsid",
        "sched_getscheduler",
        "sched_getparam",
        "sched_getattr",
        "sched_rr_get_interval",
    ],
)
def test_only_oneself_is_asked_about(ask, name):
    assert ask(name, 0) == ask(name, OWN) == ALLOW
    for other in (1, OWN - 1, OWN + 1, 0xFFFFFFFF):
        assert ask(name, other, 0, OWN) == EPERM


def test_the_processors_of_others_are_unknown(ask):
    """Not "refused": glibc's pthread_getattr_np asks for its own thread's, and goes on after ENOSYS only."""
    assert ask("sched_getaffinity", 0) == ask("sched_getaffinity", OWN) == ALLOW
    for other in (1, OWN - 1, OWN + 1, 0xFFFFFFFF):
        assert ask("sched_getaffinity", other, 0, OWN) == ENOSYS


def test_the_priority_of_others_is_not_read(ask):
    assert ask("getpriority", 0, 0) == ask("getpriority", 0, OWN) == ALLOW
    for kind, who in ((0, 1), (0, OWN + 1), (1, 0), (1, OWN), (2, 0), (2, OWN), (3, 0), (0xFFFFFFFF, 0)):
        assert ask("getpriority", kind, who) == EPERM, (kind, who)


@pytest.mark.parametrize("name", ["clock_gettime", "clock_getres", "clock_nanosleep"])
def test_the_clocks_of_other_processes_are_not_read(ask, name):
    """Linux reads any process's: MAKE_PROCESS_CPUCLOCK(id, kind) is ~id << 3 | kind, a thread's has bit 2 as well."""
    for clock in range(24):
        assert ask(name, clock) == ALLOW
    for kind in range(3):
        for own in (0, OWN):
            assert ask(name, (~own << 3 | kind) & 0xFFFFFFFF) == ALLOW
        assert (
            ask(name, (~(OWN + 3) << 3 | 4 | kind) & 0xFFFFFFFF) == ALLOW
        )  # a thread: Linux looks in this process only
        for other in (1, 2, OWN - 1, OWN + 1, OWN - 8, OWN << 1, 1 << 22):
            assert ask(name, (~other << 3 | kind) & 0xFFFFFFFF) == EPERM, other


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


def test_each_call_that_arguments_decide_has_its_rule(machine):
    assert set(seccomp._DECIDED_BY_ARGUMENT) == set(seccomp._blocks(OWN))


@pytest.mark.parametrize("opens_device", [False, True])
def test_the_place_of_the_process_id_is_filled_in_and_nothing_else_changes(machine, opens_device):
    template = seccomp._template(machine, opens_device=opens_device)
    program = seccomp.program(machine, OWN, opens_device=opens_device)

    changed = [
        (before[-1], after[-1])
        for before, after in zip(instructions_of(template), instructions_of(program), strict=True)
        if before != after
    ]
    clock = [(~each << 3) & 0xFFFFFFFF for each in (seccomp._OWN, OWN)]
    assert set(changed) == {(seccomp._OWN, OWN), tuple(clock)}
    marks = [struct.pack("<I", mark) for mark in (seccomp._OWN, clock[0])]
    assert sum(map(template.count, marks)) == len(changed)  # no other four bytes are taken for them


# The numbers


def resolver():
    name = ctypes.util.find_library("seccomp")
    if name is None:
        pytest.skip("no libseccomp")
    resolve = ctypes.CDLL(name).seccomp_syscall_resolve_name_arch
    resolve.argtypes, resolve.restype = (ctypes.c_uint32, ctypes.c_char_p), ctypes.c_int
    return resolve


NOT_KNOWN_TO_LIBSECCOMP = -1


@pytest.mark.parametrize(
    "table", [*TABLES, seccomp._WITH_A_DEVICE], ids=["allowed", "decided", "refused", "device"]
)
def test_the_numbers_are_those_of_libseccomp(machine, table):
    resolve = resolver()
    column, compared = MACHINES.index(machine), 0
    for name, pair in table.items():
        number = resolve(AUDIT[machine], name.encode())
        if number != NOT_KNOWN_TO_LIBSECCOMP:
            compared += 1
            assert (number if number >= 0 else None) == pair[column], name
    assert compared >= len(table) - 15


def known_numbers(machine):
    return numbers_of_headers(machine) or pytest.skip("no headers of the kernel")


def test_the_numbers_are_those_of_the_headers(machine):
    known, column = known_numbers(machine), MACHINES.index(machine)
    compared = 0
    for table in (*TABLES, seccomp._WITH_A_DEVICE):
        for name, pair in table.items():
            number = known.get("fstatat" if name == "newfstatat" and machine == "aarch64" else name)
            if number is not None:
                compared += 1
                assert pair[column] == number, name
            else:
                assert (pair[column] or 441) > 440, name  # newer than these headers, or not there
    assert compared > 100


def test_the_number_of_seccomp_itself_is_right(machine):
    assert seccomp._ARCHITECTURES[machine].seccomp == known_numbers(machine)["seccomp"]


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
    for request in (0x8901, 0x8902, 0x5412):
        assert ask_with_device("ioctl", 5, request) == EPERM
    assert set(seccomp._UNTIL_SEALED) < set(seccomp._WITH_A_DEVICE)


def test_all_else_is_decided_as_for_any_other(ask, ask_with_device, machine):
    for name in named_numbers(REFUSED, machine):
        assert ask_with_device(name) == (ALLOW if name in seccomp._WITH_A_DEVICE else ask(name)), name
    for name in named_numbers(seccomp._ALLOWED, machine):
        assert ask_with_device(name) == ALLOW, name
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
