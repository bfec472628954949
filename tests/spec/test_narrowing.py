"""Which files of a submission detection reads."""

import json

import pytest

from grader.intake.submission import SourceFile
from grader.spec.narrowing import defining_files


def found_in(**files):
    """The paths of the files that matter for f and Net, and those of the names that are defined."""
    sources = [
        SourceFile(
            f"{stem}.ipynb" if isinstance(text, bytes) else f"{stem}.py",
            text if isinstance(text, bytes) else text.encode(),
        )
        for stem, text in files.items()
    ]
    chosen, names = defining_files(sources, ["f", "Net"])
    return [file.path for file in chosen], sorted(names)


def notebook(source):
    return json.dumps({"cells": [{"cell_type": "code", "source": source}]}, indent=1).encode()


@pytest.mark.parametrize(
    "text, names",
    [
        ("import numpy\ndef f(x):\n    pass\n", ["f"]),
        ("    async  def   f (x): pass\nclass Net: pass", ["Net", "f"]),
        ("x = 1\nf = lambda x: x\n", ["f"]),
        ("from a import g as f\n", ["f"]),
        ("def\u00a0f(x): pass\n", ["f"]),
        ("x = 1\nf == 2\nf(3)\ndef ff(): f\ndef f2(): Net\nclass Network: pass\n", []),
        (notebook(["x = 1\n", "def f(x):\n"]), ["f"]),
        (notebook("x = 1\ndef f(x):\n    pass\nclass Net:\n    pass\n"), ["Net", "f"]),
        (notebook("x = 1\nf = g\n"), ["f"]),
        (notebook(["f = g\n"]), ["f"]),
    ],
)
def test_a_definition_is_found_in_a_module_and_in_both_forms_of_a_notebook(text, names):
    paths, found = found_in(hw=text)

    assert found == names
    assert len(paths) == (1 if names else 0)


def test_the_files_that_it_imports_come_along_and_no_others():
    paths, _ = found_in(
        a="from .b import *\ndef f(x): pass\n",
        b="import pack.c, d\n%run e.py\n",
        c="x = 1\n",
        d="x = 1\n",
        e="from a import f\n",
        other="import a\n",
    )

    assert paths == ["a.py", "b.py", "c.py", "d.py", "e.py"]


def test_a_file_in_utf_16_is_read_in_any_case():
    sources = [SourceFile("hw.py", "def f(x): pass\n".encode("utf-16"))]

    assert defining_files(sources, ["f", "Net"]) == (tuple(sources), frozenset({"f", "Net"}))
