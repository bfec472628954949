"""Definitions in text that is not run are named with their place."""

import json

import pytest

from grader.extract import extract
from tests.extract.conftest import submission_of

BODY = "def target(W):\n    return W\n"


def reason(path, content):
    return extract(submission_of({path: content}), ["target"]).missing["target"]


def notebook(*cells, nbformat=4):
    made = [{"cell_type": kind, "source": text, "metadata": {}} for kind, text in cells]
    return json.dumps({"nbformat": nbformat, "nbformat_minor": 0, "metadata": {}, "cells": made})


@pytest.mark.parametrize(
    "kind, text, words",
    [
        ("markdown", BODY, "a Markdown cell"),
        ("markdown", f"My answer:\n\n```python\n{BODY}```", "a Markdown cell"),
        ("markdown", "".join(f"    {line}\n" for line in BODY.splitlines()), "a Markdown cell"),
        ("markdown", "class target:\n    pass", "a Markdown cell"),
        ("raw", BODY, "a raw cell"),
    ],
)
def test_a_cell_that_is_not_code_is_named_with_the_remedy(kind, text, words):
    content = notebook(("code", "import torch"), (kind, text), ("code", "1"))

    assert reason("hw.ipynb", content) == (
        f"target is in {words} (hw.ipynb, after cell 1), which is not run: change the cell's type to Code"
    )


def test_the_first_cell_has_a_place_too():
    assert "(hw.ipynb, before the first code cell)" in reason("hw.ipynb", notebook(("markdown", BODY)))


def test_a_comment_is_named_with_its_line():
    commented = "".join(f"# {line}\n" for line in BODY.splitlines())

    assert reason("hw.py", f"import torch\n{commented}") == (
        "target is commented out (hw.py, line 2): remove the # before its lines"
    )
    assert "target is commented out (hw.ipynb, cell 2, line 1)" in reason(
        "hw.ipynb", notebook(("code", "1"), ("code", commented))
    )


def test_a_mention_is_not_a_definition():
    text = "We wrote target(W) and def targets(): pass"

    assert reason("hw.ipynb", notebook(("markdown", text))) == "target is not defined in the submission"


def test_a_definition_in_a_code_cell_counts_before_one_in_text():
    content = notebook(("markdown", BODY), ("code", BODY))

    assert "target" in extract(submission_of({"hw.ipynb": content}), ["target"]).functions
