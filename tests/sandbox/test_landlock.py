"""Landlock: what is carved out of a folder, what a held process may open, and what older kernels are asked for."""

# ruff: noqa: PTH102, PTH104, PTH106, PTH108, PTH208, PTH211
# System calls, called as such.

import ctypes
import errno
import os
import socket
import sys
from pathlib import Path

import pytest

from tests.sandbox import plain

landlock = plain.module("landlock")
linux = plain.module("linux")

NOW = landlock.version()
needs_landlock = pytest.mark.skipif(NOW == 0, reason="no Landlock in this kernel, or it is switched off")


# Carving hidden folders out


@pytest.fixture
def tree(tmp_path):
    """(paths, a folder's ending in /) made below an empty folder; that folder."""

    def make(*paths):
        for path in paths:
            place = tmp_path / path
            (place if path.endswith("/") else place.parent).mkdir(parents=True, exist_ok=True)
            if not path.endswith("/"):
                place.write_text("x")
        return tmp_path

    return make


def carved(folder, *hidden):
    return [
        os.path.relpath(path, folder)
        for path in landlock.without(str(folder), [str(each) for each in hidden])
    ]


def test_a_folder_with_nothing_hidden_is_given_whole(tree):
    folder = tree("a/b", "c")

    assert carved(folder) == ["."]
    assert carved(folder / "a", folder / "c", folder.parent) == ["."]


def test_a_hidden_folder_leaves_what_lies_beside_it(tree):
    folder = tree("grader/cli.py", "torch/nn/x.py", "numpy.py")

    assert carved(folder, folder / "grader") == ["numpy.py", "torch"]


def test_a_hidden_folder_deep_below_leaves_what_lies_beside_it_on_every_level(tree):
    folder = tree("a/b/c/secret/x", "a/b/c/d", "a/b/e/f", "a/g", "h")

    assert carved(folder, folder / "a/b/c/secret") == ["a/b/c/d", "a/b/e", "a/g", "h"]


def test_several_hidden_folders_are_left_out_together(tree):
    folder = tree("grader/x", "reference/x", "test_specs/x", "torch/x")

    assert carved(folder, *(folder / name for name in ("grader", "reference", "test_specs"))) == ["torch"]


def test_one_hidden_below_another_changes_nothing(tree):
    folder = tree("a/b/c", "d")

    assert carved(folder, folder / "a", folder / "a/b") == ["d"]


def test_a_folder_that_is_hidden_itself_gives_nothing(tree):
    folder = tree("a/b")

    assert carved(folder, folder) == []
    assert carved(folder, folder, folder / "a") == []


def test_what_only_begins_with_a_hidden_name_is_given(tree):
    folder = tree("grader/x", "grader-1.0.dist-info/x", "graders/x")

    assert carved(folder, folder / "grader") == ["grader-1.0.dist-info", "graders"]


def test_a_single_hidden_file_is_left_out(tree):
    folder = tree("a/key", "a/lock")

    assert carved(folder, folder / "a/key") == ["a/lock"]


def test_a_hidden_path_that_is_not_there_leaves_all_that_is(tree):
    folder = tree("a/x", "b")

    assert carved(folder, folder / "grader") == ["a", "b"]


def test_links_are_no_way_round_what_is_hidden(tree):
    folder = tree("grader/secret", "torch/x")
    (folder / "alias").symlink_to("grader")
    (folder / "torch" / "back").symlink_to("../grader/secret")
    (folder / "loop").symlink_to(".")

    assert carved(folder, folder / "grader") == ["torch"]


def test_a_folder_that_cannot_be_listed_gives_nothing(tmp_path):
    gone = tmp_path / "gone"

    assert carved(gone, gone / "grader") == []


# Rules


@pytest.fixture
def places(tmp_path):
    """Folders: one of each kind that a worker meets."""
    for name in ("library", "private", "elsewhere"):
        (tmp_path / name).mkdir()
    (tmp_path / "library" / "module.py").write_text("1")
    (tmp_path / "library" / "inner").mkdir()
    (tmp_path / "elsewhere" / "secret").write_text("s3cr3t")
    (tmp_path / "single.so").write_text("2")
    return tmp_path


