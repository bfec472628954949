"""A job: small, picklable, and graded to a report whatever happens."""

import pickle
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from grader.errors import DeviceError, IsolationError, SandboxError
from grader.execution import job as job_module
from grader.execution.job import GradeJob, run, with_shared_data
from grader.grading.settings import Settings
from grader.intake.entry import ClassEntry
from grader.intake.folder import find_entries, selected
from grader.intake.platforms.parsed import Student
from grader.intake.submission import Part
from grader.model.report import parse_report
from grader.sandbox.fake import FakeSandbox
from grader.sandbox.isolation import Isolation, IsolationLevel
from grader.spec import load_spec, shipped_specs
from tests.samples import BOTH_FUNCTIONS, mini_spec, submission_of

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "submissions" / "cs231n" / "package_folder"


def same(left, right):
    fields = ("source", "loaded", "least_isolation", "sha256")
    assert [getattr(left, name) for name in fields] == [getattr(right, name) for name in fields]
    for name in ("seed", "device", "only", "device_name", "device_note", "is_quick"):
        assert getattr(left.settings, name) == getattr(right.settings, name)
    assert left.settings.data_set.name == right.settings.data_set.name


@pytest.mark.parametrize("name", shipped_specs())
def test_a_job_of_every_shipped_spec_survives_pickling_and_is_small(name):
    entry = ClassEntry(
        "ann", Path("class.zip"), (Part("ann/hw.py", "hw.py"),), (Student(("sid:s1",)),), attempt=2
    )
    settings = Settings(seed=7, only=frozenset({"a"}), is_quick=True)
    job = GradeJob(entry, load_spec(name), settings, IsolationLevel.confined, "5" * 64)

    packed = pickle.dumps(job)

    assert len(packed) < 20_000
    same(pickle.loads(packed), job)


def test_a_job_holds_no_images_even_when_they_were_read():
    settings = Settings(seed=7)
    _ = settings.data_set.splits

    assert len(pickle.dumps(GradeJob(ClassEntry("a", SAMPLE), load_spec("eecs498_2019"), settings))) < 20_000


def test_a_job_equals_only_itself(tmp_path):
    first, second = (GradeJob(submission_of(), mini_spec(tmp_path), Settings(seed=1)) for _ in range(2))

    assert first != second
    assert {first: 1}[first] == 1


@pytest.mark.slow
def test_a_fresh_process_in_another_folder_grades_a_pickled_job_as_this_one_does(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    (entry,) = selected(find_entries(Path("submissions/cs231n")), ["package_folder"])
    settings = Settings(seed=7, is_quick=True)
    (tmp_path / "job").write_bytes(pickle.dumps(GradeJob(entry, load_spec("cs231n"), settings)))
    code = (
        "import pickle, sys\nfrom pathlib import Path\n"
        "from grader.execution.job import run\nfrom grader.sandbox.host import Sandbox\n"
        "with Sandbox() as sandbox: report = run(pickle.loads(Path(sys.argv[1]).read_bytes()), sandbox)\n"
        "print(report.submission.id, report.environment.seed, report.score, report.max_score)"
    )

    ran = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "job"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
    )

    assert ran.stdout == "package_folder 7 86.0 86.0\n"


