"""What in a class's folder or .zip is a submission, and what its report is called."""

import io
import pickle
import re
import unicodedata
import zipfile

import pytest

from grader.errors import (
    SubmissionError,
    SubmissionNotFound,
    SubmissionUnavailable,
    UnsafeArchive,
    UnsupportedFile,
)
from grader.intake import archive, identifiers
from grader.intake.entry import load_entry
from grader.intake.folder import find_class, find_entries, selected

RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{digit}" for port in ("com", "lpt") for digit in range(10))}


def zipped(members):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in members.items():
            target.writestr(name, content)
    return stream.getvalue()


def class_zip(folder, members):
    path = folder / "class.zip"
    path.write_bytes(zipped(members))
    return path


def files_by_id(entries):
    return {each.id: {file.path: file.content for file in load_entry(each).files} for each in entries}


def ids(entries):
    return [each.id for each in entries]


def test_each_notebook_module_archive_and_folder_is_a_submission(tmp_path):
    (tmp_path / "ann.ipynb").write_bytes(b"{}")
    (tmp_path / "bob.py").write_bytes(b"b")
    (tmp_path / "cem.zip").write_bytes(zipped({"hw.py": b"c"}))
    (tmp_path / "dia").mkdir()
    (tmp_path / "dia" / "hw.py").write_bytes(b"d")

    assert files_by_id(find_entries(tmp_path)) == {
        "ann": {"ann.ipynb": b"{}"},
        "bob": {"bob.py": b"b"},
        "cem": {"hw.py": b"c"},
        "dia": {"hw.py": b"d"},
    }


def test_what_is_nobodys_submission_is_passed_over(tmp_path):
    for name in ("roster.csv", "notes.txt", ".hidden.py", "alice.py"):
        (tmp_path / name).touch()
    for name in (".git", "__MACOSX", "__pycache__"):
        (tmp_path / name).mkdir()

    assert ids(find_entries(tmp_path)) == ["alice"]


def test_the_folder_of_the_reports_is_passed_over(tmp_path):
    (tmp_path / "alice.py").touch()
    (tmp_path / "out").mkdir()

    assert ids(find_entries(tmp_path, besides=tmp_path / "x" / ".." / "out")) == ["alice"]


def test_the_output_of_an_earlier_run_is_skipped_and_said_so(tmp_path):
    for name in ("alice", "earlier", "now", "bob"):
        (tmp_path / name / "reports").mkdir(parents=True)
        (tmp_path / name / "gradebook.csv").touch()
    (tmp_path / "alice" / "gradebook.csv").unlink()
    (tmp_path / "bob" / "hw.py").touch()

    assert ids(find_entries(tmp_path, besides=tmp_path / "now")) == ["alice", "bob"]
    assert find_class(tmp_path, besides=tmp_path / "now").skipped == ("earlier",)


def test_a_student_with_an_archive_of_another_kind_is_told(tmp_path):
    (tmp_path / "alice.rar").touch()

    (alice,) = find_entries(tmp_path)

    with pytest.raises(UnsupportedFile, match=r"found a \.rar file"):
        load_entry(alice)


def test_an_empty_folder_among_them_is_an_unreadable_submission(tmp_path):
    (tmp_path / "alice").mkdir()

    (alice,) = find_entries(tmp_path)

    with pytest.raises(UnsupportedFile, match="found neither"):
        load_entry(alice)


@pytest.mark.parametrize("is_folder", [True, False])
def test_a_link_is_not_followed_and_not_lost(tmp_path, is_folder):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "hw.py").touch()
    (tmp_path / "class").mkdir()
    target = tmp_path / "elsewhere" if is_folder else tmp_path / "elsewhere" / "hw.py"
    (tmp_path / "class" / ("alice" if is_folder else "alice.py")).symlink_to(target)

    (alice,) = find_entries(tmp_path / "class")

    assert alice.id == "alice"
    with pytest.raises(UnsupportedFile, match="found a symbolic link"):
        load_entry(alice)


