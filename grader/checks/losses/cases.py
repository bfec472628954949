"""Inputs for the losses, drawn afresh for every run: sizes, conditioning and labels that tell mistakes apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

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

    def sizes(self, convention: Convention) -> str:
        """The sizes in words, for a label."""
        features, classes = self.W.shape if convention.layout == "DC" else self.W.shape[::-1]
        return f"N={len(self.y)}, C={classes}, D={features}, reg={self.reg:g}"


def draw_value_cases(rng: np.random.Generator, convention: Convention) -> tuple[Case, ...]:
    """The value cases; the first three are the ones that misconceptions are matched on.

    Never many samples of many classes: a naive function takes 10 us for each sample of each class, and these calls
    are most of the cost of grading.
    """
    draw = _Draw(rng, convention)
    return (
        draw.plain(SMALL, 7, 5, 6, 0.37),
        draw.plain("many features", 10, 10, 20, 0.37),
        draw.plain("many samples", 132, 3, 9, 0.37),
        draw.plain(NO_REG, 13, 3, 4, 0.0),
        draw.plain("one sample", 1, 4, 5, 0.37, jitter=False),
        draw.plain(TWO_CLASSES, 6, 2, 3, 0.37),
        draw.plain("one feature", 1, 2, 1, 0.37, jitter=False),
        draw.plain(MANY_CLASSES, 12, 12, 8, 0.37),
        draw.absent_class("a class without samples", 11, 5, 6, 0.37),
        draw.one_label("samples of one class only", 9, 4, 5, 0.37),
        draw.plain("strong regularization", 8, 4, 6, 2.5e4),
        draw.all_ones("W of ones", 4, 10, 30, 2.5e4),
        # In the sizes of a later case: a function that caches its answer by shape is wrong about one of the two.
        draw.no_data("X of zeros", 12, 4, 6, 1.0),
        draw.gap("a score gap of 40", 10, 5, 6, 0.37, gap=40.0),
        draw.all_right("samples that are all classified right", 12, 4, 6, 0.37),
    )


def draw_small_case(
    rng: np.random.Generator, convention: Convention, reg: float, clearance: float = CLEARANCE
) -> Case:
    """A small case for checks that need one well-behaved point, and call a naive function at it many times."""
    return _Draw(rng, convention).plain(SMALL, 4, 3, 5, reg, clearance=clearance)


def draw_middle_case(rng: np.random.Generator, convention: Convention, reg: float) -> Case:
    """A case of some 6 samples and 12 classes."""
    return _Draw(rng, convention).plain(MANY_CLASSES, 5, 12, 8, reg)


def draw_tiny_case(rng: np.random.Generator, convention: Convention, reg: float) -> Case:
    """As few samples and classes as show what a function does: tracing makes each of its operations dearer."""
    return _Draw(rng, convention).plain("a tiny batch", 3, 3, 4, reg, jitter=False)


def draw_layout_case(rng: np.random.Generator, convention: Convention) -> Case:
    """A case without regularizer whose sizes all differ, so arrays in another layout fit nowhere."""
    return _Draw(rng, convention).plain("sizes that are all different", 5, 3, 8, 0.0, jitter=False)


def draw_loop_cases(rng: np.random.Generator, convention: Convention) -> tuple[Case, Case, Case]:
    """A few samples of a few classes, three times the samples, three times the classes; without a regularizer."""
    N, C, D = int(rng.integers(4, 7)), int(rng.integers(3, 5)), int(rng.integers(4, 7))
    draw = _Draw(rng, convention)
    return (
        draw.plain("a few samples", N, C, D, 0.0, jitter=False),
        draw.plain("three times the samples", 3 * N, C, D, 0.0, jitter=False),
        draw.plain("three times the classes", N, 3 * C, D, 0.0, jitter=False),
    )


def draw_twin_cases(rng: np.random.Generator, convention: Convention) -> tuple[Case, Case]:
    """Two cases of the same sizes with nothing in common."""
    N, C, D = int(rng.integers(5, 8)), 3, int(rng.integers(5, 7))
    draw = _Draw(rng, convention)
    return (
        draw.plain("tensors that are changed later", N, C, D, 0.37, jitter=False),
        draw.plain("the same tensors with other contents", N, C, D, 0.37, jitter=False),
    )


def draw_large_case(rng: np.random.Generator, convention: Convention) -> Case:
    """Greater in N, C and D than all value cases: too much for loops, nothing for a vectorized function.

    Rows with a margin near the kink are drawn again one by one, as no whole draw would be clear.
    """
    N, C = 330 + int(rng.integers(0, 8)), 14 + int(rng.integers(0, 3))
    D = 70 + int(rng.integers(0, 6))
    draw = _Draw(rng, convention)
    W = _float32(rng.normal(0, SPREAD / np.sqrt(D), (D, C)))
    X = _float32(rng.normal(0, 1, (N, D)))
    y = draw.labels(N, C)
    for _ in range(_LARGE_ATTEMPTS):
        scores = X @ W
        margins = scores - scores[np.arange(N), y][:, None] + convention.delta
        margins[np.arange(N), y] = np.inf
        near = np.abs(margins).min(axis=1) < 2 * CLEARANCE
        if not near.any():
            break
        X[near] = _float32(rng.normal(0, 1, (int(near.sum()), D)))
    return draw.case("a large batch", W, X, y, 0.37)


def draw_shifted_cases(
    rng: np.random.Generator, convention: Convention, shifts: Sequence[float]
) -> tuple[Case, ...]:
    """One case with all scores of every other row moved by each shift, through one more feature; the answer stays.

    Rows far apart tell the maximum of each row from the maximum of the batch.
    """
    N, C, D = 5, 4, 5
    draw = _Draw(rng, convention)
    W, X, y = draw.clear(N, C, D, SHIFTED_CLEARANCE)
    W = np.vstack([W, np.ones((1, C))])
    every_other = (np.arange(N) % 2 == 0).astype(np.float64)[:, None]
    return tuple(
        draw.case(_shift_name(shift), W, np.hstack([X, shift * every_other]), y, 0.0) for shift in shifts
    )


def draw_ones_case(rng: np.random.Generator, convention: Convention, reg: float) -> Case:
    """The handout's stability point: W of ones, a great regularizer; small enough for three loops in Python."""
    return _Draw(rng, convention).all_ones("W of ones", 4, 10, 300, reg)


