import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from grader.errors import SandboxError
from grader.sandbox import workspace
from grader.sandbox.workspace import PREFIX, Workspace, remove_tree


def deep_folder(root, depth):
    here = Path.cwd()
    os.chdir(root)
    try:
        for _ in range(depth):
            Path("a").mkdir()
            os.chdir("a")
        Path("leaf").write_text("x", encoding="utf-8")
    finally:
        os.chdir(here)


def test_a_folder_deeper_than_a_path_can_be_long_is_removed(tmp_path):
    root = tmp_path / "deep"
    root.mkdir()
    deep_folder(root, 3000)

    remove_tree(root)

    assert not root.exists()


def test_links_are_removed_and_not_followed(tmp_path):
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").write_text("mine")
    root = tmp_path / "root"
    (root / "inner").mkdir(parents=True)
    (root / "inner" / "link").symlink_to(kept)
    (root / "link").symlink_to(kept / "file")

    remove_tree(root)

    assert not root.exists()
    assert (kept / "file").read_text() == "mine"


def test_a_link_in_the_place_of_the_folder_is_removed_alone(tmp_path):
    kept = tmp_path / "kept"
    kept.mkdir()
    root = tmp_path / "root"
    root.symlink_to(kept)

    remove_tree(root)

    assert not root.is_symlink()
    assert kept.is_dir()


def test_folders_without_permissions_are_removed(tmp_path):
    root = tmp_path / "root"
    (root / "closed" / "inner").mkdir(parents=True)
    (root / "closed").chmod(0)

    remove_tree(root)

    assert not root.exists()


def nested(root, depth, name="a", mode=0o777):
    """Folders in one another, each with a file in it, closed from the innermost out."""
    here = Path.cwd()
    os.chdir(root)
    try:
        for _ in range(depth):
            os.mkdir(name)  # noqa: PTH102  a path would be too long
            os.chdir(name)
            Path("leaf").touch()
        for _ in range(depth):
            os.chdir("..")
            os.chmod(name, mode)  # noqa: PTH101
    finally:
        os.chdir(here)


@pytest.mark.parametrize("name", ["a" * 255, "\udcff\udcfe\n" * 20, "é" * 127, "-rf *" * 9])
def test_folders_of_any_name_are_removed_however_deep(tmp_path, name):
    root = tmp_path / "root"
    root.mkdir()
    nested(root, 100, name)

    remove_tree(root)

    assert list(tmp_path.iterdir()) == []


def test_wide_and_deep_folders_are_removed_in_one_pass(tmp_path, monkeypatch):
    monkeypatch.setattr(workspace, "_PASSES", 1)
    root = tmp_path / "root"
    for number in range(20):
        for inner in range(10):
            (root / f"{number}" / f"{inner}" / "a" / "b").mkdir(parents=True)
            (root / f"{number}" / f"{inner}" / "a" / "file").touch()
        (root / f"{number}" / "1" / "a").chmod(0)

    remove_tree(root)

    assert not root.exists()


