"""KNearestNeighbor.predict_labels(dists, k): the question.

y_pred (N,): the label that occurs most often among the k training points with the smallest distances; of several the smallest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from reference.losses.problem import Array
from reference.mistakes import Mistake
from reference.questions.inputs import Inputs, Value
from reference.questions.question import Answer, Question, QuestionCase, QuestionMistake

_CASES = (
    (12, 13, (3, 5, 8), 4),
    (14, 10, (2, 7), 2),
    (11, 16, (1, 4, 6, 9), 6),
    (10, 9, (4, 5, 6), 3),
    (6, 8, (0, 3, 7), 1),
    (7, 9, (2, 3, 4), 9),
    (9, 15, (5, 6, 7, 8), 8),
)
"""N, M, the labels and k: few labels and mostly an even k make many ties."""


def _draw(rng: np.random.Generator) -> Sequence[QuestionCase]:
    """No two distances of a row are equal."""
    cases = []
    for N, M, labels, k in _CASES:
        inputs = _inputs(rng, N, M, labels, k)
        while k < M and _are_alike(Inputs(inputs)):
            inputs = _inputs(rng, N, M, labels, k)
        names = ", ".join(map(str, labels[:-1]))
        cases.append(QuestionCase(f"N={N}, M={M}, labels {names} and {labels[-1]}, k={k}", inputs))
    return cases


def _are_alike(inputs: Inputs) -> bool:
    """Whether two mistakes that give one label to all give the same."""
    return bool(np.array_equal(_of_the_first_row(inputs), _of_the_first_trained(inputs)))


def _inputs(rng: np.random.Generator, N: int, M: int, labels: Sequence[int], k: int) -> dict[str, Value]:
    y = rng.choice(labels, size=M)
    y[: len(labels)] = labels
    ranks = rng.permuted(np.tile(np.arange(1.0, M + 1), (N, 1)), axis=1)
    return {
        "X_train": rng.normal(size=(M, 4)),
        "y_train": rng.permutation(y),
        "dists": 1.5 * ranks + rng.uniform(0, 0.5, size=(N, M)),
        "k": k,
    }


_Choice = Callable[[Array], float]
"""A label from those of the neighbours, the nearest first."""


def _vote(labels: Array) -> int:
    """The label that occurs most often; of several the smallest."""
    found, counts = np.unique(labels, return_counts=True)
    return int(found[np.argmax(counts)])


def _tied(labels: Array) -> Array:
    """All labels that occur most often, in rising order."""
    found, counts = np.unique(labels, return_counts=True)
    return np.asarray(found[counts == counts.max()])


def _first_tied(labels: Array) -> int:
    tied = set(_tied(labels).tolist())
    return next(int(each) for each in labels if each in tied)


def _tied_in_a_set(labels: Array) -> int:
    """max(set(labels), key=labels.count): of several the first in a set's order, which is that of the hashes."""
    listed = [int(each) for each in labels]
    return max(set(listed), key=listed.count)


def _least_common(labels: Array) -> int:
    found, counts = np.unique(labels, return_counts=True)
    return int(found[np.argmin(counts)])


def _nearest(inputs: Inputs) -> Array:
    """(N, M): the training points of each row by distance."""
    return np.argsort(inputs.array("dists"), axis=1)


def _by(
    choice: _Choice, chosen: Callable[[Array, int], Array] = lambda order, k: order[:k]
) -> Callable[[Inputs], Array]:
    """The labels that a choice from these neighbours gives."""

    def labels(inputs: Inputs) -> Array:
        y, k = inputs.array("y_train"), inputs.integer("k")
        return np.asarray([choice(y[chosen(order, k)]) for order in _nearest(inputs)], np.float64)

    return labels


_right = _by(_vote)


def _answer(inputs: Inputs) -> Answer:
    return {"y_pred": _right(inputs).astype(np.int64)}


def _of_indices(choice: Callable[[Array], float]) -> Callable[[Inputs], Array]:
    def labels(inputs: Inputs) -> Array:
        k = inputs.integer("k")
        return np.asarray([choice(order[:k]) for order in _nearest(inputs)], np.float64)

    return labels


def _of_the_first_row(inputs: Inputs) -> Array:
    return np.full(len(inputs.array("dists")), _right(inputs)[0])


def _of_the_first_trained(inputs: Inputs) -> Array:
    y, k = inputs.array("y_train"), inputs.integer("k")
    return np.full(len(inputs.array("dists")), float(_vote(y[:k])))


