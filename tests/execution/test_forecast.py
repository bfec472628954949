"""The guess whether torch will be needed, for every shipped spec and for what cannot be read."""

import subprocess
import sys

import pytest

from grader.execution.forecast import spec_needs_torch, submission_needs_torch
from grader.intake.submission import SourceFile, Submission
from grader.spec import SPEC_FOLDER, load_spec, shipped_specs


def test_each_shipped_spec_is_guessed_right_by_its_name_and_by_its_file():
    for name in shipped_specs():
        needs_torch = load_spec(name).spec.backend == "torch"

        assert spec_needs_torch(name) is needs_torch, name
        assert spec_needs_torch(SPEC_FOLDER / f"{name}.toml") is needs_torch, name


@pytest.mark.parametrize(
    "text, expected",
    [
        ('title = "x"\n', True),
        ("backend='numpy'\n", False),
        ('[[include]]\nspec = "cs231n"\npoints = 50\n', False),
        ('[[include]]\nspec = "eecs498_2019"\npoints = 50\n', True),
        ('\t# backend = "numpy"\n', True),
        ('backend  = "numpy"  # arrays\r\n', False),
    ],
)
def test_a_spec_of_ones_own_is_guessed_from_its_backend(tmp_path, text, expected):
    path = tmp_path / "mine.toml"
    path.write_text(text)

    assert spec_needs_torch(path) is expected


def test_a_spec_that_cannot_be_read_is_left_to_others(tmp_path):
    assert spec_needs_torch(tmp_path)
    assert spec_needs_torch("a\0b")
    assert spec_needs_torch("no_such_spec")


@pytest.mark.parametrize(
    "path, content, expected",
    [
        ("a.py", b"import numpy as np\n", False),
        ("a.ipynb", b'{"cells": [{"source": "import torch"}]}', True),
        ("a.py", b"\xff\xfetorch", True),
        ("saved.pt", b"torch", False),
    ],
)
def test_a_submission_is_guessed_from_what_its_sources_say(path, content, expected):
    assert submission_needs_torch(Submission("s", (SourceFile(path, content),))) is expected


def test_the_guess_is_made_before_anything_large_is_imported():
    code = (
        "import sys; import grader.execution.forecast, grader.intake.submission;"
        "print(sorted({'numpy', 'pydantic', 'torch'} & sys.modules.keys()))"
    )

    seen = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert seen.stdout.strip() == "[]"
