"""What counts of a history made by hand: as the kernel's namespace would have it."""

import json

import pytest

from grader.frontends.notebook.executed import cells_in_words, executed
from grader.frontends.notebook.request import Request
from grader.frontends.notebook.snapshot import Snapshot

F, NEWER_F = "def f():\n    return 1", "def f():\n    return 2"
EVERYTHING = frozenset("abcdefghijklmnopqrstuvwxyz")


def kept(*cells, names=EVERYTHING, **fields):
    """The non-blank lines that count of each cell."""
    done = executed(Snapshot(cells, names=names, **fields))
    return [[line for line in text.split("\n") if line.strip()] for text in done.cells]


def test_each_line_stays_where_it_was_in_its_cell():
    done = executed(Snapshot(("a = 1\n" + F, "b = 2\n\n" + NEWER_F), names=EVERYTHING))

    assert done.cells == ("a = 1\n\n", "b = 2\n\n" + NEWER_F)


def test_the_notebook_has_a_cell_for_each_execution():
    done = executed(Snapshot(("", "a = 1\r\nb = 2"), names=EVERYTHING))

    assert [cell["source"] for cell in json.loads(done.notebook)["cells"]] == ["", "a = 1\nb = 2"]


def test_a_definition_that_was_used_before_it_was_replaced_stays():
    assert kept(F, "g = f()", NEWER_F) == [F.split("\n"), ["g = f()"], NEWER_F.split("\n")]
    assert kept(F, "@f\ndef g():\n    pass", NEWER_F)[0] == F.split("\n")
    assert kept(F, "def g():\n    return f()", NEWER_F)[0] == []


def test_a_decorator_goes_with_its_function():
    assert kept("@a\n" + F, NEWER_F) == [[], NEWER_F.split("\n")]


def test_of_a_cell_that_raised_counts_what_came_before():
    cell = f"a = 1\n{F}\nb = 1 / 0\nc = 3"

    assert kept(cell, stopped={1: 4}) == [["a = 1", *F.split("\n")]]


def test_a_cell_that_raised_within_a_statement_of_several_lines_loses_all_of_it():
    assert kept("a = 1\nfor i in a:\n    b = i\n    c = 1 / 0\nd = 4", stopped={1: 4}) == [["a = 1"]]


def test_a_definition_that_the_namespace_shows_was_not_executed_does_not_replace_the_one_before():
    assert kept(F, f"1 / 0\n{NEWER_F}", live={"f": (1, 1)}) == [F.split("\n"), ["1 / 0"]]


def test_what_was_deleted_is_gone():
    assert kept(F, "del f", names=frozenset("ab")) == [[], ["del f"]]


def test_of_the_cell_that_asks_counts_what_was_executed():
    cell = f"{F}\n%grader f\n{NEWER_F}"

    assert kept(cell, current=(1, 3)) == [F.split("\n")]
    assert kept(f"%%time\n{cell}", current=(1, 1)) == [["%%time", "%grader f", *NEWER_F.split("\n")]]


def test_of_a_cell_with_a_syntax_error_nothing_counts():
    done = executed(Snapshot((F, f"{NEWER_F}\nprint("), names=EVERYTHING))

    assert [bool(text.strip()) for text in done.cells] == [True, False]
    (unparsed,) = done.broken
    assert str(unparsed) == "In [2] has a syntax error in line 3 ('(' was never closed)"
    assert (unparsed.defines("f"), unparsed.defines("g")) == (True, False)


def test_what_a_cell_that_stopped_did_not_run_is_known():
    cell = f"{F}\n1 / 0\ndef g():\n    return 2"

    (broken,) = executed(Snapshot((cell,), names=EVERYTHING, stopped={1: 3})).broken

    assert str(broken) == "In [1] stopped at line 3"
    assert (broken.defines("f"), broken.defines("g")) == (False, True)


@pytest.mark.parametrize(
    "cell",
    ["%matplotlib inline\na = 1", "!ls\na = 1", "  a = 1", ">>> a = 1", "await b()", "a?", "%%bash\nif ["],
)
def test_what_ipython_accepts_is_no_syntax_error(cell):
    assert executed(Snapshot((cell,), names=EVERYTHING)).broken == ()


def test_a_cell_that_is_known_to_have_run_counts_whatever_we_make_of_it():
    assert kept("a = <new syntax>", ended=frozenset({1})) == [["a = <new syntax>"]]
    assert kept("a = <new syntax>", live={"f": (1, 1)}) == [["a = <new syntax>"]]


def test_cells_are_named_as_the_notebook_shows_them():
    words = (
        "f raised at notebook.ipynb, cell 12, line 3; cell 3 of notebook.ipynb writes it; hw.ipynb, cell 4"
    )
    note = "f is defined in m.py, notebook.ipynb; my-notebook.ipynb"

    assert cells_in_words(words) == "f raised at In [12], line 3; In [3] writes it; hw.ipynb, cell 4"
    assert cells_in_words(note) == "f is defined in m.py, this notebook; my-notebook.ipynb"


def test_a_snapshot_survives_its_way():
    snapshot = Snapshot(
        ("a = 1", "\ud800"),
        {1: 0},
        frozenset({2}),
        frozenset({"a"}),
        {"f": (1, 2)},
        (2, 1),
        "/here",
        ("/here",),
        ("/here/m.py",),
    )

    assert Request.from_bytes(Request(snapshot).to_bytes()).snapshot == snapshot
    assert b"cells" in executed(snapshot).notebook
