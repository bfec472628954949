"""Two runs made by hand, and what is said about the newer one."""

from datetime import UTC, datetime

import pytest

from benchmarks.compare import Comparison, compared, noise, ratio_interval, sentences
from benchmarks.record import Load, Machine, Measure, Run
from benchmarks.table import WIDTH, rows, wrapped

HERE = Machine(
    processor="Xeon",
    cores=2,
    system="Linux",
    python="3.11.7",
    torch="2.13.0",
    grader="0.1.0",
    commit="abcdef0123",
)
ELSEWHERE = HERE.model_copy(update={"processor": "EPYC", "cores": 8})
STEADY = (0.98, 0.99, 1.0, 1.0, 1.0, 1.01, 1.02)
NOISY = (0.6, 0.7, 0.8, 1.0, 1.3, 1.5, 1.6)


def measure(name, factor=1.0, values=STEADY, unit="s", **more):
    return Measure.of(f"some: {name}", "A sentence.", unit, [factor * each for each in values], **more)


def median_only(name, median):
    return Measure(name=f"some: {name}", what="A sentence.", unit="s", n=5, median=median, values=())


def run(*measures, machine=HERE, load=0.1):
    return Run(
        measured_at=datetime(2026, 11, 21, 13, 25, tzinfo=UTC),
        machine=machine,
        load=Load(before=load, after=1.0),
        measures=measures,
    )


def verdict(now, then, **on):
    (comparison,) = compared(run(now, **on), run(then))
    return comparison.verdict


def told(now, then, failures=(), *, is_whole=True):
    return list(sentences(now, then, compared(now, then), failures, is_whole=is_whole))


def test_a_quarter_more_time_is_slower():
    (comparison,) = compared(run(measure("work", 1.25)), run(measure("work")))
    assert comparison.word == "slower"
    assert comparison.ratio == pytest.approx(1.25)
    assert comparison.low == pytest.approx(1.23, abs=0.02)
    assert comparison.high == pytest.approx(1.27, abs=0.02)


def test_a_quarter_less_time_is_faster():
    (comparison,) = compared(run(measure("work", 0.75)), run(measure("work")))
    assert comparison.word == "faster"


def test_less_than_a_tenth_more_is_the_same():
    assert verdict(measure("work", 1.05), measure("work")) == "same"


def test_noise_that_could_be_the_whole_change_is_no_change():
    assert verdict(measure("work", 1.25, NOISY), measure("work", 1.0, NOISY)) == "unclear"


def test_a_change_beyond_much_noise_is_told():
    assert verdict(measure("work", 5.0, NOISY), measure("work", 1.0, NOISY)) == "worse"


def test_a_change_just_above_a_tenth_is_not_told_where_noise_reaches_below():
    assert verdict(measure("work", 1.11), measure("work")) == "unclear"


def test_fewer_are_worse_where_more_is_better():
    assert verdict(measure("work", 0.7, better="higher"), measure("work", better="higher")) == "worse"
    assert verdict(measure("work", 1.4, better="higher"), measure("work", better="higher")) == "better"


def test_other_units_than_seconds_are_worse_and_not_slower():
    (comparison,) = compared(run(measure("size", 1.5, unit="MiB")), run(measure("size", unit="MiB")))
    assert comparison.word == "worse"


def test_a_measure_that_the_other_run_lacks_is_new():
    assert verdict(measure("work"), measure("other work")) == "new"
    assert verdict(measure("work", unit="CPU s"), measure("work", unit="s")) == "new"
    assert compared(run(measure("work")), None)[0].verdict == "new"


def test_on_another_machine_ratios_are_compared_and_times_are_not():
    now = run(measure("work", 3.0), measure("over work", 3.0, unit="x"), machine=ELSEWHERE)
    then = run(measure("work"), measure("over work", unit="x"))
    assert [each.verdict for each in compared(now, then)] == ["skipped", "worse"]


def test_a_run_that_kept_only_its_medians_counts_as_noisy_as_the_other():
    assert verdict(measure("work", 1.25), median_only("work", 1.0)) == "worse"
    assert verdict(measure("work", 1.25, NOISY), median_only("work", 1.0)) == "unclear"
    assert verdict(median_only("work", 1.25), measure("work")) == "worse"
    low, high = ratio_interval(measure("work", 1.25), median_only("work", 1.0))
    assert 1.2 < low < 1.25 < high < 1.3


def test_a_difference_that_is_not_positive_has_no_ratio():
    (comparison,) = compared(run(measure("less", -0.1)), run(measure("less")))
    assert (comparison.verdict, comparison.ratio) == ("unclear", None)


