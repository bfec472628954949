"""A platform's submission: whose it is, which attempt, when."""

import json
import subprocess
from datetime import UTC, datetime

import pytest

from grader.frontends.packages.hand_in import hand_in, metadata, remarks

METADATA = {
    "id": 123456,
    "created_at": "2026-04-21T01:30:00.365935-07:00",
    "assignment": {"due_date": "2026-04-20T23:59:00.000000-07:00", "total_points": "20.0"},
    "users": [
        {"email": "student1@example.edu", "id": 1234, "name": "Student One"},
        {"email": "student2@example.edu", "id": 1235, "name": "Student Two"},
    ],
    "previous_submissions": [{"score": "12.5", "autograder_error": False}, {"score": None}],
}


def written(folder, content):
    (folder / "submission_metadata.json").write_text(
        content if isinstance(content, str) else json.dumps(content), encoding="utf-8"
    )
    return folder


def test_gradescope_tells_the_group_the_attempt_and_the_time(tmp_path):
    entry = hand_in("gradescope", written(tmp_path, METADATA))

    assert (entry.id, entry.path) == ("submission_123456", tmp_path / "submission")
    assert [each.part.email for each in entry.students] == ["student1@example.edu", "student2@example.edu"]
    assert entry.students[0].part.platform == {"email": "student1@example.edu", "gradescope": "1234"}
    assert entry.attempt == 3
    assert entry.submitted_at == datetime(2026, 4, 21, 8, 30, 0, 365935, UTC)


def test_the_instructor_is_told_of_earlier_attempts_and_of_lateness(tmp_path):
    assert [*remarks(metadata(written(tmp_path, METADATA)))] == [
        "attempt 3; earlier scores: 12.5, no score",
        "submitted 91 min 0 s after the due date; Gradescope applies the late policy, this grader does not",
    ]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        '"text"',
        {},
        {"id": "../../etc", "created_at": 5, "assignment": [], "users": "nobody", "previous_submissions": 1},
        {"users": [None, {}, {"email": "", "id": None}, {"email": ["a"]}], "created_at": "yesterday"},
        {"created_at": "2026-04-21T01:30:00", "assignment": {"due_date": "2026-04-20T01:30:00"}},
        {"previous_submissions": [None, 1, {}, {"score": "many"}, {"score": True}, {"score": 10**400}]},
        '{"previous_submissions": [{"score": NaN}]}',
        "[" * 100_000,
    ],
)
def test_metadata_of_any_other_form_costs_no_grade(tmp_path, content):
    root = written(tmp_path, content)

    entry = hand_in("gradescope", root)
    assert (entry.id, entry.students, entry.submitted_at) == ("submission", (), None)
    assert all(isinstance(line, str) for line in remarks(metadata(root)))


def test_without_metadata_the_submission_is_there_all_the_same(tmp_path):
    assert hand_in("gradescope", tmp_path).attempt is None
    assert hand_in("prairielearn", tmp_path).path == tmp_path / "student"


def test_classroom_50_counts_the_time_of_the_commit(tmp_path):
    assert hand_in("classroom50", tmp_path).submitted_at is None

    def git(*words):
        subprocess.run(["git", "-C", str(tmp_path), *words], check=True, capture_output=True)

    git("init")
    own = ("-c", "user.name=x", "-c", "user.email=x@example.edu", "-c", "commit.gpgsign=false")
    git(*own, "commit", "--allow-empty", "-m", "hand in")

    assert hand_in("classroom50", tmp_path).submitted_at is not None
