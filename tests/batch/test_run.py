"""A class: a report for every submission, and nothing graded twice."""

import csv
import io
import json
import shutil
import time
from dataclasses import replace

import pytest

from grader import __version__
from grader.batch.results import derived
from grader.batch.run import ClassRun
from grader.batch.store import ReportStore
from grader.errors import IsolationError, OutputError, SubmissionUnavailable
from grader.execution.fake import FakeExecutor
from grader.execution.job import signed
from grader.execution.serial import SerialExecutor
from grader.grading.settings import Settings
from grader.intake import entry as entry_module
from grader.intake.entry import load_entry
from grader.intake.folder import find_entries
from grader.intake.submission import load_submission
from grader.model.report import parse_report
from grader.sandbox.fake import CONFINED, FakeSandbox
from grader.sandbox.isolation import Isolation, IsolationLevel
from grader.spec import load_spec
from tests.samples import MINI_SPEC, TIMED_CHECK, check_part, mini_spec, report_of


class Grading:
    """Answers jobs with reports that have the right fingerprint and 10 points; `ids` are those graded, in order."""

    def __init__(self):
        self.report = report_of()
        self.executor = FakeExecutor(self.answer)

    @property
    def ids(self):
        return [job.id for job in self.executor.jobs]

    def answer(self, job):
        base, settings = self.report, job.settings
        submission = {"id": job.id, "sha256": load_entry(job.source).sha256}
        environment = {"grader_version": __version__, "seed": settings.seed, "device": settings.device}
        report = base.model_copy(
            update={
                "submission": base.submission.model_copy(update=submission),
                "assignment": base.assignment.model_copy(update={"spec_sha256": job.loaded.sha256}),
                "environment": base.environment.model_copy(update=environment),
            }
        )
        return signed(report, job.source)


@pytest.fixture
def graded():
    return Grading()


@pytest.fixture
def course(tmp_path):
    """A class of three."""
    folder = tmp_path / "class"
    folder.mkdir()
    for name in ("ann", "bob", "cem"):
        (folder / f"{name}.py").write_text(f"# {name}\n")
    return folder


@pytest.fixture
def batch(tmp_path, course, graded):
    """Grade the class; keywords as those of Settings and ClassRun, and an executor in place of the fake one."""

    def run(
        *,
        text=MINI_SPEC,
        seed=7,
        device="cpu",
        is_quick=False,
        executor=None,
        progress=None,
        least_isolation=IsolationLevel.process,
        pages=None,
        clock=time.monotonic,
        **rules,
    ):
        settings = Settings(seed=seed, device=device, is_quick=is_quick)
        store = ReportStore(tmp_path / "out")
        class_run = ClassRun(
            mini_spec(tmp_path, text), settings, store, least_isolation=least_isolation, **rules
        )
        return class_run.grade(
            find_entries(course),
            executor or graded.executor,
            progress=progress,
            pages=pages,
            clock=clock,
        )

    return run


def in_a_sandbox(isolation=CONFINED):
    """Really grades, in a sandbox that refuses every call."""
    return SerialExecutor(FakeSandbox(isolation=isolation))


def how(result):
    return [outcome.how for outcome in result.outcomes]


def report_on(tmp_path, identifier):
    return parse_report((tmp_path / "out" / "reports" / f"{identifier}.json").read_text())


def test_every_submission_has_a_report_and_a_line(tmp_path, batch):
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


def test_a_report_is_on_disk_before_the_next_submission_begins(tmp_path, batch):
    there = []

    def see(outcome, number, total):
        seen = None if outcome is None else report_on(tmp_path, outcome.id).submission.id
        there.append((seen, number, total))

    batch(progress=see)

    assert there == [
        (None, 0, 3),
        ("ann", 1, 3),
        ("bob", 2, 3),
        ("cem", 3, 3),
    ]


def test_what_has_not_changed_is_kept(tmp_path, graded, batch):
    batch()
    before = (tmp_path / "out" / "reports" / "ann.json").stat().st_mtime_ns
    graded.executor.jobs.clear()

    result = batch(seed=8)

    assert how(result) == ["unchanged"] * 3
    assert graded.ids == []
    assert (tmp_path / "out" / "reports" / "ann.json").stat().st_mtime_ns == before


