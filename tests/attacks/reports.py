"""What holds of every report, whatever it is about."""

from __future__ import annotations

import tempfile
from pathlib import Path

from grader.model.report import Report, parse_report
from tests.attacks.attack import words_of

REPOSITORY = Path(__file__).resolve().parents[2]
GREATEST_MESSAGE = 5_000


def assert_sound(report: Report) -> None:
    """It is whole and finished, and all that holds of one of a few checks holds of it."""
    assert report.status in {"graded", "unreadable"}
    assert report.score is not None
    assert_sound_but_for_the_score(report)


def assert_sound_but_for_the_score(report: Report) -> None:
    """It is printable, of bounded length, and tells neither of a fault of the grader nor of the machine."""
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
