"""What `grader similar` prints."""

import pytest
from typer.testing import CliRunner

from grader.batch.similar.similarity import Alike, Pair, Similarities
from grader.frontends.app import app
from grader.frontends.commands.similarity import similarity_lines
from grader.frontends.progress import counting_progress
from tests.samples import mini_spec


def test_a_pair_has_its_functions_and_the_places_on_both_sides():
    alike = Alike(
        "f", 0.934, 180, ("hw.ipynb, cell 4, lines 3-18",), ("a1.py, lines 40-55", "extra.py, line 2")
    )
    found = Similarities((Pair("ann", "bob", (alike,)),), 12, (), "the code of the template a1")

    assert list(similarity_lines(found)) == [
        "Compared 12 submissions: 1 pair worth a look. This is not a verdict, and changes no score.",
        "",
        "ann ~ bob",
        "  f, 93% alike",
        "    ann: hw.ipynb, cell 4, lines 3-18",
        "    bob: a1.py, lines 40-55; extra.py, line 2",
        "",
        "Not counted: the code of the template a1.",
    ]


def test_nothing_found_is_said_with_what_was_not_compared():
    found = Similarities((), 1, ("eve: has no function of mini",), "the code of the template a1")

    assert list(similarity_lines(found)) == [
        "Compared 1 submission: no two share more code than independent ones do.",
        "",
        "Not counted: the code of the template a1.",
        "Not compared (1):",
        "  eve: has no function of mini",
    ]


def test_equal_ones_come_first():
    found = Similarities((), 3, (), "nothing", equal=(("ann", "bob"),))

    assert list(similarity_lines(found))[:4] == [
        "Compared 3 submissions: no other two share more code than independent ones do.",
        "",
        "Equal, byte for byte:",
        "  ann and bob",
    ]


def test_a_cut_list_says_so():
    pair = Pair("ann", "bob", ())
    lines = list(similarity_lines(Similarities((pair, pair), 3, (), "nothing", is_cut=True)))

    assert lines[0].startswith("Compared 3 submissions: at least 2 pairs worth a look.")
    assert "Only the 2 pairs with the most in common are shown." in lines


def test_the_command_compares_a_class_and_takes_out_the_template(tmp_path, monkeypatch):
    pytest.importorskip("copydetect")
    mini_spec(tmp_path)
    (tmp_path / "class").mkdir()
    given = "def g(W, X, y, reg):\n" + "".join(
        f"    W = W + X[{number}].dot(reg) * y ** {number}\n" for number in range(9)
    )
    own = given.replace("def g", "def f").replace("+ X", "- abs(X)").replace("**", "//")
    for name, text in (("ann", given + own), ("bob", given + own.replace("W", "weights"))):
        (tmp_path / "class" / f"{name}.py").write_text(text)
    (tmp_path / "handout.py").write_text(given)
    monkeypatch.chdir(tmp_path)

    ran = CliRunner().invoke(app, ["similar", "class", "--spec", "mini.toml", "--template", "handout.py"])

    assert (ran.exit_code, ran.stdout.splitlines()) == (
        0,
        [
            "Compared 2 submissions: 1 pair worth a look. This is not a verdict, and changes no score.",
            "",
            "ann ~ bob",
            "  f, 100% alike",
            "    ann: ann.py, lines 11-20",
            "    bob: bob.py, lines 11-20",
            "",
            "Not counted: the code of the template handout.",
        ],
    )


def test_reading_a_large_class_says_how_far_it_is(capsys):
    with counting_progress(every_seconds=0) as progress:
        progress(1_200, 3_000)

    assert capsys.readouterr().err == "read 1,200 of 3,000\n"
