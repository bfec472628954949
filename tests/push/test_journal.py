"""The journal of a push."""

from datetime import UTC, datetime

import pytest

from grader.errors import OutputError, PushError
from grader.push.journal import Entry, open_journal, read_journal

AT = datetime(2026, 4, 20, 21, 3, 11, 412345, tzinfo=UTC)


def entry(**changes):
    fields = {
        "time": AT, "lineitem": "x", "user_id": "u1", "student": "s1", "submission": "hw1", "report_sha256": "a",
        "score": 8.0, "max_score": 10.0, "comment_sha256": None, "timestamp": AT, "outcome": "sent",
    }  # fmt: skip
    return Entry.model_validate({**fields, **changes})


def test_a_line_has_the_time_as_the_platform_gets_it(tmp_path):
    with open_journal(tmp_path / "pushed.jsonl", "x") as journal:
        journal.add(entry())

    (line,) = (tmp_path / "pushed.jsonl").read_text().splitlines()
    assert '"timestamp":"2026-04-20T21:03:11.412Z","outcome":"sent"' in line


def test_a_torn_last_line_is_taken_off_and_the_others_count(tmp_path):
    path = tmp_path / "pushed.jsonl"
    with open_journal(path, "x") as journal:
        journal.add(entry(outcome="sending"))
    whole = path.read_bytes()
    for torn in (whole[:40], entry().model_dump_json().encode()):
        path.write_bytes(whole + torn)

        assert read_journal(path, "x").past("u1").sending is not None
        with open_journal(path, "x") as journal:
            assert journal.past("u1").sent is None
        assert path.read_bytes() == whole


def test_a_line_in_the_middle_that_cannot_be_read_stops_the_push(tmp_path):
    path = tmp_path / "pushed.jsonl"
    path.write_text("{}\n")

    with pytest.raises(PushError) as caught:
        read_journal(path, "x")

    assert str(caught.value) == (
        f"{path}: line 1 cannot be read, so it is unknown what was sent, and nothing is sent now. Restore the"
        " file, or move it away"
        " if the platform has none of these scores"
    )


def test_a_power_cut_leaves_a_torn_line_too(tmp_path):
    path = tmp_path / "pushed.jsonl"
    whole, new = (entry(user_id=each).model_dump_json().encode() + b"\n" for each in ("u1", "u2"))
    for torn in (b"\0" * 300, new[:1], new[:5], new[:40] + b"\0" * 9):
        path.write_bytes(whole + torn)

        with open_journal(path, "x") as journal:
            assert journal.past("u1").sent is not None
        assert path.read_bytes() == whole


@pytest.mark.parametrize(
    "content",
    [
        b"notes without an end of line", b'{"a":1}', b'{"time":"a"}\r{"time":"b"}\r', b"PK\3\4\0\0",
        entry().model_dump_json().encode() + b"\nnotes",
    ],
    ids=["notes", "JSON", "old line ends", "a zip", "below a line"],
)  # fmt: skip
def test_what_is_not_of_a_line_is_not_cut_off(tmp_path, content):
    path = tmp_path / "pushed.jsonl"
    path.write_bytes(content)

    with pytest.raises(PushError, match="cannot be read, so it is unknown"), open_journal(path, "x"):
        pass

    assert path.read_bytes() == content


def test_a_link_in_the_place_of_the_journal_is_not_written_through(tmp_path):
    (tmp_path / "pushed.jsonl").symlink_to(tmp_path / "elsewhere")

    with pytest.raises((OutputError, PushError)), open_journal(tmp_path / "pushed.jsonl", "x"):
        pass

    assert not (tmp_path / "elsewhere").exists()


def test_other_line_items_do_not_count(tmp_path):
    path = tmp_path / "pushed.jsonl"
    with open_journal(path, "x") as journal:
        journal.add(entry())
        journal.add(entry(outcome="withheld", score=None))

    assert read_journal(path, "x").past("u1").sent == read_journal(path, "x").past("u1").last
    assert read_journal(path, "y").past("u1").sent is None


def test_a_letter_cut_in_half_is_a_torn_line_like_others(tmp_path):
    path = tmp_path / "pushed.jsonl"
    whole = entry().model_dump_json().encode() + b"\n"
    new = entry(student="Zo\u00eb").model_dump_json().encode()
    path.write_bytes(whole + new[: new.index(b"\xc3") + 1])

    with open_journal(path, "x") as journal:
        assert journal.past("u1").sent is not None
    assert path.read_bytes() == whole


def test_an_editors_line_ends_cost_no_line(tmp_path):
    path = tmp_path / "pushed.jsonl"
    lines = (
        entry().model_dump_json().encode()
        + b"\r\n"
        + entry(user_id="u2").model_dump_json().encode()
        + b"\r\n\r\n"
    )
    path.write_bytes(lines)

    with open_journal(path, "x") as journal:
        assert journal.past("u2").sent is not None
    assert path.read_bytes() == lines


def test_a_line_item_written_otherwise_is_the_same(tmp_path):
    path = tmp_path / "pushed.jsonl"
    path.write_text(entry(lineitem="https://LMS.edu/item/?type_id=3").model_dump_json() + "\n")

    assert read_journal(path, "https://lms.edu/item?type_id=3").past("u1").sent is not None
    assert read_journal(path, "https://lms.edu/item?type_id=4").past("u1").sent is None
