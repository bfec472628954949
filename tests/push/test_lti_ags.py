"""`grader push lti-ags` against a platform that acts by Canvas's and by Moodle's rules."""

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from grader.batch.class_record import parse_class_record
from tests.pace import HANG_SECONDS
from tests.push.conftest import add_student, write_config
from tests.push.fake_platform import FakePlatform
from tests.samples import check_part, report_of

FACES = ["canvas", "moodle"]
ROOT = Path(__file__).resolve().parents[2]


def journal_of(store):
    return [json.loads(line) for line in (store.folder / "pushed.jsonl").read_text().splitlines()]


def outcomes(store):
    return [(each["user_id"], each["outcome"]) for each in journal_of(store)]


@pytest.fixture(params=FACES)
def platform(request):
    with FakePlatform(request.param, {f"u{number}" for number in range(1, 501)}) as made:
        yield made


@pytest.fixture
def canvas():
    with FakePlatform("canvas", {"u1", "u2", "u3", "u4", "u5"}) as made:
        yield made


def test_a_score_arrives_with_everything_the_standard_asks_for(grader, store, tmp_path, platform):
    add_student(store, 1, 8.0)

    ran = grader("push", "lti-ags", "out", "--config", write_config(tmp_path, platform))

    assert (ran.code, ran.err) == (0, "")
    (body,) = platform.bodies
    own = body.pop("https://canvas.instructure.com/lti/submission", None)
    assert body == {
        "userId": "u1", "scoreGiven": 8.0, "scoreMaximum": 10.0, "activityProgress": "Completed",
        "gradingProgress": "FullyGraded", "timestamp": "2026-04-20T21:03:11.412Z",
        "comment": "8 of 10 points\nPoints lost:\n- f: values: 8 of 10",
        "submission": {"submittedAt": "2026-04-20T20:58:00.000Z"},
    }  # fmt: skip
    if platform.face == "canvas":
        assert own == {"new_submission": False, "submitted_at": "2026-04-20T20:58:00.000Z"}
        assert platform.grades["u1"].attempts == 1
    else:
        assert own is None
    assert platform.grades["u1"].score == 8.0
    assert outcomes(store) == [("u1", "sending"), ("u1", "sent")]


def test_nothing_equal_is_sent_again(grader, store, tmp_path, platform):
    add_student(store, 1)
    config = write_config(tmp_path, platform)
    grader("push", "lti-ags", "out", "--config", config)
    lines = journal_of(store)

    ran = grader("push", "lti-ags", "out", "--config", config)

    assert ran.code == 0
    assert "sent before: 1" in ran.out
    assert (platform.taken["u1"], journal_of(store)) == (1, lines)


def test_an_override_after_a_push_is_sent_a_second_later_or_more(grader, store, tmp_path, platform):
    add_student(store, 1)
    config = write_config(tmp_path, platform)
    grader("push", "lti-ags", "out", "--config", config)
    grader("override", "out", "hw1", "--points", "9", "--reason", "oral exam")

    ran = grader("push", "lti-ags", "out", "--config", config)

    assert ran.code == 0
    assert platform.grades["u1"].score == 9.0
    first, second = (each["timestamp"] for each in platform.bodies)
    assert second[:19] > first[:19]
    assert "oral exam" in platform.grades["u1"].comments[-1]


def test_a_comment_that_is_the_same_is_not_added_again_in_canvas(grader, store, tmp_path, platform):
    add_student(store, 1, checks=[], score=8.0)
    config = write_config(tmp_path, platform, 'comment = "summary"')
    grader("push", "lti-ags", "out", "--config", config)
    add_student(
        store, 1, checks=[], score=8.001, started_at="2026-04-21T10:00:00+00:00"
    )  # rounds to the same

    grader("push", "lti-ags", "out", "--config", config)
    add_student(store, 1, checks=[], score=8.0, max_score=20.0, started_at="2026-04-22T10:00:00+00:00")
    grader("push", "lti-ags", "out", "--config", config)

    assert platform.taken["u1"] == 2
    assert platform.grades["u1"].comments == (
        ["8 of 10 points", "8 of 20 points"] if platform.face == "canvas" else ["8 of 20 points"]
    )


