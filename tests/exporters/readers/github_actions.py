"""Reads a grading step's `result` as the autograding reporter does."""

import base64
import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Notice:
    total: float
    most: float
    passed: int
    """Rows of its table that passed."""
    has_failed: bool


def read(content):
    """The notice that the reporter makes. ValueError if it fails and reports nothing."""
    if not content.strip():
        raise ValueError("no output")
    data = json.loads(base64.b64decode(content.strip(), validate=True))
    for test in data["tests"]:
        if test["status"] not in {"pass", "fail", "error"}:
            raise ValueError(f"unknown status {test['status']}")
    if not data.get("max_score"):
        return Notice(0, 0, 0, has_failed=data["status"] != "pass")
    return Notice(
        total=sum(test["score"] for test in data["tests"]),
        most=data["max_score"],
        passed=sum(test["status"] == "pass" for test in data["tests"]),
        has_failed=data["status"] in {"fail", "error"},
    )
