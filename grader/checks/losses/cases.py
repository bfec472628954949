"""Inputs for the losses, drawn afresh for every run: sizes, conditioning and labels that tell mistakes apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

import reference
from grader.model.trial import Array
from reference import Convention, kink_clearance

SPREAD = 2.2
"""Standard deviation of the scores: softmax far from uniform, margins mixed."""

CLEARANCE = 1e-3
SHIFT = 1e4
SHIFTED_CLEARANCE = 0.05
"""Distance of every margin from the hinge's kink; scores of size 1e4 carry rounding of 1e-3 in float32."""

OUTLYING_CLASSES = 32
"""So many that the mean of a row is nearly as far from its greatest score as the others are."""

SOME_ROWS = "scores of every other row shifted"
GAP = "a score gap of 40"
ONES_REG = 2.5e4
"""The handout's, for W of ones."""

SMALL, NO_REG, TWO_CLASSES, MANY_CLASSES = (
    "a small batch",
    "a batch without regularization",
    "two classes",
    "many classes",
)

SECOND_DTYPE_CASES = frozenset({SMALL, NO_REG, TWO_CLASSES, MANY_CLASSES})
"""The cases that are tried in the other dtype too; they show arithmetic that fits one dtype only."""

_ATTEMPTS = 400
_LARGE_ATTEMPTS = 20


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One set of inputs in float64, every number of which float32 can hold.

    W (D, C) and X (N, D), or (C, D) and (D, N) in layout "CD"; y (N,) int64.
    """

    name: str
    W: Array
    X: Array
    y: Array
    reg: float

    @property
    def inputs(self) -> reference.Case:
        """The case as the reference takes it."""
        return reference.Case(self.W, self.X, self.y, self.reg)

    def sizes(self, convention: Convention) -> str:
        """The sizes, for a label."""
        features, classes = self.W.shape if convention.layout == "DC" else self.W.shape[::-1]
        return f"N={len(self.y)}, C={classes}, D={features}, reg={self.reg:g}"


@dataclass(frozen=True, slots=True)
class Draw:
    """Draws cases in the layout W (D, C), X (N, D); `case` brings them into the layout of the convention."""

    rng: np.random.Generator
    convention: Convention

    def value_cases(self) -> tuple[Case, ...]:
        """The value cases; mistakes are matched on the first three, whose sizes and strengths of regularization differ.

        Never many samples of many classes: a naive function takes 10 us for each sample of each class, and these calls
        are most of the cost of grading.
        """
        return (
            self.jittered(SMALL, 7, 5, 6, 0.37),
            self.jittered("many features", 10, 10, 20, 0.53),
            self.jittered("many samples", 132, 3, 9, 0.29),
            self.jittered(NO_REG, 13, 3, 4, 0.0),
            self.plain("one sample", 1, 4, 5, 0.37),
            self.jittered(TWO_CLASSES, 6, 2, 3, 0.37),
            self.plain("one feature", 1, 2, 1, 0.37),
            self.jittered(MANY_CLASSES, 12, 12, 8, 0.37),
            self.plain("a class without samples", 11, 5, 6, 0.37, labels=self._labels_without_last(11, 5)),
            self.plain(
                "samples of one class only", 9, 4, 5, 0.37, labels=np.full(9, self.rng.integers(0, 4))
            ),
            self.jittered("strong regularization", 8, 4, 6, 2.5e4),
            self.all_ones(30),
            # In the sizes of a later case: a function that caches its answer by shape is wrong about one of the two.
            self.case(
                "X of zeros", self.rng.normal(0, 1, (6, 4)), np.zeros((12, 6)), self.labels(12, 4), 1.0
            ),
            self._gap(10, 5, 6),
            self._all_right(12, 4, 6),
        )

    def small(self, reg: float, clearance: float = CLEARANCE) -> Case:
        """A small case for checks that need one well-behaved point, and call a naive function at it many times."""
        return self.jittered(SMALL, 4, 3, 5, reg, clearance)

    def large(self) -> Case:
        """Greater in N, C and D than all value cases: too much for loops, nothing for a vectorized function.

        Rows with a margin near the kink are drawn again one by one, as no whole draw would be clear.
        """
        N, C = 330 + int(self.rng.integers(0, 8)), 14 + int(self.rng.integers(0, 3))
        D = 70 + int(self.rng.integers(0, 6))
        W = _float32(self.rng.normal(0, SPREAD / np.sqrt(D), (D, C)))
        X = _float32(self.rng.normal(0, 1, (N, D)))
        y = self.labels(N, C)
        for _ in range(_LARGE_ATTEMPTS):
            scores = X @ W
            margins = scores - scores[np.arange(N), y][:, None] + self.convention.delta
            margins[np.arange(N), y] = np.inf
            near = np.abs(margins).min(axis=1) < 2 * CLEARANCE
            if not near.any():
                break
            X[near] = _float32(self.rng.normal(0, 1, (int(near.sum()), D)))
        return self.case("a large batch", W, X, y, 0.37)

    def shifted(self, shifts: Sequence[float]) -> tuple[Case, ...]:
        """One case with all scores of every other row shifted by each shift, through one more feature; the answer stays.

        Rows far apart tell the maximum of each row from the maximum of the batch.
        """
        W, X, y = self.clear(5, 4, 5, SHIFTED_CLEARANCE)
        W = np.vstack([W, np.ones((1, 4))])
        every_other = (np.arange(5) % 2 == 0).astype(np.float64)[:, None]
        return tuple(
            self.case(
                f"{SOME_ROWS} by {shift:+g}" if shift else "unshifted scores",
                W,
                np.hstack([X, shift * every_other]),
                y,
                0.0,
            )
            for shift in shifts
        )

    def outlying(self, name: str, width: float, *, is_label_on_top: bool) -> Case:
        """In every row one score is `width` above all others; the label is its class, or another one.

        Subtracting the lowest score of a row, its mean or its median does not help. Where the label has the greatest
        score, no right loss is the logarithm of a probability that underflows.
        """
        N, C, D = 2, OUTLYING_CLASSES, 4
        W, X = self.rng.normal(0, 0.1, (D, C)), self.rng.uniform(-1, 1, (N, D))
        greatest = int(self.rng.integers(0, C))
        W[0, greatest], X[:, 0] = width, 1.0
        y = np.full(N, (greatest + (not is_label_on_top)) % C)
        return self.case(name, W, X, y, 0.0)

    def all_ones(self, D: int) -> Case:
        """The handout's stability point: all scores of a row are equal, and the regularizer is C*D*reg."""
        X = self.rng.uniform(-0.5, 0.5, (4, D))
        return self.case("W of ones", np.ones((D, 10)), X, self.labels(4, 10), ONES_REG)

    def jittered(self, name: str, N: int, C: int, D: int, reg: float, clearance: float = CLEARANCE) -> Case:
        """A plain case whose sizes vary a little, so that none can be relied on."""
        N, D = N + int(self.rng.integers(0, 4)), D + int(self.rng.integers(0, 3))
        return self.case(name, *self.clear(N, C, D, clearance), reg)

    def plain(self, name: str, N: int, C: int, D: int, reg: float, *, labels: Array | None = None) -> Case:
        """Gaussian W and X; labels of every class unless they are given."""
        return self.case(name, *self.clear(N, C, D, labels=labels), reg)

    def unclear(self, name: str, N: int, C: int, D: int) -> Case:
        """Gaussian W and X whose margins may be anywhere, where only the work that is done counts."""
        W, X = self.rng.normal(0, SPREAD / np.sqrt(D), (D, C)), self.rng.normal(0, 1, (N, D))
        return self.case(name, W, X, self.labels(N, C), 0.0)

    def _labels_without_last(self, N: int, C: int) -> Array:
        """Labels without the last class and one more."""
        missing = int(self.rng.integers(0, C - 1))
        return self.rng.choice(np.delete(np.arange(C - 1), missing), N)

    def _gap(self, N: int, C: int, D: int) -> Case:
        """W is scaled so that the widest row of scores spans 40."""
        W, X = self.rng.normal(0, 1, (D, C)), self.rng.normal(0, 1, (N, D))
        return self.case(GAP, W * (40 / np.ptp(X @ W, axis=1).max()), X, self.labels(N, C), 0.37)

    def _all_right(self, N: int, C: int, D: int) -> Case:
        """The true class leads every row by more than the margin; scores stay small enough for any exponential."""
        W, X = self.rng.normal(0, 1, (D, C)), self.rng.normal(0, 1, (10 * N, D))
        ordered = np.sort(X @ W, axis=1)
        lead = ordered[:, -1] - ordered[:, -2]
        X = X[np.argsort(-lead)[:N]]
        W_scaled = W * (self.convention.delta + 0.5) / np.sort(lead)[-N]
        return self.case(
            "samples that are all classified correctly", W_scaled, X, (X @ W).argmax(axis=1), 0.37
        )

    def labels(self, N: int, C: int) -> Array:
        """Labels (N,) of as many classes as fit."""
        labels = np.concatenate([self.rng.permutation(C), self.rng.integers(0, C, max(0, N - C))])[:N]
        return self.rng.permutation(labels)

    def clear(
        self, N: int, C: int, D: int, clearance: float = CLEARANCE, *, labels: Array | None = None
    ) -> tuple[Array, Array, Array]:
        """W, X and y with no margin near the kink, where right answers differ; the clearest draw if there is none.

        Some class is always within the margin: where none is, a right gradient is as empty as one not filled in.
        """
        best: tuple[Array, Array, Array] | None = None
        best_clearance = -1.0
        for _ in range(_ATTEMPTS):
            W = _float32(self.rng.normal(0, SPREAD / np.sqrt(D), (D, C)))
            X = _float32(self.rng.normal(0, 1, (N, D)))
            y = self.labels(N, C) if labels is None else labels
            seen = kink_clearance(W, X, y, Convention(delta=self.convention.delta))
            if not self._has_active_margin(X @ W, y):
                seen = 0.0
            if seen > best_clearance:
                best, best_clearance = (W, X, y), seen
            if seen >= clearance:
                break
        assert best is not None
        return best

    def _has_active_margin(self, scores: Array, y: Array) -> bool:
        margins = scores - np.take_along_axis(scores, y[:, None], axis=1) + self.convention.delta
        np.put_along_axis(margins, y[:, None], 0, axis=1)
        return bool(np.any(margins > 0))

    def case(self, name: str, W: Array, X: Array, y: Array, reg: float) -> Case:
        """The case in the layout of the convention, rounded to float32."""
        if self.convention.layout == "CD":
            W, X = W.T, X.T
        return Case(name, _float32(W), _float32(X), y.astype(np.int64), reg)


def _float32(array: Array) -> Array:
    return array.astype(np.float32).astype(np.float64)