@pytest.fixture
def is_up_to_date(tmp_path):
    """Whether a class run that would make `report_of()`, but for these changes to the run, keeps it."""

    def answer(report=None, *, sha256="a" * 64, spec_sha256="5" * 64, device="cpu", is_full=False, **rules):
        loaded = replace(mini_spec(tmp_path), sha256=spec_sha256)
        settings = Settings(seed=1, device=device, is_full=is_full)
        run = ClassRun(
            loaded, settings, ReportStore(tmp_path), **{"least_isolation": IsolationLevel.partial, **rules}
        )
        return run.is_up_to_date(report or made_by(__version__), sha256)

    return answer


def made_by(version, **environment):
    base = report_of()
    update = {"grader_version": version, **environment}
    return base.model_copy(update={"environment": base.environment.model_copy(update=update)})


def test_a_report_of_the_same_things_is_up_to_date(is_up_to_date):
    assert is_up_to_date()
    assert is_up_to_date(pinned_seed=7)


@pytest.mark.parametrize(
    "change",
    [
        {"sha256": "b" * 64},
        {"spec_sha256": "6" * 64},
        {"device": "cuda"},
        {"pinned_seed": 8},
        {"least_isolation": IsolationLevel.confined},
        {"report": made_by("0.1")},
        {"report": made_by(__version__, data="CIFAR-10 (python version)")},
        {"report": made_by(__version__).model_copy(update={"status": "incomplete", "score": None})},
    ],
)
def test_a_report_of_anything_else_is_not_up_to_date(is_up_to_date, change):
    assert not is_up_to_date(**change)


def test_a_report_on_the_stand_in_of_another_drawn_seed_is_up_to_date(tmp_path):
    loaded, settings = load_spec("cs231n"), Settings(seed=1, is_quick=True)
    left_out = [check.id for check in loaded.spec.checks if settings.reason_left_out(check)]
    base = made_by(__version__, data=Settings(seed=7).data_name(loaded.spec.checks))
    report = base.model_copy(
        update={
            "assignment": base.assignment.model_copy(update={"spec_sha256": loaded.sha256}),
            "checks": tuple(
                base.checks[0].model_copy(update={"id": each, "status": "not_run"}) for each in left_out
            ),
        }
    )
    run = ClassRun(loaded, settings, ReportStore(tmp_path), least_isolation=IsolationLevel.partial)

    assert report.environment.seed == 7
    assert run.changes_since(report, report.submission.sha256) == ()
    assert replace(run, pinned_seed=1).changes_since(report, report.submission.sha256) == ("seed",)


def test_what_could_not_be_read_had_nothing_left_out(tmp_path):
    loaded = load_spec("cs231n")
    base = made_by(__version__, data=Settings(seed=7).data_name(loaded.spec.checks))
    report = base.model_copy(
        update={
            "assignment": base.assignment.model_copy(update={"spec_sha256": loaded.sha256}),
            "status": "unreadable",
        }
    )
    run = ClassRun(
        loaded, Settings(seed=1, is_quick=True), ReportStore(tmp_path), least_isolation=IsolationLevel.partial
    )

    assert run.changes_since(report, report.submission.sha256) == ()


def test_a_full_run_keeps_no_report_of_a_training_that_stopped_early(is_up_to_date):
    def trained_for(iterations):
        (check,) = report_of().checks[:1]
        numbers = {"measured": {"iterations": iterations}, "allowed": {"iterations": 1500}}
        return made_by(__version__).model_copy(update={"checks": (check.model_copy(update=numbers),)})

    assert is_up_to_date(trained_for(375))
    assert is_up_to_date(trained_for(1500), is_full=True)
    assert not is_up_to_date(trained_for(375), is_full=True)


