"""Loading what students hand in: every kind, every limit, every error's wording."""

import codecs
import contextlib
import io
import os
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from grader.errors import (
    SubmissionError,
    SubmissionNotFound,
    SubmissionUnavailable,
    UnsafeArchive,
    UnsupportedFile,
)
from grader.intake import archive, submission
from grader.intake.submission import SourceFile, Submission, decode_source, load_submission


def paths(found):
    return [file.path for file in found.files]


def write_zip(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for member, content in members.items():
            target.writestr(member, content)
    return path


def info(name, mode=stat.S_IFREG | 0o644):
    member = zipfile.ZipInfo(name)
    member.external_attr = mode << 16
    return member


@pytest.mark.parametrize("name", ["hw.ipynb", "hw.py", "HW.PY"])
def test_a_single_file_is_read_as_it_is(tmp_path, name):
    (tmp_path / name).write_bytes(b"x = 1\r\n")

    found = load_submission(tmp_path / name)

    assert found == Submission(name.split(".")[0], (SourceFile(name, b"x = 1\r\n"),))


def test_an_empty_file_is_a_submission(tmp_path):
    (tmp_path / "hw.py").touch()

    assert load_submission(tmp_path / "hw.py").files[0].content == b""


def test_a_folder_is_read_recursively_and_sorted(tmp_path):
    for name in ("b.py", "a/c.ipynb", "a/a.py", "data.csv", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"1")

    found = load_submission(tmp_path)

    assert found.id == tmp_path.name
    assert paths(found) == ["a/a.py", "a/c.ipynb", "b.py"]


@pytest.mark.parametrize(
    "folder", [".git", "__pycache__", "__MACOSX", ".ipynb_checkpoints", "venv", ".venv", "site-packages"]
)
def test_folders_that_are_nobodys_work_are_passed_over(tmp_path, folder):
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "x.py").touch()
    (tmp_path / "hw.py").touch()
    archive_path = write_zip(tmp_path / "hw.zip", {f"{folder}/x.py": "1", "hw.py": "1"})

    assert paths(load_submission(tmp_path)) == ["hw.py"]
    assert paths(load_submission(archive_path)) == ["hw.py"]


def test_links_in_a_folder_are_not_followed(tmp_path):
    folder = tmp_path / "hw"
    folder.mkdir()
    (folder / "hw.py").touch()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "secret.py").touch()
    (folder / "link.py").symlink_to(tmp_path / "other" / "secret.py")
    (folder / "linked").symlink_to(tmp_path / "other")

    assert paths(load_submission(folder)) == ["hw.py"]


def test_a_named_pipe_in_a_folder_is_passed_over(tmp_path):
    os.mkfifo(tmp_path / "pipe.py")
    (tmp_path / "hw.py").touch()

    assert paths(load_submission(tmp_path)) == ["hw.py"]


def test_a_folder_may_be_named_like_a_notebook(tmp_path):
    folder = tmp_path / "x.ipynb"
    (folder / "y.py").mkdir(parents=True)
    (folder / "y.py" / "z.py").touch()

    assert paths(load_submission(folder)) == ["y.py/z.py"]


def test_a_name_that_is_no_text_is_made_printable(tmp_path):
    (tmp_path / os.fsdecode(b"h\xffw\x07.py")).touch()

    assert paths(load_submission(tmp_path)) == ["h<FF>w<U+0007>.py"]


def test_files_whose_names_differ_only_in_what_cannot_be_seen_stay_two(tmp_path):
    for name in (
        b"hw.py",
        b"h\xe2\x80\x8bw.py",
        b"h\xff.py",
        b"h\xfe.py",
        "h\xadw.py".encode(),
        b"\xef\xbb\xbfhw.py",
    ):
        (tmp_path / os.fsdecode(name)).touch()

    assert sorted(paths(load_submission(tmp_path))) == [
        "<U+FEFF>hw.py", "h<FE>.py", "h<FF>.py", "h<U+00AD>w.py", "h<U+200B>w.py", "hw.py",
    ]  # fmt: skip


