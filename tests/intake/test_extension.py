"""Extensions as instructors write them."""

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest

from grader.intake.extension import extension_of
from grader.intake.roster import parse_roster


@pytest.mark.parametrize(
    "cell, unit, seconds",
    [
        ("48", "hour", 172_800), ("2", "day", 172_800), ("1,5", "day", 129_600), ("48 h", None, 172_800),
        ("2 days", "hour", 172_800), ("1 day 12 hours", None, 129_600), ("1 day and 12h", None, 129_600),
        ("+1d", None, 86_400), ("1 week", None, 604_800), ("30 min", None, 1800),
    ],
)  # fmt: skip
def test_an_amount_of_time(cell, unit, seconds):
    extension = extension_of(cell, unit)

    assert extension is not None
    assert (extension.seconds, extension.due_at) == (seconds, None)


@pytest.mark.parametrize(
    "cell, due_at",
    [
        ("2026-04-22", datetime.fromisoformat("2026-04-22T23:59:59")),
        ("2026-04-22 18:00", datetime.fromisoformat("2026-04-22T18:00:00")),
        ("2026-04-22T9:05:07Z", datetime(2026, 4, 22, 9, 5, 7, tzinfo=UTC)),
        ("2026-04-22 18:00 UTC", datetime(2026, 4, 22, 18, 0, tzinfo=UTC)),
        (
            "2026-04-22 18:00:01.5+0200",
            datetime(2026, 4, 22, 18, 0, 1, 500_000, timezone(timedelta(hours=2))),
        ),
    ],
)
def test_a_due_date_of_the_students_own(cell, due_at):
    extension = extension_of(cell, None)

    assert extension is not None
    assert (extension.seconds, extension.due_at) == (None, due_at)


@pytest.mark.parametrize("cell", ["", " ", "-", "0", "none", "No", "0 days"])
def test_none(cell):
    assert extension_of(cell, None) is None


@pytest.mark.parametrize(
    "cell, words",
    [
        ("2", "is a number without a unit; write hours or days into the cell or the header"),
        ("04/05/2026", "is not an extension; write it as 48 h, 2 days, or 2026-04-22 23:59"),
        ("-2 days", "is not an extension; write it as 48 h, 2 days, or 2026-04-22 23:59"),
        ("2026-02-30", "is not a day and time that exist; write it as 48 h, 2 days, or 2026-04-22 23:59"),
        ("999999 days", "is more than a year"),
    ],
)
def test_what_is_not_one_is_told(cell, words):
    with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
        extension_of(cell, None)


@pytest.mark.parametrize(
    "header", ["Extension (hours)", "extension_hours", "Extra hours", "hours of extension", "Extension [h]"]
)
def test_the_header_of_the_roster_says_the_unit(header):
    roster, _ = parse_roster(f"id,{header}\n1,36\n")

    assert roster.students[0].extension is not None
    assert roster.students[0].extension.seconds == 129_600


def test_an_extension_and_a_date_for_one_student_are_a_fault():
    with pytest.raises(
        ValueError, match=r"^line 2 has both an extension and a due date of its own; leave one"
    ):
        parse_roster("id,extension,due date\n1,2 days,2026-04-22\n")
