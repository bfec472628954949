"""The student's files on a page: every line as it was, and bounded in length."""

import json

import pytest

from grader.feedback import listing
from grader.feedback.annotations import Annotation
from grader.feedback.listing import listings
from grader.intake.submission import SourceFile
from tests.feedback.pages import Page

NOTE = (Annotation("note", "Note", "words"),)


def lines_of(text):
    (found,) = listings([SourceFile("a.py", text.encode())], {("a.py", None, 1): NOTE})
    ((block,),) = [stretch.blocks for stretch in found.stretches]
    return block.lines


def text_of(line):
    return Page(f"<body>{line.code}</body>").named("body")[0].text


@pytest.mark.parametrize(
    "text",
    [
        "def f(x):\n    return x\n\n\n@g\nclass A: pass",
        '"""one\n<two> & \n"""\nx = f"{a!r}" # é',
        "\tif x:\n  y  ",
        "def f(:\n  ''' never closed\n\\",
        "\n\nx",
        "",
    ],
)
def test_each_line_is_as_it_was(text):
    lines = lines_of(text)
    assert [text_of(line) for line in lines] == text.rstrip().split("\n")
    assert [line.number for line in lines] == list(range(1, len(lines) + 1))


def test_marks_that_turn_the_direction_of_writing_are_seen():
    (line,) = lines_of("x = 1 # \u202e\u2066 \x0c!")
    assert text_of(line) == "x = 1 # <U+202E><U+2066> <U+000C>!"


def test_a_file_without_feedback_is_not_listed():
    assert listings([SourceFile("b.py", b"x")], {("a.py", None, 1): NOTE}) == ()


def test_feedback_beyond_the_last_line_is_at_the_last():
    (found,) = listings([SourceFile("a.py", b"x\ny")], {("a.py", None, 99): NOTE})
    assert [line.annotations for line in found.stretches[0].blocks[0].lines] == [(), NOTE]


def test_a_long_file_is_not_shown():
    long = "\n" * (listing.SHOWN // listing._LINE_COST + 1) + "x"
    (found,) = listings([SourceFile("a.py", long.encode())], {("a.py", None, 1): NOTE})
    assert (found.stretches, found.fault) == ((), "Not shown: the page would be too long.")


def test_a_long_line_is_cut():
    assert len(text_of(lines_of("x" * 5_000)[0])) == 1_000


def test_code_is_plain_where_there_are_too_many_tokens(monkeypatch):
    monkeypatch.setattr(listing, "COLORED", 3)
    lines = lines_of("if 1:\n    if 2 < 3: pass")
    assert "<span" in lines[0].code
    assert lines[1].code == "    if 2 &lt; 3: pass"


def test_a_damaged_notebook_says_why():
    (found,) = listings([SourceFile("a.ipynb", b"{")], {("a.ipynb", 1, 1): NOTE})
    assert "a file that ends abruptly" in found.fault


def test_cells_without_feedback_are_folded_away():
    cells = [
        {"cell_type": "markdown", "source": "# Title"},
        {"cell_type": "code", "source": "import torch"},
        {"cell_type": "code", "source": ""},
        {"cell_type": "code", "source": "x = 1"},
        {"cell_type": "code", "source": "y = 1"},
    ]
    file = SourceFile("a.ipynb", json.dumps({"cells": cells}).encode())
    (found,) = listings([file], {("a.ipynb", 3, 1): NOTE})
    assert [each.is_open for each in found.stretches] == [False, True, False]
    assert [each.title for each in found.stretches] == [
        "Cells 1 and 2 and 1 text cell, without feedback",
        "Cell 3, without feedback",
        "Cell 4, without feedback",
    ]


def test_a_cell_that_is_too_long_takes_no_room_from_one_with_feedback(monkeypatch):
    monkeypatch.setattr(listing, "SHOWN", 400)
    sources = ["x = 1\n" * 100, "y = 1\n" * 3, "def f():\n    return 1"]
    cells = [{"cell_type": "code", "source": source} for source in sources]
    file = SourceFile("hw.ipynb", json.dumps({"cells": cells}).encode())
    (found,) = listings([file], {("hw.ipynb", 3, 1): NOTE})

    folded, shown = found.stretches
    assert [block.fault for block in folded.blocks] == [
        "Not shown: the page would be too long.",
        "",
    ]
    assert folded.title == "Cells 1 and 2, without feedback"
    assert [text_of(line) for line in shown.blocks[0].lines] == ["def f():", "    return 1"]


def test_marks_above_and_below_a_letter_stay_on_their_line():
    (line,) = lines_of("# Z" + "\u0300" * 40)
    assert text_of(line) == "# Z" + "\u0300" * 3 + "<37 more marks>"
