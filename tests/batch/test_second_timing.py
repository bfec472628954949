"""Checks whose first timing was too noisy: measured again alone at the end of a class."""

import pytest

from grader import __version__
from grader.batch.run import ClassRun
from grader.batch.second_timing import open_checks, with_second
from grader.batch.store import ReportStore
from grader.execution.job import signed
from grader.grading.settings import Settings
from grader.intake.entry import load_entry
from grader.intake.folder import find_entries
from grader.model.report import parse_report, student_view
from grader.sandbox.isolation import IsolationLevel
from tests.samples import MINI_SPEC, TIMED_CHECK, check_part, mini_spec, report_of

NOISY = "Timing was too noisy to decide; you get the higher credit."
STILL = f"{NOISY} It was measured again alone after the class, and it is still too noisy."
COUNTS = " It was measured again alone after the class, and that counts."


def speed(points=3.0, timing="open", message=NOISY, check_id="speed", **changes):
    status = "passed" if points == 3 else "failed"
    fields = {"id": check_id, "kind": "speedup", "functions": ["f"], "max_points": 3.0, "status": status}
    return check_part(**fields, points=points, timing=timing, message=message, **changes)


def report_with(*checks, **changes):
    checks = (check_part(), *checks)
    return report_of(
        **{"checks": checks, "score": sum(check["points"] for check in checks), "max_score": 13.0, **changes}
    )


def again_with(*checks, **changes):
    """As a run of these checks alone gives it."""
    left_out = check_part(status="not_run", points=0.0)
    return report_of(**{"checks": (left_out, *checks), "score": None, "status": "incomplete", **changes})


# --- The report ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("points", [3.0, 1.5, 0.0])
def test_a_clear_second_timing_counts_up_or_down(points):
    first = report_with(speed(1.5))

    found = with_second(first, again_with(speed(points, None, "It took 4 times as long.")))

    assert (found.score, found.status, found.max_score) == (10 + points, "graded", 13)
    assert found.checks[0] == first.checks[0]
    assert found.checks[1].status == ("passed" if points == 3 else "failed")
    assert found.checks[1].message == "It took 4 times as long." + COUNTS
    assert found.checks[1].timing == "repeated"
    assert not open_checks(found)
    assert found.seconds == 3


@pytest.mark.parametrize("first, second", [(3.0, 1.5), (1.5, 3.0), (3.0, 3.0)])
def test_of_two_noisy_timings_the_one_with_more_points_counts(first, second):
    found = with_second(report_with(speed(first)), again_with(speed(second)))

    assert (found.score, found.checks[1].points, found.checks[1].message) == (13, 3, STILL)
    assert found.checks[1].timing == "repeated"


@pytest.mark.parametrize("status", ["errored", "skipped", "not_run"])
def test_one_that_could_not_be_measured_again_stays_open(status):
    first = report_with(speed())
    fault = {"kind": "grader_fault", "message": "it failed", "for": "both"}

    assert with_second(first, again_with(speed(0.0, None) | {"status": status}, flags=[fault])) == first


def test_an_impossible_second_time_is_flagged_and_what_was_flagged_stays():
    note = {"kind": "note", "message": "two files", "for": "both"}
    alarm = {
        "kind": "impossible_time",
        "function": "f",
        "message": "less than any honest",
        "for": "instructor",
    }
    first = report_with(speed(), flags=[note])

    found = with_second(first, again_with(speed(0.0, None), flags=[note, alarm]))

    assert [flag.kind for flag in found.flags] == ["note", "impossible_time"]
    assert found.score == 10


def test_that_other_checks_were_left_out_of_the_second_run_is_not_told():
    note = {"kind": "note", "message": "Only selected checks were run.", "for": "both"}

    found = with_second(report_with(speed()), again_with(speed(3.0, None), flags=[note]))

    assert found.flags == ()


def test_only_open_checks_take_a_second_timing():
    first = report_with(speed(), speed(1.5, None, "clear", check_id="other"))

    found = with_second(first, again_with(speed(1.5, None), speed(3.0, None, check_id="other")))

    assert open_checks(first) == {"speed"}
    assert found.checks[2] == first.checks[2]


def test_a_report_without_a_score_is_not_measured_again():
    assert not open_checks(report_with(speed(), status="incomplete", score=None))