def test_a_link_to_a_name_of_any_length_costs_the_others_nothing(tmp_path):
    (tmp_path / "alice.py").touch()
    (tmp_path / "bob.py").symlink_to("b" * 3000)
    (tmp_path / "cem").symlink_to("c" * 3000)

    assert ids(find_entries(tmp_path)) == ["alice", "bob"]
    assert find_class(tmp_path).skipped == ("cem",)


def test_a_path_beyond_the_limit_in_the_zip_of_a_class_costs_the_others_nothing(tmp_path):
    path = class_zip(tmp_path, {"ann.py": b"a", "bob/" + "b/" * 600 + "hw.py": b"b"})

    ann, bob = find_entries(path)

    assert [file.content for file in load_entry(ann).files] == [b"a"]
    with pytest.raises(UnsafeArchive, match="has a path of more than 1,000 bytes"):
        load_entry(bob)


def test_a_folder_that_holds_an_archive_is_that_archives_contents(tmp_path):
    (tmp_path / "alice").mkdir()
    (tmp_path / "alice" / "homework.zip").write_bytes(zipped({"hw.py": b"1"}))

    assert files_by_id(find_entries(tmp_path)) == {"alice": {"hw.py": b"1"}}


@pytest.mark.parametrize("is_archive", [False, True])
def test_of_two_archives_in_a_folder_none_is_guessed(tmp_path, is_archive):
    if is_archive:
        found = find_entries(class_zip(tmp_path, {"alice/a.zip": b"", "alice/b.zip": b"", "bob.py": b""}))
    else:
        (tmp_path / "alice").mkdir()
        for name in ("a.zip", "b.zip"):
            (tmp_path / "alice" / name).write_bytes(zipped({"hw.py": b""}))
        found = find_entries(tmp_path)

    with pytest.raises(UnsupportedFile, match=r"alice: .*found .*a.zip and .*b.zip; give one of them$"):
        load_entry(found[0])


def test_a_folder_with_nothing_in_it_holds_no_submission(tmp_path):
    with pytest.raises(UnsupportedFile) as caught:
        find_entries(tmp_path)

    assert str(caught.value) == (
        f"{tmp_path}: contains no submissions; expected notebooks (.ipynb), modules (.py), .zip files or"
        " folders in it"
    )


def test_a_file_is_no_class(tmp_path):
    (tmp_path / "alice.py").touch()

    with pytest.raises(UnsupportedFile) as caught:
        find_entries(tmp_path / "alice.py")

    assert str(caught.value) == (
        f"{tmp_path}/alice.py: expected a folder of submissions or a .zip of them; for a single one use `grader check`"
    )


def test_nothing_at_the_path_is_said(tmp_path):
    with pytest.raises(SubmissionNotFound) as caught:
        find_entries(tmp_path / "class")

    assert str(caught.value) == (
        f"{tmp_path}/class: nothing found at this path; give a folder of submissions or a .zip of them"
    )


def test_a_folder_that_cannot_be_listed_is_said(tmp_path, monkeypatch):
    def refuse(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(tmp_path), "iterdir", refuse)
    with pytest.raises(SubmissionError) as caught:
        find_entries(tmp_path)

    assert str(caught.value) == f"{tmp_path}: cannot be read: Permission denied"


def test_a_zip_of_a_class_has_a_submission_for_each_entry(tmp_path):
    path = class_zip(tmp_path, {"ann/hw.py": b"a", "ann/lib/x.py": b"x", "bob.py": b"b", "c.d/hw.py": b"c"})

    assert files_by_id(find_entries(path)) == {
        "ann": {"hw.py": b"a", "lib/x.py": b"x"},
        "bob": {"bob.py": b"b"},
        "c.d": {"hw.py": b"c"},
    }


def test_one_folder_around_the_class_is_taken_off(tmp_path):
    path = class_zip(
        tmp_path, {"class/ann/hw.py": b"a", "class/bob.py": b"b", "class/cem.zip": zipped({"h.py": b"c"})}
    )

    assert files_by_id(find_entries(path)) == {
        "ann": {"hw.py": b"a"},
        "bob": {"bob.py": b"b"},
        "cem": {"h.py": b"c"},
    }