def test_noise_grows_with_the_spread_and_needs_two_repetitions():
    steady, noisy = noise(measure("work")), noise(measure("work", values=NOISY))
    assert steady is not None
    assert noisy is not None
    assert 0 < steady < 0.05 < noisy
    assert noise(measure("work", values=(1.0,))) is None
    assert noise(median_only("work", 1.0)) is None


def test_the_sentences_name_what_got_slower_by_how_much():
    now = run(measure("work", 1.25), measure("play", 0.5), measure("rest"))
    then = run(measure("work"), measure("play"), measure("rest"))
    assert told(now, then) == [
        "Compared with the run of commit abcdef0 of 2026-11-21 13:25 UTC.",
        "Slower, or more, by more than 10 % beyond noise:",
        f"  {compared(now, then)[0].sentence}",
        "Better by more than 10 % beyond noise: some: play.",
    ]


def test_a_change_is_told_with_its_interval():
    changed = Comparison(measure("work"), "worse", 1.25, 1.231, 1.274)
    assert changed.sentence == "some: work is 1.25 times what it was (1.23 to 1.27)."


def test_the_sentences_say_that_nothing_got_slower():
    assert told(run(measure("work")), run(measure("work")))[1:] == [
        "Nothing got slower by more than 10 % beyond noise."
    ]


def test_the_sentences_name_measures_that_came_and_went():
    now, then = run(measure("work"), measure("new")), run(measure("work"), measure("old"))
    assert told(now, then)[2:] == [
        "Not in the run compared with: some: new.",
        "Only in the run compared with: some: old.",
    ]
    assert told(now, then, is_whole=False)[2:] == ["Not in the run compared with: some: new."]


def test_the_sentences_tell_another_machine():
    now = run(measure("work"), measure("over work", unit="x"), machine=ELSEWHERE)
    assert told(now, run(measure("work"), measure("over work", unit="x")))[1:] == [
        "It was on another machine (Xeon, 2 cores), so only ratios within a run are compared, and counts.",
        "Nothing got slower by more than 10 % beyond noise.",
    ]


def test_nothing_is_said_to_be_as_fast_where_nothing_was_compared():
    now = run(measure("work"), machine=ELSEWHERE)
    assert len(told(now, run(measure("work")))) == 2


def test_the_sentences_tell_a_busy_machine_of_either_run():
    now, then = run(measure("work"), load=2.3), run(measure("work"), load=1.5)
    words = told(now, then)
    assert words[0].startswith("The machine was not idle: its load was 2.3 at the start")
    assert "That run's machine was not idle: its load was 1.5 at the start." in words
    assert not any("not idle" in each for each in told(run(measure("work")), run(measure("work"))))


def test_the_sentences_tell_another_version_of_torch():
    newer = HERE.model_copy(update={"torch": "2.14.0"})
    words = told(run(measure("work"), machine=newer), run(measure("work")))
    assert words[1] == "It had Python 3.11.7 and torch 2.13.0; this one has Python 3.11.7 and torch 2.14.0."


def test_the_sentences_tell_goals_that_are_missed_either_way():
    now = run(
        measure("over work", 1.2, unit="x", goal=1.1),
        measure("under work", 1.0, unit="x", goal=1.1),
        measure("full", 19, (1.0,), "runs", better="higher", goal=20),
    )
    assert told(now, None) == [
        "There is no committed run to compare with.",
        "Goals missed:",
        "  some: over work is 1.2 x, expected at most 1.1.",
        "  some: full is 19 runs, expected at least 20.",
    ]


def test_the_sentences_tell_what_could_not_be_measured():
    assert (
        told(run(measure("work")), None, ["watch (OSError: gone)"])[-1]
        == "Not measured: watch (OSError: gone)."
    )


def test_the_table_has_a_line_for_each_measure_and_fits_80_columns():
    now = run(
        measure("work", 1.25),
        measure("a name that is too long for its column by far", 0.001, NOISY),
        Measure.of("other: work", "A sentence.", "CPU s", [12.0, 12.5, 13.0]),
    )
    lines = list(rows(compared(now, run(measure("work")))))
    assert [len(line) <= WIDTH for line in lines] == [True] * len(lines)
    assert lines[1:3] == [
        "some",
        "  work                                    1.25 s     ±1%      1.25  slower",
    ]
    assert lines[3].split()[-4:] == ["1", "ms", "±40%", "new"]
    assert lines[4:] == ["other", "  work                                12.5 CPU s     ±4%            new"]


def test_sentences_are_wrapped_and_keep_their_indentation():
    lines = wrapped("  " + "word " * 30).splitlines()
    assert all(len(line) <= WIDTH for line in lines)
    assert lines[0].startswith("  word")
    assert lines[1].startswith("    word")
