"""A small spec, and submissions and reports made by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from grader.intake.submission import SourceFile, Submission
from grader.model.report import Report, parse_report
from grader.spec import LoadedSpec, load_spec

MINI_SPEC = """\
name = "mini"
title = "Mini"

[functions]
f = { role = "loss", classifier = "svm", style = "naive" }
g = { role = "loss", classifier = "svm", style = "vectorized" }

[[checks]]
id = "f_values"
kind = "values"
title = "f: values"
function = "f"
points = 10

[[checks]]
id = "f_inputs"
kind = "purity"
title = "f: inputs unchanged"
function = "f"
points = 2

[[checks]]
id = "g_values"
kind = "values"
title = "g: values"
function = "g"
points = 5

[[checks]]
id = "same"
kind = "agreement"
title = "f and g agree"
naive = "f"
vectorized = "g"
points = 3
"""

MINI_NUMPY_SPEC = MINI_SPEC.replace("\n\n", '\nbackend = "numpy"\n\n', 1)
"""The same for workers that need not import torch."""

TIMED_CHECK = """
[[checks]]
id = "speed"
kind = "speedup"
title = "g is fast"
naive = "f"
vectorized = "g"
points = 5
"""


def quick(loaded: LoadedSpec) -> LoadedSpec:
    """The spec without the checks that time or train, which take ten seconds for each submission."""
    kept = tuple(check for check in loaded.spec.checks if not check.is_slow)
    return replace(loaded, spec=loaded.spec.model_copy(update={"checks": kept}))


BOTH_FUNCTIONS = "def f(W, X, y, reg):\n    return 0\n\ndef g(W, X, y, reg):\n    return 0\n"


def mini_spec(folder: Any, text: str = MINI_SPEC) -> LoadedSpec:
    """The small spec, written to a folder and read from there."""
    path = folder / "mini.toml"
    path.write_text(text, encoding="utf-8")
    return load_spec(str(path))


def submission_of(text: str = BOTH_FUNCTIONS, name: str = "hw.py") -> Submission:
    """A submission of one file."""
    return Submission("alice", (SourceFile(name, text.encode()),))


CHECK: Mapping[str, Any] = MappingProxyType(
    {
        "id": "f_values",
        "kind": "values",
        "title": "f: values",
        "functions": ["f"],
        "status": "passed",
        "points": 10.0,
        "max_points": 10.0,
        "visibility": "visible",
        "message": "f gives the reference's loss and gradient in 18 calls.",
        "hint": None,
        "measured": {"loss_difference": 1e-16},
        "allowed": {"loss_difference": 1e-9},
        "seconds": 0.25,
    }
)


def check_part(**changes: Any) -> dict[str, Any]:
    """One check of a report as JSON has it."""
    return {**CHECK, **changes}


def report_of(**changes: Any) -> Report:
    """A report on one passed check; keywords replace its fields."""
    data: dict[str, Any] = {
        "schema_version": "2",
        "assignment": {"name": "mini", "title": "Mini", "spec_sha256": "5" * 64},
        "submission": {
            "id": "alice",
            "sha256": "a" * 64,
            "files": [{"path": "hw.py", "sha256": "f" * 64}],
        },
        "status": "graded",
        "score": 10.0,
        "max_score": 10.0,
        "functions": {
            "f": {
                "status": "correct",
                "where": {"file": "hw.ipynb", "cell": 2, "line": 1},
                "diagnosis": [],
                "notes": [],
            }
        },
        "checks": [check_part()],
        "flags": [],
        "environment": {
            "grader_version": "0.1",
            "python": "3.11.2",
            "torch": "2.13.0",
            "device": "cpu",
            "device_name": "a processor",
            "isolation": "partial",
            "isolation_missing": ["filesystem"],
            "seed": 7,
            "data": "none: no check of this spec trains on a data set",
        },
        "started_at": "2026-01-01T00:00:00+00:00",
        "seconds": 1.5,
    }
    return parse_report(json.dumps({**data, **changes}))