@pytest.mark.parametrize("fault", ["lost", "closed", "late", 500, 503, 429, "busy"])
def test_a_score_arrives_once_whatever_happens_on_the_way(grader, store, tmp_path, platform, fault):
    add_student(store, 1)
    add_student(store, 2, 0.0)
    if fault == "late":
        platform.late_seconds = 0.6
    if fault == "busy":
        fault, platform.fault_text = 403, "403 Forbidden (Rate Limit Exceeded)"
    platform.fault = lambda _, number: fault if number == 1 else None

    ran = grader(
        "push", "lti-ags", "out", "--config", write_config(tmp_path, platform, "timeout_seconds = 0.3")
    )

    assert ran.code == 0, ran.out
    assert dict(platform.taken) == {"u1": 1, "u2": 1}
    assert [platform.grades[each].score for each in ("u1", "u2")] == [8.0, 0.0]
    assert len(platform.grades["u1"].comments) == 1
    assert [each for _, each in outcomes(store)] == ["sending", "sent"] * 2


def test_an_expired_token_is_renewed_once(grader, store, tmp_path, canvas):
    for number in range(1, 6):
        add_student(store, number)
    canvas.token_uses = 2

    ran = grader("push", "lti-ags", "out", "--config", write_config(tmp_path, canvas))

    assert (ran.code, canvas.tokens, sum(canvas.taken.values())) == (0, 3, 5)


def test_a_tool_without_the_right_stops_at_the_first_student(grader, store, tmp_path, canvas):
    add_student(store, 1)
    add_student(store, 2)
    canvas.token_uses = 0

    ran = grader("push", "lti-ags", "out", "--config", write_config(tmp_path, canvas))

    assert (ran.code, canvas.tokens) == (3, 2)
    assert "the platform does not let this tool send scores (401: token expired)" in ran.err
    assert "not tried: 2" in ran.out
    assert outcomes(store) == [("u1", "sending"), ("u1", "failed")]


def test_a_later_grade_in_the_platform_stands(grader, store, tmp_path, platform):
    add_student(store, 1)
    add_student(store, 2)
    platform.graded_by_the_teacher("u1", 3.0, datetime(2026, 4, 20, 21, 3, 12, tzinfo=UTC))
    config = write_config(tmp_path, platform)

    ran = grader("push", "lti-ags", "out", "--config", config)
    again = grader("push", "lti-ags", "out", "--config", config)

    assert (ran.code, again.code) == (1, 1)
    assert "Student 1 (s1): changed in the LMS since; not sent" in ran.out
    assert "Student 1 (s1): changed in the LMS since; not sent" in again.out
    assert platform.grades["u1"].score == 3.0
    assert platform.tries == {"u1": 1, "u2": 1}
    assert outcomes(store)[1] == ("u1", "changed")


def test_who_is_nobody_in_the_course_is_refused_and_not_tried_again_unless_asked(
    grader, store, tmp_path, platform
):
    add_student(store, 1)
    platform.users.clear()
    config = write_config(tmp_path, platform)

    first = grader("push", "lti-ags", "out", "--config", config)
    second = grader("push", "lti-ags", "out", "--config", config)
    platform.users.add("u1")
    third = grader("push", "lti-ags", "out", "--config", config, "--again")

    assert [first.code, second.code, third.code] == [1, 1, 0]
    if platform.face == "canvas":
        assert "refused by the platform (422: User not found in course)" in " ".join(first.out.split())
        assert "refused" in second.out
    else:
        assert "refused by the platform (400: not gradable in this course)" in " ".join(first.out.split())
    assert platform.tries["u1"] == 2
    assert platform.grades["u1"].score == 8.0