def draw_outlying_case(
    rng: np.random.Generator, convention: Convention, name: str, width: float, *, is_label_on_top: bool
) -> Case:
    """In every row one score is `width` above all others; the label is its class, or another one.

    Subtracting the lowest score of a row, its mean or its median does not help. Where the label has the greatest score,
    no right loss is the logarithm of a probability that underflows.
    """
    N, C, D = 2, OUTLYING_CLASSES, 4
    W, X = rng.normal(0, 0.1, (D, C)), rng.uniform(-1, 1, (N, D))
    greatest = int(rng.integers(0, C))
    W[0, greatest], X[:, 0] = width, 1.0
    y = np.full(N, (greatest + (not is_label_on_top)) % C)
    return _Draw(rng, convention).case(name, W, X, y, 0.0)


def _shift_name(shift: float) -> str:
    return f"scores of every other row moved by {shift:+g}" if shift else "scores that are not moved"


def _float32(array: Array) -> Array:
    return array.astype(np.float32).astype(np.float64)


@dataclass(frozen=True, slots=True)
class _Draw:
    """Draws in the layout W (D, C), X (N, D); `case` brings them into the layout of the convention."""

    rng: np.random.Generator
    convention: Convention

    def plain(
        self,
        name: str,
        N: int,
        C: int,
        D: int,
        reg: float,
        *,
        jitter: bool = True,
        clearance: float = CLEARANCE,
    ) -> Case:
        """Gaussian W and X, labels of every class; sizes vary a little so that none can be relied on."""
        if jitter:
            N, D = N + int(self.rng.integers(0, 4)), D + int(self.rng.integers(0, 3))
        return self.case(name, *self.clear(N, C, D, clearance), reg)

    def absent_class(self, name: str, N: int, C: int, D: int, reg: float) -> Case:
        """The last class and one more have no sample."""
        missing = int(self.rng.integers(0, C - 1))
        present = np.array([c for c in range(C - 1) if c != missing])
        return self.case(name, *self.clear(N, C, D, labels=self.rng.choice(present, N)), reg)

    def one_label(self, name: str, N: int, C: int, D: int, reg: float) -> Case:
        """Every sample has the same label."""
        labels = np.full(N, self.rng.integers(0, C))
        return self.case(name, *self.clear(N, C, D, labels=labels), reg)

    def all_ones(self, name: str, N: int, C: int, D: int, reg: float) -> Case:
        """All scores of a row are equal, and the regularizer is C*D*reg."""
        X = self.rng.uniform(-0.5, 0.5, (N, D))
        return self.case(name, np.ones((D, C)), X, self.labels(N, C), reg)

    def no_data(self, name: str, N: int, C: int, D: int, reg: float) -> Case:
        """X is zero, so only the regularizer matters."""
        return self.case(name, self.rng.normal(0, 1, (D, C)), np.zeros((N, D)), self.labels(N, C), reg)

    def gap(self, name: str, N: int, C: int, D: int, reg: float, gap: float) -> Case:
        """W is scaled so that the widest row of scores spans `gap`."""
        W, X = self.rng.normal(0, 1, (D, C)), self.rng.normal(0, 1, (N, D))
        scores = X @ W
        return self.case(name, W * (gap / np.ptp(scores, axis=1).max()), X, self.labels(N, C), reg)

    def all_right(self, name: str, N: int, C: int, D: int, reg: float) -> Case:
        """The true class leads every row by more than the margin; scores stay small enough for any exponential."""
        W, X = self.rng.normal(0, 1, (D, C)), self.rng.normal(0, 1, (10 * N, D))
        ordered = np.sort(X @ W, axis=1)
        lead = ordered[:, -1] - ordered[:, -2]
        X = X[np.argsort(-lead)[:N]]
        y = (X @ W).argmax(axis=1)
        return self.case(name, W * (self.convention.delta + 0.5) / np.sort(lead)[-N], X, y, reg)

    def labels(self, N: int, C: int) -> Array:
        """Labels (N,) of as many classes as fit."""
        labels = np.concatenate([self.rng.permutation(C), self.rng.integers(0, C, max(0, N - C))])[:N]
        return self.rng.permutation(labels)

    def clear(
        self, N: int, C: int, D: int, clearance: float = CLEARANCE, *, labels: Array | None = None
    ) -> tuple[Array, Array, Array]:
        """W, X and y with no margin near the kink, where right answers differ; the clearest draw if there is none."""
        best: tuple[Array, Array, Array] | None = None
        best_clearance = -1.0
        for _ in range(_ATTEMPTS):
            W = _float32(self.rng.normal(0, SPREAD / np.sqrt(D), (D, C)))
            X = _float32(self.rng.normal(0, 1, (N, D)))
            y = self.labels(N, C) if labels is None else labels
            seen = kink_clearance(W, X, y, Convention(delta=self.convention.delta))
            if seen > best_clearance:
                best, best_clearance = (W, X, y), seen
            if seen >= clearance:
                break
        assert best is not None
        return best

    def case(self, name: str, W: Array, X: Array, y: Array, reg: float) -> Case:
        """The case in the layout of the convention, rounded to float32."""
        if self.convention.layout == "CD":
            W, X = W.T, X.T
        return Case(name, _float32(W), _float32(X), y.astype(np.int64), reg)
