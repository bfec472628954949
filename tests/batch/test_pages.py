"""The students' pages of a class."""

from dataclasses import replace

import pytest

from grader.batch.pages import (
    BRIEFLY_SECONDS,
    CLASS_PAGE,
    FREE_SECONDS,
    PagesOfRun,
    refresh_pages,
    write_pages,
)
from grader.batch.store import ReportStore
from grader.errors import OutputError
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


def written(course, *, results=None, **options):
    entry, store, report = course
    return write_pages(store, [entry], results or (StudentResult("ann", None, report),), **options)


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

    assert "The loss while it trains" in page_of(course)


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


def test_a_class_page_that_cannot_be_made_is_named(course, monkeypatch):
    monkeypatch.setattr("grader.batch.pages.class_page", lambda *_: 1 // 0)

    assert written(course) == (CLASS_PAGE,)
    assert "her code" in page_of(course)


def test_another_standing_reaches_a_page_without_the_files_and_its_code_stays(course):
    _, store, report = course
    written(course)
    change = Change("override", -2.5, "1 < 2")
    (late,) = results = (StudentResult("ann", None, report, (change,)),)

    assert refresh_pages(store, results, results) == []

    refreshed = page_of(course)
    assert "<title>ann: 7.5 of 10" in refreshed
    assert "<li>\N{MINUS SIGN}2.5 points: 1 &lt; 2</li>" in refreshed
    assert "her code" in refreshed
    store.page_path("ann").unlink()
    written(course, results=(late,))
    assert page_of(course) == refreshed


def test_a_page_of_another_report_waits_for_the_next_run(course):
    _, store, report = course
    written(course)
    before = page_of(course)
    newer = report.model_copy(update={"score": 4.0})
    results = (StudentResult("ann", None, newer),)

    refresh_pages(store, results, results)

    assert page_of(course) == before


def test_students_who_were_not_selected_get_their_standing_too(course):
    _, store, report = course
    written(course)

    write_pages(store, [], (StudentResult("ann", None, report, (Change("late", -1, "late"),)),))

    assert "<title>ann: 9 of 10" in page_of(course)
    assert "her code" in page_of(course)


def test_after_a_stop_only_pages_that_take_little_are_made_and_always_the_class_page(course):
    assert written(course, may_go_on=lambda: False) == ()

    assert not course[1].page_path("ann").exists()
    assert "feedback/" not in course[1].class_page_path.read_text()


def test_the_class_page_links_to_pages_that_are_there(course):
    written(course)

    assert 'href="feedback/ann.html"' in course[1].class_page_path.read_text()


class Run:
    """A class of one that is being graded, a second for each look at the clock unless told otherwise."""

    def __init__(self, course, tick=0.0):
        self.entry, self.store, self.report = course
        self.now, self.tick = 0.0, tick
        self.pages = PagesOfRun(self.store, [self.entry], clock=self.clock)

    def clock(self):
        self.now += self.tick
        return self.now

    def results_on(self, _):
        return (StudentResult("ann", None, self.report.without_pictures),)

    def graded(self):
        self.pages.graded(self.entry, self.report, self.results_on)


def test_a_page_is_written_while_others_are_graded(course):
    Run(course).graded()

    assert "her code" in page_of(course)


def test_a_page_of_a_run_is_made_from_the_report_at_hand_and_as_the_end_would_make_it(course, monkeypatch):
    entry, store, report = course
    check = report.checks[0].model_copy(update={"curves": {"loss": (2.0, 1.0)}})
    report = report.model_copy(update={"checks": (check,)})
    store.write("ann", report)
    run = Run((entry, store, report))
    with monkeypatch.context() as patch:
        patch.setattr(ReportStore, "read", lambda *_: 1 // 0)
        run.graded()
    made = page_of(course)
    assert "The loss while it trains" in made

    store.page_path("ann").write_text(made.replace("her code", "marked"))
    run.pages.finished(run.results_on("ann"), ())

    assert "marked" in page_of(course)
    assert run.pages.failed == ()


def test_pages_that_take_too_much_of_the_run_wait(course):
    run = Run(course, tick=FREE_SECONDS + 1)
    run.graded()
    store = course[1]
    store.page_path("ann").unlink()

    run.graded()
    assert not store.page_path("ann").exists()

    run.now += 10 * FREE_SECONDS
    run.graded()
    assert "her code" in page_of(course)


def test_a_page_that_fails_during_a_run_stops_nothing_and_is_told_at_the_end(course, monkeypatch):
    run = Run(course)
    monkeypatch.setattr("grader.batch.pages.student_page", lambda *_: 1 // 0)

    run.graded()
    run.pages.finished(run.results_on("ann"), ())

    assert run.pages.failed == ("ann",)


def test_a_page_that_cannot_be_written_during_a_run_stops_it_at_the_end_only(course):
    run = Run(course)
    course[1].page_path("ann").mkdir(parents=True)
    course[1].class_page_path.mkdir()

    run.graded()
    run.pages.so_far(run.results_on("ann"), ())

    with pytest.raises(OutputError, match=r"ann\.html: cannot be written"):
        run.pages.finished(run.results_on("ann"), ())


def test_the_class_page_is_there_while_it_is_graded(course):
    run = Run(course)
    run.graded()

    run.pages.so_far(run.results_on("ann"), ())

    assert 'href="feedback/ann.html"' in course[1].class_page_path.read_text()


def test_a_class_page_that_cannot_be_made_is_not_tried_again_before_the_end(course, monkeypatch):
    tried: list[object] = []

    def fails(*words):
        tried.append(words)
        return 1 // 0

    monkeypatch.setattr("grader.batch.pages.class_page", fails)
    run = Run(course)

    for _ in range(3):
        run.pages.so_far(run.results_on("ann"), ())
    assert len(tried) == 1

    run.pages.finished(run.results_on("ann"), ())
    assert run.pages.failed == (CLASS_PAGE,)


def test_a_stop_leaves_pages_that_take_longer_to_the_next_run(course):
    run = Run(course, tick=BRIEFLY_SECONDS + 1)

    run.pages.stopped(run.results_on("ann"), ())

    assert not course[1].page_path("ann").exists()
    assert course[1].class_page_path.exists()