def test_a_fault_of_the_grader_is_the_jobs_report(tmp_path, monkeypatch):
    def fail(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(job_module, "grade", fail)

    report = run(GradeJob(submission_of(), mini_spec(tmp_path), Settings(seed=1)), FakeSandbox())

    assert (report.submission.id, report.status, report.score) == ("alice", "incomplete", None)
    assert report.has_grader_faults
    assert report.flags[0].message == "the grader failed on this submission; this is not the student's fault"


@pytest.mark.parametrize("name", ["ann.py", "ann.rar"])
def test_the_report_says_whose_submission_it_is_and_when_it_came(tmp_path, name):
    (tmp_path / name).write_text(BOTH_FUNCTIONS)
    entry = ClassEntry(
        "team 1",
        tmp_path / name,
        students=(Student(("sid:s1", "email:s1@example.edu"), "Ann"), Student(("sid:s2",))),
        attempt=2,
        submitted_at=datetime(2026, 1, 31, 23, 59, tzinfo=UTC),
        late_mark="LATE",
    )

    report = run(GradeJob(entry, mini_spec(tmp_path), Settings(seed=1)), FakeSandbox())

    part = report.submission
    assert (part.id, part.student, [each.id for each in part.members]) == (
        "team 1",
        part.members[0],
        ["s1", "s2"],
    )
    assert part.student is not None
    assert part.student.model_dump() == {
        "id": "s1",
        "name": "Ann",
        "email": "s1@example.edu",
        "platform": {"sid": "s1", "email": "s1@example.edu"},
    }
    assert (part.attempt, part.submitted_at, part.late_mark) == (2, "2026-01-31T23:59:00+00:00", "LATE")
    assert parse_report(report.to_json()) == report


def test_a_submission_that_cannot_be_read_is_the_jobs_report(tmp_path):
    entry = ClassEntry("ann", tmp_path / "class" / "ann.rar")
    entry.path.parent.mkdir()
    entry.path.touch()

    report = run(GradeJob(entry, mini_spec(tmp_path), Settings(seed=1)), FakeSandbox())

    assert report.flags[0].kind == "unreadable"
    assert report.flags[0].message.startswith("ann.rar: expected a notebook")


def test_the_report_on_a_hand_in_without_code_tells_of_earlier_attempts(tmp_path):
    entry = ClassEntry("ann", tmp_path, (), earlier=("attempt 1 (hw.py)",))

    report = run(GradeJob(entry, mini_spec(tmp_path), Settings(seed=1)), FakeSandbox())

    assert report.status == "unreadable"
    assert report.flags[0].message == (
        "ann: expected a notebook (.ipynb) or a module (.py) in this submission, found neither; add the notebook or"
        " module with the functions; an earlier attempt was not graded: attempt 1 (hw.py)"
    )


@pytest.mark.parametrize("parts", [None, (Part("ann/hw.py", "hw.py"),)])
def test_files_that_have_vanished_since_intake_found_them_cost_no_points(tmp_path, parts):
    entry = ClassEntry("ann", tmp_path / "gone.zip", parts)

    report = run(GradeJob(entry, mini_spec(tmp_path), Settings(seed=1)), FakeSandbox())

    assert (report.status, report.score, report.has_grader_faults) == ("incomplete", None, True)
    assert str(tmp_path) not in report.to_json()


def test_the_report_on_a_vanished_submission_says_what_to_do(tmp_path):
    entry = ClassEntry("ann", tmp_path / "ann.py")

    report = run(GradeJob(entry, mini_spec(tmp_path), Settings(seed=1)), FakeSandbox())

    assert [(flag.kind, flag.message) for flag in report.flags] == [
        ("grader_fault", "ann.py: no longer exists; grade again")
    ]


def test_a_machine_that_cannot_grade_ends_the_run(tmp_path, monkeypatch):
    def fail(*_):
        raise SandboxError("no worker")

    monkeypatch.setattr(job_module, "grade", fail)

    with pytest.raises(SandboxError):
        run(GradeJob(submission_of(), mini_spec(tmp_path), Settings(seed=1)), FakeSandbox())


def test_nothing_is_graded_below_the_isolation_that_a_job_asks_for(tmp_path):
    sandbox = FakeSandbox(isolation=Isolation(IsolationLevel.partial, ("filesystem",)))
    job = GradeJob(submission_of(), mini_spec(tmp_path), Settings(seed=1), IsolationLevel.confined)

    with pytest.raises(IsolationError):
        run(job, sandbox)

    assert sandbox.sessions == []


def test_a_job_for_a_gpu_opens_it_or_says_why_not(tmp_path):
    sandbox = FakeSandbox(gpu="no driver")
    job = GradeJob(submission_of(), mini_spec(tmp_path), Settings(seed=1, device="cuda"))

    with pytest.raises(DeviceError, match="no driver"):
        run(job, sandbox)

    assert sandbox.opened == [(job.loaded.spec.limits.device_memory_bytes, IsolationLevel.process)]


def test_the_data_of_a_job_that_trains_are_shared_and_others_need_none():
    training = GradeJob(ClassEntry("a", SAMPLE), load_spec("eecs498_2019"), Settings(seed=7))
    quick = replace(training, settings=Settings(seed=7, is_quick=True))

    shared = pickle.loads(pickle.dumps(with_shared_data(training)))

    assert with_shared_data(quick) is quick
    assert {("train", "float32"), ("judged", "float32")} <= shared.settings.data._prepared.keys()
    assert shared.settings.data_set.name == training.settings.data_set.name
