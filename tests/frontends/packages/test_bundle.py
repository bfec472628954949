"""Archives with the same bytes for the same files."""

import io
import zipfile

from grader.frontends.packages import bundle
from grader.frontends.packages.bundle import Member, text

FILES = {"b/run": text("#!/bin/sh\n", is_program=True), "a.whl": Member(b"wheel"), "c.txt": text("é\n")}


def test_the_same_files_in_another_order_are_the_same_bytes():
    assert bundle.packed(FILES) == bundle.packed(dict(reversed(FILES.items())))


def test_names_are_sorted_times_are_fixed_and_programs_can_be_run():
    with zipfile.ZipFile(io.BytesIO(bundle.packed(FILES))) as archive:
        entries = archive.infolist()

    assert [each.filename for each in entries] == ["a.whl", "b/run", "c.txt"]
    assert {each.date_time for each in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert [oct(each.external_attr >> 16) for each in entries] == ["0o100644", "0o100755", "0o100644"]


def test_only_a_package_is_taken_for_one(tmp_path):
    place = tmp_path / "class.zip"
    for content, is_package in (
        (bundle.packed(FILES), True),
        (bundle.zipped(FILES), False),
        (b"no archive", False),
    ):
        place.write_bytes(content)

        assert bundle.is_package(place) is is_package
