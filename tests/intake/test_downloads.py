"""Downloads of whole classes: as many students come out as went in, each with all of their files."""

import io
import os
import zipfile
from collections import Counter
from pathlib import PurePosixPath

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grader.errors import SubmissionError, UnsupportedFile
from grader.intake.download import is_noise
from grader.intake.entry import load_entry
from grader.intake.folder import find_class

NOISE = {
    "__MACOSX/._x": b"", ".DS_Store": b"", "Thumbs.db": b"", "desktop.ini": b"", "._a.py": b"",
}  # fmt: skip
CODE = b"x = 1\n"


def zipped(members):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in members.items():
            target.writestr(name, content or b"")
    return stream.getvalue()


def lay(folder, members):
    """The members as files and folders on disk."""
    for name, content in members.items():
        path = folder / name
        if content is None:
            path.mkdir(parents=True, exist_ok=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


@pytest.fixture(params=["folder", "wrapped folder", "zip", "zip around a folder", "zip alone in a folder"])
def delivered(request, tmp_path):
    """Lays a download in each of the shapes in which instructors have it."""

    def deliver(members, name="download"):
        around = tmp_path / "class"
        around.mkdir()
        match request.param:
            case "folder":
                return lay(around / name, {**members, **NOISE})
            case "wrapped folder":
                lay(around / "outer" / name, {**members, **NOISE})
                return around
            case "zip":
                path = around / f"{name}.zip"
                path.write_bytes(zipped({_named(each, members): c for each, c in (members | NOISE).items()}))
                return path
            case "zip around a folder":
                path = around / "class.zip"
                path.write_bytes(
                    zipped({f"{name}/{_named(each, members)}": c for each, c in (members | NOISE).items()})
                )
                return path
        (around / "download.zip").write_bytes(
            zipped({f"{name}/{_named(each, members)}": c for each, c in members.items()})
        )
        return around

    return deliver


def _named(name, members):
    return f"{name}/" if members.get(name, b"") is None else name


def canvas():
    members = {f"student{at}_{100 + at}_{9000 + at}_softmax.ipynb": b"{}" for at in range(7)}
    members |= {
        "student0_100_9100_helper.py": CODE,
        "student0_100_9101_best-1.pt": b"W",
        "student7_LATE_107_9007_a1_code_submission-1.zip": zipped({"softmax.py": CODE}),
        "student8_108_9008_report.pdf": b"%PDF",
        "student9_109_text.html": b"<p>here</p>",
        "student10_110_9010_damaged.zip": b"no zip",
        "łukasz_111_9011_hw (1).py": CODE,
    }
    return members


def moodle(shape):
    members: dict[str, bytes | None] = {}
    for at in range(9):
        start = f"Student {at}_{1000 + at}_assignsubmission_file"
        members[
            {"since": f"{start}/cs/hw.py", "before": f"{start}_/hw.py", "flat": f"{start}_hw.py"}[shape]
        ] = CODE
    between = "_" if shape == "flat" else "/"
    return members | {
        f"Student 0_1000_assignsubmission_onlinetext{between}onlinetext.html": b"<p>hello</p>",
        f"Ünïcode, O'Neil_1009_assignsubmission_file{between}hw.ipynb": b"{}",
        f"Participant_1010_assignsubmission_file{between}report.pdf": b"%PDF",
        f"Student 11_1011_assignsubmission_onlinetext{between}onlinetext.html": b"<p>hello</p>",
    }


def blackboard():
    stamp = "2026-04-20-20-58-{:02}"
    members: dict[str, bytes | None] = {}
    for at in range(12):
        start = f"Assignment_1_user_{at}_attempt_{stamp.format(at)}"
        members |= {
            f"{start}.txt": f"Name: User {at} (user_{at})\r\nAssignment:".encode(),
            f"{start}_hw.py": CODE,
        }
    del members[f"Assignment_1_user_11_attempt_{stamp.format(11)}_hw.py"]
    members["Assignment_1_user_3_attempt_2026-04-19-08-00-00_old.py"] = b"old = 1\n"
    members["Assignment_1_user_3_attempt_2026-04-19-08-00-00.txt"] = b"receipt"
    return members


def brightspace():
    members = {"index.html": b"<html>"}
    for at in range(10):
        members[f"{100 + at}-7 - Student {at} - Apr 2{at}, 2026 858 PM/hw.py"] = CODE
    return members | {
        "200-7 - One - Two, Student - Sept 1, 2026 9 AM/hw.py": CODE,
        "201-7 - Jean-Luc - Apr 20, 2026 858 AM/report.pdf": b"%PDF",
        "100-7 - Student 0 - Apr 20, 2026 101 AM/old.py": b"old = 1\n",
    }


def autolab():
    members = {f"user_{at}@example.edu_1_handin.py": CODE for at in range(12)}
    return members | {"user_3@example.edu_10_handin.py": CODE, "user_3@example.edu_9_handin.py": b"old = 1\n"}


def autolab_on_disk():
    members: dict[str, bytes | None] = {f"user_{at}@example.edu/1_handin.py": CODE for at in range(11)}
    members |= {"user_3@example.edu/10_handin.py": CODE, "user_3@example.edu/9_handin.py": b"old = 1\n"}
    return members | {"user_11@example.edu": None}


def nbgrader():
    members: dict[str, bytes | None] = {}
    for at in range(11):
        members |= {
            f"user{at}/a1/hw.ipynb": b"{}",
            f"user{at}/a1/timestamp.txt": b"2026-04-20 20:58:10.1 UTC",
        }
    return members | {"env/a1": None}


def inbound():
    stamp = "2026-04-20 20:58:10.123456 UTC"
    members = {f"user{at}+a1+{stamp}+r{at}/hw.ipynb": b"{}" for at in range(12)}
    return members | {"user5+a1+2026-04-19 08:00:00.000000 UTC+zz/old.ipynb": b"{}"}


def gradescope():
    text, members = "", {}
    for at in range(9):
        text += f"submission_{at}:\n  :submitters:\n  - :name: Student {at}\n    :sid: 10{at}\n"
        text += f"    :email: s{at}@example.edu\n  :created_at: 2026-04-20 08:00:00.1 Z\n"
        text += '  :history: [{":created_at": 2026-04-19 08:00:00.0 Z}]\n' if at == 3 else ""
        members[f"submission_{at}/hw.py"] = CODE
    members["submission_0/best.pt"] = b"W"
    text += "submission_20:\n  :submitters:\n" + "".join(
        f"  - {{':name': G {a}, ':sid': 20{a}}}\n" for a in range(2)
    )
    text += "submission_21:\n  :submitters:\n  - {':name': Missing, ':email': m@example.edu}\n"
    text += "submission_30:\n  :submitters: []\n"
    return members | {
        "submission_20/hw.ipynb": b"{}",
        "submission_30/hw.py": CODE,
        "submission_40/hw.py": CODE,
        "submission_metadata.yml": text.encode(),
    }


def github():
    members: dict[str, bytes | None] = {}
    for at in range(12):
        members |= {f"hw-1-login-{at}x/.git/HEAD": b"ref", f"hw-1-login-{at}x/src/hw.py": CODE}
    del members["hw-1-login-11x/src/hw.py"]
    return members


def collectors():
    return {f"uniq{'abcdefghijkl'[at]}_{at:08}_A2.zip": zipped({"two.ipynb": b"{}"}) for at in range(12)}


DOWNLOADS = {
    "canvas": (canvas, "canvas", "a Canvas download", []),
    "moodle since 4.1": (lambda: moodle("since"), "moodle", "a Moodle download", []),
    "moodle before": (lambda: moodle("before"), "moodle", "a Moodle download", []),
    "moodle flat": (lambda: moodle("flat"), "moodle", "a Moodle download", []),
    "blackboard": (blackboard, "blackboard", "a Blackboard download", ["user_3"]),
    "brightspace": (brightspace, "brightspace", "a Brightspace download", ["Student 0"]),
    "autolab": (autolab, "autolab", "an Autolab download", ["user_3@example.edu"]),
    "autolab on disk": (autolab_on_disk, "autolab", "an Autolab download", ["user_3@example.edu"]),
    "inbound": (inbound, "nbgrader", "nbgrader's inbound folder", ["user5"]),
    "nbgrader": (nbgrader, "nbgrader", "nbgrader's submitted tree", []),
    "github": (github, "github", "a folder of clones from GitHub", []),
    "collectors": (collectors, "collector", "a folder of a course collector's archives", []),
}


def outcome(entry):
    try:
        return {file.path for file in load_entry(entry).files}
    except SubmissionError as error:
        return str(error)


@pytest.mark.parametrize("name", DOWNLOADS)
def test_twelve_students_in_are_twelve_out(delivered, name):
    make, format_name, title, with_earlier = DOWNLOADS[name]

    around = {"nbgrader": "submitted", "autolab on disk": "handin"}.get(name, "download")

    found = find_class(delivered(make(), around))

    assert (found.format, found.skipped) == (format_name, ())
    assert found.words.startswith(f"This is {title}: 12 students.")
    assert len(found.entries) == len({each.student_ids for each in found.entries}) == 12
    assert [each.student_ids[0] for each in found.entries if each.earlier] == with_earlier
    assert bool(found.earlier) == bool(with_earlier)
    for entry in found.entries:
        assert all(key not in str(outcome(entry)) for key in ("old.py", "old.ipynb"))


def by_id(found):
    return {each.id: each for each in found.entries}


def test_canvas_gives_every_student_a_readable_row_with_all_their_files(delivered):
    entries = by_id(find_class(delivered(canvas()), expected=["best.pt", "cs/softmax.py"]))

    assert outcome(entries["student0_100"]) == {"softmax.ipynb", "helper.py", "best.pt"}
    assert outcome(entries["student7_107"]) == {"softmax.py"}
    assert [each.id for each in entries.values() if each.late_mark] == ["student7_107"]
    assert outcome(entries["łukasz_111"]) == {"hw (1).py"}
    assert "found only report.pdf" in outcome(entries["student8_108"])
    assert "found only text.html (online text)" in outcome(entries["student9_109"]).replace(
        "student9_109_text.html", "text.html"
    )
    assert "not a zip archive" in outcome(entries["student10_110"])


def test_a_canvas_file_keeps_its_mark_where_nothing_expects_it_without(delivered):
    entries = by_id(find_class(delivered(canvas())))

    assert outcome(entries["student0_100"]) == {"softmax.ipynb", "helper.py", "best-1.pt"}


def test_two_canvas_students_whose_names_end_in_the_same_number_stay_two(tmp_path):
    members = {"anna_2_101_9001_hw.py": CODE, "ben_2_102_9002_hw.py": CODE, "cem_103_9003_hw.py": CODE}

    found = find_class(lay(tmp_path, members))

    assert [each.id for each in found.entries] == ["anna_2_101", "ben_2_102", "cem_103"]
    assert outcome(found.entries[0]) == {"hw.py"}


def test_one_canvas_student_with_a_number_in_the_name_and_two_files_is_one(tmp_path):
    found = find_class(lay(tmp_path, {"anna_2_101_9001_hw.py": CODE, "anna_2_101_9002_b.py": CODE}))

    assert [each.id for each in found.entries] == ["anna_2_101"]
    assert outcome(found.entries[0]) == {"hw.py", "b.py"}


def test_digits_in_a_file_that_all_hand_in_are_no_canvas_user(tmp_path):
    names = [f"s{at}_10{at}_678956_2024_hw_{part}.py" for at in range(3) for part in (1, 2)]

    found = find_class(lay(tmp_path, dict.fromkeys(names, CODE)))

    assert [each.id for each in found.entries] == ["s0_100", "s1_101", "s2_102"]
    assert outcome(found.entries[0]) == {"2024_hw_1.py", "2024_hw_2.py"}


def test_two_names_with_one_id_stay_two(tmp_path):
    found = find_class(lay(tmp_path, {"ann_101_9001_hw.py": CODE, "ben_101_9002_hw.py": CODE}))

    assert [each.id for each in found.entries] == ["ann_101", "ben_101"]
    assert found.words == "This is a Canvas download: 2 students."


def test_modules_with_the_same_two_numbers_are_not_taken_for_one_canvas_student(tmp_path):
    found = find_class(lay(tmp_path, {f"lab_3_20_{name}.py": CODE for name in ("ann", "ben", "cem")}))

    assert (found.format, len(found.entries)) == ("folder", 3)


def test_a_blackboard_assignment_with_numbers_is_not_taken_for_canvas(tmp_path):
    names = [f"Lab_3_20_{user}_attempt_2026-04-20-20-58-10_hw.py" for user in ("ann", "ben")]

    found = find_class(lay(tmp_path, dict.fromkeys(names, CODE)))

    assert (found.format, [each.id for each in found.entries]) == ("blackboard", ["ann", "ben"])


def test_gradescope_groups_are_graded_once_and_a_missing_folder_has_a_row(delivered):
    found = find_class(delivered(gradescope()))
    entries = by_id(found)

    assert found.words == "This is a Gradescope export: 11 submissions of 12 students."
    assert set(found.skipped) == {
        f"{each.partition('submission_')[0]}{rest}"
        for each in found.skipped
        for rest in (
            "submission_30/ (it has no submitter)",
            "submission_40/ (submission_metadata.yml does not name it)",
        )
    }
    assert len(found.skipped) == 2
    assert entries["G 0_200+G 1_201"].student_ids == ("200", "201")
    assert entries["Student 3_103"].attempt == 2
    assert entries["Student 3_103"].students[0].email == "s3@example.edu"
    assert outcome(entries["Student 0_100"]) == {"hw.py", "best.pt"}
    assert "found neither" in outcome(entries["m@example.edu"])


def test_blackboards_receipts_tell_usernames_and_names(delivered):
    entries = by_id(find_class(delivered(blackboard())))

    assert set(entries) == {f"user_{at}" for at in range(12)}
    assert entries["user_4"].students[0].name == "User 4"


def test_blackboard_usernames_without_receipts_follow_what_all_names_share(tmp_path):
    names = [f"A_1_{user}_attempt_2026-04-20-20-58-10_hw.py" for user in ("x_1", "y_1", "z")]

    found = find_class(lay(tmp_path, dict.fromkeys(names, CODE)))

    assert [each.id for each in found.entries] == ["x_1", "y_1", "z"]


def test_of_two_gradescope_submissions_of_one_student_the_newer_counts_and_a_left_group_goes_on(tmp_path):
    text = """
s1:
  :submitters: [{":sid": 1}, {":sid": 2}]
  :created_at: 2026-04-20 08:00:00 Z
s2:
  :submitters: [{":sid": 1, ":email": one@example.edu}]
  :created_at: 2026-04-21 08:00:00 Z
s3:
  :submitters: [{":email": one@example.edu}]
  :created_at: 2026-04-19 08:00:00 Z
"""
    lay(
        tmp_path,
        {"s1/a.py": CODE, "s2/b.py": CODE, "s3/c.py": CODE, "submission_metadata.yml": text.encode()},
    )

    found = find_class(tmp_path)

    assert [(each.id, outcome(each)) for each in found.entries] == [("1", {"b.py"}), ("2", {"a.py"})]
    assert found.earlier == ("s3/",)
    (remark,) = found.entries[0].remarks
    assert remark == (
        "earlier attempts were not graded: attempt 1 of 2026-04-19 08:00 UTC;"
        " attempt 1 of 2026-04-20 08:00 UTC"
    )


def test_malformed_gradescope_metadata_are_said_with_a_way_on(delivered):
    path = delivered({**gradescope(), "submission_metadata.yml": b"a: [1"})

    with pytest.raises(
        UnsupportedFile, match=r"submission_metadata.yml: invalid YAML .*pass --format folder"
    ):
        find_class(path)


def test_a_gradescope_export_can_be_graded_as_a_plain_folder(tmp_path):
    path = lay(tmp_path / "outer" / "inner", {**gradescope(), "submission_metadata.yml": b"a: [1"})

    found = find_class(path.parent.parent, format="folder")

    assert len(found.entries) == 12
    assert found.skipped == ("outer/inner/submission_metadata.yml",)


def test_an_attempt_without_files_still_counts_and_the_report_tells_of_the_earlier_one(tmp_path):
    start = "A1_ann_attempt_2026-04-2"
    lay(tmp_path, {f"{start}0-08-00-00_hw.py": CODE, f"{start}1-08-00-00.txt": b"receipt"})

    (entry,) = find_class(tmp_path).entries

    assert "found only A1_ann_attempt_2026-04-21-08-00-00.txt (receipt)" in outcome(entry)
    assert entry.remarks == ("an earlier attempt was not graded: 2026-04-20-08-00-00 (hw.py)",)


def test_two_of_one_name_in_brightspace_stay_two_with_readable_ids(tmp_path):
    names = [f"{at}-7 - Ann A - Apr {at}, 2026 858 PM/a.py" for at in (1, 2)]

    found = find_class(lay(tmp_path, dict.fromkeys(names, CODE)))

    assert [each.id for each in found.entries] == ["Ann A_1-7", "Ann A_2-7"]


def test_a_zip_that_is_called_like_the_folder_in_it_is_read(tmp_path):
    path = tmp_path / "submitted.zip"
    path.write_bytes(zipped({f"submitted/{name}/a1/hw.py": CODE for name in ("ann", "ben")}))

    assert [each.id for each in find_class(path).entries] == ["ann", "ben"]


def test_several_nbgrader_assignments_stay_apart(tmp_path):
    names = [f"{student}/{hw}/x.py" for student in ("ann", "bob") for hw in ("a1", "a2")]

    found = find_class(lay(tmp_path / "submitted", dict.fromkeys(names, CODE)))

    assert [each.id for each in found.entries] == ["ann.a1", "ann.a2", "bob.a1", "bob.a2"]


def test_a_plain_folder_is_not_taken_for_canvas(tmp_path):
    lay(tmp_path, {"anna_2_softmax.py": CODE, "ben_3_softmax.py": CODE, "readme.txt": b""})

    found = find_class(tmp_path)

    assert (found.format, found.skipped) == ("folder", ("readme.txt",))
    assert [each.id for each in found.entries] == ["anna_2_softmax", "ben_3_softmax"]
    assert found.words == "This is a folder with a file or folder for each submission: 2 submissions."


def test_a_name_that_does_not_fit_is_said_with_the_option_that_reads_the_others(tmp_path):
    lay(tmp_path, {**canvas(), "by_mail.py": CODE})

    found = find_class(tmp_path)
    asked_for = find_class(tmp_path, format="canvas")

    assert (found.format, len(found.entries)) == ("folder", 12)
    assert found.words.endswith(
        "14 of 15 names look like those of a Canvas download, but not all: pass --format canvas to read it as one."
    )
    assert (asked_for.skipped, len(asked_for.entries)) == (("by_mail.py",), 12)


def test_files_that_nobody_hands_in_do_not_hide_the_platform(delivered):
    found = find_class(delivered({**canvas(), "readme.txt": b"", "grades.csv": b""}))

    assert (found.format, len(found.entries)) == ("canvas", 12)
    assert [PurePosixPath(each).name for each in found.skipped] == ["grades.csv", "readme.txt"]


def test_another_format_than_the_downloads_is_refused_with_an_example(tmp_path):
    lay(tmp_path, canvas())

    with pytest.raises(UnsupportedFile) as caught:
        find_class(tmp_path, format="moodle")

    assert str(caught.value).startswith(
        f"{tmp_path}: expected names such as 'Student One_1001_assignsubmission_file' in moodle's download,"
        " found none of the kind; pass another --format (auto, folder, autolab, "
    )


def test_archives_of_a_collector_that_name_nobody_are_listed(tmp_path):
    lay(tmp_path, {"a1_code_submission.zip": zipped({"x.py": CODE}), "ann.py": CODE})

    found = find_class(tmp_path)

    assert ([each.id for each in found.entries], found.skipped) == (
        ["ann"],
        ("a1_code_submission.zip (it names no student)",),
    )


def test_a_moodle_team_without_a_number_is_listed_beside_the_others(delivered):
    found = find_class(delivered(moodle("since") | {"Default group_assignsubmission_file/hw.py": CODE}))

    assert len(found.entries) == 12
    (listed,) = found.skipped
    assert listed.endswith("Default group_assignsubmission_file/ (Default group is a team without a number)")


@pytest.mark.parametrize("is_folder", [True, False])
def test_a_link_in_a_download_is_not_followed_and_not_lost(tmp_path, is_folder):
    lay(tmp_path / "elsewhere", {"hw.py": CODE})
    members = {"ann_101_9001_hw.py": CODE} if not is_folder else {"Ann_101_assignsubmission_file/hw.py": CODE}
    folder = lay(tmp_path / "class", members)
    name = "Ben_102_assignsubmission_file" if is_folder else "ben_102_9002_hw.py"
    (folder / name).symlink_to(tmp_path / "elsewhere" / ("" if is_folder else "hw.py"))

    ann, ben = find_class(folder).entries

    assert outcome(ann) == {"hw.py"}
    assert "(a symbolic link)" in outcome(ben)


def test_an_entry_that_may_not_be_read_is_not_the_students_fault_and_gone_files_are_said(tmp_path):
    lay(tmp_path, {"ann_101_9001_hw.py": CODE, "ben_102_9002_hw.py": CODE})
    ann, ben = find_class(tmp_path).entries
    (tmp_path / "ann_101_9001_hw.py").unlink()

    assert "could not be read: No such file" in outcome(ann)
    assert outcome(ben) == {"hw.py"}


HOSTILE = [
    "o'neil", 'quo"te', "com,ma", "semi;colon", "full\uff0fwidth", "🙂", "r\u202etl", "=1+1", "-rf", "@cmd", "CON", "nul",
    "Ann", "ann", "ANN", "an\u0301n", "\u00e1nn", "tab\tname", "new\nline", "..", "…", " lead", "x" * 200, "\u200bann",
]  # fmt: skip


@pytest.mark.parametrize("is_zip", [False, True])
@pytest.mark.parametrize(
    "form", ["{}_{}_9_hw.py", "{}_{}_assignsubmission_file/hw.py", "u{1}+a+2026-04-20 20:58:10/{0}.py"]
)
def test_hostile_names_cost_nobody_anything(tmp_path, form, is_zip):
    names = [each for each in HOSTILE if not (form.endswith("{0}.py") and each == "..")]
    members = {form.format(name, 100 + at): CODE for at, name in enumerate(names)}
    if is_zip:
        path = tmp_path / "class.zip"
        path.write_bytes(zipped(members))
    else:
        path = lay(tmp_path, members)

    found = find_class(path)

    assert len(found.entries) == len(names)
    assert found.skipped == ()
    assert len({each.id.casefold() for each in found.entries}) == len(names)
    for each in found.entries:
        assert isinstance(outcome(each), set), outcome(each)
        assert len(each.id.encode()) < 200
        assert not set(each.id) & set('<>:"/\\|?*\n\t\u202e\u200b')
        assert each.id not in {".", ".."}


def test_names_of_255_bytes_are_cut_and_stay_apart(tmp_path):
    stem = "é" * 110
    lay(tmp_path, {f"{stem}_10{at}_9_{'y' * 24}{at}.py": CODE for at in range(3)})
    assert max(len(os.fsencode(each.name)) for each in tmp_path.iterdir()) == 255

    found = find_class(tmp_path)

    assert (found.format, len({each.id for each in found.entries})) == ("canvas", 3)


def test_a_zip_with_absolute_paths_has_a_row_for_everyone_with_the_reason(tmp_path):
    path = tmp_path / "class.zip"
    path.write_bytes(zipped({f"/home/ta/hw1/student{at}_10{at}_9_hw.py": CODE for at in range(3)}))

    found = find_class(path)

    assert [each.id for each in found.entries] == ["student0_100", "student1_101", "student2_102"]
    assert all("lies outside the archive's folder" in outcome(each) for each in found.entries)


def test_a_link_in_the_zip_of_a_class_costs_its_student_alone(tmp_path):
    link = zipfile.ZipInfo("ann/hw.py")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "class.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
        archive.writestr("ben/hw.py", CODE)

    ann, ben = find_class(tmp_path / "class.zip").entries

    assert "is a symbolic link" in outcome(ann)
    assert outcome(ben) == {"hw.py"}


def test_a_class_of_more_members_than_a_submission_may_have_is_read(tmp_path):
    path = tmp_path / "class.zip"
    path.write_bytes(zipped({f"student{at // 30}/{at}.py": CODE for at in range(2_400)}))

    found = find_class(path)

    assert len(found.entries) == 80
    assert len(outcome(found.entries[0])) == 30


NAMES = st.one_of(
    st.builds(
        "{}_{}{}_{}_{}".format,
        st.sampled_from(["ann", "ben", "zoë_2", "late"]),
        st.sampled_from(["", "LATE_", "late_"]),
        st.integers(1, 4),
        st.integers(900, 905),
        st.sampled_from(["a.py", "b-1.py", "c.pdf", "d/e.py", "3_4_f.py"]),
    ),
    st.builds(
        "{}_{}assignsubmission_file{}".format,
        st.sampled_from(["Ann", "Default group"]),
        st.sampled_from(["", "7_", "8_"]),
        st.sampled_from(["/a.py", "_/b.py", "_c.py"]),
    ),
    st.builds(
        "A_1_{}_attempt_2026-04-20-20-58-0{}{}".format,
        st.sampled_from(["u", "u_1", "v_1"]),
        st.integers(0, 3),
        st.sampled_from([".txt", "_a.py", "_b_c.py"]),
    ),
    st.sampled_from(
        ["readme.txt", "ann.py", "ben.zip", "cem/hw.py", ".DS_Store", "a1_code_submission.zip", "x.pt"]
    ),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.sets(NAMES, min_size=1, max_size=8), is_zip=st.booleans(), is_one_kind=st.booleans())
def test_every_file_is_in_exactly_one_entry_or_listed(tmp_path_factory, names, is_zip, is_one_kind):
    if is_one_kind:  # so that platforms are often recognised
        names = {each for each in names if each.count("_") == min(names).count("_")}
    folder = tmp_path_factory.mktemp("class")
    members = dict.fromkeys(sorted(names), CODE)
    if is_zip:
        path = folder / "class.zip"
        path.write_bytes(zipped(members))
    else:
        path = lay(folder, members)
    try:
        found = find_class(path)
    except UnsupportedFile:
        assert not {"ann.py", "ben.zip", "cem/hw.py"} & names
        return

    places: Counter[str] = Counter()
    for entry in found.entries:
        parts = (
            [str(entry.path.relative_to(folder))]
            if entry.parts is None
            else [each.place for each in entry.parts]
        )
        for name in members:
            places[name] += any(name == part or name.startswith(f"{part}/") for part in parts)
    listed = [each.partition(" (")[0].rstrip("/") for each in (*found.skipped, *found.earlier)]
    for name in members:
        is_listed = any(name == each or name.startswith(f"{each}/") for each in listed)
        expected = 0 if any(map(is_noise, name.split("/"))) else 1
        assert places[name] + is_listed == expected, (name, found)
    assert len({each.id.casefold() for each in found.entries}) == len(found.entries)