def test_a_zip_is_read_without_unpacking_it(tmp_path):
    path = write_zip(
        tmp_path / "hw.zip", {"b.py": "2", "a\\c.ipynb": "1", "data.csv": "3", "d.zip": "4", "./e.py": "5"}
    )

    found = load_submission(path)

    assert found.id == "hw"
    assert [(file.path, file.content) for file in found.files] == [
        ("a/c.ipynb", b"1"),
        ("b.py", b"2"),
        ("e.py", b"5"),
    ]
    assert [item.name for item in tmp_path.iterdir()] == ["hw.zip"]


def test_the_digest_depends_on_paths_and_contents_and_not_on_order_or_id():
    a, b = SourceFile("a.py", b"1"), SourceFile("b.py", b"2")

    assert Submission("x", (a, b)).sha256 == Submission("y", (b, a)).sha256
    assert Submission("x", (a,)).sha256 != Submission("x", (SourceFile("b.py", b"1"),)).sha256
    assert a.sha256 == "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b"


def test_nothing_at_the_path(tmp_path):
    with pytest.raises(SubmissionNotFound) as caught:
        load_submission(tmp_path / "hw.py")

    assert str(caught.value) == (
        f"{tmp_path}/hw.py: nothing found at this path; give a notebook (.ipynb), a module (.py), a folder or"
        " a .zip"
    )
    assert caught.value.path == tmp_path / "hw.py"


def test_a_path_that_is_none(tmp_path):
    with pytest.raises(
        SubmissionError, match=r"could not be read: (not a path|File name too long); check the path"
    ):
        load_submission(tmp_path / "\0.py")
    with pytest.raises(SubmissionError, match="could not be read: File name too long; check the path"):
        load_submission(tmp_path / ("x" * 5000 + ".py"))


@pytest.mark.parametrize("name,kind", [("hw.txt", "a .txt file"), ("hw", "a file without a suffix")])
def test_a_file_of_another_kind(tmp_path, name, kind):
    (tmp_path / name).touch()

    with pytest.raises(UnsupportedFile) as caught:
        load_submission(tmp_path / name)

    assert str(caught.value) == (
        f"{tmp_path}/{name}: expected a notebook (.ipynb), a module (.py), a folder or a .zip, found {kind}; "
        "hand in the notebook or module itself"
    )


@pytest.mark.parametrize(
    "make,kind", [(os.mkfifo, "a named pipe"), (lambda path: path.symlink_to("x"), "a symbolic link")]
)
@pytest.mark.parametrize("name", ["hw.py", "hw.zip"])
def test_a_special_file_is_refused_without_opening_it(tmp_path, make, kind, name):
    make(tmp_path / name)

    with pytest.raises(UnsupportedFile) as caught:
        load_submission(tmp_path / name)

    assert str(caught.value) == (
        f"{tmp_path}/{name}: expected a file or a folder, found {kind}; give the file itself"
    )


def test_a_file_that_was_swapped_for_a_pipe_does_not_block(tmp_path):
    os.mkfifo(tmp_path / "hw.py")

    with pytest.raises(UnsupportedFile, match="found a named pipe"):
        submission._read_file(tmp_path / "hw.py")


@pytest.mark.parametrize(
    "make,kind,seen",
    [
        (lambda path: path.mkdir(), "folder", "neither"),
        (lambda path: path.mkdir() or (path / "hw.pdf").touch(), "folder", "only hw.pdf"),
        (lambda path: write_zip(path, {"a.txt": "1"}), "archive", "only a.txt"),
        (
            lambda path: write_zip(path, dict.fromkeys("edcba", "1")),
            "archive",
            "only a, b, c and 2 more",
        ),
    ],
)
def test_a_folder_or_archive_without_sources(tmp_path, make, kind, seen):
    path = tmp_path / "hw.zip"
    make(path)

    with pytest.raises(UnsupportedFile) as caught:
        load_submission(path)

    assert str(caught.value) == (
        f"{path}: expected a notebook (.ipynb) or a module (.py) in this {kind}, found {seen}; "
        "add the notebook or module with the functions"
    )


