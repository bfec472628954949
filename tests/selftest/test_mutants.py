"""Mutants are made mechanically, always the same, and those that are right are known with a reason."""

import ast

import pytest

from grader.selftest import mutants
from grader.selftest.catalogue import CatalogueError, solution_of
from grader.selftest.mutants import equivalent_mutants, make_mutants

MUTANTS = make_mutants()


def test_there_are_many_and_always_the_same():
    assert len(MUTANTS) >= 200
    assert make_mutants() == MUTANTS


def test_names_and_sources_are_unique():
    assert len({each.full_name for each in MUTANTS}) == len(MUTANTS)
    assert len({each.source for each in MUTANTS}) == len(MUTANTS)


def test_every_mutant_parses_and_differs_from_the_solution():
    right = {ast.unparse(ast.parse(source)) for source in solution_of().functions.values()}
    for each in MUTANTS:
        functions = [ast.unparse(node) for node in ast.parse(each.source).body[1:]]
        assert [name for name in functions if name not in right], each.full_name


def test_every_kind_of_change_is_made():
    names = "\n".join(each.full_name for each in MUTANTS)

    for changed in (
        "svm_loss_naive: line 11: margin = scores[j] + scores[label] + 1.0",  # operator
        "svm_loss_naive: line 12: if margin < 0:",  # comparison
        "svm_loss_naive: line 11: margin = scores[j] - scores[label] + 2.0",  # constant
        "svm_loss_naive: line 7: scores = -(X[i] @ W)",  # sign
        "svm_loss_naive: line 14: pass",  # statement
        "svm_loss_naive: line 7: scores = X @ W",  # subscript
        "softmax_loss_vectorized: line 5: shifted = scores - scores.max(dim=0, keepdim=True).values",  # axis
        "LinearClassifier: line 7: self.W, loss_history = train_linear_classifier(self.W, self.loss,",  # arguments
    ):
        assert changed in names


def test_right_mutants_have_a_reason_and_the_others_are_wrong():
    right = {each.full_name for each in MUTANTS if each.kind == "right"}
    awaiting = {each.full_name for each in MUTANTS if each.awaits}

    assert right | awaiting == set(equivalent_mutants())
    assert all(len(reason) > 20 for reason in equivalent_mutants().values())
    assert len(right) <= 20


def test_an_equivalent_without_a_mutant_is_an_error(monkeypatch):
    monkeypatch.setattr(mutants, "equivalent_mutants", lambda: {"f: line 1: pass": "it does nothing"})

    with pytest.raises(CatalogueError, match=r"^equivalent_mutants.txt: there is no mutant f: line 1: pass$"):
        make_mutants()
