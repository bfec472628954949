"""DIR/pushed.jsonl: what was sent to the platform, line by line, so that nothing equal is sent again, even after a kill."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, field_serializer

from grader import formatting
from grader.errors import OutputError, PushError
from grader.model.report import ReportModel
from grader.output_files import read_own_bytes
from grader.push.config import is_same_item

JOURNAL_NAME = "pushed.jsonl"

_TORN = re.compile(rb'(?:\{"time":[^\r\0]*|\{(?:"(?:t(?:i(?:m(?:e"?)?)?)?)?)?)?\0*')
"""The rest of the file that a kill or a power cut leaves of a line. Anything else is somebody's, and is not cut off."""

Outcome = Literal["sending", "sent", "failed", "changed", "refused", "withheld"]


def iso(moment: datetime) -> str:
    """UTC with milliseconds, as 2026-04-20T21:03:11.412Z."""
    return f"{moment.astimezone(UTC).isoformat(timespec='milliseconds').removesuffix('+00:00')}Z"


def instant(text: object) -> datetime | None:
    """A time as others write it, in UTC, which it is in if it names no zone; None if it is not a time."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


class Entry(ReportModel):
    """One line of the journal."""

    time: datetime = Field(description="When the line was written.")
    lineitem: str = Field(description="URL of the line item.")
    user_id: str | None = Field(description="LTI user id; null if unknown.")
    student: str = Field(description="The student's id.")
    submission: str = Field(description="Id of the submission.")
    report_sha256: str | None = Field(description="SHA-256 of reports/ID.json; null if there is none.")
    score: float | None = Field(description="Points; null if withheld.")
    max_score: float | None = Field(description="Points possible; null if withheld.")
    comment_sha256: str | None = Field(
        description="SHA-256 of the comment that the student has after this; null for none."
    )
    timestamp: datetime | None = Field(description="Of the score, in the platform; null if withheld.")
    outcome: Outcome = Field(
        description=(
            "sending: about to be sent, its end is in a later line; sent: it arrived; failed: it did not arrive; changed:"
            " the platform has a later value; refused: the platform does not take it; withheld: there is no score."
        )
    )
    words: str = Field(default="", description="Why, where there is more to say.")

    @field_serializer("time", "timestamp")
    def _in_milliseconds(self, moment: datetime | None) -> str | None:
        return None if moment is None else iso(moment)

    def is_same_as(self, other: Entry | None) -> bool:
        """Whether the student would see the same."""
        return other is not None and (self.score, self.max_score, self.comment_sha256) == (
            other.score,
            other.max_score,
            other.comment_sha256,
        )


@dataclass(slots=True)
class Past:
    """What the journal says of one user of a line item."""

    sent: Entry | None = None
    """The latest that arrived."""

    sending: Entry | None = None
    """Begun, and nobody knows how it ended."""

    last: Entry | None = None
    """The latest of any kind that has an end."""


class Journal:
    """The lines so far, and the file to which more are added."""

    def __init__(self, lineitem: str, entries: Iterable[Entry] = (), descriptor: int | None = None) -> None:
        """lineitem: the one that this push is about; lines on others are kept and left alone."""
        self._lineitem = lineitem
        self._descriptor = descriptor
        self._past: dict[str, Past] = {}
        self._withheld: dict[str, Entry] = {}
        for each in entries:
            self._take(each)

    def past(self, user_id: str) -> Past:
        """What was sent to the user."""
        return self._past.get(user_id, Past())

    def withheld(self, submission: str, student: str) -> Entry | None:
        """The line that says so, if it is the latest on this student."""
        return self._withheld.get(f"{submission}\n{student}")

    def add(self, entry: Entry) -> None:
        """Write a line, and return once it is on disk. OutputError if it cannot be written."""
        if self._descriptor is not None:
            line = entry.model_dump_json().encode() + b"\n"
            try:
                while line:
                    line = line[os.write(self._descriptor, line) :]
                os.fsync(self._descriptor)
            except OSError as error:
                raise OutputError.at(
                    Path(JOURNAL_NAME),
                    f"cannot be written: {error.strerror or error}; nothing more is sent. Free some space and push again",
                ) from error
        self._take(entry)

    def _take(self, entry: Entry) -> None:
        if not is_same_item(entry.lineitem, self._lineitem):
            return
        key = f"{entry.submission}\n{entry.student}"
        if entry.outcome == "withheld":
            self._withheld[key] = entry
        else:
            self._withheld.pop(key, None)
        if entry.user_id is None or entry.outcome == "withheld":
            return
        past = self._past.setdefault(entry.user_id, Past())
        if entry.outcome == "sending":
            past.sending = entry
            return
        past.last = entry
        past.sending = None
        if entry.outcome == "sent":
            past.sent = entry


def read_journal(path: Path, lineitem: str) -> Journal:
    """The journal as it is, to look at. PushError if a line cannot be read, unless it is a last one that was cut off."""
    return Journal(lineitem, _entries(path)[0])


@contextmanager
def open_journal(path: Path, lineitem: str) -> Iterator[Journal]:
    """The journal, to be continued. Raises what `read_journal` raises, and OutputError."""
    entries, length = _entries(path)
    try:
        descriptor = os.open(
            path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0), 0o600
        )
    except OSError as error:
        raise OutputError.at(path, f"cannot be written: {error.strerror or error}") from error
    try:
        # A line that a kill cut off was never acted upon: what it announces was not yet sent, what it tells is asked anew.
        os.ftruncate(descriptor, length)
        os.fsync(descriptor)
        _sync_folder(path.parent)
        yield Journal(lineitem, entries, descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    with contextlib.suppress(OSError):  # Windows has no such thing
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _entries(path: Path) -> tuple[list[Entry], int]:
    """The lines, and how many bytes of the file they are; a last one that was cut off, in the middle of a letter even, is left out."""
    shown = formatting.printable(str(path))
    try:
        content = read_own_bytes(path) if os.path.lexists(path) else b""
    except OSError as error:
        raise PushError(f"{shown}: cannot be read: {error.strerror or error}") from error
    length = content.rfind(b"\n") + 1
    whole = content[:length] if _TORN.fullmatch(content, length) else content
    entries = []
    for number, line in enumerate(whole.split(b"\n"), 1):
        if not line.strip():  # of an editor
            continue
        try:
            entries.append(Entry.model_validate_json(line))
        except ValidationError as error:
            raise PushError(
                f"{shown}: line {number} cannot be read, so it is unknown what was sent, and nothing is sent"
                " now. Restore the file, or move it away if the platform has none of these scores"
            ) from error
    return entries, length
