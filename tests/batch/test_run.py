"""A batch: a report for every submission, and nothing done twice."""

import csv
import io
import json

import pytest

from grader import __version__
from grader.batch import run as run_module
from grader.batch.run import grade_batch
from grader.batch.store import ReportStore
from grader.errors import IsolationError, OutputError, SubmissionUnavailable
from grader.grading.settings import Settings
from grader.intake import folder as intake_module
from grader.intake.folder import find_entries, left_out
from grader.intake.submission import load_submission
from grader.model.report import parse_report
from grader.sandbox.isolation import Isolation, IsolationLevel
from tests.samples import CONFINED, MINI_SPEC, StubSandbox, mini_spec, report_of


@pytest.fixture
def graded(monkeypatch):
    """The ids that were graded, in order; each gets a report with the right fingerprint and 10 points."""
    seen = []

    def grade(submission, loaded, sandbox, settings):
        seen.append(submission.id)
        base = report_of()
        return base.model_copy(
            update={
                "submission": base.submission.model_copy(
                    update={"id": submission.id, "sha256": submission.sha256}
                ),
                "assignment": base.assignment.model_copy(update={"spec_sha256": loaded.sha256}),
                "environment": base.environment.model_copy(
                    update={
                        "grader_version": __version__,
                        "seed": settings.seed,
                        "device": settings.device,
                    }
                ),
            }
        )

    monkeypatch.setattr(run_module, "grade", grade)
    return seen


@pytest.fixture
def course(tmp_path):
    """A class of three."""
    folder = tmp_path / "class"
    folder.mkdir()
    for name in ("ann", "bob", "cem"):
        (folder / f"{name}.py").write_text(f"# {name}\n")
    return folder


@pytest.fixture
def batch(tmp_path, course):
    """Grade the class; keywords as those of grade_batch."""

    def run(
        *,
        text=MINI_SPEC,
        seed=7,
        regrade=False,
        pinned_seed=None,
        progress=lambda *_: None,
        device="cpu",
        isolation=CONFINED,
        least_isolation=IsolationLevel.process,
    ):
        return grade_batch(
            find_entries(course),
            mini_spec(tmp_path, text),
            StubSandbox(isolation).as_sandbox,
            ReportStore(tmp_path / "out"),
            Settings(seed=seed, device=device),
            regrade=regrade,
            pinned_seed=pinned_seed,
            least_isolation=least_isolation,
            progress=progress,
        )

    return run


def how(result):
    return [outcome.how for outcome in result.outcomes]


def report_on(tmp_path, identifier):
    return parse_report((tmp_path / "out" / "reports" / f"{identifier}.json").read_text())


def test_every_submission_has_a_report_and_a_line(tmp_path, graded, batch):
    result = batch()

    assert how(result) == ["graded"] * 3
    assert sorted(path.name for path in (tmp_path / "out" / "reports").iterdir()) == [
        "ann.json",
        "bob.json",
        "cem.json",
    ]
    rows = list(csv.reader(io.StringIO((tmp_path / "out" / "gradebook.csv").read_text())))
    assert [row[0] for row in rows] == ["submission", "ann", "bob", "cem"]
    assert not result.has_grader_faults


def test_a_report_is_on_disk_before_the_next_submission_begins(tmp_path, graded, batch):
    there = []

    batch(
        progress=lambda outcome, number, total: there.append((report_on(tmp_path, outcome.id), number, total))
    )

    assert [(report.submission.id, number, total) for report, number, total in there] == [
        ("ann", 1, 3),
        ("bob", 2, 3),
        ("cem", 3, 3),
    ]


def test_what_has_not_changed_is_kept(tmp_path, graded, batch):
    batch()
    before = (tmp_path / "out" / "reports" / "ann.json").stat().st_mtime_ns
    graded.clear()

    result = batch(seed=8)

    assert how(result) == ["kept"] * 3
    assert graded == []
    assert (tmp_path / "out" / "reports" / "ann.json").stat().st_mtime_ns == before


def test_regrade_keeps_nothing(graded, batch):
    batch()

    assert how(batch(regrade=True)) == ["graded"] * 3


def test_a_changed_submission_is_graded_again(course, graded, batch):
    batch()
    (course / "bob.py").write_text("# better\n")

    assert how(batch()) == ["kept", "graded", "kept"]


def test_a_new_submission_is_graded_and_the_others_kept(course, graded, batch):
    batch()
    (course / "abe.py").touch()

    assert how(batch()) == ["graded", "kept", "kept", "kept"]


def test_a_changed_spec_grades_all_again(graded, batch):
    batch()

    assert how(batch(text=MINI_SPEC.replace("points = 10", "points = 11"))) == ["graded"] * 3


def test_a_seed_that_is_asked_for_grades_all_again(graded, batch):
    batch()

    assert how(batch(seed=8, pinned_seed=8)) == ["graded"] * 3
    assert how(batch(seed=8, pinned_seed=8)) == ["kept"] * 3


def test_another_device_grades_all_again(graded, batch):
    batch()

    assert how(batch(device="cuda")) == ["graded"] * 3


@pytest.mark.parametrize(
    "content", [b"", b'{"schema_version": "2", "assig', b'{"schema_version": "1"}', b"\x00\xff"]
)
def test_half_a_report_is_graded_again(tmp_path, graded, batch, content):
    batch()
    (tmp_path / "out" / "reports" / "bob.json").write_bytes(content)

    assert how(batch()) == ["kept", "graded", "kept"]
    assert report_on(tmp_path, "bob").submission.id == "bob"