@pytest.fixture
def held(places):
    """(actions) to the outcome of each in a child that may read the library and the device, and has a private folder."""

    def run(*actions):
        def child():
            os.chdir(places)
            rules = [
                *landlock.open_rules(["library", "single.so", "not there"], landlock.READ),
                *landlock.open_rules([os.devnull], landlock.WRITE_DEVICE),
            ]
            linux.control_process(linux.PR_SET_NO_NEW_PRIVS, 1)
            landlock.restrict(rules, "private")
            return [plain.outcome(action) for action in actions]

        return plain.in_child(child)

    return run


def read(path):
    return lambda: os.read(os.open(path, os.O_RDONLY), 10)


def write(path):
    return lambda: os.write(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), b"x")


@needs_landlock
def test_what_has_a_rule_is_read_and_listed(held):
    assert (
        held(
            read("library/module.py"),
            lambda: os.listdir("library"),
            lambda: os.listdir("library/inner"),
            read("single.so"),
        )
        == ["done"] * 4
    )


@needs_landlock
def test_what_has_no_rule_is_neither_read_nor_listed(held):
    assert (
        held(
            read("elsewhere/secret"),
            lambda: os.listdir("elsewhere"),
            lambda: os.listdir("."),
            lambda: os.listdir("/"),
            read("/proc/self/status"),
            read("private/../elsewhere/secret"),
        )
        == ["EACCES"] * 6
    )


@needs_landlock
def test_what_may_be_read_may_not_be_changed(held, places):
    assert (
        held(
            write("library/module.py"),
            write("library/new"),
            write("single.so"),
            lambda: os.unlink("library/module.py"),
            lambda: os.mkdir("library/new"),
            lambda: os.rmdir("library/inner"),
            lambda: os.rename("library/module.py", "library/other.py"),
            lambda: os.execv("library/module.py", ["x"]),
        )
        == ["EACCES"] * 8
    )
    assert (places / "library" / "module.py").read_text() == "1"


@needs_landlock
@pytest.mark.skipif(NOW < 3, reason="Landlock knows no truncate before version 3")
def test_what_may_be_read_may_not_be_emptied(held):
    assert (
        held(
            lambda: os.truncate("library/module.py", 0),
            lambda: os.open("library/module.py", os.O_RDONLY | os.O_TRUNC),
        )
        == ["EACCES"] * 2
    )


@needs_landlock
def test_the_private_folder_is_written_changed_and_emptied(held, places):
    assert held(
        write("private/a"),
        lambda: os.mkdir("private/folder"),
        lambda: os.rename("private/a", "private/b"),
        lambda: os.mkdir("private/folder/inner"),
        write("private/folder/inner/c"),
        lambda: os.truncate("private/folder/inner/c", 0),
        lambda: os.unlink("private/b"),
        lambda: os.rmdir("private/folder/inner"),
        lambda: os.listdir("private"),
    ) == [*["done"] * 7, "ENOTEMPTY", "done"]
    assert [path.name for path in (places / "private").iterdir()] == ["folder"]


@needs_landlock
@pytest.mark.skipif(NOW < 2, reason="Landlock lets nothing move between folders before version 2")
def test_files_move_between_folders_of_the_private_one(held):
    assert (
        held(
            write("private/a"),
            lambda: os.mkdir("private/folder"),
            lambda: os.rename("private/a", "private/folder/a"),
            lambda: os.link("private/folder/a", "private/b"),
        )
        == ["done"] * 4
    )


@needs_landlock
def test_the_private_folder_holds_no_links_pipes_sockets_or_devices(held):
    assert (
        held(
            lambda: os.symlink("../elsewhere/secret", "private/link"),
            lambda: os.mkfifo("private/pipe"),
            lambda: os.mknod("private/device", 0o020600, os.makedev(1, 3)),
            lambda: socket.socket(socket.AF_UNIX).bind("private/socket"),
            lambda: os.execv("private/program", ["x"]),
        )[:4]
        == ["EACCES"] * 4
    )