def test_curves_stay_on_disk_and_not_in_memory(tmp_path, course, graded):
    graded.report = report_of(checks=[check_part(curves={"loss": [2.0, 1.0]})])
    store = ReportStore(tmp_path / "out")
    run = ClassRun(mini_spec(tmp_path), Settings(seed=7), store, least_isolation=IsolationLevel.process)
    entries = find_entries(course)

    made = run.grade(entries, graded.executor)
    marked = run.grade([replace(each, late_mark="LATE") for each in entries], graded.executor)

    for result in (made, marked):
        held = (
            *result.reports,
            *(each.report for each in (*result.results, *derived(store).results) if each.report),
        )
        assert len(held) == 9
        assert not any(report.checks[0].curves for report in held)
    on_disk = report_on(tmp_path, "ann")
    assert (on_disk.submission.late_mark, on_disk.checks[0].curves) == ("LATE", {"loss": (2.0, 1.0)})


def test_an_unchanged_report_takes_on_a_new_late_mark(tmp_path, course, graded):
    store = ReportStore(tmp_path / "out")
    run = ClassRun(mini_spec(tmp_path), Settings(seed=7), store, least_isolation=IsolationLevel.process)
    entries = find_entries(course)
    before = run.grade(entries, graded.executor).reports[0]

    late = [replace(entries[0], late_mark="LATE"), *entries[1:]]
    result = run.grade(late, graded.executor)

    assert how(result) == ["unchanged"] * 3
    assert before.submission.late_mark is None
    assert report_on(tmp_path, "ann") == result.reports[0]
    assert result.reports[0] == signed(before, late[0])
    assert result.reports[0].submission.late_mark == "LATE"


def test_a_regrade_keeps_the_score_before_and_why(tmp_path, graded, batch):
    batch()
    graded.report = report_of(score=9.0)
    other = MINI_SPEC.replace("points = 10", "points = 11")

    result = batch(text=other)

    previous = report_on(tmp_path, "ann").previous
    assert (previous.score, previous.reasons) == (10.0, ("spec",))
    assert result.changes == ("ann 10 -> 9 (spec)", "bob 10 -> 9 (spec)", "cem 10 -> 9 (spec)")
    assert batch(text=other).changes == ()
    assert report_on(tmp_path, "ann").previous == previous


def test_a_regrade_that_is_killed_and_repeated_leaves_the_same(tmp_path, graded, batch):
    batch()
    graded.report = report_of(score=9.0)
    batch(regrade=True)
    undisturbed = report_on(tmp_path, "ann")

    batch(regrade=True, seed=8)

    assert undisturbed.previous.reasons == ("asked",)
    assert report_on(tmp_path, "ann").previous == undisturbed.previous


def test_why_a_report_is_made_again(tmp_path, course, batch):
    batch()
    (course / "bob.py").write_text("# better\n")

    batch(seed=8, pinned_seed=8, device="cuda", regrade=True)

    assert report_on(tmp_path, "ann").previous.reasons == ("seed", "device", "asked")
    assert report_on(tmp_path, "bob").previous.reasons == ("submission", "seed", "device", "asked")


def test_rules_and_overrides_hold_for_the_gradebook_and_not_for_reports(tmp_path, batch):
    batch()
    out = tmp_path / "out"
    (out / "class.toml").write_text("overrides = [{id = 'ann', points = 3, reason = 'x'}]")
    (out / "overrides.toml").write_text("overrides = [{id = 'zed', points = 1, reason = 'x'}]")

    result = batch(regrade=True)

    assert [each.score for each in result.results] == [3.0, 10.0, 10.0]
    assert result.applied_words == ("1 student with overridden points",)
    assert result.remarks == ("overrides.toml: override of zed: no submission or student is 'zed'",)
    assert report_on(tmp_path, "ann").score == 10.0


def test_regrade_keeps_nothing(batch):
    batch()

    assert how(batch(regrade=True)) == ["graded"] * 3


def test_a_changed_submission_is_graded_again(course, batch):
    batch()
    (course / "bob.py").write_text("# better\n")

    assert how(batch()) == ["unchanged", "graded", "unchanged"]


def test_a_new_submission_is_graded_and_the_others_kept(course, batch):
    batch()
    (course / "abe.py").touch()

    assert how(batch()) == ["graded", "unchanged", "unchanged", "unchanged"]


def test_a_changed_spec_grades_all_again(batch):
    batch()

    assert how(batch(text=MINI_SPEC.replace("points = 10", "points = 11"))) == ["graded"] * 3


