"""Overrides, given and removed in the output folder of a class."""

from datetime import UTC, datetime

import pytest

from grader.batch import lock
from grader.batch.class_record import ClassRecord, EntryPart
from grader.batch.overriding import give, given, remove
from grader.batch.store import ReportStore
from grader.errors import OutputError, RulesError
from tests.samples import check_part, report_of

NOW = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture
def store(tmp_path):
    """A class of ann, and of two who handed in together."""
    store = ReportStore(tmp_path / "out")
    members = [{"id": "1002", "email": "bo@example.edu"}, {"id": "1003"}]
    for identifier, known in {"ann": {}, "team": {"student": members[0], "members": members}}.items():
        submission = {"id": identifier, "sha256": "a" * 64, "files": [], **known}
        store.write(identifier, report_of(submission=submission))
    return store


def class_record(*ids):
    entries = tuple(
        EntryPart(id=each, students=(), attempt=None, submitted_at=None, late_mark=None, earlier=(), notes=())
        for each in ids
    )
    return ClassRecord(format="folder", words="A folder.", spec="mini", title="Mini", entries=entries)


def put(store, name, points=8.0, check=None, reason="typo", **more):
    return give(store, name, {check: points}, reason, NOW, **more)


def scores(store):
    lines = store.gradebook_path.read_text().splitlines()[1:]
    return [line.split(",")[4] for line in lines]


def test_points_of_the_total_are_in_the_gradebook_at_once(store):
    done = put(store, "ann")

    assert (done.before[0].score, done.after[0].score) == (10.0, 8.0)
    assert scores(store) == ["8", "10", "10"]
    assert store.read("ann").score == 10.0


def test_the_class_page_has_them_at_once(store):
    put(store, "ann", reason="a <b> typo")

    page = store.class_page_path.read_text()
    assert "\N{MINUS SIGN}2</span>" in page
    assert "a &lt;b&gt; typo" in page


def test_points_of_a_check(store):
    put(store, "ann", 3.0, "f_values")

    assert scores(store)[0] == "3"


def test_an_email_means_one_member(store):
    put(store, "BO@example.edu")

    assert [(each.id, each.at) for each in given(store)] == [("1002", NOW)]
    assert scores(store) == ["10", "8", "10"]


def test_a_later_one_replaces_an_earlier_one(store):
    put(store, "ann", 3.0, "f_values")
    put(store, "ann", 4.0, "f_values", reason="  no,\u202e 4  ")

    assert [(each.points, each.reason) for each in given(store)] == [(4.0, "no,<U+202E> 4")]


def test_one_by_another_id_of_the_same_student_replaces_it_and_removes_it(store):
    submission = {"id": "cy", "sha256": "a" * 64, "files": [], "student": {"id": "1004", "email": "cy@x.edu"}}
    store.write("cy", report_of(submission=submission))
    put(store, "cy", 3.0)
    put(store, "1004", 4.0)
    assert [each.points for each in given(store)] == [4.0]
    put(store, "team", 5.0)
    put(store, "1003", 6.0)
    assert [each.points for each in given(store)] == [4.0, 5.0, 6.0]

    remove(store, "cy")

    assert [each.points for each in given(store)] == [5.0, 6.0]


def test_points_of_a_check_under_a_total_are_said_not_to_count(store):
    put(store, "ann")

    done = put(store, "ann", 3.0, "f_values")

    assert done.remarks == (
        "ann has an override of the total, which counts: 8; remove it if the points of the check should count",
    )


def test_overrides_are_removed(store):
    give(store, "team", {None: 8.0}, "x", NOW)
    give(store, "team", {"f_values": 3.0}, "x", NOW)

    remove(store, "team", frozenset({"f_values"}))
    assert [each.check for each in given(store)] == [None]
    done = remove(store, "team")

    assert given(store) == ()
    assert [each.score for each in done.after] == [10.0, 10.0]


def test_one_of_somebody_who_has_left_the_class_is_removed(store):
    put(store, "ann")
    store.report_path("ann").unlink()

    assert remove(store, "ann").after == ()
    assert given(store) == ()