@needs_landlock
def test_nothing_is_moved_or_linked_into_or_out_of_the_private_folder(held, places):
    (places / "private" / "own").write_text("x")
    refused = held(
        lambda: os.rename("private/own", "elsewhere/own"),
        lambda: os.rename("private/own", "own"),
        lambda: os.link("private/own", "library/own"),
        lambda: os.rename("elsewhere/secret", "private/secret"),
        lambda: os.link("elsewhere/secret", "private/secret"),
        lambda: os.link("library/module.py", "private/module.py"),
    )

    assert set(refused) <= {"EACCES", "EXDEV"}
    assert (places / "elsewhere" / "secret").read_text() == "s3cr3t"
    assert [path.name for path in (places / "private").iterdir()] == ["own"]


@needs_landlock
def test_a_link_that_lay_in_the_private_folder_before_leads_nowhere(held, places):
    (places / "private" / "link").symlink_to("../elsewhere/secret")

    assert held(read("private/link"), write("private/link")) == ["EACCES"] * 2


@needs_landlock
def test_the_null_device_is_read_and_written_and_the_terminal_is_not_opened(held):
    assert held(
        read(os.devnull),
        lambda: os.write(os.open(os.devnull, os.O_WRONLY), b"x"),
        lambda: os.open("/dev/zero", os.O_RDONLY),
    ) == ["done", "done", "EACCES"]


@needs_landlock
@pytest.mark.skipif(NOW < 4, reason="Landlock knows no network before version 4")
def test_no_port_is_bound_or_connected_to(held):
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()

        assert (
            held(lambda: socket.socket().bind(("127.0.0.1", 0)), lambda: socket.socket().connect(address))
            == ["EACCES"] * 2
        )


@needs_landlock
@pytest.mark.skipif(NOW < 6, reason="Landlock knows no abstract sockets and signals before version 6")
def test_signals_and_abstract_sockets_do_not_lead_outside(held):
    name = f"\0grader-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(name)
        server.listen()

        assert held(
            lambda: socket.socket(socket.AF_UNIX).connect(name),
            lambda: os.kill(os.getppid(), 0),
            lambda: os.kill(os.getpid(), 0),
        ) == ["EPERM", "EPERM", "done"]


@needs_landlock
def test_rules_are_for_good_and_only_ever_fewer(held, places):
    def add_a_rule():
        landlock.restrict(landlock.open_rules(["elsewhere"], landlock.READ), "private")
        read("elsewhere/secret")()

    assert held(add_a_rule) == ["EACCES"]


@needs_landlock
def test_what_is_started_later_is_held_as_well(held):
    def read_in_a_child():
        child = os.fork()
        if child == 0:
            os._exit(plain.outcome(read("elsewhere/secret")) == "EACCES")
        if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 1:
            raise OSError(errno.EIO, "the child read it")

    assert held(read_in_a_child) == ["done"]


@needs_landlock
def test_a_process_that_may_read_less_lists_writes_and_moves_what_it_could(places):
    def child():
        os.chdir(places)
        linux.control_process(linux.PR_SET_NO_NEW_PRIVS, 1)
        landlock.restrict_reading(["library/module.py", "private"])
        landlock.restrict(landlock.open_rules(["library", "elsewhere"], landlock.READ), "private")
        actions = (
            read("library/module.py"),
            read("elsewhere/secret"),
            lambda: os.listdir("elsewhere"),
            write("private/a"),
            read("private/a"),
            lambda: os.mkdir("private/folder"),
            *((lambda: os.rename("private/a", "private/folder/a"),) if NOW >= 2 else ()),
        )
        return [plain.outcome(action) for action in actions]

    assert (
        plain.in_child(child) == ["done", "EACCES", "done", "done", "done", "done", "done"][: 6 + (NOW >= 2)]
    )


@needs_landlock
def test_a_process_that_could_still_gain_rights_is_not_held(places):
    def restrict():
        linux.set_capabilities(0)
        landlock.restrict([], str(places / "private"))

    if "NoNewPrivs:\t1" in Path("/proc/self/status").read_text():
        pytest.skip("the tests themselves can gain no rights")
    assert plain.in_child(lambda: plain.outcome(restrict)) == "EPERM"