def test_a_seed_that_is_asked_for_grades_all_again(batch):
    batch()

    assert how(batch(seed=8, pinned_seed=8)) == ["graded"] * 3
    assert how(batch(seed=8, pinned_seed=8)) == ["unchanged"] * 3


def test_another_device_grades_all_again(batch):
    batch()

    assert how(batch(device="cuda")) == ["graded"] * 3


@pytest.mark.parametrize(
    "content", [b"", b'{"schema_version": "2", "assig', b'{"schema_version": "1"}', b"\x00\xff"]
)
def test_half_a_report_is_graded_again(tmp_path, batch, content):
    batch()
    (tmp_path / "out" / "reports" / "bob.json").write_bytes(content)

    assert how(batch()) == ["unchanged", "graded", "unchanged"]
    assert report_on(tmp_path, "bob").submission.id == "bob"


def test_a_report_without_a_score_is_graded_again(tmp_path, batch):
    batch()
    path = tmp_path / "out" / "reports" / "bob.json"
    data = json.loads(path.read_text())
    path.write_text(json.dumps({**data, "status": "incomplete", "score": None}))

    assert how(batch()) == ["unchanged", "graded", "unchanged"]


def test_an_unreadable_submission_has_a_report_of_0_points_and_stops_no_other(
    tmp_path, course, graded, batch
):
    (course / "bad.zip").write_bytes(b"no zip")

    result = batch(executor=in_a_sandbox())

    assert how(result) == ["graded"] * 4
    report = report_on(tmp_path, "bad")
    assert (report.status, report.score, report.max_score) == ("unreadable", 0, 20)
    assert report.flags[0].kind == "unreadable"
    assert report.checks[0].message == (
        "bad.zip: this is not a zip archive; zip the notebook or modules again."
    )
    assert not result.has_grader_faults


def test_a_report_does_not_show_where_the_class_lies(tmp_path, course, batch):
    (course / "bad.zip").write_bytes(b"no zip")
    (course / "empty").mkdir()

    batch(executor=in_a_sandbox())

    assert str(tmp_path) not in report_on(tmp_path, "bad").to_json()
    assert str(tmp_path) not in report_on(tmp_path, "empty").to_json()


def test_a_stop_leaves_the_finished_reports_and_the_same_command_goes_on(graded, batch):
    def stop(outcome, number, total):
        if number == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        batch(progress=stop)

    assert graded.ids == ["ann", "bob"]
    assert how(batch()) == ["unchanged", "unchanged", "graded"]


def gradebook_rows(tmp_path):
    return [line.partition(",")[0] for line in (tmp_path / "out" / "gradebook.csv").read_text().splitlines()][
        1:
    ]


def gradebook_lines(tmp_path):
    return list(csv.DictReader(io.StringIO((tmp_path / "out" / "gradebook.csv").read_text())))


class Shown:
    """Pages that note what they are told."""

    def __init__(self, at_end=lambda: None, now_and_then=lambda results: None):
        self.ids, self.ended, self.at_end, self.now_and_then = [], [], at_end, now_and_then

    def graded(self, entry, report, results_on):
        self.ids.append((entry.id, report.submission.id, [each.score for each in results_on(entry.id)]))

    def so_far(self, results, remarks):
        self.now_and_then(results)

    def finished(self, results, remarks):
        self.at_end()
        self.ended.append(("finished", [(each.id, each.status) for each in results]))

    def stopped(self, results, remarks):
        self.ended.append(("stopped", [(each.id, each.status) for each in results]))


def test_pages_are_told_of_the_end_while_other_runs_are_kept_out(tmp_path, batch):
    def second_run():
        with (
            pytest.raises(OutputError, match="another run is writing there"),
            ReportStore(tmp_path / "out").held(),
        ):
            pass

    pages = Shown(second_run)

    batch(pages=pages)

    assert pages.ended == [("finished", [(each, "graded") for each in ("ann", "bob", "cem")])]


def test_pages_are_told_of_each_report_that_is_made_with_the_score_that_counts(tmp_path, course, batch):
    batch()
    (tmp_path / "out" / "class.toml").write_text("overrides = [{id = 'bob', points = 3, reason = 'x'}]")
    (course / "ann.py").write_text("# better\n")
    (course / "bob.py").write_text("# better\n")
    pages = Shown()

    batch(pages=pages)

    assert pages.ids == [("ann", "ann", [10.0]), ("bob", "bob", [3.0])]