@pytest.mark.parametrize("name", ["hw.py", "hw.zip"])
def test_a_file_that_may_not_be_read(tmp_path, monkeypatch, name):
    (tmp_path / name).touch()

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(SubmissionError) as caught:
        load_submission(tmp_path / name)

    assert str(caught.value) == (
        f"{tmp_path}/{name}: could not be read: Permission denied; check the path and its permissions"
    )


def test_a_folder_that_may_not_be_listed(tmp_path, monkeypatch):
    def refuse(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(SubmissionError) as caught:
        load_submission(tmp_path)

    assert (
        str(caught.value)
        == f"{tmp_path}: could not be read: Permission denied; check the path and its permissions"
    )


def test_a_folder_inside_that_may_not_be_listed_is_the_students_fault(tmp_path, monkeypatch):
    (tmp_path / "closed").mkdir()
    (tmp_path / "hw.py").touch()
    scandir = os.scandir

    def refuse(path):
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)  # root may list every folder
    with pytest.raises(SubmissionError) as caught:
        load_submission(tmp_path)

    assert not isinstance(caught.value, SubmissionUnavailable)
    assert str(caught.value) == (
        f"{tmp_path}: expected readable files and folders, found 'closed/' without read permission; "
        "make it readable, or hand in only the notebook or modules"
    )


@pytest.mark.parametrize("name", ["hw.py", "hw.zip", "W.pt"])
def test_a_file_inside_that_may_not_be_read_is_the_students_fault(tmp_path, monkeypatch, name):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / name).touch()
    monkeypatch.setattr(os, "open", raising(PermissionError(13, "Permission denied")))

    with pytest.raises(SubmissionError) as caught:
        load_submission(tmp_path)

    assert not isinstance(caught.value, SubmissionUnavailable)
    assert f"found 'folder/{name}' without read permission" in str(caught.value)


def raising(error):
    def run(*_):
        raise error

    return run


def test_a_file_inside_that_the_disk_cannot_read_is_not_the_students_fault(tmp_path, monkeypatch):
    (tmp_path / "hw.py").touch()
    monkeypatch.setattr(os, "open", raising(OSError(5, "Input/output error")))

    with pytest.raises(SubmissionUnavailable, match="Input/output error"):
        load_submission(tmp_path)


LONG = "/".join(["é" * 50] * 10)
"""A path of 1,009 bytes, and 509 characters."""


def test_a_path_beyond_the_limit_is_the_students_fault_wherever_it_leads(tmp_path):
    (tmp_path / "long" / LONG).mkdir(parents=True)
    (tmp_path / "long" / "hw.py").touch()
    write_zip(tmp_path / "hw.zip", {f"{LONG}/hw.py": "1"})

    with pytest.raises(SubmissionError) as caught:
        load_submission(tmp_path / "long")
    assert not isinstance(caught.value, SubmissionUnavailable)
    assert str(caught.value) == (
        f"{tmp_path}/long: expected paths of at most 1,000 bytes in one submission, found a longer one ({LONG[:60]}...); "
        "hand in only the notebook or modules"
    )
    with pytest.raises(UnsafeArchive) as caught:
        load_submission(tmp_path / "hw.zip")
    assert str(caught.value) == (
        f"{tmp_path}/hw.zip: member {(LONG + '/hw.py')[:200]!r} has a path of more than 1,000 bytes; "
        "hand in only the notebook or the modules"
    )


def test_a_path_within_the_limit_is_read_and_what_is_passed_over_may_be_longer(tmp_path):
    within = "/".join(["d" * 100] * 9)
    folder = tmp_path / "hand_in"
    (folder / within).mkdir(parents=True)
    (folder / within / "hw.py").touch()
    (folder / "node_modules" / LONG).mkdir(parents=True)
    (folder / within / ("n" * 200 + ".txt")).touch()
    write_zip(tmp_path / "hw.zip", {f"{within}/hw.py": "1", f"{LONG}/notes.txt": "1"})

    assert [file.path for file in load_submission(folder).files] == [f"{within}/hw.py"]
    assert [file.path for file in load_submission(tmp_path / "hw.zip").files] == [f"{within}/hw.py"]