def test_a_report_without_a_score_is_graded_again(tmp_path, graded, batch):
    batch()
    path = tmp_path / "out" / "reports" / "bob.json"
    data = json.loads(path.read_text())
    path.write_text(json.dumps({**data, "status": "incomplete", "score": None}))

    assert how(batch()) == ["kept", "graded", "kept"]


def test_an_unreadable_submission_has_a_report_of_0_points_and_stops_no_other(
    tmp_path, course, graded, batch
):
    (course / "bad.zip").write_bytes(b"no zip")

    result = batch()

    assert how(result) == ["graded", "unreadable", "graded", "graded"]
    report = report_on(tmp_path, "bad")
    assert (report.status, report.score, report.max_score) == ("unreadable", 0, 20)
    assert report.flags[0].kind == "unreadable"
    assert report.checks[0].message == (
        "bad.zip: expected a zip archive, found something else; make a .zip of the notebook or the modules."
    )
    assert not result.has_grader_faults


def test_a_report_does_not_show_where_the_class_lies(tmp_path, course, graded, batch):
    (course / "bad.zip").write_bytes(b"no zip")
    (course / "empty").mkdir()

    batch()

    assert str(tmp_path) not in report_on(tmp_path, "bad").to_json()
    assert str(tmp_path) not in report_on(tmp_path, "empty").to_json()


def test_a_stop_leaves_the_finished_reports_and_the_same_command_goes_on(tmp_path, graded, batch):
    def stop(outcome, number, total):
        if number == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        batch(progress=stop)

    assert graded == ["ann", "bob"]
    assert how(batch()) == ["kept", "kept", "graded"]


def test_an_output_that_cannot_be_written_is_found_before_anything_is_graded(tmp_path, graded, batch):
    (tmp_path / "out").touch()

    with pytest.raises(OutputError):
        batch()

    assert graded == []


def test_faults_of_the_grader_are_told(tmp_path, graded, batch, monkeypatch):
    errored = report_of(status="incomplete", score=None)
    errored = errored.model_copy(
        update={"checks": tuple(check.model_copy(update={"status": "errored"}) for check in errored.checks)}
    )
    monkeypatch.setattr(run_module, "grade", lambda *_: errored)

    assert batch().has_grader_faults


def test_a_broken_notebook_is_unreadable_and_no_fault_of_the_grader(tmp_path, course, batch):
    for module in course.iterdir():
        module.unlink()
    (course / "cut.ipynb").write_text('{"cells": [')

    result = batch()

    assert how(result) == ["unreadable"]
    assert not result.has_grader_faults
    report = report_on(tmp_path, "cut")
    assert (report.status, report.score) == ("unreadable", 0)
    assert report.flags[0].message.startswith("cut.ipynb: expected a notebook")


def test_a_file_that_this_machine_cannot_read_costs_no_points(tmp_path, graded, batch, monkeypatch):
    def refuse(path):
        raise SubmissionUnavailable(f"{path}: could not be read: Permission denied", path=path)

    monkeypatch.setattr(intake_module, "load_submission", refuse)

    result = batch()

    report = report_on(tmp_path, "ann")
    assert (report.status, report.score) == ("incomplete", None)
    assert report.flags[0].message == "ann.py: could not be read: Permission denied"
    assert result.has_grader_faults
    assert graded == []


def test_a_fault_of_ours_while_reading_stops_no_other(tmp_path, course, graded, batch, monkeypatch):
    def fail(path):
        if path.name == "bob.py":
            raise KeyError("ours")
        return load_submission(path)

    monkeypatch.setattr(intake_module, "load_submission", fail)

    result = batch()

    assert graded == ["ann", "cem"]
    assert [outcome.report.score for outcome in result.outcomes] == [10, None, 10]


def test_files_that_are_no_submissions_are_named(course):
    for name in ("gina.pdf", "essay.docx", ".DS_Store", "hw.ipynb.txt"):
        (course / name).write_text("x")

    assert left_out(course) == ("essay.docx", "gina.pdf", "hw.ipynb.txt")
    assert left_out(course / "gina.pdf") == ()


PARTIAL = Isolation(IsolationLevel.partial, ("filesystem",))


def test_a_class_is_not_graded_below_the_level_that_was_asked_for(tmp_path, graded, batch):
    with pytest.raises(IsolationError) as caught:
        batch(isolation=PARTIAL, least_isolation=IsolationLevel.confined)

    assert graded == []
    assert str(caught.value).startswith(
        "this machine isolates the student's code as partial only: it is not kept from filesystem."
    )
    assert "--isolation partial" in str(caught.value)


def test_a_class_is_graded_below_it_when_told_to(graded, batch):
    result = batch(isolation=PARTIAL, least_isolation=IsolationLevel.partial)

    assert how(result) == ["graded"] * 3


def test_a_report_from_below_the_level_is_made_again(graded, batch):
    batch(
        isolation=PARTIAL, least_isolation=IsolationLevel.partial
    )  # the reports that `graded` makes say partial

    assert how(batch(isolation=PARTIAL, least_isolation=IsolationLevel.partial)) == ["kept"] * 3
    assert how(batch(least_isolation=IsolationLevel.confined)) == ["graded"] * 3
