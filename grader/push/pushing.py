"""Sends the scores of a plan, one after another, with the journal before and after each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NoReturn

from grader import formatting
from grader.errors import PlatformError, PushError
from grader.push.config import PushConfig
from grader.push.connection import Answer, NoAnswer, Platform, Reply
from grader.push.journal import Entry, Journal, Outcome
from grader.push.plan import Plan, Wanted, WithheldScore
from grader.push.score import Send, Settled, Shown, Terms, decided, has_arrived

GREATEST_PAUSE = 300.0
"""Seconds between two attempts, whatever the platform asks for."""

_DOUBLINGS = 8

_IN_VAIN = 3
"""So many students in a row for whom all attempts failed: the platform is down."""

End = Literal["sent", "there", "changed", "refused", "failed", "unknown"]


@dataclass(frozen=True, slots=True)
class Pushed:
    """How it went for one student."""

    wanted: Wanted

    end: End
    """there: sent by an earlier push; unknown: no answer, and the platform does not tell whether it arrived."""

    words: str = ""


@dataclass(frozen=True, slots=True)
class Means:
    """What a push works with; a test has its own."""

    platform: Platform
    journal: Journal
    config: PushConfig
    terms: Terms
    now: Callable[[], datetime]

    pause: Callable[[float, str], None]
    """(seconds, why) waits before another attempt."""

    undivided: Callable[[], AbstractContextManager[None]]
    """Within it, a request to stop waits: a score and its line in the journal belong together."""


def push(plan: Plan, means: Means) -> Iterator[Pushed]:
    """Send what is not there yet, one score for each step.

    PlatformError or PushError if the platform lets nothing through: the rest is not sent. The journal is true at any moment:
    a push that was stopped, or killed, is continued by the next.
    """
    for each in plan.withheld:
        _journal_withheld(each, means)
    in_vain, why = 0, ""
    for wanted in plan.wanted:
        if in_vain == _IN_VAIN:
            raise PlatformError(
                f"the platform took none of the last {_IN_VAIN} scores ({why}), so the rest was not tried; push again later:"
                " what has arrived is not sent again"
            )
        pushed = _Errand(wanted, means).run()
        yield pushed
        in_vain, why = (in_vain + 1, pushed.words) if pushed.end in {"failed", "unknown"} else (0, "")


def _journal_withheld(each: WithheldScore, means: Means) -> None:
    submission, student = each.withheld.submission, each.student
    before = means.journal.withheld(submission, student)
    if before is not None and before.report_sha256 == each.report_sha256:
        return
    _journal(
        means,
        Entry(
            time=means.now(),
            lineitem=means.terms.lineitem,
            user_id=each.user_id,
            student=student,
            submission=submission,
            report_sha256=each.report_sha256,
            score=None,
            max_score=None,
            comment_sha256=None,
            timestamp=None,
            outcome="withheld",
            words=each.withheld.why,
        ),
    )


def _journal(means: Means, entry: Entry) -> None:
    with means.undivided():
        means.journal.add(entry)


class _Errand:
    """The score of one student on its way."""

    def __init__(self, wanted: Wanted, means: Means) -> None:
        self._wanted, self._means = wanted, means
        self._attempt = 0
        self._has_new_token = False

    def run(self) -> Pushed:
        past = self._means.journal.past(self._wanted.user_id)
        if (sending := past.sending) is not None:
            arrived = self._has_arrived(sending, past.sent)
            if isinstance(arrived, Pushed):
                return arrived
            self._note(sending, "sent" if arrived else "failed", "by an earlier push that was stopped")
            past = self._means.journal.past(self._wanted.user_id)
        step = decided(self._wanted, past, self._means.terms)
        if isinstance(step, Settled):
            return Pushed(self._wanted, step.outcome, step.words)
        last = past.last
        may_be_there = (
            last is not None
            and last.outcome == "failed"
            and step.entry.is_same_as(last)
            and step.entry.timestamp == last.timestamp
        )
        return self._send(step, may_be_there=may_be_there)

    def _send(self, step: Send, *, may_be_there: bool) -> Pushed:
        """Send the same body until there is an answer that counts.

        may_be_there: an earlier push sent it without an answer, and the platform's results, which do not tell all, did not
        show it.
        """
        means, wanted = self._means, self._wanted
        sent_before = means.journal.past(wanted.user_id).sent
        _journal(means, step.entry.model_copy(update={"time": means.now()}))
        was_lost = may_be_there
        while True:
            with means.undivided():
                try:
                    reply = means.platform.post_score(step.body)
                except (PlatformError, PushError) as error:
                    if not was_lost:
                        self._note(step.entry, "failed", str(error))
                    raise
                end = self._end_of(reply, step, was_lost=was_lost)
            if end is not None:
                return end
            if self._is_later(reply):
                return self._told_of_a_later_value(reply, step, sent_before)
            was_lost = was_lost or _is_lost(reply)
            if not self._may_go_on(reply):
                return self._given_up(reply, step, sent_before, was_lost=was_lost)
            if was_lost:
                arrived = self._has_arrived(step.entry, sent_before)
                if isinstance(arrived, Pushed):
                    return arrived
                if arrived:
                    return self._done(step, "sent")

    def _end_of(self, reply: Reply, step: Send, *, was_lost: bool) -> Pushed | None:
        """The end that an answer is; None if the same body may be sent again."""
        if isinstance(reply, NoAnswer):
            return None
        status = reply.status
        if reply.is_busy or reply.is_lost or reply.is_page:
            return None
        if 200 <= status < 300:
            return self._done(step, "sent")
        if status == 401:
            if self._has_new_token:
                self._stop(step, reply)
            return None
        if status in {403, 404} or status < 400:
            self._stop(step, reply)
        if not self._is_later(reply):
            return self._done(step, "refused", reply.words)
        return None if was_lost else self._done(step, "changed", reply.words)

    def _is_later(self, reply: Reply) -> bool:
        """Whether the platform says that it has a later value."""
        if isinstance(reply, NoAnswer):
            return False
        return reply.status == 409 or (reply.status == 400 and self._means.terms.platform == "canvas")

    def _told_of_a_later_value(self, reply: Reply, step: Send, sent_before: Entry | None) -> Pushed:
        """The end if that came after an answer was lost: the later value may be this score."""
        arrived = self._has_arrived(step.entry, sent_before, is_refused=True)
        if isinstance(arrived, Pushed):
            return arrived
        return self._done(step, "sent") if arrived else self._done(step, "changed", _reply_words(reply))

    def _may_go_on(self, reply: Reply) -> bool:
        """Whether the same request may be made again; waits first."""
        if isinstance(reply, Answer) and reply.status == 401:
            self._has_new_token = True
            self._means.platform.forget_token()
            return True
        self._attempt += 1
        if self._attempt >= self._means.config.attempts:
            return False
        pause = self._means.config.pause_seconds * 2.0 ** min(self._attempt - 1, _DOUBLINGS)
        self._means.pause(min(max(pause, reply.retry_after or 0.0), GREATEST_PAUSE), _reply_words(reply))
        return True

    def _shown(self) -> Shown | Reply | None:
        """The platform's present value; the reply if there is none to be had."""
        attempt_before, self._attempt = self._attempt, 0
        try:
            while True:
                with self._means.undivided():
                    found = self._means.platform.result(self._wanted.user_id)
                if isinstance(found, Answer):
                    is_expired = found.status == 401 and not self._has_new_token
                    if not (is_expired or found.is_busy or found.is_lost):
                        return found
                if not isinstance(found, Answer | NoAnswer) or not self._may_go_on(found):
                    return found
        finally:
            self._attempt = attempt_before

    def _given_up(self, reply: Reply, step: Send, sent_before: Entry | None, *, was_lost: bool) -> Pushed:
        words = _reply_words(reply)
        if not was_lost:
            return self._done(step, "failed", words)
        arrived = self._has_arrived(step.entry, sent_before)
        if isinstance(arrived, Pushed):
            return arrived
        return self._done(step, "sent") if arrived else self._done(step, "failed", words)

    def _has_arrived(
        self, sending: Entry, sent_before: Entry | None, *, is_refused: bool = False
    ) -> bool | Pushed:
        """Whether a score without an answer is in the platform, by its results.

        If they tell nothing, the end: the journal keeps the score as begun, and the next push asks again.
        """
        shown = self._shown()
        if isinstance(shown, Answer | NoAnswer):
            return Pushed(self._wanted, "unknown", _reply_words(shown))
        return has_arrived(shown, sending, sent_before, self._means.terms.platform, is_refused=is_refused)

    def _done(
        self, step: Send, outcome: Literal["sent", "changed", "refused", "failed"], words: str = ""
    ) -> Pushed:
        self._note(step.entry, outcome, words)
        return Pushed(self._wanted, outcome, words)

    def _note(self, entry: Entry, outcome: Outcome, words: str) -> None:
        new = {"outcome": outcome, "words": words, "time": self._means.now()}
        _journal(self._means, entry.model_copy(update=new))

    def _stop(self, step: Send, reply: Answer) -> NoReturn:
        """An answer that everybody else would get too."""
        self._note(step.entry, "failed", reply.words)
        shown = formatting.printable(self._means.terms.lineitem)
        if reply.status < 400:
            raise PushError(
                f"{shown}: the platform redirects ({reply.words}): give the final address as line_item"
            )
        if reply.status == 404:
            raise PushError(f"{shown}: there is no such line item ({reply.words}); check line_item")
        raise PlatformError(
            f"{shown}: the platform does not let this tool send scores ({reply.words}); allow it the scopes score and"
            " result.readonly, and check that the line item belongs to this tool"
        )


def _is_lost(reply: Reply) -> bool:
    """Whether the score may have arrived although nobody said so."""
    return reply.is_sent if isinstance(reply, NoAnswer) else reply.is_lost or reply.is_page


def _reply_words(reply: Reply) -> str:
    return reply.why if isinstance(reply, NoAnswer) else reply.words