def test_a_file_beyond_the_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(submission, "FILE_BYTES", 1 << 20)
    (tmp_path / "hw.ipynb").write_bytes(b" " * ((1 << 20) + 1))

    with pytest.raises(SubmissionError) as caught:
        load_submission(tmp_path / "hw.ipynb")

    assert str(caught.value) == (
        f"{tmp_path}/hw.ipynb: expected a file of at most 1 MiB, found a larger one; "
        "clear the notebook's outputs and save it again"
    )


def test_a_folder_beyond_the_limits(tmp_path, monkeypatch):
    for name in "abc":
        (tmp_path / f"{name}.py").write_bytes(b" " * (1 << 20))

    monkeypatch.setattr(submission, "TOTAL_BYTES", 2 << 20)
    with pytest.raises(SubmissionError) as caught:
        load_submission(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}: expected at most 2 MiB of notebooks and modules, found more; "
        "give the folder of one student, and clear the outputs of the notebooks"
    )

    monkeypatch.setattr(submission, "FILE_COUNT", 1)
    with pytest.raises(SubmissionError) as caught:
        load_submission(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}: expected at most 1 notebooks and modules in one submission, found more; give the folder of one student"
    )

    monkeypatch.setattr(submission, "FOLDER_ENTRIES", 2)
    with pytest.raises(SubmissionError) as caught:
        load_submission(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}: expected the folder of one submission, found more than 2 entries in it; give the folder of one student"
    )


def unsafe(tmp_path, members):
    path = write_zip(tmp_path / "hw.zip", members)
    with pytest.raises(UnsafeArchive) as caught:
        load_submission(path)
    assert caught.value.path == path
    return str(caught.value).removeprefix(f"{path}: ")


@pytest.mark.parametrize("name", ["/etc/x.py", "../x.py", "a/../../x.py", "..\\x.py", "C:\\x.py", "../x.txt"])
def test_a_member_outside_the_archives_folder(tmp_path, name):
    shown = name.replace("\\", "/")
    assert unsafe(tmp_path, {name: "1"}) == (
        f"member {shown!r} lies outside the archive's folder; expected relative paths without '..', make the zip again"
    )


@pytest.mark.parametrize(
    "kind,words",
    [(stat.S_IFLNK, "a symbolic link"), (stat.S_IFIFO, "a special file"), (stat.S_IFCHR, "a special file")],
)
def test_a_member_that_is_no_file(tmp_path, kind, words):
    assert unsafe(tmp_path, {info("x.py", kind | 0o777): "/etc/passwd"}) == (
        f"member 'x.py' is {words}; expected only files and folders, add the file itself"
    )


def patched(path, find, offset, value):
    """Change bytes of the zip after the last place where `find` stands."""
    content = bytearray(path.read_bytes())
    at = content.rfind(find) + offset
    content[at : at + len(value)] = value
    path.write_bytes(content)


def test_an_encrypted_member(tmp_path):
    path = write_zip(tmp_path / "hw.zip", {"hw.py": "1"})
    patched(path, b"PK\x01\x02", 8, b"\x01\x00")

    with pytest.raises(UnsafeArchive) as caught:
        load_submission(path)

    assert str(caught.value) == f"{path}: member 'hw.py' is encrypted; expected an archive without a password"


def test_a_member_of_an_uncommon_compression(tmp_path):
    path = tmp_path / "hw.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as target:
        target.writestr("hw.py", "1")

    with pytest.raises(UnsafeArchive) as caught:
        load_submission(path)

    assert str(caught.value) == (
        f"{path}: member 'hw.py' uses an unusual compression method; expected the usual one (deflate)"
    )


def test_more_members_than_allowed(tmp_path):
    assert unsafe(tmp_path, {f"{number}.txt": "" for number in range(2001)}) == (
        "expected at most 2,000 members, found 2,001; hand in only the notebook or the modules"
    )