def test_archives_within_the_zip_of_a_class_are_read(tmp_path):
    path = class_zip(
        tmp_path, {"ann.zip": zipped({"hw.py": b"a"}), "bob/hw.ZIP": zipped({"lib/hw.py": b"b"})}
    )

    assert files_by_id(find_entries(path)) == {"ann": {"hw.py": b"a"}, "bob": {"lib/hw.py": b"b"}}


def test_an_archive_beside_a_notebook_is_passed_over_as_in_a_folder(tmp_path):
    path = class_zip(tmp_path, {"ann/hw.py": b"a", "ann/data.zip": b"x", "bob.py": b"b"})

    assert files_by_id(find_entries(path))["ann"] == {"hw.py": b"a"}


def test_a_damaged_archive_within_costs_the_others_nothing(tmp_path):
    path = class_zip(tmp_path, {"ann.zip": b"no zip", "bob.py": b"b", "cem.zip": zipped({"notes.txt": b"c"})})

    ann, bob, cem = find_entries(path)

    assert load_entry(bob).files[0].content == b"b"
    with pytest.raises(UnsupportedFile, match=r"class\.zip/ann\.zip: this is not a zip archive"):
        load_entry(ann)
    with pytest.raises(
        UnsupportedFile, match=r"class\.zip/cem\.zip: .* in this archive, found only notes\.txt"
    ):
        load_entry(cem)


def test_an_unsafe_archive_within_costs_the_others_nothing(tmp_path):
    path = class_zip(tmp_path, {"ann.zip": zipped({"../hw.py": b"a"}), "bob.py": b"b"})

    ann, bob = find_entries(path)

    assert load_entry(bob).files[0].content == b"b"
    with pytest.raises(UnsafeArchive, match="lies outside"):
        load_entry(ann)


@pytest.mark.parametrize("name", ["ann.zip", "ann.py"])
def test_a_file_of_a_class_has_a_greatest_size_and_costs_the_others_nothing(tmp_path, monkeypatch, name):
    path = class_zip(tmp_path, {name: b"x" * 2000, "bob.py": b"b"})
    monkeypatch.setattr(archive, "FILE_BYTES", 1000)

    ann, bob = find_entries(path)

    assert load_entry(bob).files[0].content == b"b"
    with pytest.raises(UnsafeArchive, match=rf"class\.zip: member '{name}' unpacks to more than"):
        load_entry(ann)


def test_the_files_of_a_student_have_a_greatest_size_together(tmp_path, monkeypatch):
    members = {"ann/1.py": b"x" * 600, "ann/2.py": b"x" * 600, "bob/1.py": b"b" * 600, "cem.py": b"c" * 600}
    path = class_zip(tmp_path, members)
    monkeypatch.setattr(archive, "TOTAL_BYTES", 1000)

    ann, bob, cem = find_entries(path)

    assert [len(load_entry(each).files[0].content) for each in (bob, cem)] == [600, 600]
    with pytest.raises(UnsafeArchive, match=r"class\.zip: expected at most 0 MiB .* found more"):
        load_entry(ann)


def test_entries_hold_no_bytes_and_survive_pickling(tmp_path):
    big = b"# " + bytes(range(32, 127)) * 20_000
    path = class_zip(tmp_path, {"ann/hw.py": big, "bob.zip": zipped({"hw.py": b"b"})})

    entries = find_entries(path)
    packed = pickle.dumps(entries)

    assert len(packed) < 1_000
    assert files_by_id(pickle.loads(packed)) == {"ann": {"hw.py": big}, "bob": {"hw.py": b"b"}}


def test_a_damaged_member_of_the_class_is_not_the_students_fault(tmp_path):
    path = class_zip(tmp_path, {"ann.py": b"a" * 100, "bob.py": b"b"})
    with zipfile.ZipFile(path) as opened:
        start = opened.getinfo("ann.py").header_offset + 30 + len("ann.py")
    content = bytearray(path.read_bytes())
    content[start] ^= 0xFF
    path.write_bytes(content)

    ann, bob = find_entries(path)

    assert load_entry(bob).files[0].content == b"b"
    with pytest.raises(
        SubmissionUnavailable, match=r"class\.zip: expected a zip archive, found a damaged one"
    ) as caught:
        load_entry(ann)
    assert str(caught.value).endswith("; make it again, or download the class again")