def test_a_hidden_check_does_not_tell_that_it_was_measured_again():
    hidden = {"visibility": "hidden"}
    found = with_second(report_with(speed(**hidden)), again_with(speed(1.5, None, **hidden)))

    seen = student_view(found).checks[1]

    assert found.checks[1].timing == "repeated"
    assert (seen.timing, seen.message, seen.points) == (None, "", 1.5)


# --- The class -------------------------------------------------------------------------------------------------------


class Noisy:
    """An executor whose first timing of these submissions is open, and whose second is `points`."""

    def __init__(self, noisy, points=1.5, stops_at=None):
        self.noisy, self.points, self.stops_at = noisy, points, stops_at
        self.calls = []
        """The jobs of each call of `run`: the submission and the checks asked for."""

    def run(self, jobs):
        self.calls.append([])
        for job in jobs:
            only = job.settings.only
            self.calls[-1].append((job.id, only))
            if only is not None and job.id == self.stops_at:
                raise KeyboardInterrupt
            if only is None:
                report = report_with(speed() if job.id in self.noisy else speed(3.0, None, "fast"))
            else:
                report = again_with(speed(self.points, None, "slow"))
            made = {"seed": job.settings.seed, "grader_version": __version__}
            of = {"id": job.id, "sha256": load_entry(job.source).sha256}
            update = {
                "environment": report.environment.model_copy(update=made),
                "submission": report.submission.model_copy(update=of),
                "assignment": report.assignment.model_copy(update={"spec_sha256": job.loaded.sha256}),
            }
            yield job, signed(report.model_copy(update=update), job.source)


@pytest.fixture
def grade(tmp_path):
    folder = tmp_path / "class"
    folder.mkdir()
    for name in ("ann", "bob", "cem"):
        (folder / f"{name}.py").write_text(f"# {name}\n")
    loaded = mini_spec(tmp_path, MINI_SPEC + TIMED_CHECK)

    def run(executor, seed=7, progress=None):
        store = ReportStore(tmp_path / "out")
        class_run = ClassRun(loaded, Settings(seed=seed), store, least_isolation=IsolationLevel.process)
        return class_run.grade(find_entries(folder), executor, progress=progress)

    return run


def on_disk(tmp_path, name):
    return parse_report((tmp_path / "out" / "reports" / f"{name}.json").read_text())


def test_noisy_submissions_are_timed_again_one_by_one_when_all_are_graded(tmp_path, grade):
    executor, seen = Noisy({"ann", "cem"}), []

    def see(outcome, number, _):
        seen.append(None if outcome is None else (outcome.id, outcome.how, number))

    result = grade(executor, progress=see)

    again = frozenset({"speed"})
    assert executor.calls == [
        [("ann", None), ("bob", None), ("cem", None)],
        [("ann", again)],
        [("cem", again)],
    ]
    assert seen == [
        None,
        ("ann", "open", 0),
        ("bob", "graded", 1),
        ("cem", "open", 1),
        ("ann", "graded", 2),
        ("cem", "graded", 3),
    ]
    assert [report.score for report in result.reports] == [11.5, 13, 11.5]
    assert on_disk(tmp_path, "ann") == result.reports[0]
    assert "ann,,,graded,11.5," in (tmp_path / "out" / "gradebook.csv").read_text()


def test_a_stop_before_or_while_they_are_timed_again_loses_nothing(tmp_path, grade):
    with pytest.raises(KeyboardInterrupt):
        grade(Noisy({"ann", "cem"}, stops_at="cem"))
    assert (on_disk(tmp_path, "ann").score, on_disk(tmp_path, "cem").score) == (11.5, 13)

    executor = Noisy(set())
    result = grade(executor, seed=8)

    assert executor.calls == [[], [("cem", frozenset({"speed"}))]]
    assert [outcome.how for outcome in result.outcomes] == ["unchanged", "unchanged", "graded"]
    assert [report.score for report in result.reports] == [11.5, 13, 11.5]
    assert result.reports[2].environment.seed == 7


def test_what_was_timed_again_is_not_timed_a_third_time(grade):
    grade(Noisy({"ann"}))
    executor = Noisy(set())

    result = grade(executor)

    assert executor.calls == [[]]
    assert [outcome.how for outcome in result.outcomes] == ["unchanged"] * 3
