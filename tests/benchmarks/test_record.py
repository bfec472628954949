"""Runs on disk: what is kept, and what a later run is compared with."""

import json
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from benchmarks.catalogue import BENCHMARKS
from benchmarks.record import Load, Machine, Measure, Run, keep, last_committed

MACHINE = Machine(processor="Xeon", cores=2, system="Linux", python="3.11.7", torch="2.13.0", grader="0.1.0")
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def run(measured_at=NOON, load=0.1):
    measure = Measure.of("some: work", "A sentence.", "s", [1.0, 1.23456, 3.0])
    load = Load(before=load, after=2.0)
    return Run(measured_at=measured_at, machine=MACHINE, load=load, measures=(measure,))


def in_git(folder, *words):
    names = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    subprocess.run(["git", *names, *words], cwd=folder, check=True, capture_output=True)


def test_a_measure_keeps_its_repetitions_to_four_digits():
    (measure,) = run().measures
    assert (measure.n, measure.median, measure.values) == (3, 1.235, (1.0, 1.235, 3.0))


def test_a_measure_with_another_number_of_values_than_it_says_is_refused():
    with pytest.raises(ValidationError, match="some: work: n is 2, but there are 1 values"):
        Measure(name="some: work", what="A sentence.", unit="s", n=2, median=1.0, values=(1.0,))


def test_a_run_comes_back_from_json_with_a_line_for_each_measure():
    text = run().to_json()
    assert Run.from_json(text) == run()
    assert json.loads(text)["was_idle"] is True
    assert sum('"name": "some: work"' in line and '"values": [' in line for line in text.splitlines()) == 1


def test_a_machine_is_idle_up_to_a_load_of_a_half():
    assert run(load=0.5).was_idle is True
    assert run(load=0.51).was_idle is False
    assert run().model_copy(update={"load": None}).was_idle is None


def test_runs_of_one_day_are_kept_side_by_side_and_none_is_overwritten(tmp_path):
    first, second = keep(run(), tmp_path), keep(run(NOON + timedelta(seconds=1)), tmp_path)
    assert [first.name, second.name] == ["2026-11-21T12-00-00Z.json", "2026-11-21T12-00-01Z.json"]
    with pytest.raises(FileExistsError):
        keep(run(load=3.0), tmp_path)
    assert Run.from_json(first.read_text()) == run()


def test_a_later_run_is_compared_with_the_newest_committed_one(tmp_path):
    in_git(tmp_path, "init", "-q")
    keep(run(NOON), tmp_path)
    keep(run(NOON - timedelta(days=1)), tmp_path)
    in_git(tmp_path, "add", ".")
    in_git(tmp_path, "commit", "-qm", "runs")
    keep(run(NOON + timedelta(days=1)), tmp_path)
    assert last_committed(tmp_path) == run(NOON)


def test_without_a_repository_all_runs_count_and_an_empty_folder_has_none(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert last_committed(tmp_path) is None
    keep(run(), tmp_path)
    assert last_committed(tmp_path) == run()


def test_the_runs_in_the_repository_can_be_read_and_name_benchmarks_of_today_or_earlier():
    measured = last_committed()
    assert measured is not None
    names = {each.name.partition(":")[0] for each in measured.measures}
    assert names <= {each.name for each in BENCHMARKS} | {"earlier"}
