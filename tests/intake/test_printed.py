"""What tagged cells printed, in whatever form a notebook keeps it."""

import json
import time

import pytest

from grader.errors import UnreadableNotebook
from grader.intake.printed import GREATEST_TEXT, last_number, printed_cells
from tests.pace import compile_seconds


def stream(text, name="stdout"):
    return {"output_type": "stream", "name": name, "text": text}


def cell(*outputs, metadata=None, **more):
    metadata = {"test": "test"} if metadata is None else metadata
    return {"cell_type": "code", "source": "print(a)", "metadata": metadata, "outputs": list(outputs), **more}


def cells_in(*cells):
    return printed_cells(json.dumps({"nbformat": 4, "cells": list(cells)}).encode(), "softmax.ipynb")


def texts_of(*outputs):
    return [each.text for each in cells_in(cell(*outputs))]


ERROR = {"output_type": "error", "ename": "NameError", "evalue": "x", "traceback": ["accuracy: 0.99"]}


@pytest.mark.parametrize(
    "outputs,texts",
    [
        ([stream(["a: 0.1\n", "b: 0.2\n"])], ["a: 0.1\nb: 0.2\n"]),
        ([stream("a: 0.1\n")], ["a: 0.1\n"]),
        ([stream(["a: 0."]), stream("25\n")], ["a: 0.25\n"]),
        ([stream("a: 0.1\n"), stream("warning: 0.9\n", "stderr"), stream("b: 0.2\n")], ["a: 0.1\nb: 0.2\n"]),
        ([stream("a: 0.1\n"), ERROR], ["a: 0.1\n"]),
        ([ERROR], []),
        ([], []),
        ([stream([])], []),
        ([stream("  \n")], []),
        ([{"output_type": "execute_result", "data": {"text/plain": ["0.42"]}}], ["\n0.42\n"]),
        ([{"output_type": "execute_result", "data": {"text/html": "0.42"}}], []),
        ([{"output_type": "display_data", "data": {"image/png": "0.42"}}], []),
        (
            [
                "0.42",
                None,
                3,
                [stream("0.42")],
                {"output_type": ["stream"]},
                stream({"a": 1}),
                stream([1, "0.5"]),
            ],
            ["0.5"],
        ),
    ],
    ids=range(13),
)
def test_the_text_is_that_of_the_standard_output(outputs, texts):
    assert texts_of(*outputs) == texts


def test_a_cell_has_its_tag_and_its_number_among_the_code_cells():
    found = cells_in(
        {"cell_type": "markdown", "source": "#", "metadata": {"test": "test"}},
        cell(stream("0.1"), metadata={}),
        cell(stream("0.2"), metadata={"id": "validate"}),
        cell(stream("0.3"), metadata={"test": "tuning", "id": "other"}),
        cell(stream("0.4"), metadata={"test": 3}),
        cell(stream("0.5"), metadata=[]),
        cell(metadata={"test": "empty"}, outputs="0.6"),
    )

    assert [(each.number, each.tag, each.text) for each in found] == [
        (2, "validate", "0.2"),
        (3, "tuning", "0.3"),
    ]


def test_of_endless_text_the_end_counts():
    assert texts_of(stream(["x" * GREATEST_TEXT] * 3 + ["0.5"]))[0].endswith("x0.5")
    assert len(texts_of(stream("y" * (2 * GREATEST_TEXT)))[0]) == GREATEST_TEXT


def test_what_is_not_a_notebook_is_told():
    with pytest.raises(UnreadableNotebook):
        printed_cells(b'{"metadata": {"test": ', "softmax.ipynb")


@pytest.mark.parametrize(
    "text,before,number",
    [
        ("validation accuracy: 0.342000\n", "validation accuracy:", 0.342),
        ("training accuracy: 0.3\nvalidation accuracy: 0.4\n", "validation accuracy:", 0.4),
        ("Validation set accuracy:  0.537\nTest set accuracy:  0.51\n", "Test set accuracy:", 0.51),
        ("VALIDATION   ACCURACY:\t.4", "validation accuracy:", 0.4),
        ("validation accuracy: 37.1%", "validation accuracy:", 0.371),
        ("validation accuracy: 37.1 %", "validation accuracy:", 0.371),
        ("validation accuracy: 3.71e-01", "validation accuracy:", 0.371),
        ("validation accuracy: 0.1\nvalidation accuracy: 0.2\n", "validation accuracy:", 0.2),
        ("validation accuracy: nan", "validation accuracy:", None),
        ("validation accuracy: 0.2\nvalidation accuracy: nan", "validation accuracy:", 0.2),
        ("val acc 0.3", "validation accuracy:", None),
        ("validation accuracy: \x1b[31m0.4", "validation accuracy:", None),
        ("validation accuracy: \u202e4.0", "validation accuracy:", None),
        ("0.425\n", "", 0.425),
        ("working...\n0.425\n", "", 0.425),
        ("accuracy 0.425\n", "", None),
        ("0.1\n0.2 of all\n", "", 0.1),
        ("", "", None),
        ("9" * 400, "", None),
    ],
)
def test_the_last_number_after_the_words_counts(text, before, number):
    assert last_number(text, before) == number


LONG = (
    "validation " * 9_000,
    "validation" + " " * 99_000,
    "1" * GREATEST_TEXT,
    "1 " * 50_000,
    " " * GREATEST_TEXT,
    "validation accuracy: " * 5_000,
    "." * GREATEST_TEXT,
    ("1" * 20 + "." + "1" * 30) * 2_000,
    "\n" * GREATEST_TEXT,
)


def test_no_text_takes_long():
    pace = compile_seconds()
    slow = []
    for text in LONG:
        for before in ("validation accuracy:", ""):
            began = time.process_time()
            last_number(text, before)
            if time.process_time() - began > pace:
                slow.append((text[:20], before))
    assert slow == []
