"""Reads check50's JSON by its specification: the fields, and when there is a cause."""

import json

_FIELDS = {"name", "description", "passed", "log", "cause", "data", "dependency"}


def read(content):
    """{check: passed, failed or None}. ValueError for anything that the specification does not have."""
    data = json.loads(content)
    if set(data) != {"slug", "results", "version"}:
        raise ValueError(f"fields {sorted(data)}")
    found = {}
    for result in data["results"]:
        if set(result) != _FIELDS:
            raise ValueError(f"fields {sorted(result)}")
        if result["passed"] not in {True, False, None} or (result["cause"] is None) != (
            result["passed"] is True
        ):
            raise ValueError(f"passed {result['passed']} with cause {result['cause']}")
        if result["cause"] is not None and not isinstance(result["cause"]["rationale"], str):
            raise ValueError("no rationale")
        if result["name"] in found:
            raise ValueError(f"{result['name']} twice")
        found[result["name"]] = result["passed"]
        if result["dependency"] not in {None, *(each["name"] for each in data["results"])}:
            raise ValueError(f"depends on {result['dependency']}")
    return found
