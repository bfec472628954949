"""The settings of a package, and its limits on time."""

import json

import pytest

from grader.errors import UsageError
from grader.frontends.packages.grading import PackageSettings, read_settings, within
from grader.frontends.packages.platforms import TIME_LIMITS
from grader.spec import load_spec


def test_settings_are_read_as_they_were_written(tmp_path):
    settings = PackageSettings(spec="cs231n", isolation="partial", is_quick=True, limit_seconds=300)
    (tmp_path / "grading.json").write_text(settings.to_json(), encoding="utf-8")

    assert read_settings(tmp_path) == settings


@pytest.mark.parametrize("content", ["", "[]", '{"spec": "x", "unknown": 1}', "{}"])
def test_settings_that_cannot_be_read_are_a_fault_that_is_told(tmp_path, content):
    (tmp_path / "grading.json").write_text(content, encoding="utf-8")

    with pytest.raises(UsageError, match=r"grading\.json: cannot be read: .*; make the package again"):
        read_settings(tmp_path)


def test_an_isolation_that_does_not_exist_is_refused(tmp_path):
    (tmp_path / "grading.json").write_text(json.dumps({"spec": "x", "isolation": "none"}), encoding="utf-8")

    with pytest.raises(UsageError, match="unknown isolation 'none'"):
        read_settings(tmp_path)


def test_grading_is_stopped_well_before_the_platform_would_do_it():
    for limits in TIME_LIMITS.values():
        for seconds in (60, limits.usual, limits.greatest):
            settings = PackageSettings(spec="x", limit_seconds=seconds)

            assert settings.watchdog_seconds <= seconds - 6


@pytest.mark.parametrize("name", ["cs231n", "eecs498_2019", "cs231n_2025"])
def test_endless_loops_in_all_functions_end_before_the_platform_does(name):
    loaded = load_spec(name)
    limits = within(loaded, 600).spec.limits
    with_half_a_core = 2 * limits.call_seconds * len(loaded.spec.functions)

    assert with_half_a_core < PackageSettings(spec=name).watchdog_seconds


def test_limits_are_only_lowered_and_the_spec_stays_the_same_one():
    loaded = load_spec("cs231n")

    assert within(loaded, 2400) is loaded
    short = within(loaded, 60)
    assert short.sha256 == loaded.sha256
    assert 10 <= short.spec.limits.training_seconds < loaded.spec.limits.training_seconds
    assert short.spec.limits.memory_bytes == loaded.spec.limits.memory_bytes


@pytest.mark.parametrize("free_mib, expected_mib", [(768, 640), (600, 512), (100, 512), (1 << 20, 4096)])
def test_code_runs_out_of_a_containers_memory_before_the_container_does(free_mib, expected_mib):
    limits = within(load_spec("cs231n"), 2400, free_mib << 20).spec.limits

    assert limits.memory_bytes == expected_mib << 20