def test_a_fault_of_the_grader_is_withheld_and_touches_nothing(grader, store, tmp_path, platform):
    errored = [check_errored()]
    add_student(store, 1, None, status="incomplete", checks=errored)
    platform.graded_by_the_teacher("u1", 7.0, datetime(2026, 1, 1, tzinfo=UTC))
    config = write_config(tmp_path, platform)

    ran = grader("push", "lti-ags", "out", "--config", config)
    grader("push", "lti-ags", "out", "--config", config)

    assert ran.code == 1
    assert "Student 1 (s1): the grader failed in f: values: grade again" in ran.out
    assert (platform.requests, platform.grades["u1"].score) == ([], 7.0)
    assert outcomes(store) == [("u1", "withheld")]


def check_errored():
    return check_part(status="errored", points=0.0)


def test_hidden_checks_and_markup_stay_out_of_a_comment(grader, store, tmp_path, canvas):
    hidden = check_part(
        id="secret", title="the secret case", visibility="hidden", status="failed", points=0.0
    )
    bad = check_part(message="boom \u202e<script>", status="failed", points=4.0)
    add_student(store, 1, 4.0, max_score=20.0, checks=[bad, hidden])

    grader(
        "push",
        "lti-ags",
        "out",
        "--config",
        write_config(tmp_path, canvas, 'comment_end = "See the page."'),
    )

    assert canvas.grades["u1"].comments == [
        "4 of 20 points\nPoints lost:\n- f: values: 4 of 10\n- Hidden check: 0 of 10\nSee the page."
    ]


def test_a_dry_run_tells_all_and_needs_no_platform(grader, store, tmp_path, canvas):
    add_student(store, 1)
    add_student(store, 2, None, status="incomplete", checks=[check_errored()])
    add_student(store, 501)
    config = write_config(tmp_path, canvas)

    ran = grader("push", "lti-ags", "out", "--config", config, "--dry-run")

    assert ran.code == 1
    lines = ran.out.splitlines()
    assert lines[0] == "Dry run: nothing is sent. A push would send 1 score to"
    assert "  Student 1 (s1): 8 of 10, with a comment" in lines
    assert "  Student 2 (s2): the grader failed in f: values: grade again" in lines
    assert "  Student 501 (s501): no LTI user id" in lines
    assert all(len(line) <= 80 for line in lines if canvas.line_item not in line)
    assert canvas.requests == []
    assert not (store.folder / "pushed.jsonl").exists()


def test_a_platform_that_is_down_ends_the_push_in_words(grader, store, tmp_path, canvas):
    for number in range(1, 6):
        add_student(store, number)
    config = write_config(tmp_path, canvas, "attempts = 2")
    canvas.fault = lambda *_: 503

    ran = grader("push", "lti-ags", "out", "--config", config)
    canvas.fault = lambda *_: None
    again = grader("push", "lti-ags", "out", "--config", config)

    assert (ran.code, again.code) == (3, 0)
    assert "the platform took none of the last 3 scores (503: fault)" in ran.err
    assert set(canvas.taken.values()) == {1}


def test_an_answer_that_is_lost_where_results_cannot_be_read_is_left_open(grader, store, tmp_path, canvas):
    add_student(store, 1)
    config = write_config(tmp_path, canvas)
    canvas.fault = lambda _, number: "lost" if number == 1 else None
    canvas.results_status = 403

    ran = grader("push", "lti-ags", "out", "--config", config)
    canvas.results_status = 200
    again = grader("push", "lti-ags", "out", "--config", config)

    assert (ran.code, again.code) == (1, 0)
    assert "no answer; push again, and the platform is asked first" in " ".join(ran.out.split())
    assert canvas.taken["u1"] == 1
    assert [each for _, each in outcomes(store)] == ["sending", "sent"]