def test_a_stop_leaves_the_gradebook_of_what_is_done_and_tells_its_results(tmp_path, batch):
    pages = Shown()

    def stop(outcome, number, total):
        if number == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        batch(progress=stop, pages=pages)

    assert gradebook_rows(tmp_path) == ["ann", "bob", "cem"]
    assert [row["status"] for row in gradebook_lines(tmp_path)] == ["graded", "graded", "not_graded"]
    assert pages.ended == [("stopped", [("ann", "graded"), ("bob", "graded"), ("cem", "not_graded")])]


def test_tables_are_derived_every_few_seconds_and_take_a_twentieth_of_the_time(course, batch):
    for number in range(60):
        (course / f"z{number:02}.py").write_text(f"# {number}\n")
    now = [0.0]
    tables: list[int] = []

    def a_second_later(outcome, number, total):
        now[0] += 1

    def slow(results):
        tables.append(sum(each.status == "graded" for each in results))
        now[0] += 0.1 if len(tables) < 3 else 1.0

    batch(progress=a_second_later, pages=Shown(now_and_then=slow), clock=lambda: now[0])

    # At once, after three seconds each, then after 19 times what the last table took.
    assert tables == [1, 4, 7, 26, 45]


def test_reports_that_are_removed_during_a_run_are_written_again(tmp_path, batch, caplog):
    def remove(outcome, number, total):
        if number == 2:
            shutil.rmtree(tmp_path / "out")

    result = batch(progress=remove)

    assert [report_on(tmp_path, each) for each in ("ann", "bob", "cem")] == list(result.reports)
    assert gradebook_rows(tmp_path) == ["ann", "bob", "cem"]
    assert caplog.messages == [
        (
            f"2 of the reports in {tmp_path}/out/reports were removed during the run; they are written again, without curves"
            " and pictures"
        )
    ]


def test_the_gradebook_keeps_the_reports_on_those_that_are_not_yet_graded_again(tmp_path, batch):
    batch()

    def stop(outcome, number, total):
        if number == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        batch(regrade=True, progress=stop)

    assert gradebook_rows(tmp_path) == ["ann", "bob", "cem"]


def test_those_that_are_up_to_date_are_done_before_any_is_graded(course, batch):
    batch()
    (course / "abe.py").write_text("# new\n")
    (course / "bob.py").write_text("# better\n")
    seen = []

    batch(progress=lambda outcome, number, total: seen.append(outcome and (outcome.id, outcome.how)))

    unchanged = [("ann", "unchanged"), ("cem", "unchanged")]
    assert seen == [None, *unchanged, ("abe", "graded"), ("bob", "graded")]


def test_what_is_being_graded_is_told(tmp_path, course, graded):
    seen: list[object] = []
    run = ClassRun(
        mini_spec(tmp_path),
        Settings(seed=7),
        ReportStore(tmp_path / "out"),
        least_isolation=IsolationLevel.process,
    )

    run.grade(find_entries(course), graded.executor, working=seen.append)

    assert seen == [("ann",), (), ("bob",), (), ("cem",), ()]


def test_two_runs_do_not_write_to_one_folder(tmp_path, graded, batch):
    def second(outcome, number, total):
        if number == 1:
            with pytest.raises(OutputError, match="another run is writing there"):
                batch()

    batch(progress=second)

    assert graded.ids == ["ann", "bob", "cem"]


def test_half_files_of_a_run_that_was_killed_are_removed(tmp_path, batch):
    batch()
    halves = [
        tmp_path / "out" / "reports" / ".ann.json.0123abcd.part",
        tmp_path / "out" / ".gradebook.csv.0123abcd.part",
    ]
    for half in halves:
        half.write_text("{")

    batch()

    assert not any(half.exists() for half in halves)


def test_an_output_that_cannot_be_written_is_found_before_anything_is_graded(tmp_path, graded, batch):
    (tmp_path / "out").touch()

    with pytest.raises(OutputError):
        batch()

    assert graded.ids == []


