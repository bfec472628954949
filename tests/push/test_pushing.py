"""What a push does with each answer, without a network."""

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta

import pytest

from grader.errors import PushError
from grader.exporters.grades import Grade
from grader.model.student_result import Change, StudentResult
from grader.push.comment import comment_of, sha256_of
from grader.push.config import PushConfig, UsersConfig
from grader.push.connection import Answer, NoAnswer
from grader.push.journal import Entry, Journal, Past
from grader.push.plan import Plan, Wanted
from grader.push.pushing import Means, push
from grader.push.score import Send, Settled, Shown, Terms, decided, has_arrived

AT = datetime(2026, 4, 20, 21, 3, 11, 412345, tzinfo=UTC)
WANTED = Wanted("Ann", "s1", "hw1", "u1", 8.0, 10.0, "See the page.", AT, None, "a")
CONFIG = PushConfig(
    platform="canvas", line_item="https://x/l", token_url="https://x/t", client_id="1", key_file="k",
    users=UsersConfig(id="id"),
)  # fmt: skip


class Answering:
    """A platform with the answers given; the last one again and again."""

    def __init__(self, *answers, shown=None):
        self.answers, self.shown, self.posts = list(answers), shown, []

    def post_score(self, body):
        self.posts.append(body)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def result(self, _):
        return self.shown

    def forget_token(self):
        pass


def pushed(platform, face="canvas", **changes):
    slept = []
    journal = Journal("x")
    means = Means(
        platform,
        journal,
        CONFIG.model_copy(update=changes),
        Terms(face, "x", AT, AT),
        lambda: AT,
        lambda seconds, _: slept.append(seconds),
        nullcontext,
    )
    (done,) = push(Plan(wanted=(WANTED,)), means)
    return done, slept, journal


def test_the_pauses_double_and_the_body_stays():
    platform = Answering(Answer(503, ""))

    done, slept, journal = pushed(platform)

    assert (done.end, slept) == ("failed", [1, 2, 4, 8, 16])
    assert [each == platform.posts[0] for each in platform.posts] == [True] * 6
    assert journal.past("u1").last.outcome == "failed"


@pytest.mark.parametrize("asked, slept_for", [(7.0, 7.0), (0.0, 1.0), (1e9, 300.0)])
def test_a_platform_that_asks_to_wait_is_given_the_time(asked, slept_for):
    done, slept, _ = pushed(Answering(Answer(429, "", asked), Answer(200, "")))

    assert (done.end, slept) == ("sent", [slept_for])


def test_a_platform_out_of_reach_is_not_asked_what_arrived():
    done, _, _ = pushed(Answering(NoAnswer("x cannot be reached", is_sent=False)), attempts=2)

    assert (done.end, done.words) == ("failed", "x cannot be reached")


@pytest.mark.parametrize("is_lost_before, outcome", [(False, "failed"), (True, "sending")])
def test_a_push_without_a_token_says_in_the_journal_what_is_known(is_lost_before, outcome):
    class WithoutToken(Answering):
        def post_score(self, body):
            if is_lost_before and not self.posts:
                return super().post_score(body)
            raise PushError("no access token")

    journal = Journal("x")
    platform = WithoutToken(Answer(503, ""), shown=None)
    means = Means(
        platform, journal, CONFIG, Terms("canvas", "x", AT, AT), lambda: AT, lambda *_: None, nullcontext,
    )  # fmt: skip

    with pytest.raises(PushError):
        list(push(Plan(wanted=(WANTED,)), means))

    past = journal.past("u1")
    last = past.sending or past.last
    assert last is not None
    assert (last.outcome, last.words) == (outcome, "" if is_lost_before else "no access token")


def test_a_score_that_the_results_show_is_not_sent_again():
    platform = Answering(NoAnswer("no answer", is_sent=True), shown=Shown(80.0, 100.0, None, None))

    done, _, _ = pushed(platform)

    assert (done.end, len(platform.posts)) == ("sent", 1)