def test_a_table_of_contents_for_a_million_members_is_not_read(tmp_path):
    path = tmp_path / "hw.zip"
    path.write_bytes(b"PK\x05\x06" + struct.pack("<HHHHLLH", 0, 0, 60000, 60000, 5 << 20, 0, 0))

    with pytest.raises(UnsafeArchive) as caught:
        load_submission(path)

    assert str(caught.value) == (
        f"{path}: expected at most 2,000 members, found a directory that lists many more; "
        "hand in only the notebook or the modules"
    )


def test_a_member_that_says_it_is_too_large(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "FILE_BYTES", 1 << 20)
    assert unsafe(tmp_path, {"hw.py": b" " * ((1 << 20) + 1)}) == (
        "member 'hw.py' unpacks to more than 1 MiB; clear the notebook's outputs"
    )


def test_a_member_that_unpacks_to_more_than_it_says(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "FILE_BYTES", 1 << 20)
    path = write_zip(tmp_path / "hw.zip", {"hw.py": b" " * (8 << 20)})
    patched(path, b"PK\x01\x02", 24, struct.pack("<L", 100))

    with pytest.raises(SubmissionError):
        load_submission(path)


def test_a_bomb_that_is_counted_as_it_unpacks(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "FILE_BYTES", 1 << 20)
    content = io.BytesIO(b" " * (4 << 20))

    class Lying:
        start_dir = 0

        def open(self, _):
            return contextlib.nullcontext(content)

    member = info("hw.py")
    member.header_offset = 0
    with pytest.raises(UnsafeArchive) as caught:
        archive._read_member(Lying(), member, tmp_path / "hw.zip", 1 << 30)  # type: ignore[arg-type]

    assert str(caught.value) == (
        f"{tmp_path}/hw.zip: member 'hw.py' unpacks to more than 1 MiB; clear the notebook's outputs"
    )
    assert content.tell() <= 2 << 20


def test_an_archive_beyond_the_total(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "TOTAL_BYTES", 2 << 20)
    assert unsafe(tmp_path, {f"{name}.py": b" " * (1 << 20) for name in "abc"}) == (
        "expected at most 2 MiB of unpacked notebooks and modules, found more; "
        "hand in only the notebook or the modules"
    )


def test_data_that_is_not_unpacked_does_not_count(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "FILE_BYTES", 10)
    path = write_zip(tmp_path / "hw.zip", {"data.csv": b" " * 1000, "hw.py": "1"})

    assert paths(load_submission(path)) == ["hw.py"]


def test_a_folder_that_holds_only_an_archive_is_read_as_that_archive(tmp_path):
    (tmp_path / "jane").mkdir()
    write_zip(tmp_path / "jane" / "hw.zip", {"hw/a.py": "1"})
    submission = load_submission(tmp_path / "jane")
    assert submission.id == "jane"
    assert [(file.path, file.content) for file in submission.files] == [("hw/a.py", b"1")]


def test_a_folder_with_a_module_and_an_archive_is_read_as_the_module(tmp_path):
    write_zip(tmp_path / "hw.zip", {"hw/a.py": "1"})
    (tmp_path / "b.py").write_text("2")
    assert [file.path for file in load_submission(tmp_path).files] == ["b.py"]


def test_a_folder_with_two_archives_is_not_guessed_at(tmp_path):
    for name in ("a.zip", "b.zip"):
        write_zip(tmp_path / name, {"a.py": "1"})
    with pytest.raises(UnsupportedFile) as caught:
        load_submission(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}: expected a notebook (.ipynb), a module (.py) or a single .zip in this folder, "
        "found a.zip and b.zip; give one of them"
    )


@pytest.mark.parametrize("content", [b"", b"PK", b"not a zip" * 100])
def test_a_zip_that_is_none(tmp_path, content):
    path = tmp_path / "hw.zip"
    path.write_bytes(content)

    with pytest.raises(UnsupportedFile) as caught:
        load_submission(path)

    assert str(caught.value) == (f"{path}: this is not a zip archive; zip the notebook or modules again")


