"""The code cells of notebooks of every version and in every state of repair."""

import json
import time

import nbformat
import nbformat.v2
import nbformat.v3
import pytest

from grader.errors import UnreadableNotebook
from grader.intake.notebook import Cell, read_notebook
from tests.pace import compile_seconds


def read(document):
    return read_notebook(json.dumps(document).encode(), "hw.ipynb")


def code(source):
    return {"cell_type": "code", "source": source, "outputs": [], "metadata": {}, "execution_count": None}


def test_code_cells_are_counted_and_others_are_not():
    found = read(
        {
            "nbformat": 4,
            "cells": [{"cell_type": "markdown", "source": "# T"}, code("a"), {"cell_type": "raw"}, code("b")],
        }
    )

    assert found == (Cell(1, "a"), Cell(2, "b"))


@pytest.mark.parametrize(
    "source,text",
    [
        (["x = 1\n", "y = 2"], "x = 1\ny = 2"),
        ("x\r\ny\rz", "x\ny\nz"),
        (None, ""),
        (7, ""),
        ({"a": 1}, ""),
        (["a\n", None, 3, "b"], "a\nb"),
        ("'\ud800'", "'\ufffd'"),
        ("'\U0001f600'", "'\U0001f600'"),
    ],
)
def test_sources_of_every_type_are_read(source, text):
    assert read({"nbformat": 4, "cells": [code(source), code("last")]}) == (Cell(1, text), Cell(2, "last"))


def test_a_cell_without_a_source_keeps_its_number():
    assert read({"cells": [{"cell_type": "code"}, code("b")]}) == (Cell(1, ""), Cell(2, "b"))


@pytest.mark.parametrize("cells", [[], None, 3, {"a": 1}, [None, 1, "x", [], {}], [{"cell_type": ["code"]}]])
def test_malformed_cells_are_left_out(cells):
    assert read({"nbformat": 4, "cells": cells}) == ()


@pytest.mark.parametrize("number", [2, 3])
def test_old_notebooks_with_worksheets_are_read(number):
    sheet = {
        "cells": [
            {"cell_type": "heading", "source": "T", "level": 1},
            {"cell_type": "code", "input": ["x = 1\n", "y"], "language": "python"},
        ]
    }

    assert read({"nbformat": number, "nbformat_minor": 0, "metadata": {}, "worksheets": [sheet, sheet]}) == (
        Cell(1, "x = 1\ny"),
        Cell(2, "x = 1\ny"),
    )


@pytest.mark.parametrize("number", [None, "4", 99, -1, 4.5, True])
def test_an_odd_format_number_does_not_matter(number):
    assert read({"nbformat": number, "cells": [code("x")]}) == (Cell(1, "x"),)
    assert read(
        {"nbformat": number, "worksheets": [{"cells": [{"cell_type": "code", "input": "x"}]}, 3]}
    ) == (Cell(1, "x"),)


def test_a_byte_order_mark_and_utf_16_are_read():
    text = json.dumps({"cells": [code("x")]})

    assert read_notebook(text.encode("utf-8-sig"), "hw.ipynb") == (Cell(1, "x"),)
    assert read_notebook(text.encode("utf-16"), "hw.ipynb") == (Cell(1, "x"),)


def test_large_outputs_cost_little_more_than_reading_them():
    document = {"cells": [{**code("x"), "outputs": [{"output_type": "stream", "text": "y" * 60_000_000}]}]}
    content = json.dumps(document).encode()

    started = time.perf_counter()
    json.loads(content)
    plain_seconds = time.perf_counter() - started
    started = time.perf_counter()
    assert read_notebook(content, "hw.ipynb") == (Cell(1, "x"),)

    assert time.perf_counter() - started < 20 * plain_seconds + compile_seconds()


@pytest.mark.parametrize(
    "content,words",
    [
        (b"", "an empty file; save the notebook again"),
        (b" \n\0\n", "an empty file; save the notebook again"),
        (
            b"\n<!DOCTYPE html><html>",
            "a web page; download the notebook itself (on GitHub: Raw), not the page that shows it",
        ),
        (
            b'{"cells": [\n<<<<<<< HEAD\n1\n=======\n2\n>>>>>>> other\n]}',
            "Git's merge conflict markers (<<<<<<<); resolve the conflict and save the notebook again",
        ),
        (b"x = 1", "invalid JSON (line 1: Expecting value); open it in Jupyter and save it again"),
        (b'{"cells": [\n', "a file that ends abruptly in line 2; download it or export it again"),
        (b'{"cells": ["\\n', "a file that ends abruptly in line 1; download it or export it again"),
        (b"1" * 5000, "invalid JSON; open it in Jupyter and save it again"),
        (b"[" * 100_000, "lists or objects nested too deeply; save the notebook again"),
        (b"[1]", "JSON that is a list; open it in Jupyter and save it again"),
        (b"null", "JSON that is null; open it in Jupyter and save it again"),
        (b'"x"', "JSON that is a string; open it in Jupyter and save it again"),
        (b"3", "JSON that is a number; open it in Jupyter and save it again"),
        (b"{}", 'a JSON object without "cells"; check that this is the notebook and not another file'),
    ],
)
def test_a_file_that_is_not_a_notebook_is_named(content, words):
    with pytest.raises(UnreadableNotebook) as caught:
        read_notebook(content, "a/hw.ipynb")

    assert str(caught.value) == f"a/hw.ipynb: expected a notebook, found {words}"


@pytest.mark.parametrize("number", [2, 3])
def test_old_notebooks_give_the_code_that_nbformat_gives_after_converting_them(number):
    module = {2: nbformat.v2, 3: nbformat.v3}[number]
    cells = [
        module.new_code_cell(input="import torch\nx = 1", prompt_number=1, language="python"),
        module.new_text_cell("markdown", source="# A title"),
        module.new_code_cell(input="def f():\n    return x\n", prompt_number=None, language="python"),
        module.new_code_cell(input="", prompt_number=2, language="python"),
    ]
    old = module.new_notebook(worksheets=[module.new_worksheet(cells=cells)])

    converted = [cell for cell in nbformat.convert(old, 4).cells if cell.cell_type == "code"]

    seen = read_notebook(json.dumps(old).encode(), "hw.ipynb")
    assert [cell.source for cell in seen] == [cell.source for cell in converted]
