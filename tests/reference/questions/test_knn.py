"""kNN: the answers against torch and a plain count, the mistakes apart from them and from each other, the drawn cases."""

import itertools
from collections import Counter

import numpy as np
import pytest
import torch

from reference.questions.inputs import Inputs
from reference.questions.knn import KNN_QUESTIONS
from reference.questions.knn.distances import terms

BY_NAME = {question.name: question for question in KNN_QUESTIONS}
DISTANCES, LABELS = BY_NAME["knn_no_loops"], BY_NAME["knn_labels"]
SEEDS = range(4)


def inputs_of(question, seed):
    cases = question.draw(np.random.default_rng(seed))
    return [Inputs(case.inputs) for case in cases if not case.is_noted]


def outcomes_of(question, mistake, given):
    with np.errstate(all="ignore"):
        return [np.asarray(mistake.outcome(each), np.float64) for each in given]


def are_alike(first, second):
    """Whether no call that both give finite numbers for tells them apart, and there is one."""
    pairs = [
        (one, other)
        for one, other in zip(first, second, strict=True)
        if np.isfinite(one).all() and np.isfinite(other).all()
    ]
    return bool(pairs) and all(np.abs(one - other).max() < 1e-3 * np.abs(one).max() for one, other in pairs)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_distances_are_those_of_torch(seed):
    for given in inputs_of(DISTANCES, seed):
        X, X_train = (torch.from_numpy(given.array(name)) for name in ("X", "X_train"))
        expected = torch.cdist(X, X_train, compute_mode="donot_use_mm_for_euclid_dist").numpy()
        np.testing.assert_allclose(DISTANCES.answer(given)["dists"], expected, rtol=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_labels_are_those_of_a_plain_count(seed):
    for given in inputs_of(LABELS, seed):
        dists, y, k = given["dists"], given["y_train"], given["k"]
        for row, label in zip(dists, LABELS.answer(given)["y_pred"], strict=True):
            votes = Counter(y[sorted(range(len(y)), key=row.__getitem__)[:k]].tolist())
            assert label == min(each for each in votes if votes[each] == max(votes.values()))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("question", [DISTANCES, LABELS], ids=lambda question: question.name)
def test_every_mistake_is_known_by_its_values_and_no_two_are_alike(question, seed):
    given = inputs_of(question, seed)
    (output,) = question.outputs
    right = [question.answer(each)[output].astype(np.float64) for each in given]
    outcomes = {each.name: outcomes_of(question, each, given) for each in question.mistakes}

    for name, values in outcomes.items():
        seen = [(each, value) for each, value in zip(given, values, strict=True) if np.isfinite(value).all()]
        named = question.mistake_of(output, seen[:4])
        assert not are_alike(values, right), name
        assert named is not None, name
        assert named.name == name
    alike = [
        (one, other)
        for one, other in itertools.combinations(outcomes, 2)
        if are_alike(outcomes[one], outcomes[other])
    ]
    assert alike == []


def test_there_are_mistakes_enough_and_each_has_one_sentence_for_a_student():
    assert len(DISTANCES.mistakes) >= 24
    assert len(LABELS.mistakes) >= 17
    for question in (DISTANCES, LABELS):
        named = [(each.name, each.message) for each in question.mistakes]
        named += [(each.name, each.message) for each in question.rules]
        assert [name for name, message in named if not message.endswith((".", "?"))] == []


@pytest.mark.parametrize("seed", SEEDS)
def test_a_root_of_a_number_below_zero_is_told_by_where_it_is_nan(seed):
    for name, squares in (
        ("train_norms_missing", lambda f: f.a - 2 * f.c),
        ("test_norms_missing", lambda f: f.b - 2 * f.c),
        ("both_norms_missing", lambda f: -2 * f.c),
    ):
        told = set()
        for given in inputs_of(DISTANCES, seed):
            with np.errstate(invalid="ignore"):
                dists = np.sqrt(squares(terms(given)))
            told |= {
                rule.name for rule in DISTANCES.rules if rule.broken(given, {"dists": dists}) is not None
            }
        assert told == {name}


@pytest.mark.parametrize("seed", SEEDS)
def test_sizes_differ_and_points_do_not_coincide_but_in_the_last_case(seed):
    *cases, square, noted = DISTANCES.draw(np.random.default_rng(seed))
    for given in [Inputs(case.inputs) for case in cases]:
        (N, D), (M, _) = given.array("X").shape, given.array("X_train").shape
        assert len({N, M, D}) == 3
        assert DISTANCES.answer(given)["dists"].min() > 0.01
    rows, columns = DISTANCES.answer(Inputs(square.inputs))["dists"].shape
    assert rows == columns
    assert noted.is_noted
    assert (DISTANCES.answer(Inputs(noted.inputs))["dists"] == 0).sum() == 40
    found = terms(Inputs(noted.inputs))
    assert (found.a + found.b - 2 * found.c).min() < 0


@pytest.mark.parametrize("seed", SEEDS)
def test_votes_are_tied_often_and_distances_never(seed):
    ties = 0
    for given in inputs_of(LABELS, seed):
        dists, y = given["dists"], given["y_train"]
        assert all(len(np.unique(row)) == len(row) for row in dists)
        for row in dists:
            votes = Counter(y[np.argsort(row)[: given["k"]]].tolist())
            ties += list(votes.values()).count(max(votes.values())) > 1
    assert ties >= 8


@pytest.mark.parametrize("memory", [1 << 29, 4 << 30])
def test_the_differences_of_the_large_case_are_beyond_the_memory_even_in_float32(memory):
    large = DISTANCES.large
    assert large is not None
    whole = Inputs(large.draw(np.random.default_rng(0), memory).inputs)
    X, X_train = whole.arrays("X", "X_train")
    part, factor = large.slow_inputs(whole)

    assert len(X) * X_train.size * 4 > 1.05 * memory
    assert 8 * (len(X) * len(X_train) + X.size + X_train.size) < memory / 10
    rows, columns = DISTANCES.answer(part)["dists"].shape
    assert factor * rows * columns == len(X) * len(X_train)