def test_a_damaged_zip(tmp_path):
    path = write_zip(tmp_path / "hw.zip", {"hw.py": os.urandom(1000)})
    patched(path, b"PK\x01\x02", 16, b"\0\0\0\0")

    with pytest.raises(UnsupportedFile) as caught:
        load_submission(path)

    assert str(caught.value) == (
        f"{path}: expected a zip archive, found a damaged one (Bad CRC-32 for file 'hw.py'); make it again"
    )


@pytest.mark.parametrize(
    "content,text",
    [
        (b"x = 1\r\ny = 2\rz = 3\n", "x = 1\ny = 2\nz = 3\n"),
        (codecs.BOM_UTF8 + "é".encode(), "é"),
        ("é".encode("utf-16"), "é"),
        (codecs.BOM_UTF16_BE + "é".encode("utf-16-be"), "é"),
        (b"# -*- coding: latin-1 -*-\n'\xe9'", "# -*- coding: latin-1 -*-\n'é'"),
        (
            b"#!/usr/bin/python\n# vim: set fileencoding=cp1252 :\n'\x80'",
            "#!/usr/bin/python\n# vim: set fileencoding=cp1252 :\n'€'",
        ),
        (b"x = 1\n# coding: cp1252\n'\xc3\xa9'", "x = 1\n# coding: cp1252\n'é'"),
        (b"# coding: no-such-code\n'\xc3\xa9'", "# coding: no-such-code\n'é'"),
        (b"# coding: punycode\n'\xc3\xa9'", "# coding: punycode\n'é'"),
        (b"# coding: utf-8\n'\xe9'", "# coding: utf-8\n'é'"),
        (b"'\xe9'", "'é'"),
        (b"a\0b", "a\0b"),
        (b"", ""),
    ],
)
def test_source_text_is_decoded_as_python_would_or_else_somehow(content, text):
    assert decode_source(content) == text


def zipped(members):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def test_an_archive_alone_in_an_archive_is_opened(tmp_path):
    inner = zipped({"hw/a.py": "1", "hw/b.pt": "2"})
    path = write_zip(tmp_path / "hw.zip", {"upload/hw.zip": zipped({"hw.zip": inner}), "readme.txt": "x"})

    submission = load_submission(path)

    assert (submission.id, paths(submission), submission.notes) == ("hw", ["hw/a.py", "hw/b.pt"], ())


def test_an_archive_beside_a_notebook_is_named_and_not_opened(tmp_path):
    write_zip(tmp_path / "hw.zip", {"a.py": "1", "more/data.zip": b"x", "old.rar": b"x"})
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "b.py").write_text("1")
    (tmp_path / "folder" / "backup.tar").write_text("1")

    assert load_submission(tmp_path / "hw.zip").notes == (
        "more/data.zip and old.rar were not opened: there are notebooks or modules too",
    )
    assert load_submission(tmp_path / "folder").notes == (
        "backup.tar was not opened: there are notebooks or modules too",
    )


@pytest.mark.parametrize(
    "members, words",
    [
        ({"a.rar": b"x"}, "found a.rar; hand in the files themselves, or a .zip"),
        (
            {"a.zip": zipped({"a.py": "1"}), "b.zip": zipped({"a.py": "1"})},
            "found a.zip and b.zip; give one of them",
        ),
        ({"a.zip": zipped({"notes.txt": "1"})}, "a module (.py) in this archive, found only notes.txt"),
        ({"a.zip": b"no zip"}, "a.zip: this is not a zip archive"),
    ],
)
def test_an_archive_without_source_says_what_is_in_it(tmp_path, members, words):
    path = write_zip(tmp_path / "hw.zip", members)

    with pytest.raises(UnsupportedFile) as caught:
        load_submission(path)

    assert words in str(caught.value)


def test_archives_nested_too_deeply_are_not_opened(tmp_path):
    packed = zipped({"a.py": "1"})
    for _ in range(4):
        packed = zipped({"in.zip": packed})
    (tmp_path / "hw.zip").write_bytes(packed)

    with pytest.raises(UnsupportedFile, match="archives in archives"):
        load_submission(tmp_path / "hw.zip")
