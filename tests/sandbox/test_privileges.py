"""Whose rights a process has after it gave them up, tried in children of the test."""

import os
import select
import signal
import sys
from pathlib import Path

import pytest

from tests.sandbox import plain

privileges = plain.module("privileges")
linux = plain.module("linux")

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="asks Linux")
only_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may become others"
)

USER = 61000
READ_ANYTHING = 1 << 2


def status():
    lines = Path("/proc/self/status").read_text().splitlines()
    return {name: value.split() for name, _, value in (line.partition(":") for line in lines)}


def capabilities():
    seen = status()
    return [int(seen[name][0], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")]


def become(user, *, may_read_anything, then):
    """What `then` returns in a child that became that user."""

    def child():
        if not privileges.become(user, may_read_anything=may_read_anything):
            return "still privileged"
        return then()

    return plain.in_child(child)


@only_root
def test_another_user_is_taken_for_good_with_its_group_and_no_others():
    def identity():
        return [
            [*os.getresuid(), *os.getresgid()],
            os.getgroups(),
            capabilities(),
            plain.outcome(lambda: os.setuid(0)),
            plain.outcome(lambda: os.setgid(0)),
            plain.outcome(lambda: os.setgroups([0])),
            plain.outcome(lambda: linux.set_capabilities(READ_ANYTHING)),
        ]

    assert become(USER, may_read_anything=False, then=identity) == [
        [USER] * 6,
        [],
        [0, 0, 0, 0],
        "EPERM",
        "EPERM",
        "EPERM",
        "EPERM",
    ]


@only_root
def test_files_of_root_are_closed_to_another_user(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("s3cr3t")
    secret.chmod(0o600)

    def attempts():
        return [
            plain.outcome(lambda: os.open(secret, os.O_RDONLY)),
            plain.outcome(lambda: os.open(secret, os.O_WRONLY)),
        ]

    assert become(USER, may_read_anything=False, then=attempts) == ["EACCES", "EACCES"]


@only_root
def test_the_one_right_that_may_be_kept_reads_and_does_no_more(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("s3cr3t")
    secret.chmod(0o600)
    tmp_path.chmod(0o700)

    def attempts():
        return [
            capabilities(),
            plain.outcome(lambda: os.open(secret, os.O_RDONLY)),
            plain.outcome(lambda: os.open(secret, os.O_WRONLY)),
            plain.outcome(lambda: os.open(tmp_path / "new", os.O_CREAT | os.O_WRONLY)),
            plain.outcome(lambda: os.unlink(secret)),  # noqa: PTH108  the system call
            plain.outcome(lambda: os.chown(secret, USER, USER)),
            plain.outcome(lambda: os.kill(os.getppid(), 0)),
            plain.outcome(lambda: os.setuid(0)),
        ]

    seen = become(USER, may_read_anything=True, then=attempts)

    assert seen == [
        [0, READ_ANYTHING, READ_ANYTHING, 0],
        "done",
        "EACCES",
        "EACCES",
        "EACCES",
        *["EPERM"] * 3,
    ]
    assert secret.read_text() == "s3cr3t"


@only_root
def test_root_without_a_user_to_become_gives_up_its_capabilities_and_says_that_it_is_root():
    def child():
        return [privileges.become(None, may_read_anything=True), capabilities(), os.geteuid()]

    assert plain.in_child(child) == [False, [0, 0, 0, 0], 0]


def test_a_process_that_is_not_root_stays_who_it_is():
    def child():
        if os.geteuid() == 0:
            os.setresuid(USER, USER, USER)
        before = os.getresuid()
        return [privileges.become(None, may_read_anything=False), os.getresuid() == before, capabilities()]

    assert plain.in_child(child) == [True, True, [0, 0, 0, 0]]


@only_root
def test_a_change_of_user_that_is_refused_is_no_success():
    def child():
        os.setresuid(USER, USER, USER)
        return privileges.become(USER + 1, may_read_anything=False)

    assert plain.in_child(child) is False


def test_the_memory_of_a_process_without_privileges_is_closed_to_its_own_user():
    def child():
        if os.geteuid() == 0:
            os.setresuid(USER, USER, USER)
        privileges.become(None, may_read_anything=False)
        other = os.fork()
        if other == 0:
            os._exit(plain.outcome(lambda: os.open(f"/proc/{os.getppid()}/mem", os.O_RDONLY)) == "EACCES")
        return os.waitstatus_to_exitcode(os.waitpid(other, 0)[1])

    assert plain.in_child(child) == 1


def test_nothing_is_gained_any_more():
    assert plain.in_child(lambda: [privileges.gain_none(), status()["NoNewPrivs"]]) == [True, ["1"]]


def test_a_kernel_that_does_not_know_how_is_said_so(monkeypatch):
    def refuse(*_):
        raise OSError(22, "unknown option")

    monkeypatch.setattr(linux, "control_process", refuse)

    assert privileges.gain_none() is False


# Death with the parent


def grandchild_of(prepare):
    """A pipe that comes to its end with a process whose parent ended once it had prepared."""
    reading, writing = os.pipe()
    ready_reading, ready_writing = os.pipe()

    def parent():
        own = os.getpid()
        child = os.fork()
        if child == 0:
            os.close(reading)
            prepare(own)
            os.write(ready_writing, b"x")
            signal.alarm(30)  # should nothing else end it
            signal.pause()
            os._exit(0)
        os.read(ready_reading, 1)
        os._exit(0)

    with_pipe = os.fork()
    if with_pipe == 0:
        parent()
    os.waitpid(with_pipe, 0)
    for descriptor in (writing, ready_reading, ready_writing):
        os.close(descriptor)
    return reading


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize("has_user", [False, pytest.param(True, marks=only_root)])
def test_a_process_dies_with_its_parent_also_when_it_became_another_user(has_user):
    def prepare(parent):
        if has_user:
            privileges.become(USER, may_read_anything=False)
        privileges.die_with_parent(parent)

    reading = grandchild_of(prepare)

    assert select.select([reading], [], [], 20)[0]
    assert os.read(reading, 1) == b""
    os.close(reading)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_process_whose_parent_is_gone_already_ends_at_once():
    assert plain.in_child(lambda: privileges.die_with_parent(os.getppid()) or "lives") == "lives"
    assert plain.in_child(lambda: privileges.die_with_parent(1 << 22) or "lives") == "killed by 1"