def entry(**changes):
    fields = {
        "time": AT, "lineitem": "x", "user_id": "u1", "student": "s1", "submission": "hw1", "report_sha256": "a",
        "score": 8.0, "max_score": 10.0, "comment_sha256": sha256_of("See the page."),
        "timestamp": AT.replace(microsecond=412000), "outcome": "sent",
    }  # fmt: skip
    return Entry.model_validate({**fields, **changes})


@pytest.mark.parametrize("face, is_commented", [("canvas", False), ("moodle", True), ("other", True)])
def test_canvas_gets_a_comment_when_it_changed_and_others_get_it_always(face, is_commented):
    sent = entry(score=7.0)

    step = decided(WANTED, Past(sent=sent, last=sent), Terms(face, "x", AT, AT))

    assert isinstance(step, Send)
    assert ("comment" in step.body) == is_commented
    assert step.body["timestamp"] == "2026-04-20T21:03:12.412Z"


def test_a_score_that_the_instructors_files_changed_has_their_time():
    sent, later = entry(score=7.0), AT + timedelta(days=1)

    step = decided(WANTED, Past(sent=sent, last=sent), Terms("moodle", "x", AT, later))

    assert isinstance(step, Send)
    assert step.body["timestamp"] == "2026-04-21T21:03:11.412Z"


@pytest.mark.parametrize("outcome", ["changed", "refused"])
def test_an_equal_score_that_was_not_taken_is_sent_again_only_if_asked(outcome):
    past = Past(last=entry(outcome=outcome, words="422: nobody"))

    assert decided(WANTED, past, Terms("canvas", "x", AT, AT)) == Settled(outcome, "422: nobody")
    assert isinstance(decided(WANTED, past, Terms("canvas", "x", AT, AT, is_again=True)), Send)


@pytest.mark.parametrize(
    "shown, sent, face, arrived",
    [
        (None, None, "canvas", False),
        (Shown(None, None, None, None), None, "canvas", False),
        (Shown(7.0, 10.0, None, None), None, "canvas", False),
        (Shown(8.0, 10.0, None, None), None, "canvas", True),
        (Shown(2.67, 3.3333, None, None), None, "canvas", True),
        (Shown(8.0, 10.0, None, None), entry(score=7.0), "canvas", True),
        (Shown(8.0, 10.0, "before", None), entry(comment_sha256=None), "canvas", False),
        (Shown(8.0, 10.0, "See the page.", None), entry(comment_sha256=None), "canvas", True),
        (Shown(8.0, 10.0, None, AT - timedelta(days=1)), None, "moodle", False),
        (Shown(9.0, 10.0, None, AT.replace(microsecond=0)), None, "moodle", True),
    ],
)
def test_what_the_results_tell_of_a_lost_answer(shown, sent, face, arrived):
    assert has_arrived(shown, entry(outcome="sending"), sent, face) is arrived


def test_a_success_with_a_web_page_is_asked_about():
    platform = Answering(Answer(200, "<html>Log in</html>"), shown=Shown(8.0, 10.0, "See the page.", None))

    assert pushed(platform)[0].end == "sent"
    assert len(platform.posts) == 1


def test_a_platform_that_answers_with_web_pages_alone_has_taken_nothing():
    done, _, journal = pushed(Answering(Answer(200, "\n<!DOCTYPE html>")), attempts=2)

    assert (done.end, done.words) == ("failed", "200: a web page, not an answer")
    assert journal.past("u1").sent is None


def test_a_long_comment_is_cut_at_a_line_and_keeps_its_end():
    changes = tuple(Change("override", 1.0, "reason " * 100) for _ in range(10))

    lines = comment_of(
        Grade(StudentResult("a", None, None, changes), 8.0, 10.0), 10.0, "See the page."
    ).splitlines()

    assert lines[1:6] == [f"+1 points: {'reason ' * 100}"] * 5
    assert lines[6:] == ["(cut: 3,560 more characters)", "See the page."]
