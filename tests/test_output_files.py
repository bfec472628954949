"""Each file is complete or not there, and its fault is a sentence."""

import errno
import io
import os
import stat
import threading
from pathlib import Path, PurePath

import pytest

from grader.errors import OutputError
from grader.output_files import write_atomically, write_folder, write_to
from tests.pace import HANG_SECONDS

NO_SPACE = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_written_with_the_folders_above_it(tmp_path):
    write_atomically(tmp_path / "a" / "b" / "r.json", "é\n")

    assert (tmp_path / "a" / "b" / "r.json").read_bytes() == "é\n".encode()
    assert names_in(tmp_path / "a" / "b") == ["r.json"]


def test_a_file_is_replaced(tmp_path):
    path = tmp_path / "r.json"
    path.write_text("a longer old text")

    write_atomically(path, "new")

    assert path.read_text() == "new"


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_the_old_file_stays_where_the_new_one_cannot_be_written(tmp_path, monkeypatch, call):
    path = tmp_path / "r.json"
    path.write_text("old")

    def fail(*_, **__):
        raise NO_SPACE

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(OutputError) as caught:
        write_atomically(path, "new")

    assert str(caught.value) == f"{path}: cannot be written: No space left on device"
    assert caught.value.path == path
    assert path.read_text() == "old"
    assert names_in(tmp_path) == ["r.json"]


def test_a_full_disk_during_the_writing_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "r.json"
    path.write_text("old")
    real = Path.open

    class Full(io.StringIO):
        def __init__(self, file):
            super().__init__()
            self.file = file

        def write(self, text):
            self.file.write(text[:2])
            self.file.flush()
            raise NO_SPACE

        def close(self):
            self.file.close()

    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", lambda *words, **named: Full(real(*words, **named)))
        with pytest.raises(OutputError, match="No space left on device"):
            write_atomically(path, "new")

    assert path.read_text() == "old"
    assert names_in(tmp_path) == ["r.json"]


def test_a_stop_during_the_writing_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "r.json"
    path.write_text("old")

    def stop(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", stop)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, "new")

    assert path.read_text() == "old"
    assert names_in(tmp_path) == ["r.json"]


@pytest.mark.parametrize("mask, mode", [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_permissions_follow_the_umask(tmp_path, mask, mode):
    before = os.umask(mask)
    try:
        write_atomically(tmp_path / "r.json", "new")
        assert os.umask(mask) == mask
    finally:
        os.umask(before)

    assert stat.S_IMODE((tmp_path / "r.json").stat().st_mode) == mode


def test_a_file_where_a_folder_must_be_is_named(tmp_path):
    (tmp_path / "out").touch()

    with pytest.raises(OutputError) as caught:
        write_atomically(tmp_path / "out" / "r.json", "new")
    with pytest.raises(OutputError) as deeper:
        write_atomically(tmp_path / "out" / "reports" / "r.json", "new")

    assert str(caught.value) == f"{tmp_path}/out/r.json: cannot be written: {tmp_path}/out is not a folder"
    assert str(deeper.value) == (
        f"{tmp_path}/out/reports/r.json: cannot be written: {tmp_path}/out is not a folder"
    )


def test_a_folder_is_not_written_to(tmp_path):
    with pytest.raises(OutputError, match=r": cannot be written: Is a directory$"):
        write_atomically(tmp_path, "new")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_said(tmp_path):
    (tmp_path / "out").mkdir(mode=0o500)

    with pytest.raises(OutputError, match=r"r\.json: cannot be written: Permission denied$"):
        write_atomically(tmp_path / "out" / "r.json", "new")


def test_a_folder_that_refuses_is_said(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied", str(tmp_path / ".r.json.part"))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(OutputError) as caught:
        write_atomically(tmp_path / "r.json", "new")

    assert str(caught.value) == f"{tmp_path}/r.json: cannot be written: Permission denied"


def test_a_pipe_is_written_to_and_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()), daemon=True)
    reader.start()

    write_to(pipe, "new")
    reader.join(timeout=HANG_SECONDS)

    assert read == ["new"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_device_is_neither_replaced_nor_written_to(tmp_path):
    device = tmp_path / "null"
    try:
        os.mknod(device, stat.S_IFCHR | 0o666, os.makedev(1, 3))
    except OSError:
        pytest.skip("only root makes devices")

    with pytest.raises(OutputError, match=r"null: cannot be written: it is a device$"):
        write_atomically(device, "new")

    assert device.is_char_device()
    assert names_in(tmp_path) == ["null"]


def test_a_folder_is_there_whole_or_not_at_all(tmp_path, monkeypatch):
    files = {PurePath("a.txt"): b"a", PurePath("b/c.txt"): b"c"}
    with monkeypatch.context() as patched:
        calls = iter([None, NO_SPACE])

        def fail(_):
            if (error := next(calls)) is not None:
                raise error

        patched.setattr(os, "fsync", fail)
        with pytest.raises(OutputError, match=r"made: cannot be written: No space left on device$"):
            write_folder(tmp_path / "made", files.items())
    assert names_in(tmp_path) == []

    write_folder(tmp_path / "made", files.items())

    assert {name: (tmp_path / "made" / name).read_bytes() for name in files} == files
    assert names_in(tmp_path) == ["made"]


def test_a_folder_is_made_where_a_link_leads(tmp_path):
    (tmp_path / "made").mkdir()
    (tmp_path / "link").symlink_to("made")

    write_folder(tmp_path / "link", [(PurePath("a.txt"), b"a")])

    assert (tmp_path / "link").is_symlink()
    assert names_in(tmp_path / "made") == ["a.txt"]
    assert names_in(tmp_path) == ["link", "made"]