def test_the_words_of_a_platform_are_capped_and_printable(grader, store, tmp_path, canvas):
    add_student(store, 1)
    canvas.fault = lambda *_: 422
    canvas.fault_text = "\x1b[31m\u202ebad " + "x" * 5000

    ran = grader("push", "lti-ags", "out", "--config", write_config(tmp_path, canvas))

    assert "\x1b" not in ran.out
    assert "\u202e" not in ran.out
    assert len(ran.out) < 1500
    assert len(journal_of(store)[-1]["words"]) < 250


def test_a_redirect_is_not_followed(grader, store, tmp_path, canvas):
    add_student(store, 1)
    canvas.fault = lambda *_: 307
    canvas.headers = {"Location": f"{canvas.url}/elsewhere"}

    ran = grader("push", "lti-ags", "out", "--config", write_config(tmp_path, canvas))

    assert ran.code == 2
    assert "the platform redirects (307: fault): give the final address as line_item" in ran.err
    assert [kind for kind, *_ in canvas.requests] == ["POST"]


def test_a_platform_that_does_not_know_the_key_is_said(grader, store, tmp_path, canvas):
    add_student(store, 1)
    canvas.scopes = set()

    ran = grader("push", "lti-ags", "out", "--config", write_config(tmp_path, canvas))

    assert ran.code == 2
    assert "no access token (400: invalid_scope)" in ran.err
    assert "Traceback" not in ran.err


RECORD = {
    "format": "folder", "words": "2 submissions", "spec": "mini", "title": "Mini", "entries": [],
    "roster": {"columns": {"id": "student_id"}, "students": [{"id": "s2", "name": "Two", "line": 2}]},
    "not_submitted": ["s2"],
}  # fmt: skip


def test_who_handed_in_nothing_gets_a_zero_only_if_asked(grader, store, tmp_path, canvas):
    add_student(store, 1)
    part = {"id": "s1", "name": "Student 1"}
    entry = {
        "id": "hw1",
        "students": [part],
        "attempt": None,
        "submitted_at": None,
        "late_mark": None,
        "earlier": [],
        "notes": [],
    }
    record = parse_class_record(json.dumps({**RECORD, "entries": [entry]}))
    store.write_record(record)
    config = write_config(tmp_path, canvas)

    without = grader("push", "lti-ags", "out", "--config", config)
    with_zeros = grader("push", "lti-ags", "out", "--config", config, "--zeros")

    assert (without.code, with_zeros.code) == (0, 0)
    assert "No submission (1): nothing is sent; --zeros sends 0\n  Two (s2)" in without.out
    assert [(each["userId"], each["scoreGiven"]) for each in canvas.bodies] == [("u1", 8.0), ("u2", 0.0)]
    assert canvas.bodies[1]["comment"] == "0 of 10 points\nNothing was submitted."
    assert "submission" not in canvas.bodies[1]


def test_a_student_with_two_submissions_is_left_out(grader, store, tmp_path, canvas):
    add_student(store, 1)
    two = {"id": "more", "sha256": "a" * 64, "files": [], "student": {"id": "s1", "name": "Student 1"}}
    store.write("more", report_of(submission=two))

    ran = grader("push", "lti-ags", "out", "--config", write_config(tmp_path, canvas))

    assert ran.code == 1
    assert "Student 1 (s1) has several submissions (hw1 and more): decide which one counts" in " ".join(
        ran.out.split()
    )
    assert canvas.requests == []


def test_while_two_students_have_one_user_id_nothing_is_sent(grader, store, tmp_path, canvas):
    add_student(store, 1)
    add_student(store, 2)
    config = write_config(tmp_path, canvas)
    (tmp_path / "users.csv").write_text("student_id,lti_id\ns1,u1\ns2,u1\n")

    ran = grader("push", "lti-ags", "out", "--config", config)

    assert (ran.code, canvas.requests) == (2, [])
    assert ran.err.splitlines() == [
        "Nothing was sent: 1 problem to fix first.",
        "  Several students have the LTI user id u1: s1 and s2.",
    ]