def test_a_class_that_is_gone_or_has_changed_is_not_the_students_fault(tmp_path):
    path = class_zip(tmp_path, {"ann.py": b"a", "bob.py": b"b"})
    ann, bob = find_entries(path)
    class_zip(tmp_path, {"bob.py": b"b"})

    with pytest.raises(SubmissionUnavailable, match=r"class\.zip: changed while the class was being graded"):
        load_entry(ann)
    path.unlink()
    with pytest.raises(SubmissionUnavailable, match=r"class\.zip: could not be read: No such file"):
        load_entry(bob)


@pytest.mark.parametrize("name", ["../ann.zip", "/home/ann.zip", "C:\\ann.zip", "ann/../../x.py", "/ann.py"])
def test_a_name_that_must_not_be_unpacked_costs_its_student_alone(tmp_path, name):
    path = class_zip(tmp_path, {name: zipped({"hw.py": b"a"}), "bob.py": b"b"})

    *refused, bob = sorted(find_entries(path), key=lambda each: each.id == "bob")

    assert load_entry(bob).files[0].content == b"b"
    assert len(refused) == 1
    with pytest.raises(UnsafeArchive, match="lies outside"):
        load_entry(refused[0])


HOSTILE_NAMES = [
    "a.py",
    "A.ipynb",
    "a.ipynb",
    "CON.py",
    "con.ipynb",
    "nul .x.py",
    "Com1.py",
    "x" * 240 + ".py",
    "x" * 240 + "y.py",
    "é" * 120 + ".py",
    "é" * 119 + "e.py",
    unicodedata.normalize("NFC", "rené.py"),
    unicodedata.normalize("NFD", "rené.py"),
    "straße.py",
    "STRASSE.py",
    "aa:b.py",
    "aa?b.py",
    "a b .py",
    "=1+1.py",
    "-rf.py",
    "[red].py",
    "\x1b[31m.py",
    "tab\there.py",
    "'quote\".py",
    "…….py",
    "🙂.py",
]


@pytest.mark.parametrize("is_archive", [False, True])
def test_every_report_has_a_name_of_its_own_that_every_system_takes(tmp_path, is_archive):
    if is_archive:
        found = find_entries(class_zip(tmp_path, {name.replace("\x1b", "-"): b"" for name in HOSTILE_NAMES}))
    else:
        for name in HOSTILE_NAMES:
            (tmp_path / name).touch()
        found = find_entries(tmp_path)

    assert len(found) == len(HOSTILE_NAMES)
    assert len({unicodedata.normalize("NFKC", name.casefold()) for name in ids(found)}) == len(found)
    for name in ids(found):
        assert name.split(".")[0].strip().lower() not in RESERVED
        assert len(f".{name}.json.12345678.part".encode()) < 200
        assert not re.search(r'[<>:"/\\|?*\x00-\x1f\x7f]', name)
        assert name == name.strip(" .")
        assert name


def test_a_plain_name_stays_as_it_is(tmp_path):
    for name in ("alice_1234_hw-2 (1).py", "Ørsted, Åse.ipynb", "李雷.py"):
        (tmp_path / name).touch()

    assert set(ids(find_entries(tmp_path))) == {"alice_1234_hw-2 (1)", "Ørsted, Åse", "李雷"}


def test_two_files_of_one_stem_keep_their_suffixes(tmp_path):
    for name in ("alice.py", "alice.ipynb", "bob.py"):
        (tmp_path / name).touch()

    assert ids(find_entries(tmp_path)) == ["alice.ipynb", "alice.py", "bob"]


