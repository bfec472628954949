"""The command line, with benchmarks that take no time."""

import json

import pytest

from benchmarks.catalogue import BENCHMARKS, Benchmark
from benchmarks.cli import main
from benchmarks.record import Measure


def steady(repetitions):
    yield Measure.of("steady: work", "A sentence.", "s", [1.0] * repetitions)


def failing(_repetitions):
    yield Measure.of("failing: first part", "A sentence.", "s", [1.0])
    raise OSError("no such thing")


FEW = (
    Benchmark("steady", "takes no time", 0, steady),
    Benchmark("long", "takes long", 9, failing, is_long=True),
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    return tmp_path


def test_a_run_of_everything_is_kept_and_told(folder, capsys):
    assert main([], FEW[:1], folder) == 0
    (path,) = folder.glob("*.json")
    record = json.loads(path.read_text())
    assert record["measures"][0]["values"] == [1.0] * 7
    assert record["load"]["before"] >= 0
    printed = capsys.readouterr().out
    assert "There is no committed run to compare with." in printed
    assert path.name in printed.replace("\n", " ")


def test_a_run_of_some_is_told_beside_the_last_one_and_not_kept(folder, capsys):
    main([], FEW[:1], folder)
    capsys.readouterr()
    assert main(["--only", "steady"], FEW, folder) == 0
    assert main(["--quick"], FEW, folder) == 0
    assert capsys.readouterr().out.count("Nothing got slower by more than 10 % beyond noise.") == 2
    assert len(list(folder.iterdir())) == 1


def test_a_benchmark_that_fails_is_named_and_costs_the_others_nothing(folder, capsys):
    assert main([], FEW, folder) == 1
    printed = capsys.readouterr().out
    assert "Not measured: long (OSError: no such thing)." in printed
    (path,) = folder.glob("*.json")
    names = [each["name"] for each in json.loads(path.read_text())["measures"]]
    assert names == ["steady: work", "failing: first part"]


def test_an_unknown_name_is_refused_with_the_names_there_are(folder, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["--only", "speed"], FEW, folder)
    assert "choose from" in capsys.readouterr().err


def test_the_list_names_every_benchmark_once(capsys):
    assert main(["--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [each.name for each in BENCHMARKS]
    assert len({each.name for each in BENCHMARKS}) == len(BENCHMARKS)
