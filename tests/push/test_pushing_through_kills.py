"""Pushes that are killed at any moment, over a platform that fails in any way: in the end each score is there, and was taken once."""

import random
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from grader.errors import PlatformError
from grader.push.connection import Answer, NoAnswer
from grader.push.journal import Entry, Journal
from grader.push.plan import Plan, Wanted
from grader.push.pushing import Means, push
from grader.push.score import Shown, Terms
from tests.push.test_pushing import CONFIG

AT = datetime(2026, 4, 20, 21, 3, 11, tzinfo=UTC)
LOST = NoAnswer("no answer", is_sent=True)


class Killed(BaseException):
    """As if the process had ended here."""


class Disk(Journal):
    """A journal whose lines outlive the process; a kill comes before or after a line."""

    def __init__(self, lines, chance):
        super().__init__("x", lines)
        self.lines, self.chance = lines, chance

    def add(self, entry):
        kill_at_times(self.chance)
        self.lines.append(entry)
        super().add(entry)
        kill_at_times(self.chance)


class Failing:
    """Canvas or Moodle with the rules that matter here, and faults by chance."""

    def __init__(self, face, chance):
        self.face, self.chance = face, chance
        self.grades, self.comments, self.taken = {}, {}, []

    def post_score(self, body):
        kill_at_times(self.chance)
        user, at = body["userId"], datetime.fromisoformat(body["timestamp"])
        fault = self.chance.choice(["none"] * 4 + ["429", "500", "unreached", "lost", "503 taken"])
        if fault in {"429", "500"}:
            return Answer(int(fault), "")
        if fault == "unreached":
            return NoAnswer("cannot be reached", is_sent=False)
        before = self.grades.get(user)
        if before is not None and (at < before[1] if self.face == "canvas" else at <= before[1]):
            return Answer(400 if self.face == "canvas" else 409, "later")
        self.grades[user] = body["scoreGiven"], at
        self.taken.append((user, body["scoreGiven"], body.get("comment")))
        if "comment" in body:
            self.comments.setdefault(user, []).append(body["comment"])
        kill_at_times(self.chance)
        return {"none": Answer(200, ""), "lost": LOST}.get(fault, Answer(503, ""))

    def result(self, user):
        kill_at_times(self.chance)
        if self.chance.random() < 0.2:
            return LOST
        if user not in self.grades:
            return None
        score, at = self.grades[user]
        if self.face == "canvas":
            return Shown(score, 10.0, (self.comments.get(user) or [None])[-1], None)
        return Shown(score, 10.0, None, at) if score else Shown(None, None, None, None)

    def forget_token(self):
        pass


def kill_at_times(chance):
    if chance.random() < 0.05:
        raise Killed


def pushed_until_done(wanted, platform, lines, chance):
    for _ in range(500):
        means = Means(
            platform, Disk(lines, chance), CONFIG.model_copy(update={"attempts": 3}),
            Terms(platform.face, "x", AT, AT), lambda: AT, lambda *_: None, nullcontext,
        )  # fmt: skip
        try:
            if all(each.end in {"sent", "there"} for each in push(Plan(wanted=wanted), means)):
                return
        except (Killed, PlatformError):
            continue
    pytest.fail(f"never done: {[(each.user_id, each.outcome, each.words) for each in lines[-6:]]}")


@pytest.mark.parametrize("face", ["canvas", "moodle"])
def test_each_score_is_taken_once_and_the_journal_is_true(face):
    for seed in range(60):
        chance = random.Random(seed)
        platform = Failing(face, chance)
        lines: list[Entry] = []
        sent: list[tuple] = []
        for day in range(3):  # graded, and graded anew twice
            wanted = tuple(
                Wanted(each, each, each, each, float(chance.choice([0, 7, 8])), 10.0, f"comment {chance.choice('ab')}",
                       AT + timedelta(days=day), None, f"report {day}")
                for each in ("u1", "u2", "u3")
            )  # fmt: skip
            before = dict(sent[-3:] if sent else [])
            pushed_until_done(wanted, platform, lines, chance)
            new = [each for each in wanted if before.get(each.user_id) != (each.score, each.comment)]
            sent += [(each.user_id, (each.score, each.comment)) for each in wanted]
            assert {each.user_id: platform.grades[each.user_id][0] for each in wanted} == {
                each.user_id: each.score for each in wanted
            }, seed
            taken = [(user, score) for user, score, _ in platform.taken]
            assert sorted(taken) == sorted((each.user_id, each.score) for each in new), seed
            platform.taken.clear()
        if face == "canvas":
            repeated = [
                user for user, told in platform.comments.items()
                if any(one == other for one, other in pairwise(told))
            ]  # fmt: skip
            assert repeated == [], seed