def test_nobody_can_take_the_name_that_anothers_report_will_have(tmp_path):
    for name in ("a:b.py", "a?b.py"):
        (tmp_path / name).touch()
    taken = ids(find_entries(tmp_path))
    for name in taken:
        (tmp_path / f"{name}.py").touch()

    found = ids(find_entries(tmp_path))

    assert len(set(found)) == 4


def test_the_names_of_the_others_do_not_change_a_students_own(tmp_path):
    (tmp_path / "alice.py").touch()
    before = ids(find_entries(tmp_path))
    (tmp_path / "bob.py").touch()

    assert ids(find_entries(tmp_path))[0] == before[0]


@pytest.mark.parametrize("name", ["...py", "..", "a/../../b.py"])
def test_a_name_of_dots_leads_nowhere(tmp_path, name):
    assert identifiers._file_name(name).strip(".") == identifiers._file_name(name)


@pytest.mark.parametrize(
    "patterns,ids",
    [
        ([], ["ann", "anton", "bob"]),
        (["an*"], ["ann", "anton"]),
        (["bob", "ann"], ["ann", "bob"]),
        (["?????"], ["anton"]),
    ],
)
def test_some_of_a_class_are_selected_by_patterns_in_the_order_of_the_class(tmp_path, patterns, ids):
    for name in ("ann", "anton", "bob"):
        (tmp_path / f"{name}.py").write_text("")

    assert [each.id for each in selected(find_entries(tmp_path), patterns)] == ids


def test_a_pattern_that_fits_nobody_is_refused(tmp_path):
    (tmp_path / "ann.py").write_text("")

    with pytest.raises(
        UnsupportedFile, match=r"^no submission matches 'an'; there is 1 \(did you mean 'ann'\?\)$"
    ):
        selected(find_entries(tmp_path), ["an"])
    with pytest.raises(UnsupportedFile, match=r"^no submission matches 'bo\*'; there is 1$"):
        selected(find_entries(tmp_path), ["ann", "bo*"])


def test_saved_weights_belong_to_their_folder_and_are_no_submission_of_their_own(tmp_path):
    members = {"alice/hw.py": b"1", "alice/best.pt": b"W", "stray.pt": b"W", "bob.py": b"2"}
    with zipfile.ZipFile(tmp_path / "class.zip", "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)

    assert files_by_id(find_entries(tmp_path / "class.zip")) == {
        "alice": {"hw.py": b"1", "best.pt": b"W"},
        "bob": {"bob.py": b"2"},
    }


def test_files_that_are_not_submissions_are_named(tmp_path):
    for name in ("gina.pdf", "essay.docx", ".DS_Store", "hw.ipynb.txt", "ann.py"):
        (tmp_path / name).write_text("x")

    assert find_class(tmp_path).skipped == ("essay.docx", "gina.pdf", "hw.ipynb.txt")


LOOK_ALIKE = [
    "ann", "a\u200bnn", "an\u00adn", "\ufeffann", "ann\u202e", "an\u2066n", "a\u2028nn", "a\u0001nn", "ann\ufe0f",
    "\uff41nn", "a\u034fnn", "ann\u3164", "\U000e0061ann",
]  # fmt: skip


@pytest.mark.parametrize("is_zip", [False, True])
def test_names_that_look_the_same_have_ids_without_what_cannot_be_seen_and_stay_apart(tmp_path, is_zip):
    members = {f"{name}.py": name.encode() for name in LOOK_ALIKE}
    if is_zip:
        path = class_zip(tmp_path, members)
    else:
        path = tmp_path
        for name, content in members.items():
            (tmp_path / name).write_bytes(content)

    found = files_by_id(find_entries(path))

    assert sorted(content for files in found.values() for content in files.values()) == sorted(
        members.values()
    )
    assert len({name.casefold() for name in found}) == len(LOOK_ALIKE)
    for name in found:
        assert name.isprintable(), ascii(name)
        assert re.fullmatch(r"[\w+\ufe0f\u034f\u3164-]+", name), ascii(name)
    shown = {re.sub(r"[\ufe0f\u034f\u3164]", "", name) for name in found}
    assert len(shown) == len(LOOK_ALIKE)  # also for a reader, who does not see these