@pytest.mark.slow
def test_500_scores_arrive_once_each_through_every_kind_of_fault(grader, store, tmp_path, platform):
    """u1 to u490 arrive; the others are refused, or changed since, or withheld."""
    for number in range(1, 501):
        faulty = number > 497
        add_student(
            store, number, None if faulty else float(number % 11), checks=[check_errored()] if faulty else [],
            status="incomplete" if faulty else "graded",
        )  # fmt: skip
    platform.users -= {"u491", "u492", "u493", "u494"}
    for user in ("u495", "u496", "u497"):
        platform.graded_by_the_teacher(user, 3.0, datetime(2026, 5, 1, tzinfo=UTC))
    platform.graded_by_the_teacher("u500", 3.0, datetime(2026, 1, 1, tzinfo=UTC))
    platform.token_uses, platform.late_seconds = 60, 0.5
    kinds = [None, None, "lost", None, 500, "closed", None, 429, 503, None]
    many = {f"u{number}": ["lost", "closed", "late", 502] for number in (17, 33)}

    def fault(user, number):
        if user in many:
            return many[user][number - 1] if number <= 4 else None
        return kinds[int(user[1:]) % len(kinds)] if number == 1 else None

    platform.fault = fault
    config = write_config(tmp_path, platform, "timeout_seconds = 0.25")

    ran = grader("push", "lti-ags", "out", "--config", config)
    sent_first = dict(platform.taken)
    again = grader("push", "lti-ags", "out", "--config", config)

    assert (ran.code, again.code) == (1, 1)
    assert sent_first == platform.taken == {f"u{number}": 1 for number in range(1, 491)}
    assert all(platform.grades[f"u{number}"].score == number % 11 for number in range(1, 491))
    assert all(len(platform.grades[f"u{number}"].comments) == 1 for number in range(1, 491))
    assert [platform.grades[each].score for each in ("u495", "u496", "u497", "u500")] == [3.0] * 4
    ends = [each for each in outcomes(store) if each[1] != "sending"]
    assert ends == [
        *((f"u{number}", "withheld") for number in (498, 499, 500)),
        *((f"u{number}", end) for number, end in sorted({
            **dict.fromkeys(range(1, 491), "sent"),
            **dict.fromkeys(range(491, 495), "refused"),
            **dict.fromkeys(range(495, 498), "changed"),
        }.items(), key=lambda each: f"hw{each[0]}")),
    ]  # fmt: skip
    assert "sent: 490" in ran.out
    assert "sent before: 490" in again.out