@needs_landlock
def test_nothing_stays_open_of_what_restricting_opened(places):
    def descriptors_more():
        linux.control_process(linux.PR_SET_NO_NEW_PRIVS, 1)
        lowest = os.dup(0)
        os.close(lowest)
        landlock.restrict([], str(places / "private"))
        return os.dup(0) - lowest

    assert plain.in_child(descriptors_more) == 0


def test_rules_are_opened_for_what_is_there_only(places):
    rules = landlock.open_rules([str(places / "library"), str(places / "nowhere")], landlock.READ)

    assert [rule.allowed for rule in rules] == [landlock.READ]
    assert os.path.samestat(os.fstat(rules[0].descriptor), (places / "library").stat())
    os.close(rules[0].descriptor)


# Versions


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux")
def test_the_version_is_a_number_that_linux_gives():
    assert 0 <= landlock.version() < 100


def test_a_kernel_without_landlock_has_version_0(monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOSYS, "no such call")

    monkeypatch.setattr(linux, "call", refuse)

    assert landlock.version() == 0


FILES, REFER, TRUNCATE, DEVICE = (1 << 13) - 1, 1 << 13, 1 << 14, 1 << 15


@pytest.mark.parametrize(
    "version, size, files, network, scoped",
    [
        (1, 8, FILES, 0, 0),
        (2, 8, FILES | REFER, 0, 0),
        (3, 8, FILES | REFER | TRUNCATE, 0, 0),
        (4, 16, FILES | REFER | TRUNCATE, 3, 0),
        (5, 16, FILES | REFER | TRUNCATE | DEVICE, 3, 0),
        (6, 24, FILES | REFER | TRUNCATE | DEVICE, 3, 3),
        (7, 24, FILES | REFER | TRUNCATE | DEVICE, 3, 3),
        (8, 24, FILES | REFER | TRUNCATE | DEVICE, 3, 3),
    ],
)
def test_a_kernel_is_asked_for_all_that_its_version_knows_and_no_more(
    monkeypatch, places, version, size, files, network, scoped
):
    rulesets, allowed = [], []

    def record(number, *arguments):
        if number == landlock._CREATE_RULESET:
            attributes = arguments[0]._obj
            rulesets.append((attributes.files, attributes.network, attributes.scoped, arguments[1]))
            return os.open(os.devnull, os.O_RDONLY)
        if number == landlock._ADD_RULE:
            allowed.append(arguments[2]._obj.allowed)
        return 0

    monkeypatch.setattr(landlock, "version", lambda: version)
    monkeypatch.setattr(linux, "call", record)
    rules = landlock.open_rules([str(places / "library"), str(places / "single.so")], (1 << 16) - 1)

    landlock.restrict(rules, str(places / "private"))

    assert rulesets == [(files, network, scoped, size)]
    folder, file, private = allowed
    assert folder == files
    assert file == files & (0b111 | TRUNCATE | DEVICE)  # what the kernel takes for a file, else EINVAL
    assert private & ~files == 0
    assert private & (0b1110 | 1 << 4 | 1 << 5 | 1 << 7 | 1 << 8) == 0b110111110 & ~(1 << 6)
    for rule in rules:
        os.close(rule.descriptor)


@needs_landlock
@pytest.mark.parametrize("version", range(1, 8))
def test_the_rules_of_every_older_version_are_taken_by_the_kernel(monkeypatch, held, version):
    if version > NOW:
        pytest.skip(f"this kernel has version {NOW}")
    monkeypatch.setattr(landlock, "version", lambda: version)

    assert held(
        read("library/module.py"),
        read("elsewhere/secret"),
        write("private/a"),
        write("library/b"),
        write("a"),
    ) == ["done", "EACCES", "done", "EACCES", "EACCES"]


def test_a_rule_is_laid_out_as_the_kernel_reads_it():
    assert ctypes.sizeof(landlock._PathBeneath) == 12
    assert ctypes.sizeof(landlock._RulesetAttributes) == 24
