"""The students' pages of a class."""

from dataclasses import replace

import pytest

from grader.batch.pages import write_pages
from grader.batch.run import ClassResult, Outcome
from grader.batch.store import ReportStore
from grader.feedback.page import fingerprint
from grader.intake.entry import load_entry
from grader.intake.folder import find_entries
from grader.model.report import StudentPart
from grader.model.student_result import Change, StudentResult
from tests.samples import report_of


@pytest.fixture
def course(tmp_path):
    """A class of one, with its report on disk."""
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "ann.py").write_text("def f(W, X, y, reg): return 'her code'\n")
    (entry,) = find_entries(tmp_path / "class")
    where = {"file": "ann.py", "cell": None, "line": 1}
    part = {"id": "ann", "sha256": load_entry(entry).sha256, "files": [{"path": "ann.py", "sha256": "0"}]}
    report = report_of(
        submission=part,
        functions={"f": {"status": "correct", "where": where, "diagnosis": [], "notes": []}},
    )
    store = ReportStore(tmp_path / "out")
    store.write("ann", report)
    return entry, store, report


def written(course, *, results=(), ids=("ann",)):
    entry, store, report = course
    outcomes = tuple(Outcome(each, "graded", report) for each in ids)
    return write_pages(store, [entry], ClassResult(outcomes, results=results))


def page_of(course):
    return course[1].page_path("ann").read_text()


def test_a_page_shows_the_report_beside_the_code(course):
    assert written(course) == ()

    assert '10</span> <span class="of">of 10 points' in page_of(course)
    assert "her code" in page_of(course)


def test_a_page_that_would_be_the_same_is_not_written_again(course):
    written(course)
    path = course[1].page_path("ann")
    marked = path.read_text().replace("her code", "marked")
    path.write_text(marked)

    written(course)
    assert page_of(course) == marked

    change = Change("late", -2.5, "1 day late: 25 % off")
    written(course, results=(StudentResult("ann", None, course[2], (change,)),))
    assert "her code" in page_of(course)


def test_a_page_is_made_from_the_report_on_disk(course):
    entry, store, report = course
    check = report.checks[0].model_copy(update={"curves": {"loss": (2.0, 1.0)}})
    report = report.model_copy(update={"checks": (check,)})
    store.write("ann", report)

    written((entry, store, report.without_pictures))

    assert fingerprint(report) in page_of(course)


def test_rules_and_overrides_change_the_score_of_the_page(course):
    change = Change("late", -2.5, "1 day late: 25 % off")

    written(course, results=(StudentResult("ann", None, course[2], (change,)),))

    assert '7.5</span> <span class="of">of 10 points' in page_of(course)
    assert "<li>Graded: 10 of 10</li>" in page_of(course)
    assert "<li>\N{MINUS SIGN}2.5 points: 1 day late: 25 % off</li>" in page_of(course)


def test_members_of_a_group_with_different_scores_are_told_theirs(course):
    late = Change("late", -2.5, "1 day late")
    ada, ben = (StudentPart(id=name) for name in ("ada", "ben"))

    written(
        course,
        results=(StudentResult("ann", ada, course[2], (late,)), StudentResult("ann", ben, course[2])),
    )

    assert "<li>ada: 7.5; \N{MINUS SIGN}2.5 points: 1 day late</li>" in page_of(course)
    assert "<li>ben: 10</li>" in page_of(course)


def test_a_submission_that_is_gone_has_a_page_without_code(course):
    entry, store, report = course

    written((replace(entry, path=entry.path.with_name("gone.py")), store, report))

    assert "her code" not in page_of(course)


def test_a_page_that_cannot_be_made_is_named_and_stops_nothing(course, monkeypatch):
    monkeypatch.setattr("grader.batch.pages.student_page", lambda *_: 1 // 0)

    assert written(course) == ("ann",)
    assert not course[1].page_path("ann").exists()
