"""Reads results.json as Gradescope's documentation has it: every field, its type, its closed sets, and how the total is made."""

import json

_FORMATS = {"text", "html", "simple_format", "md", "ansi"}
_VISIBILITIES = {"visible", "hidden", "after_due_date", "after_published"}
_TOP = {
    "score", "execution_time", "output", "output_format", "test_output_format", "test_name_format", "visibility",
    "stdout_visibility", "extra_data", "tests", "leaderboard",
}  # fmt: skip
_TEST = {
    "score", "max_score", "status", "name", "name_format", "number", "output", "output_format", "tags", "visibility",
    "extra_data",
}  # fmt: skip


def read(content):
    """(score, tests). ValueError for what Gradescope does not know or would show in another way."""
    data = json.loads(content)
    _known(data, _TOP)
    for key in ("score", "execution_time"):
        _number(data, key)
    for key in ("output_format", "test_output_format", "test_name_format"):
        _one_of(data, key, _FORMATS)
    for key in ("visibility", "stdout_visibility"):
        _one_of(data, key, _VISIBILITIES)
    tests = data["tests"]
    for test in tests:
        _read_test(test)
    if "score" not in data and any("score" not in test for test in tests):
        raise ValueError("score is required unless every test has one")
    if any(test.get("visibility", data.get("visibility")) != "visible" for test in tests):
        raise ValueError("students could not see their total")
    return data.get("score", sum(test.get("score", 0) for test in tests)), tests


def _read_test(test):
    _known(test, _TEST)
    for key in ("score", "max_score"):
        _number(test, key)
    for key in ("name", "output", "number"):
        if not isinstance(test.get(key, ""), str):
            raise TypeError(f"{key} is not a string")
    for key in ("name_format", "output_format"):
        if test.get(key) not in _FORMATS:
            raise ValueError(f"{key} is missing: Gradescope may render HTML")
    _one_of(test, "status", {"passed", "failed"})
    _one_of(test, "visibility", _VISIBILITIES)
    if "max_score" in test and "score" not in test:
        raise ValueError("a test with a maximum has no score")
    if not all(isinstance(tag, str) for tag in test.get("tags", [])):
        raise TypeError("a tag is not a string")


def _known(data, names):
    if not isinstance(data, dict) or set(data) - names:
        raise ValueError(f"unknown fields: {sorted(set(data) - names)}")


def _number(data, key):
    value = data.get(key, 0)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{key} is not a number: {value!r}")


def _one_of(data, key, names):
    if key in data and data[key] not in names:
        raise ValueError(f"{key}: {data[key]!r} is not one of {sorted(names)}")
