"""KNearestNeighbor.compute_distances_two_loops, _one_loop and _no_loops: the questions.

dists (N, M): d_ij = sqrt(sum_d (X_id - T_jd)^2) for test points X (N, D) and training points T (M, D). With a_i = sum_d X_id^2,
b_j = sum_d T_jd^2 and c = X T', d = sqrt(a_i + b_j - 2c_ij), which is how the mistakes are put.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from reference.losses.problem import Array
from reference.mistakes import Mistake
from reference.questions.inputs import Inputs, Value
from reference.questions.question import Answer, Large, Loops, Question, QuestionCase, QuestionMistake, Rule

_TEST, _TRAINING, _FEATURES = "test points", "training points", "features"
_PARAMETERS = ("X_train", "y_train", "X", "X_train_before", "X_before")
_COINCIDENT = "the distance of two equal points is NaN: rounding can leave a number below zero under the root. It cannot happen on images, whose pixels are whole numbers"
_GREATEST_BYTE = 255


@dataclass(frozen=True, slots=True)
class Terms:
    """What the distances are made of."""

    X: Array
    """(N, D)."""
    T: Array
    """(M, D)."""

    @property
    def a(self) -> Array:
        """(N, 1): the squared lengths of the test points."""
        return np.asarray(np.sum(self.X**2, axis=1, keepdims=True))

    @property
    def b(self) -> Array:
        """(1, M): the squared lengths of the training points."""
        return np.asarray(np.sum(self.T**2, axis=1)[None, :])

    @property
    def c(self) -> Array:
        """(N, M): the products of test and training points."""
        return np.asarray(self.X @ self.T.T)

    @property
    def squares(self) -> Array:
        """(N, M): the squared distances, from the differences: accurate however near two points are."""
        return np.stack([np.sum((self.T - row) ** 2, axis=1) for row in self.X])

    @property
    def d(self) -> Array:
        """(N, M): the distances."""
        return np.sqrt(self.squares)

    def over_differences(self, summed: Callable[[Array], Array]) -> Array:
        """(N, M): a sum or the like over the differences (M, D) of each test point."""
        return np.stack([summed(row - self.T) for row in self.X])


def terms(inputs: Inputs) -> Terms:
    """Those of the last training set and test points."""
    return Terms(*inputs.arrays("X", "X_train"))


def _answer(inputs: Inputs) -> Answer:
    return {"dists": terms(inputs).d}


# --- Cases -----------------------------------------------------------------------------------------------------------


def _case(
    label: str,
    X: Array,
    X_train: Array,
    rng: np.random.Generator,
    before: tuple[Array, Array] | None = None,
) -> QuestionCase:
    X_before, X_train_before = before or (None, None)
    inputs: dict[str, Value] = {
        "X_train": X_train,
        "y_train": rng.integers(0, 3, size=len(X_train)),
        "X": X,
        "X_train_before": X_train_before,
        "X_before": X_before,
    }
    return QuestionCase(label, inputs)


def _bytes(rng: np.random.Generator, N: int, M: int, D: int) -> tuple[Array, Array]:
    """X and X_train as pixels are: whole numbers from 0 to 255 in float64."""
    X, X_train = (rng.integers(0, _GREATEST_BYTE + 1, size=(rows, D)).astype(np.float64) for rows in (N, M))
    return X, X_train


def _normal(rng: np.random.Generator, N: int, M: int, D: int) -> tuple[Array, Array]:
    return rng.normal(size=(N, D)), rng.normal(size=(M, D))


def _draw(rng: np.random.Generator) -> Sequence[QuestionCase]:
    """Test points never equal a training point, but in the last case. N, M and D differ, but in the case before it, where
    what is transposed has the same shape.
    """
    cases = [
        _case(f"N={N}, M={M}, D={D}", *_bytes(rng, N, M, D), rng)
        for N, M, D in ((5, 8, 6), (4, 11, 3072), (1, 7, 5))
    ]
    again = "N=6, M=9, D=4, after train and a call with other points (is anything kept from them?)"
    cases.append(_case(again, *_bytes(rng, 6, 9, 4), rng, before=_bytes(rng, 6, 9, 4)))
    for N, M, D in ((12, 7, 5), (6, 6, 60)):
        cases.append(_case(f"N={N}, M={M}, D={D}", *_normal(rng, N, M, D), rng))
    X, X_train = _normal(rng, 41, 43, 50)
    X[:40] = X_train[:40]
    equal = _case("N=41, M=43, D=50, with test points that equal a training point", X, X_train, rng)
    return [*cases, QuestionCase(equal.label, equal.inputs, is_noted=True, note=_COINCIDENT, is_large=True)]


_FEW, _MANY = 5, 20
"""Of the test points and so on, in counted calls."""


def _draw_loops(rng: np.random.Generator) -> tuple[QuestionCase, Mapping[str, QuestionCase]]:
    few = {_TEST: _FEW, _TRAINING: _FEW + 1, _FEATURES: _FEW + 2}

    def sized(sizes: Mapping[str, int]) -> QuestionCase:
        N, M, D = (sizes[each] for each in (_TEST, _TRAINING, _FEATURES))
        return _case(f"N={N}, M={M}, D={D}", *_normal(rng, N, M, D), rng)

    return sized(few), {each: sized({**few, each: _MANY}) for each in few}


_SIZES = {_TEST: (_FEW, _MANY), _TRAINING: (_FEW + 1, _MANY), _FEATURES: (_FEW + 2, _MANY)}

_LARGE_N, _LARGE_M, _LARGE_D = 400, 2000, 1536
_BEYOND = 1.1
"""Times the memory that all differences need in float32; in float64 they need twice that."""
_SLOW_N, _SLOW_M = 5, 400


def _draw_large(rng: np.random.Generator, memory_bytes: int) -> QuestionCase:
    least = math.ceil(_BEYOND * memory_bytes / (_LARGE_N * _LARGE_M * np.dtype(np.float32).itemsize))
    D = max(_LARGE_D, least)
    X, X_train = rng.random((_LARGE_N, D)), rng.random((_LARGE_M, D))
    return _case(f"N={_LARGE_N}, M={_LARGE_M}, D={D}", X, X_train, rng)


def _slow_inputs(inputs: Inputs) -> tuple[Inputs, float]:
    X, X_train = inputs.arrays("X", "X_train")
    part = Inputs({"X_train": X_train[:_SLOW_M], "X": X[:_SLOW_N]})
    return part, X.shape[0] * X_train.shape[0] / (_SLOW_N * _SLOW_M)


_LARGE = Large(
    _draw_large,
    rows="X",
    slow=("knn", "two_loops"),
    slow_inputs=_slow_inputs,
    memory_advice="Does it hold the differences of all pairs of points at once, an array of N x M x D numbers? The result has only N x M: what do you need from each difference?",
    time_advice="Is a loop left, or something that works like one? The handout suggests one matrix multiplication.",
)

# --- Mistakes --------------------------------------------------------------------------------------------------------


def _of_rows_alike(found: Terms) -> Array:
    """Every column of row i is the distance between test point i and training point i."""
    N, M = found.d.shape
    return np.repeat(np.diagonal(found.d)[:, None], M, axis=1) if N <= M else _never(found)


def _never(found: Terms) -> Array:
    """No mistake: other code raises here, or returns another shape."""
    return np.full(found.c.shape, np.nan)


def _if_square(formula: Callable[[Terms], Array]) -> Callable[[Terms], Array]:
    """A formula that raises, or has another shape, unless there are as many test points as training points."""
    return lambda found: formula(found) if len(found.X) == len(found.T) else _never(found)


def _in_bytes(found: Terms) -> Array:
    """The differences of uint8 images: modulo 256."""
    return np.sqrt(found.over_differences(lambda each: np.sum((each % (_GREATEST_BYTE + 1)) ** 2, axis=1)))


def _squared_in_bytes(found: Terms) -> Array:
    """The squares are taken modulo 256 too."""
    return np.sqrt(found.over_differences(lambda each: np.sum(each**2 % (_GREATEST_BYTE + 1), axis=1)))


_ROOT = "did you take the square root?"
_EXPAND = "expand (x - t)^2 on paper, and compare it term by term"
_INDEX = "which index does each loop run over?"

_TABLE: Mapping[str, tuple[str, Callable[[Terms], Array]]] = {
    "squared": (f"It equals the squared distances: {_ROOT}", lambda f: f.squares),
    "half_squared": (f"It equals half of the squared distances: {_ROOT}", lambda f: f.squares / 2),
    "l1": (
        "It equals the sums of the absolute differences (L1): the handout asks for the Euclidean distance.",
        lambda f: f.over_differences(lambda each: np.sum(np.abs(each), axis=1)),
    ),
    "mean": (
        "It equals the distances divided by sqrt(D): do you take a mean over the features where there should be a sum?",
        lambda f: f.d / np.sqrt(f.X.shape[1]),
    ),
    "no_root_of_mean": (
        "It equals the mean of the squared differences: take their sum, and then its square root.",
        lambda f: f.squares / f.X.shape[1],
    ),
    "plus_cross": (
        f"It equals sqrt(|x|^2 + |t|^2 + 2 x.t), which is the length of x + t: {_EXPAND}.",
        lambda f: np.sqrt(f.a + f.b + 2 * f.c),
    ),
    "cross_once": (
        f"It equals sqrt(|x|^2 + |t|^2 - x.t): {_EXPAND}.",
        lambda f: np.sqrt(f.a + f.b - f.c),
    ),
    "train_norms_missing": (
        f"It equals the distances without the squared lengths of the training points under the root: {_EXPAND}.",
        lambda f: np.sqrt(np.maximum(f.a - 2 * f.c, 0)),
    ),
    "test_norms_missing": (
        f"It equals the distances without the squared lengths of the test points under the root: {_EXPAND}.",
        lambda f: np.sqrt(np.maximum(f.b - 2 * f.c, 0)),
    ),
    "cross_missing": (
        f"It equals sqrt(|x|^2 + |t|^2), without any product of x and t: {_EXPAND}.",
        lambda f: np.sqrt(f.a + f.b),
    ),
    "summed_before_square": (
        "It equals the absolute value of the summed differences: square the differences before you sum them.",
        lambda f: np.abs(f.over_differences(lambda each: np.sum(each, axis=1))),
    ),
    "max_component": (
        "It equals the largest absolute difference of any feature: the Euclidean distance sums over all of them.",
        lambda f: f.over_differences(lambda each: np.max(np.abs(each), axis=1)),
    ),
    "train_row_i": (
        f"In row i, every column has the distance to training point i: {_INDEX}",
        _of_rows_alike,
    ),
    "row_zero": (
        f"Every row is that of the first test point: {_INDEX}",
        lambda f: np.repeat(f.d[:1], len(f.X), axis=0),
    ),
    "row_total": (
        "In each row, every column has the root of the sum over all training points: is the sum missing its axis?",
        lambda f: np.repeat(np.sqrt(np.sum(f.squares, axis=1, keepdims=True)), len(f.T), axis=1),
    ),
    "norms_swapped": (
        "It equals sqrt(|t_i|^2 + |x_j|^2 - 2 x_i.t_j): which lengths belong to the rows, and which to the columns?",
        _if_square(lambda f: np.sqrt(f.b.T + f.a.T - 2 * f.c)),
    ),
    "transposed": (
        "Rows and columns are swapped: dists has a row for each test point and a column for each training point.",
        _if_square(lambda f: f.d.T),
    ),
    "norm_difference": (
        "It equals the difference between the lengths of the two points: the handout asks for the length of their difference.",
        lambda f: np.abs(np.sqrt(f.a) - np.sqrt(f.b)),
    ),
    "sum_of_norms": (
        "It equals the sum of the lengths of the two points: the handout asks for the length of their difference.",
        lambda f: np.sqrt(f.a) + np.sqrt(f.b),
    ),
    "dot": ("It equals the products of test and training points, which are not distances.", lambda f: f.c),
    "cosine": (
        "It equals the cosine distance: the handout asks for the Euclidean distance.",
        lambda f: 1 - f.c / np.sqrt(f.a * f.b),
    ),
    "negative": ("It equals the distances with a minus sign.", lambda f: -f.d),
    "zeros": (
        "It is zero everywhere, as in the template: do you write anything into it?",
        lambda f: np.zeros(f.c.shape),
    ),
    "wrapped": (
        "It equals the distances of differences that wrap around at 256: are the points converted to uint8?",
        _in_bytes,
    ),
    "wrapped_squares": (
        "It equals the distances of squares that wrap around at 256: are the points converted to uint8?",
        _squared_in_bytes,
    ),
}  # fmt: skip


def _before(inputs: Inputs, *names: str) -> Array:
    """The distances where these points are those of the calls before, if there were any."""
    if inputs["X_before"] is None:
        return terms(inputs).d
    return terms(inputs.replace(**{name: inputs[f"{name}_before"] for name in names})).d


def _as_outcome(formula: Callable[[Terms], Array]) -> Callable[[Inputs], Array]:
    return lambda inputs: formula(terms(inputs))


_MISTAKES: tuple[QuestionMistake, ...] = (
    *(Mistake(name, "dists", message, _as_outcome(formula)) for name, (message, formula) in _TABLE.items()),
    Mistake(
        "trained_once",
        "dists",
        "It equals the distances to the points of an earlier call of train: a new call of train replaces the data, so keep nothing from the last one.",
        lambda inputs: _before(inputs, "X_train"),
    ),
    Mistake(
        "tested_once",
        "dists",
        "It equals the distances of the test points of an earlier call: keep nothing between calls.",
        lambda inputs: _before(inputs, "X"),
    ),
    Mistake(
        "kept",
        "dists",
        "It equals the result of an earlier call with other points: keep nothing between calls.",
        lambda inputs: _before(inputs, "X", "X_train"),
    ),
)  # fmt: skip

_FEWEST = 3


def _nan_rule(name: str, whose: str, squares: Callable[[Terms], Array]) -> Rule:
    """NaN where one term is missing below the root and the rest of it is negative."""

    def broken(inputs: Inputs, seen: Answer) -> Mapping[str, float] | None:
        below, dists = squares(terms(inputs)), seen["dists"]
        real = below > 0
        if min(real.sum(), (~real).sum()) < _FEWEST or not np.array_equal(np.isfinite(dists), real):
            return None
        is_alike = np.allclose(dists[real], np.sqrt(below[real]), rtol=1e-6)
        return {"count": float((~real).sum())} if is_alike else None

    message = f"It is NaN in {{count}} entries, where the number under the root is negative: the squared lengths of the {whose} points are missing there."
    return Rule(name, "dists", message, broken)


_RULES = (
    _nan_rule("train_norms_missing", "training", lambda f: f.a - 2 * f.c),
    _nan_rule("test_norms_missing", "test", lambda f: f.b - 2 * f.c),
    _nan_rule("both_norms_missing", "test and training", lambda f: -2 * f.c),
)


def _question(version: str, over: tuple[str, ...], rule: str, large: Large | None = None) -> Question:
    method = f"compute_distances_{version}"
    return Question(
        name=f"knn_{version}",
        parameters=_PARAMETERS,
        outputs={"dists": "array"},
        draw=_draw,
        answer=_answer,
        driver=("knn", version),
        method=method,
        mistakes=_MISTAKES,
        rules=_RULES,
        unchanged=("X_train", "X"),
        subject=method,
        raised={
            "AnotherVersionError": (
                "calls_another",
                "calls another of the three versions",
                "Write each version on its own; no points for this one until you do.",
            )
        },
        loops=Loops(_draw_loops, _SIZES, over, rule),
        large=large,
    )


DISTANCE_QUESTIONS = (
    _question("two_loops", (_TEST, _TRAINING), "it takes a loop over the test points and one over the training points"),
    _question("one_loop", (_TEST,), "it takes a single loop, over the test points"),
    _question("no_loops", (), "it takes no loop", _LARGE),
)  # fmt: skip
