"""Linear regression of x on [x, x^2] in torch: features, forward, loss and fit.

x (N,), y (N, 1); psi (N, 2); w (2, 1), b (1,). The loss is the mean squared error. fit standardises psi and y by their
means and unbiased standard deviations and descends from w = b = 0.5, as the answer in seed 004 does; the question there
took the raw features, on which the steps diverge.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from reference.losses.problem import Array
from reference.mistakes import Mistake, Table, mistakes_in
from reference.questions.history import before_steps, length_rule, other_histories
from reference.questions.inputs import Inputs
from reference.questions.question import (
    Answer,
    Question,
    QuestionCase,
    QuestionMistake,
    Rule,
    in_outputs,
)

RATE, STEPS = 0.02, 30
"""The defaults of learning_rate and num_iters."""


@dataclass(frozen=True, slots=True)
class Fit:
    """How a fit goes; the defaults are right."""

    standardised: tuple[str, ...] = ("psi", "y")
    """Which of the features and the targets are standardised."""
    degrees: int = 1
    """Subtracted from N in the variance."""
    is_centred: bool = True
    is_scaled: bool = True
    axis: int | None = 0
    """The axis of the mean and the deviation."""
    start: float = 0.5
    """Of w and b."""
    factor: float = 1.0
    """Of the gradient."""
    is_bias_updated: bool = True
    rate: float | None = None
    """Replaces the learning rate of the call."""


RIGHT = Fit()


def powers(x: Array) -> Array:
    """(N, 2): x and its square."""
    return np.stack([x, x**2], axis=1)


def _standardised(values: Array, options: Fit) -> Array:
    centred = values - values.mean(axis=options.axis) if options.is_centred else values
    if not options.is_scaled:
        return centred
    return np.asarray(centred / values.std(axis=options.axis, ddof=options.degrees))


def descend(inputs: Inputs, options: Fit = RIGHT) -> Answer:
    """The w (2, 1), the b (1,) and the losses (num_iters + 1,); the last is that of the w and b returned."""
    psi, y = powers(inputs.array("x")), inputs.array("y").reshape(-1, 1)
    if "psi" in options.standardised:
        psi = _standardised(psi, options)
    if "y" in options.standardised:
        y = _standardised(y, options)
    rate = inputs.number("learning_rate") if options.rate is None else options.rate
    w, b = np.full((2, 1), options.start), np.full(1, options.start)
    history = []
    with np.errstate(all="ignore"):
        for left in reversed(range(inputs.integer("num_iters") + 1)):
            residual = psi @ w + b - y
            history.append(float(np.mean(residual**2)))
            if left == 0:
                break
            slope = 2 * options.factor * residual / len(y)
            w = w - rate * (psi.T @ slope)
            if options.is_bias_updated:
                b = b - rate * slope.sum(axis=0)
    return {"w": w, "b": b, "history": np.asarray(history)}


# --- Cases -----------------------------------------------------------------------------------------------------------


def _draw_points(rng: np.random.Generator) -> Sequence[QuestionCase]:
    return [
        QuestionCase("x = 1, 2, 3, 4, 5", {"x": np.arange(1.0, 6.0)}),
        *(QuestionCase(f"N={N}", {"x": rng.uniform(-3, 3, size=N)}) for N in (1, 2, 8, 30)),
    ]


def _draw_forward(rng: np.random.Generator) -> Sequence[QuestionCase]:
    return [
        QuestionCase(
            f"N={N}",
            {"psi": rng.normal(size=(N, 2)), "w": rng.normal(size=(2, 1)), "b": rng.normal(size=1)},
        )
        for N in (1, 5, 12)
    ]


def _draw_errors(rng: np.random.Generator) -> Sequence[QuestionCase]:
    cases = []
    for N in (3, 5, 12):
        y = rng.normal(size=(N, 1))
        cases.append(QuestionCase(f"N={N}", {"y": y, "y_hat": y + rng.normal(size=(N, 1))}))
    return cases


def _draw_fits(rng: np.random.Generator) -> Sequence[QuestionCase]:
    line = np.arange(1.0, 6.0)
    found: list[tuple[str, Array, Array, float, int]] = [
        ("x = 1, 2, 3, 4, 5 with y = x^2", line, line**2, RATE, STEPS)
    ]
    for N, rate, count in ((8, 0.03, 25), (12, 0.05, 40), (20, 0.01, 60)):
        x = rng.uniform(0.5, 6, size=N)
        y = rng.uniform(0.5, 2) * x**2 + rng.uniform(-1, 1) * x + rng.uniform(1, 5) + 0.5 * rng.normal(size=N)
        found.append((f"N={N}, learning_rate={rate:g}, num_iters={count}", x, y, rate, count))
    return [
        QuestionCase(label, {"x": x, "y": y.reshape(-1, 1), "learning_rate": rate, "num_iters": count})
        for label, x, y, rate, count in found
    ]


# --- Mistakes --------------------------------------------------------------------------------------------------------

_ONE_IS_STANDARDISED = "which of the two should be standardised?"
_WHERE_START = "where should w and b start?"
_REACHES_UPDATE = "is learning_rate used in the update?"
_RAW = Fit(standardised=())
_DIVERGES = "steps on the raw features, whose scales are very different: how large is the gradient for x^2, and how does standardising change that?"

_FITS: Table[Fit] = {
    "no_normalisation": (_DIVERGES, _RAW),
    "no_normalisation_rate_ignored": (f"a learning rate of 0.01 and {_DIVERGES}", Fit(standardised=(), rate=0.01)),
    "targets_not_normalised": (f"standardised features and unchanged targets: {_ONE_IS_STANDARDISED}", Fit(standardised=("psi",))),
    "features_not_normalised": (f"standardised targets and unchanged features: {_ONE_IS_STANDARDISED}", Fit(standardised=("y",))),
    "biased_deviation": ("standard deviations divided by N: which one does the assignment ask for?", Fit(degrees=0)),
    "not_centred": ("features and targets that keep their means: what does standardising subtract?", Fit(is_centred=False)),
    "not_scaled": ("features and targets that are only centred: what does standardising divide by?", Fit(is_scaled=False)),
    "one_mean_for_all_features": ("one mean and deviation for both features: along which axis do you compute each?", Fit(axis=None)),
    "starts_at_zero": (f"starting at zero: {_WHERE_START}", Fit(start=0.0)),
    "starts_at_one": (f"starting at one: {_WHERE_START}", Fit(start=1.0)),
    "gradient_halved": ("half the gradient: what is the derivative of a square?", Fit(factor=0.5)),
    "gradient_doubled": ("twice the gradient: does it accumulate from step to step, or does a factor appear twice?", Fit(factor=2.0)),
    "step_uphill": ("steps along the gradient: in which direction does the loss fall?", Fit(factor=-1.0)),
    "bias_not_updated": ("a bias that never changes: which parameters should a step update?", Fit(is_bias_updated=False)),
    "rate_ignored": (f"a learning rate of 0.02 whatever learning_rate says: {_REACHES_UPDATE}", Fit(rate=0.02)),
    "rate_of_the_printed_losses": (f"a learning rate of 0.03 whatever learning_rate says: {_REACHES_UPDATE}", Fit(rate=0.03)),
}  # fmt: skip


def _rises(inputs: Inputs, seen: Answer) -> Mapping[str, float] | None:
    """Whether the losses grow as they do with raw features."""
    history = seen["history"]
    if history.size < 2 or history[-1] < 2 * history[0]:
        return None
    raw = descend(inputs, _RAW)["history"]
    return None if raw[-1] < 2 * raw[0] else {"first": float(history[0]), "last": float(history[-1])}


_ERRORS: Table[Callable[[Array], Any]] = {
    "sum_instead_of_mean": ("the sum of the squared errors: where is it divided by their number?", lambda e: np.sum(e**2)),
    "half_of_the_mean": ("half of the mean squared error: does the assignment have that factor?", lambda e: np.mean(e**2) / 2),
    "twice_the_mean": ("twice the mean squared error: which factor does the assignment have?", lambda e: 2 * np.mean(e**2)),
    "absolute_error": ("the mean absolute error: what should happen to each difference?", lambda e: np.mean(np.abs(e))),
    "root_of_the_mean": ("the root of the mean squared error: does the assignment ask for a root?", lambda e: np.sqrt(np.mean(e**2))),
    "square_of_the_mean": ("the square of the mean error: which comes first, the square or the mean?", lambda e: np.mean(e) ** 2),
    "mean_error": ("the mean of the differences: what should happen to each of them?", np.mean),
    "one_less_in_the_mean": ("the sum of the squared errors divided by N - 1: what does an average divide by?", lambda e: np.sum(e**2) / (e.size - 1)),
    "all_zero": ("zero: is it still unchanged from the template?", lambda _: 0.0),
    "norm_of_errors": ("the norm of the errors: does the assignment ask for a root?", lambda e: np.sqrt(np.sum(e**2))),
}  # fmt: skip

_LOSSES: tuple[QuestionMistake, ...] = (
    *mistakes_in(
        "loss",
        _ERRORS,
        lambda inputs, formula: formula(inputs.array("y") - inputs.array("y_hat")),
        "It equals ",
    ),
    Mistake(
        "every_pair",
        "loss",
        "It equals the mean over all pairs of a target and a prediction: what shapes do the two have when you subtract them?",
        lambda inputs: np.mean((inputs.array("y") - inputs.array("y_hat").reshape(1, -1)) ** 2),
    ),
)


_WHICH_POWERS = "which powers does the assignment ask for?"

_COLUMNS: Table[Callable[[Array], Array]] = {
    "columns_swapped": ("They are the right columns in the wrong order.", lambda x: powers(x)[:, ::-1]),
    "one_and_x": (f"They are ones and x: {_WHICH_POWERS}", lambda x: np.stack([x**0, x], axis=1)),
    "one_and_square": (f"They are ones and squares: {_WHICH_POWERS}", lambda x: np.stack([x**0, x**2], axis=1)),
    "doubled_for_squared": ("Their second column is 2*x: what is the square of x?", lambda x: np.stack([x, 2 * x], axis=1)),
    "cubes": (f"Their second column is the cube of x: {_WHICH_POWERS}", lambda x: np.stack([x, x**3], axis=1)),
    "x_twice": (f"Both columns are x: {_WHICH_POWERS}", lambda x: np.stack([x, x], axis=1)),
    "squares_twice": (f"Both columns are squares: {_WHICH_POWERS}", lambda x: np.stack([x**2, x**2], axis=1)),
    "all_zero": ("They are zero: are they still unchanged from the template?", lambda x: 0 * powers(x)),
    "rows_as_columns": ("They are the right numbers in the wrong places: do you reshape the array instead of transposing it?", lambda x: powers(x).T.reshape(-1, 2)),
}  # fmt: skip

_FEATURES: tuple[QuestionMistake, ...] = mistakes_in(
    "psi", _COLUMNS, lambda inputs, form: form(inputs.array("x"))
)

_MODEL = ("psi", "w", "b")


_PREDICTIONS: Table[Callable[[Array, Array, Array], Array]] = {
    "bias_left_out": ("It equals psi times w without the bias: which terms does the model have?", lambda psi, w, b: psi @ w + 0 * b),
    "bias_subtracted": ("It equals psi times w minus the bias: which sign does the bias have?", lambda psi, w, b: psi @ w - b),
    "bias_twice": ("It has the bias twice: where is it added?", lambda psi, w, b: psi @ w + 2 * b),
    "weights_swapped": ("It has the weights in the wrong order: which feature does each belong to?", lambda psi, w, b: psi @ w[::-1] + b),
    "first_feature_only": ("It has only the first feature: which columns does psi have?", lambda psi, w, b: psi[:, :1] * w[0] + b),
    "second_feature_only": ("It has only the second feature: which columns does psi have?", lambda psi, w, b: psi[:, 1:] * w[1] + b),
    "features_squared_again": ("It has squared features: are they already squared?", lambda psi, w, b: psi**2 @ w + b),
    "all_zero": ("It is zero: is it still unchanged from the template?", lambda psi, w, b: 0 * (psi @ w + b)),
}  # fmt: skip

_FORWARD: tuple[QuestionMistake, ...] = mistakes_in(
    "y_hat", _PREDICTIONS, lambda inputs, form: form(*inputs.arrays(*_MODEL))
)


def _forward(inputs: Inputs) -> Answer:
    psi, w, b = inputs.arrays(*_MODEL)
    return {"y_hat": psi @ w + b}


LINEAR_REGRESSION_QUESTIONS = (
    Question(
        name="regression_features",
        parameters=("x",),
        outputs={"psi": "array"},
        draw=_draw_points,
        answer=lambda inputs: {"psi": powers(inputs.array("x"))},
        mistakes=_FEATURES,
        right=("linear_regression", "features"),
    ),
    Question(
        name="regression_forward",
        parameters=_MODEL,
        outputs={"y_hat": "array"},
        draw=_draw_forward,
        answer=_forward,
        mistakes=_FORWARD,
        right=("linear_regression", "forward"),
    ),
    Question(
        name="regression_loss",
        parameters=("y", "y_hat"),
        outputs={"loss": "number"},
        draw=_draw_errors,
        answer=lambda inputs: {"loss": np.mean((inputs.array("y") - inputs.array("y_hat")) ** 2)},
        mistakes=_LOSSES,
        right=("linear_regression", "loss"),
    ),
    Question(
        name="regression_fit",
        parameters=("x", "y", "learning_rate", "num_iters"),
        outputs={"w": "array", "b": "array", "history": "series"},
        draw=_draw_fits,
        answer=lambda inputs: before_steps(descend(inputs)),
        driver=("linear_regression", "fit"),
        mistakes=in_outputs(
            ("w", "b", "history"),
            _FITS,
            lambda inputs, options: before_steps(descend(inputs, options)),
            "Its numbers come from ",
        ),
        accepted=lambda inputs: other_histories(descend(inputs)),
        rules=(
            length_rule(),
            Rule(
                "no_normalisation",
                "history",
                f"It grows from {{first}} to {{last}}, as with {_DIVERGES}",
                _rises,
            ),
        ),
        unchanged=("x", "y"),
        is_training=True,
    ),
)