AS_ANOTHER_USER = """
import os, resource, sys
from pathlib import Path
from grader.sandbox.workspace import remove_tree
from tests.sandbox.test_workspace import nested
if os.geteuid() == 0:
    os.setresgid(1234, 1234, 1234)
    os.setresuid(1234, 1234, 1234)
os.chdir(sys.argv[1])
resource.setrlimit(resource.RLIMIT_NOFILE, (20, 20))
os.rename = os.link = None
for mode in (0, 0o200, 0o300, 0o400, 0o500, 0o777):
    root = Path("root")
    root.mkdir()
    nested(root, 100, "a" * 60, mode)
    root.chmod(mode)
    remove_tree(root)
print(os.listdir())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there are no modes")
def test_deep_folders_without_permissions_are_removed_by_a_plain_user_on_a_full_disk_with_few_descriptors():
    folder = Path(tempfile.mkdtemp())  # pytest's own is closed to others
    folder.chmod(0o777)
    try:
        command = [sys.executable, "-c", AS_ANOTHER_USER, str(folder)]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)

        assert ran.stdout == "[]\n", ran.stderr
    finally:
        subprocess.run(["rm", "-rf", str(folder)], check=True)


def test_what_lies_above_a_folder_that_was_moved_meanwhile_is_left_alone(tmp_path, monkeypatch):
    root, elsewhere = tmp_path / "root", tmp_path / "elsewhere"
    (root / "a" / "b").mkdir(parents=True)
    (elsewhere / "b").mkdir(parents=True)
    (elsewhere / "a").mkdir()
    (elsewhere / "file").touch()
    remove, times = workspace._remove_files, []

    def moving(folder):
        times.append(folder)
        if len(times) == 3:  # in b
            (root / "a" / "b").rename(elsewhere / "c")
        return remove(folder)

    monkeypatch.setattr(workspace, "_remove_files", moving)

    remove_tree(root)

    assert not root.exists()
    assert sorted(path.name for path in elsewhere.iterdir()) == ["a", "b", "c", "file"]


def test_what_can_never_be_removed_holds_nobody_up(tmp_path, monkeypatch):
    root = tmp_path / "root"
    (root / "a").mkdir(parents=True)
    (root / "a" / "file").touch()
    unlink, times = os.unlink, []

    def refuse(*_, **__):
        times.append(1)
        raise PermissionError

    monkeypatch.setattr(os, "unlink", refuse)

    remove_tree(root)

    assert len(times) == 5
    monkeypatch.setattr(os, "unlink", unlink)
    remove_tree(root)
    assert not root.exists()


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="only root changes owners")
def test_root_that_could_not_look_into_another_users_folder_keeps_it(tmp_path, monkeypatch):
    run = Workspace(tmp_path)
    assert run.make()[1] is not None

    monkeypatch.setattr(os, "access", lambda *_: False)  # root without CAP_DAC_OVERRIDE
    folder, user = run.make()

    assert user is None
    assert Path(folder).stat().st_uid == 0
    run.close()


def test_a_deep_folder_that_a_killed_run_left_is_removed_by_the_next(tmp_path):
    dead = tmp_path / f"{PREFIX}dead"
    (dead / "worker-x").mkdir(parents=True)
    nested(dead / "worker-x", 100, "a" * 60, 0)

    Workspace(tmp_path).close()

    assert list(tmp_path.iterdir()) == []


def test_what_is_not_there_is_no_fault(tmp_path):
    remove_tree(tmp_path / "nothing")

    assert list(tmp_path.iterdir()) == []


def test_a_run_leaves_nothing_when_it_is_closed(tmp_path):
    workspace = Workspace(tmp_path)
    folder, _ = workspace.make()
    (tmp_path / os.path.relpath(folder, tmp_path) / "file").write_text("x")

    workspace.close()

    assert list(tmp_path.iterdir()) == []


def test_the_folder_of_a_killed_run_is_removed_by_the_next(tmp_path):
    code = (
        "import os, signal, pathlib\n"
        "from grader.sandbox.workspace import Workspace\n"
        f"Workspace(pathlib.Path({str(tmp_path)!r})).make()\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=False)
    assert len(list(tmp_path.glob(f"{PREFIX}*"))) == 1

    workspace = Workspace(tmp_path)

    assert list(tmp_path.iterdir()) == [workspace.folder]
    workspace.close()


def test_the_folder_of_a_run_that_lives_is_left_alone(tmp_path):
    living = Workspace(tmp_path)

    Workspace(tmp_path).close()

    assert living.folder.is_dir()
    living.close()


def test_a_folder_that_another_run_takes_for_a_dead_ones_is_made_anew(tmp_path, monkeypatch):
    made: list[str] = []
    held: list[int | None] = []
    make = tempfile.mkdtemp

    def taken_at_once(prefix, dir):  # noqa: A002  the name of mkdtemp's parameter
        folder = make(prefix=prefix, dir=dir)
        if prefix == PREFIX and len(made) < 3:
            made.append(folder)
            if len(made) == 1:
                remove_tree(Path(folder))  # gone before it could be locked
            else:
                held.append(workspace._locked(Path(folder)))  # the other holds it, to remove it
        return folder

    monkeypatch.setattr(tempfile, "mkdtemp", taken_at_once)

    run = Workspace(tmp_path)

    assert str(run.folder) not in made
    assert Path(run.make()[0]).is_dir()
    run.close()
    for descriptor in held:
        assert descriptor is not None
        os.close(descriptor)


def test_runs_that_start_together_each_keep_their_folder(tmp_path):
    with ThreadPoolExecutor(16) as pool:
        runs = list(pool.map(lambda _: Workspace(tmp_path), range(64)))

    assert all(run.folder.is_dir() for run in runs)
    assert len({run.folder for run in runs}) == 64
    for run in runs:
        run.close()


def test_a_machine_without_a_temporary_folder_is_told_what_to_do(monkeypatch):
    def refuse():
        raise FileNotFoundError(2, "No usable temporary directory found in ['/tmp']")

    monkeypatch.setattr(tempfile, "gettempdir", refuse)
    with pytest.raises(SandboxError) as caught:
        Workspace()

    assert str(caught.value) == (
        "no temporary folder can be written to: free some space, or set TMPDIR to a writable folder"
    )