def started(tmp_path, config):
    """The command in a process of its own."""
    words = ["push", "lti-ags", "out", "--config", str(config)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-m", "grader", *words], cwd=tmp_path, env=environment, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("moment", [None, "closed"], ids=["taken", "not taken"])
def test_a_push_that_is_killed_is_continued_without_a_word_twice(grader, store, tmp_path, platform, moment):
    for number in range(1, 5):
        add_student(store, number, 0.0 if number == 2 else 8.0)
    config = write_config(tmp_path, platform)
    killed: list[str] = []

    def kill_at_the_second(user, _):
        if user == "u2" and not killed:
            killed.append(user)
            process.kill()
            process.wait()
            return moment
        return None

    platform.fault = kill_at_the_second
    process = started(tmp_path, config)
    process.communicate(timeout=HANG_SECONDS)
    with (store.folder / "pushed.jsonl").open("a") as journal:
        journal.write('{"time": "2026-')  # as a kill may leave it
    dry = grader("push", "lti-ags", "out", "--config", config, "--dry-run")

    again = grader("push", "lti-ags", "out", "--config", config)

    assert (process.returncode, dry.code, again.code) == (-signal.SIGKILL, 0, 0)
    assert "Begun by a push that was stopped (1): the platform is asked first\n  Student 2 (s2)" in dry.out
    assert dict(platform.taken) == {f"u{number}": 1 for number in range(1, 5)}
    assert [platform.grades[f"u{number}"].score for number in range(1, 5)] == [8.0, 0.0, 8.0, 8.0]
    assert [len(platform.grades[f"u{number}"].comments) for number in range(1, 5)] == [1] * 4
    assert sorted(user for user, end in outcomes(store) if end == "sent") == ["u1", "u2", "u3", "u4"]


@pytest.mark.slow
def test_ctrl_c_ends_after_the_request_with_its_line_in_the_journal(grader, store, tmp_path, canvas):
    for number in range(1, 4):
        add_student(store, number)
    config = write_config(tmp_path, canvas)

    def stop_at_the_second(user, _):
        if user == "u2":
            process.send_signal(signal.SIGINT)

    canvas.fault = stop_at_the_second
    process = started(tmp_path, config)
    out, err = process.communicate(timeout=HANG_SECONDS)
    sent = [user for user, end in outcomes(store) if end == "sent"]
    again = grader("push", "lti-ags", "out", "--config", config)

    assert (process.returncode, again.code, sent) == (130, 0, ["u1", "u2"])
    assert "Stopped; push again to go on." in err
    assert "sent: 1" in out
    assert dict(canvas.taken) == {"u1": 1, "u2": 1, "u3": 1}


def test_a_student_with_a_score_and_a_fault_gets_neither(grader, store, tmp_path, canvas):
    add_student(store, 1)
    add_student(store, 2, None, status="incomplete", checks=[check_errored()])
    both = {"id": "more", "sha256": "a" * 64, "files": [], "student": {"id": "s1", "name": "Student 1"}}
    store.write("more", report_of(submission=both, status="incomplete", score=None, checks=[check_errored()]))

    ran = grader("push", "lti-ags", "out", "--config", write_config(tmp_path, canvas))

    assert (ran.code, canvas.requests) == (1, [])
    assert "Student 1 (s1) has several submissions (hw1 and more): decide which one counts" in " ".join(
        ran.out.split()
    )


def test_nobody_gets_a_zero_for_a_submission_that_may_be_theirs(grader, store, tmp_path, canvas):
    add_student(store, 1)
    stray = {"submission": "hw1", "student": None, "reason": "no id", "candidates": ["s2"]}
    none = dict.fromkeys(("attempt", "submitted_at", "late_mark"))
    entry = {"id": "hw1", "students": (), **none, "earlier": (), "notes": ()}
    store.write_record(parse_class_record(json.dumps({**RECORD, "entries": [entry], "unmatched": [stray]})))

    ran = grader("push", "lti-ags", "out", "--config", write_config(tmp_path, canvas), "--zeros")

    assert (ran.code, "u2" in canvas.taken) == (1, False)
    assert "Two (s2): submission hw1 may be theirs" in ran.out


def test_a_quick_run_is_told_before_it_is_sent(grader, store, tmp_path, canvas):
    left_out = check_part(id="speed", status="not_run", points=0.0, max_points=4.0)
    add_student(store, 1, checks=[check_part(points=8.0, status="failed"), left_out])

    ran = grader("push", "lti-ags", "out", "--config", write_config(tmp_path, canvas), "--dry-run")

    assert "Graded with --quick: checks worth 4 points were left out" in ran.out


def test_a_comment_has_the_points_of_a_hidden_check_that_the_instructor_gave(grader, store, tmp_path, canvas):
    hidden = check_part(id="secret", visibility="hidden", status="failed", points=0.0)
    add_student(store, 1, 10.0, max_score=20.0, checks=[check_part(), hidden])
    (store.folder / "overrides.toml").write_text(
        '[[overrides]]\nid = "s1"\ncheck = "secret"\npoints = 3\nreason = "unclear"\n'
    )

    grader("push", "lti-ags", "out", "--config", write_config(tmp_path, canvas))

    assert canvas.grades["u1"].comments == [
        "13 of 20 points\n+3 points: unclear\nPoints lost:\n- Hidden check: 3 of 10"
    ]
