"""What holds of every report, whatever it is about."""

from __future__ import annotations

import tempfile
from pathlib import Path

from grader.model.report import Report, parse_report
from tests.attacks.attack import words_of

REPOSITORY = Path(__file__).resolve().parents[2]
GREATEST_MESSAGE = 5_000


def assert_sound(report: Report) -> None:
    """It is whole, finished, printable, of bounded length, and tells nothing of the machine."""
    assert report.status in {"graded", "unreadable"}
    assert report.score is not None
    assert not report.has_grader_faults
    assert parse_report(report.to_json()) == report
    for line in words_of(report).split("\n"):
        assert len(line) < GREATEST_MESSAGE
        assert all(letter.isprintable() for letter in line), line
    for secret in (
        str(REPOSITORY),
        f"{tempfile.gettempdir()}/grader-run-",
        "Traceback (most recent call last)",
    ):
        assert secret not in report.to_json()