def test_faults_of_the_grader_are_told(batch, graded):
    errored = report_of(status="incomplete", score=None)
    graded.report = errored.model_copy(
        update={"checks": tuple(check.model_copy(update={"status": "errored"}) for check in errored.checks)}
    )

    assert batch().has_grader_faults


def test_a_broken_notebook_is_unreadable_and_no_fault_of_the_grader(tmp_path, course, batch):
    for module in course.iterdir():
        module.unlink()
    (course / "cut.ipynb").write_text('{"cells": [')

    result = batch(executor=in_a_sandbox())

    assert how(result) == ["graded"]
    assert not result.has_grader_faults
    report = report_on(tmp_path, "cut")
    assert (report.status, report.score) == ("unreadable", 0)
    assert report.flags[0].message.startswith("cut.ipynb: expected a notebook")


def test_a_file_that_this_machine_cannot_read_costs_no_points(tmp_path, batch, monkeypatch):
    def refuse(path):
        raise SubmissionUnavailable(f"{path}: could not be read: Permission denied", path=path)

    monkeypatch.setattr(entry_module, "load_submission", refuse)

    result = batch(executor=in_a_sandbox())

    report = report_on(tmp_path, "ann")
    assert (report.status, report.score) == ("incomplete", None)
    assert report.flags[0].message == "ann.py: could not be read: Permission denied"
    assert result.has_grader_faults


def test_a_fault_of_ours_while_reading_stops_no_other(course, batch, monkeypatch):
    def fail(path):
        if path.name == "bob.py":
            raise KeyError("ours")
        return load_submission(path)

    monkeypatch.setattr(entry_module, "load_submission", fail)

    for _ in range(2):  # the second time bob's file is read for its fingerprint too
        result = batch(executor=in_a_sandbox())
        assert [outcome.report.score for outcome in result.outcomes] == [0, None, 0]


def test_a_quick_report_is_up_to_date_for_a_quick_run_only(batch):
    def graded(*, is_quick):
        return how(batch(text=MINI_SPEC + TIMED_CHECK, is_quick=is_quick, executor=in_a_sandbox()))

    assert graded(is_quick=True) == ["graded"] * 3
    assert graded(is_quick=True) == ["unchanged"] * 3
    assert graded(is_quick=False) == ["graded"] * 3
    assert graded(is_quick=False) == ["unchanged"] * 3
    assert graded(is_quick=True) == ["graded"] * 3


class Changing:
    """Grades submissions that change just before."""

    def __init__(self, folder):
        self.folder = folder

    def run(self, jobs):
        for job in jobs:
            (self.folder / f"{job.id}.py").write_text("# changed\n")
            yield from in_a_sandbox().run([job])


def test_a_file_that_changes_after_it_was_compared_is_graded_as_it_is_then(course, batch):
    batch()
    (course / "bob.py").write_text("# better\n")

    result = batch(executor=Changing(course))

    assert how(result) == ["unchanged", "graded", "unchanged"]
    assert result.reports[1].submission.sha256 == load_submission(course / "bob.py").sha256
    assert how(batch()) == ["unchanged"] * 3


PARTIAL = Isolation(IsolationLevel.partial, ("filesystem",))


def test_a_class_is_not_graded_below_the_level_that_was_asked_for(tmp_path, batch):
    with pytest.raises(IsolationError) as caught:
        batch(executor=in_a_sandbox(PARTIAL), least_isolation=IsolationLevel.confined)

    assert list((tmp_path / "out" / "reports").iterdir()) == []
    assert str(caught.value).startswith(
        "this machine isolates code at level partial, but confined is required: the file system is not isolated."
    )
    assert "--isolation partial" in str(caught.value)


def test_a_class_is_graded_below_it_when_told_to(batch):
    result = batch(executor=in_a_sandbox(PARTIAL), least_isolation=IsolationLevel.partial)

    assert how(result) == ["graded"] * 3


def test_a_report_from_below_the_level_is_made_again(batch):
    batch(executor=in_a_sandbox(PARTIAL), least_isolation=IsolationLevel.partial)

    assert how(batch(least_isolation=IsolationLevel.partial)) == ["unchanged"] * 3
    assert how(batch(least_isolation=IsolationLevel.confined)) == ["graded"] * 3