@pytest.mark.parametrize(
    "name, points, check, reason, words",
    [
        ("anne", 1.0, None, "x", "no submission or student is 'anne' (did you mean 'ann'?)"),
        (
            "ann",
            1.0,
            "f_value",
            "x",
            "there is no check 'f_value'; did you mean 'f_values'?",
        ),
        ("ann", 1.0, None, " ", "an override needs a reason, which the student may read; pass --reason"),
        ("ann", 1.0, None, "x" * 1001, "a reason has at most 1,000 characters, not 1,001"),
        ("ann", -1.0, None, "x", "the points for the total must be from 0 to 1,000,000, not -1"),
        ("ann", float("nan"), None, "x", "must be from 0 to 1,000,000, not nan (not a number)"),
        (
            "ann",
            11.0,
            "f_values",
            "x",
            "11 points are more than the 10 that f_values is worth; pass --bonus if they are meant",
        ),
    ],
)
def test_what_cannot_be_given_is_refused(store, name, points, check, reason, words):
    with pytest.raises(RulesError) as caught:
        put(store, name, points, check, reason)

    assert str(caught.value).endswith(words)
    assert not store.overrides_path.exists()


def test_a_bonus_is_given_if_it_is_meant(store):
    assert put(store, "ann", 11.0, may_exceed=True).after[0].score == 11.0


def test_a_check_that_was_not_run_does_not_count(store):
    store.write("ann", report_of(checks=[check_part(), check_part(id="slow", status="not_run", points=0.0)]))

    with pytest.raises(RulesError) as caught:
        put(store, "ann", 1.0, "slow")

    assert str(caught.value) == "slow was not run, and does not count; grade the class without --quick first"


def test_there_must_be_one_to_remove(store):
    with pytest.raises(RulesError) as caught:
        remove(store, "ann")
    assert str(caught.value) == "there is no override for ann"
    put(store, "ann", 1.0, "f_values")

    with pytest.raises(RulesError) as caught:
        remove(store, "ann", frozenset({"g"}))

    assert str(caught.value) == "there is no override of g for ann, only of f_values"


@pytest.mark.parametrize("spoil", [lambda path: path.write_text("{"), lambda path: path.unlink()])
def test_without_the_record_of_the_class_nothing_is_written(store, spoil):
    store.keep({"roster.csv": b"id\n1\n"})
    store.write_record(class_record("ann", "team"))
    put(store, "ann")
    before = store.gradebook_path.read_text(), given(store)
    spoil(store.record_path)

    with pytest.raises(
        RulesError, match="would lose students who did not submit; run `grader batch` again first"
    ):
        put(store, "ann", 3.0)

    assert (store.gradebook_path.read_text(), given(store)) == before


def test_a_report_that_cannot_be_read_costs_no_row(store):
    store.write_record(class_record("ann", "team"))
    store.report_path("team").write_text("{}")

    put(store, "ann")
    put(store, "team", 7.0)

    assert scores(store) == ["8", "7"]
    assert "team,,,not_graded,7" in store.gradebook_path.read_text()
    with pytest.raises(RulesError, match="team: not graded yet, so there are no checks; use --points"):
        put(store, "team", 1.0, "f_values")


def test_a_folder_that_is_not_a_class_is_left_as_it_is(tmp_path):
    with pytest.raises(RulesError) as caught:
        put(ReportStore(tmp_path / "none"), "ann")

    assert str(caught.value) == (
        f"{tmp_path}/none: there are no reports; give the --out folder of `grader batch`"
    )
    assert list(tmp_path.iterdir()) == []


def test_while_a_run_is_at_work_nothing_is_written(store):
    with lock.held(store.folder), pytest.raises(OutputError) as caught:
        put(store, "ann")

    assert "another run is writing there (process " in str(caught.value)
    assert str(caught.value).endswith("); wait for it to finish, or stop it")
    assert not store.overrides_path.exists()
