"""The catalogue is sound: every entry can be made, is unique, and has a description."""

import ast
from collections import Counter

import pytest

from grader.selftest import catalogue
from grader.selftest.catalogue import CatalogueError, changed, load_catalogue, module_with, solution_of
from grader.spec import load_spec
from tests.selftest.entries import NAMES_OF_LOSSES, unsound

ENTRIES = load_catalogue()


def test_there_are_as_many_as_were_promised():
    counts = Counter(each.kind for each in ENTRIES)

    assert counts["wrong"] >= 150
    assert counts["right"] >= 60


def test_every_function_of_the_spec_has_right_and_wrong_ones():
    found = {(each.function, each.kind) for each in ENTRIES}

    functions = load_spec("eecs498_2019").spec.functions
    assert set(solution_of().functions) == set(functions)
    assert found == {(function, kind) for function in functions for kind in ("right", "wrong")}


def test_names_and_sources_are_unique():
    assert max(Counter(each.full_name for each in ENTRIES).values()) == 1
    wrong = Counter(each.source for each in ENTRIES if each.kind == "wrong")
    assert [source for source, times in wrong.items() if times > 1] == []


def test_no_wrong_one_is_a_right_one():
    right = {each.source for each in ENTRIES if each.kind == "right"}

    assert [each.full_name for each in ENTRIES if each.kind == "wrong" and each.source in right] == []


def test_entries_bind_their_function_say_what_they_are_and_name_known_mistakes():
    assert unsound(ENTRIES, NAMES_OF_LOSSES) == {}


def test_nothing_awaits_a_check_any_more():
    assert [each.full_name for each in ENTRIES if each.awaits] == []


def test_a_change_that_does_not_apply_is_an_error():
    with pytest.raises(
        CatalogueError, match=r"^f: x: 'b' must occur once in the source, but occurs 0 times$"
    ):
        changed("a", [("b", "c")], "f: x")
    with pytest.raises(
        CatalogueError, match=r"^f: x: 'a' must occur once in the source, but occurs 2 times$"
    ):
        changed("a a", [("a", "c")], "f: x")


@pytest.mark.parametrize(
    "text,message",
    [
        (
            '[f.x]\nfault = "A."\nabout = "B."\nsource = ""',
            "f: x: an entry needs either fault or about",
        ),
        ('[f.x]\nfault = "A."', "f: x: an entry needs source, body or change"),
        ('[f.x]\nfault = "A."\nchange = []', "f: x: the solution has no such function"),
        (
            '[f.x]\nfault = "A."\nsource = "def f("',
            "f: x: does not parse: '(' was never closed (<unknown>, line 1)",
        ),
        ('[f.x]\nfault = "A."\nsource = ""\ncolour = "red"', "f: x: unknown field colour"),
        (
            '[svm_loss_naive.x]\nfault = "A."\non = "y"\nchange = []',
            "svm_loss_naive: y: the catalogue has no such entry",
        ),
        (
            '["svm_*".x]\nfault = "A."\nchange.softmax_loss_naive = []',
            "svm_*: x: softmax_loss_naive in change matches no function",
        ),
        ("[f", "wrong.toml: Expected ']' at the end of a table declaration (at end of document)"),
    ],
    ids=[
        "both",
        "neither",
        "no function",
        "invalid Python",
        "unknown field",
        "no base",
        "no match",
        "invalid TOML",
    ],
)
def test_an_entry_that_cannot_be_made_is_an_error(tmp_path, monkeypatch, text, message):
    solution_of()
    (tmp_path / "wrong.toml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(catalogue, "_FOLDER", tmp_path)

    with pytest.raises(CatalogueError) as caught:
        load_catalogue()

    assert str(caught.value) == message


def test_a_name_that_two_files_have_is_an_error(tmp_path, monkeypatch):
    solution_of()
    for name in ("right.toml", "wrong.toml"):
        (tmp_path / name).write_text('[f.x]\nfault = "A."\nsource = ""', encoding="utf-8")
    monkeypatch.setattr(catalogue, "_FOLDER", tmp_path)

    with pytest.raises(CatalogueError, match=r"^wrong.toml: f: x is the name of another entry too$"):
        load_catalogue()


def test_a_pattern_makes_an_entry_for_each_function_that_matches(tmp_path, monkeypatch):
    solution_of()
    text = '["*_loss_naive".x]\nfault = "A."\nchange = [["return loss, dW", "return {function}"]]'
    (tmp_path / "wrong.toml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(catalogue, "_FOLDER", tmp_path)

    made = load_catalogue()

    assert [each.full_name for each in made] == ["svm_loss_naive: x", "softmax_loss_naive: x"]
    assert all(f"return {each.function}\n" in each.source for each in made)


def test_a_body_or_change_may_differ_from_function_to_function(tmp_path, monkeypatch):
    solution_of()
    text = """
    ["*_loss_*".x]
    fault = "A."
    change."*_naive" = [["return loss, dW", "return loss"]]
    change.svm_loss_vectorized = [["return loss, dW", "return dW"]]
    [predict_linear_classifier.y]
    about = "B."
    body = "return 1"
    """
    (tmp_path / "wrong.toml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(catalogue, "_FOLDER", tmp_path)

    *made, other = load_catalogue()

    assert [each.full_name for each in made] == [
        "svm_loss_naive: x",
        "softmax_loss_naive: x",
        "svm_loss_vectorized: x",
    ]
    assert "return loss\n" in made[0].source
    assert "return dW\n" in made[2].source
    assert other.source == "import torch\n\ndef predict_linear_classifier(W, X):\n    return 1\n"


def test_a_module_holds_what_the_function_needs_and_its_partner_and_no_more():
    names = [
        node.name
        for node in ast.parse(module_with("svm_loss_naive", solution_of().functions["svm_loss_naive"])).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
    ]
    assert names == ["svm_loss_naive", "svm_loss_vectorized"]

    names = [
        node.name
        for node in ast.parse(module_with("Softmax", solution_of().functions["Softmax"])).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
    ]
    assert "LinearClassifier" in names
    assert "train_linear_classifier" in names
    assert "svm_loss_naive" not in names


def test_without_a_catalogue_as_in_a_wheel_there_are_no_implementations(tmp_path, monkeypatch):
    monkeypatch.setattr(catalogue, "_FOLDER", tmp_path)

    assert catalogue.implementations_for(load_spec("eecs498_2019").spec) == ()
    assert not catalogue.has_catalogue()
