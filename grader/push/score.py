"""What is to be done for one student, by the journal and the platform's rules, and the body of a score."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from grader import formatting
from grader.push.comment import sha256_of
from grader.push.config import PlatformName
from grader.push.journal import Entry, Past, iso
from grader.push.plan import Wanted

CANVAS_SUBMISSION = "https://canvas.instructure.com/lti/submission"

_SECOND = timedelta(seconds=1)
_MOST_DECIMALS_OFF = 0.005
"""Platforms keep two decimals or more."""


@dataclass(frozen=True, slots=True)
class Send:
    """A score to send: the body of the request, and the line for the journal."""

    body: dict[str, Any]
    entry: Entry


@dataclass(frozen=True, slots=True)
class Settled:
    """Nothing is to be sent."""

    outcome: Literal["there", "changed", "refused"]
    """As the journal has it: it arrived, or the platform did not take it."""

    words: str = ""


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for all scores of a push."""

    platform: PlatformName
    lineitem: str
    now: datetime

    ruled_at: datetime
    """When the instructor's own files changed last."""

    is_again: bool = False
    """Whether what the platform did not take is sent again."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A user's value as the platform's results have it."""

    score: float | None
    max_score: float | None
    comment: str | None
    timestamp: datetime | None


def decided(wanted: Wanted, past: Past, terms: Terms) -> Send | Settled:
    """Whether the score is sent. `past.sending` must have been settled before."""
    comment = wanted.comment
    if comment is None and terms.platform == "canvas" and past.sent is not None:
        standing = past.sent.comment_sha256  # a comment cannot be taken back there
    else:
        standing = sha256_of(comment)
    timestamp = _timestamp(wanted, past, terms)
    entry = Entry(
        time=terms.now,
        lineitem=terms.lineitem,
        user_id=wanted.user_id,
        student=wanted.student,
        submission=wanted.submission,
        report_sha256=wanted.report_sha256,
        score=wanted.score,
        max_score=wanted.max_score,
        comment_sha256=standing,
        timestamp=timestamp,
        outcome="sending",
    )
    last = past.last
    if last is not None and last.outcome in {"changed", "refused"} and entry.is_same_as(last):
        if not terms.is_again:
            return Settled("changed" if last.outcome == "changed" else "refused", last.words)
    elif entry.is_same_as(past.sent):
        return Settled("there")
    if terms.platform == "canvas" and past.sent is not None and past.sent.comment_sha256 == standing:
        comment = None  # Canvas adds every comment once more
    return Send(_body(wanted, comment, timestamp, terms), entry)


def _timestamp(wanted: Wanted, past: Past, terms: Terms) -> datetime:
    """The instant of grading, and a second after what was sent before.

    Where the report was pushed before with another score, the instructor's own files have changed it since.
    """
    moment, last = wanted.graded_at, past.last
    if (
        last is not None
        and last.outcome in {"sent", "changed", "refused"}
        and last.report_sha256 == wanted.report_sha256
        and (last.score, last.max_score) != (wanted.score, wanted.max_score)
    ):
        moment = max(moment, terms.ruled_at)
    moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    if past.sent is not None and past.sent.timestamp is not None:
        moment = max(moment, past.sent.timestamp + _SECOND)
    return moment


def _body(wanted: Wanted, comment: str | None, timestamp: datetime, terms: Terms) -> dict[str, Any]:
    if not (math.isfinite(wanted.score) and wanted.score >= 0 and wanted.max_score > 0):
        raise AssertionError("a score has a number, 0 or more, and a maximum above 0")
    body: dict[str, Any] = {
        "userId": wanted.user_id,
        "scoreGiven": wanted.score,
        "scoreMaximum": wanted.max_score,
        "activityProgress": "Completed",
        "gradingProgress": "FullyGraded",
        "timestamp": iso(timestamp),
    }
    if comment is not None:
        body["comment"] = comment
    submitted = {} if wanted.submitted_at is None else {"submittedAt": iso(wanted.submitted_at)}
    if submitted:
        body["submission"] = submitted
    if terms.platform == "canvas":
        own = {"submitted_at": submitted["submittedAt"]} if submitted else {}
        body[CANVAS_SUBMISSION] = {"new_submission": False, **own}
    return body


def has_arrived(
    shown: Shown | None,
    sending: Entry,
    sent: Entry | None,
    platform: PlatformName,
    *,
    is_refused: bool = False,
) -> bool:
    """Whether a score of which no answer came is in the platform, as far as its results can tell.

    sent: the score before. is_refused: the same score was sent again, and refused because there is a later value: then an
    equal one is ours. Moodle's results have no number for a grade of 0.
    """
    if shown is None:
        return False
    if is_refused and (_is_score(shown, sending) or (shown.score is None and sending.score == 0)):
        return True
    if shown.timestamp is not None and sending.timestamp is not None:
        if shown.timestamp.replace(microsecond=0) == sending.timestamp.replace(microsecond=0):
            return True
        if platform == "moodle":  # keeps the timestamp of the score
            return False
    if not _is_score(shown, sending):
        return False
    if sent is None or not _is_score(shown, sent):
        return True
    return sha256_of(shown.comment) == sending.comment_sha256


def _is_score(shown: Shown, entry: Entry) -> bool:
    """Whether the results show this score, whatever the platform's maximum is."""
    if shown.score is None or not shown.max_score or entry.score is None or not entry.max_score:
        return False
    factor = shown.max_score / entry.max_score
    off = abs(shown.score - entry.score * factor)
    return min(off, off / factor) <= _MOST_DECIMALS_OFF + 1e-9


def wanted_words(wanted: Wanted, send: Send) -> str:
    """What is sent, in words: 87.5 of 100, with a comment."""
    told = ", with a comment" if "comment" in send.body else ""
    return f"{formatting.points(wanted.score)} of {formatting.points(wanted.max_score)}{told}"
