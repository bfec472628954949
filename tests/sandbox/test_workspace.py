import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

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