def _zeros(inputs: Inputs) -> Array:
    return np.zeros(len(inputs.array("dists")))


_TIES = "several labels can tie for the most votes: which of them does the handout ask for?"
_NEAR = "which of the sorted neighbours should you take?"
_VOTE = "the handout asks for the most frequent label"

_TABLE: Mapping[str, tuple[str, Callable[[Inputs], Array]]] = {
    "tie_first": (f"In a tie, it is the label that comes first among the neighbours, nearest first: {_TIES}", _by(_first_tied)),
    "tie_largest": (f"In a tie, it is the largest label: {_TIES}", _by(lambda labels: int(_tied(labels)[-1]))),
    "tie_in_a_set": (f"In a tie, it is the label that a set lists first, and a set has no order: {_TIES}", _by(_tied_in_a_set)),
    "farthest": (f"It is the vote of the k farthest points: {_NEAR}", _by(_vote, lambda order, k: order[-k:])),
    "k_ignored": ("It is the label of the single nearest point: is k used in the vote?", _by(_vote, lambda order, _: order[:1])),
    "k_plus_one": (f"It is the vote of k + 1 neighbours: {_NEAR}", _by(_vote, lambda order, k: order[: k + 1])),
    "k_minus_one": (f"It is the vote of k - 1 neighbours: {_NEAR}", _by(_vote, lambda order, k: order[: max(k - 1, 1)])),
    "skips_nearest": ("It is the vote of the 2nd to the (k+1)th neighbour: no test point is in the training set, so count the nearest one too.", _by(_vote, lambda order, k: order[1 : k + 1])),
    "rounded_mean": (f"It is the rounded mean of the neighbours' labels: {_VOTE}.", _by(lambda labels: float(np.round(np.mean(labels))))),
    "truncated_mean": (f"It is the mean of the neighbours' labels, truncated to a whole number: {_VOTE}.", _by(lambda labels: int(np.mean(labels)))),
    "mean_rounded_up": (f"It is the mean of the neighbours' labels, rounded up at a half: {_VOTE}.", _by(lambda labels: int(np.mean(labels) + 0.5))),
    "upper_median": (f"It is the label in the middle of the neighbours' sorted labels: {_VOTE}.", _by(lambda labels: int(np.sort(labels)[len(labels) // 2]))),
    "median": (f"It is the median of the neighbours' labels: {_VOTE}.", _by(lambda labels: int(np.median(labels)))),
    "smallest": (f"It is the smallest label among the neighbours: {_VOTE}.", _by(lambda labels: int(labels.min()))),
    "largest": (f"It is the largest label among the neighbours: {_VOTE}.", _by(lambda labels: int(labels.max()))),
    "count": ("It is the number of votes of the winning label, not the label.", _by(lambda labels: int(np.unique(labels, return_counts=True)[1].max()))),
    "index_of_neighbour": ("It is the index of the nearest training point: the handout asks for its label.", _of_indices(lambda order: int(order[0]))),
    "vote_over_indices": ("It is a vote over the neighbours' indices, each of which occurs once: count their labels instead.", _of_indices(lambda order: int(order.min()))),
    "position": ("It is the position of the largest label among the neighbours (argmax of the labels): count the labels first.", _by(lambda labels: int(np.argmax(labels)))),
    "position_of_count": ("It is the position of the largest count among the labels that occur: which label is at that position?", _by(lambda labels: int(np.argmax(np.unique(labels, return_counts=True)[1])))),
    "row_zero": ("Every test point has the label of the first: does each one use its own row of dists?", _of_the_first_row),
    "first_k_of_train": ("It is the vote of the first k training points, whatever their distances: sort by the row of dists.", _of_the_first_trained),
    "least_common": (f"It is the label that occurs least often among the neighbours: {_VOTE}.", _by(_least_common)),
    "zeros": ("It is zero everywhere, as in the template: do you write a label into it?", _zeros),
}  # fmt: skip

_MISTAKES: tuple[QuestionMistake, ...] = tuple(
    Mistake(name, "y_pred", message, outcome) for name, (message, outcome) in _TABLE.items()
)

LABELS_QUESTION = Question(
    name="knn_labels",
    parameters=("X_train", "y_train", "dists", "k"),
    outputs={"y_pred": "labels"},
    draw=_draw,
    answer=_answer,
    driver=("knn", "labels"),
    method="predict_labels",
    mistakes=_MISTAKES,
    unchanged=("y_train",),
    subject="predict_labels",
)
