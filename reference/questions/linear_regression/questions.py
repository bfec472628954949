"""Linear regression of x on [x, x^2] in torch: features, forward, loss and fit, with mistakes by name.

x (N,), y (N, 1); psi (N, 2); w (2, 1), b (1,). The loss is the mean squared error. fit standardises psi and y by their
means and unbiased standard deviations and goes down from w = b = 0.5, as the answer in seed 004 does; the question there
took the raw features, with which the steps grow without bound.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from reference.conventions import Convention
from reference.losses.problem import Array
from reference.questions.question import Answer, Inputs, Mistake, Question, QuestionCase, Rule

DEFAULTS: Mapping[str, float] = {"learning_rate": 0.02, "num_iters": 30}
_START = 0.5


@dataclass(frozen=True, slots=True)
class Fit:
    """What the fit does; the defaults are right, and everything else is a mistake.

    standardised: of the features and the targets. degrees: taken off N in the variance. is_centred, is_scaled: which parts of
    standardising are made. start: of w and b. factor: of the gradient. is_bias_updated. rate: in the place of the one asked for.
    """

    standardised: tuple[str, ...] = ("psi", "y")
    degrees: int = 1
    is_centred: bool = True
    is_scaled: bool = True
    start: float = _START
    factor: float = 1.0
    is_bias_updated: bool = True
    rate: float | None = None
    order: Literal["columns", "all"] = "columns"


RIGHT = Fit()


def features(x: Array) -> Array:
    """(N, 2): x and its square."""
    return np.stack([x, x**2], axis=1)


def _number(inputs: Inputs, name: str) -> float:
    value = inputs[name]
    assert value is None or isinstance(value, int | float)
    return DEFAULTS[name] if value is None else float(value)


def _standardised(values: Array, options: Fit) -> Array:
    axis = 0 if options.order == "columns" else None
    centred = values - values.mean(axis=axis) if options.is_centred else values
    return np.asarray(centred / values.std(axis=axis, ddof=options.degrees)) if options.is_scaled else centred


def descend(inputs: Inputs, options: Fit = RIGHT) -> Answer:
    """The w (2, 1), the b (1,) and the losses (num_iters + 1,), the last one of the w and b that are returned."""
    psi, y = features(np.asarray(inputs["x"])), np.asarray(inputs["y"]).reshape(-1, 1)
    if "psi" in options.standardised:
        psi = _standardised(psi, options)
    if "y" in options.standardised:
        y = _standardised(y, options)
    rate = _number(inputs, "learning_rate") if options.rate is None else options.rate
    w, b = np.full((2, 1), options.start), np.full(1, options.start)
    history = []
    with np.errstate(all="ignore"):
        for left in reversed(range(int(_number(inputs, "num_iters")) + 1)):
            residual = psi @ w + b - y
            history.append(float(np.mean(residual**2)))
            if left == 0:
                break
            slope = 2 * options.factor * residual / len(y)
            w = w - rate * (psi.T @ slope)
            if options.is_bias_updated:
                b = b - rate * slope.sum(axis=0)
    return {"w": w, "b": b, "history": np.asarray(history)}


def _fit(inputs: Inputs, _: Convention) -> Answer:
    found = descend(inputs)
    return {**found, "history": found["history"][:-1]}


def _accepted_fits(inputs: Inputs, _: Convention) -> Sequence[Answer]:
    """A history whose losses are those after each step, and one that has both ends."""
    found = descend(inputs)
    return [{**found, "history": found["history"][1:]}, found]


# --- Cases -----------------------------------------------------------------------------------------------------------


def _draw_points(rng: np.random.Generator, _: Convention) -> Sequence[QuestionCase]:
    return [
        QuestionCase("x = 1, 2, 3, 4, 5", {"x": np.arange(1.0, 6.0)}),
        *(QuestionCase(f"N={N}", {"x": rng.uniform(-3, 3, size=N)}) for N in (1, 2, 8, 30)),
    ]


def _draw_forward(rng: np.random.Generator, _: Convention) -> Sequence[QuestionCase]:
    return [
        QuestionCase(
            f"N={N}",
            {"psi": rng.normal(size=(N, 2)), "w": rng.normal(size=(2, 1)), "b": rng.normal(size=1)},
        )
        for N in (1, 5, 12)
    ]


def _draw_errors(rng: np.random.Generator, _: Convention) -> Sequence[QuestionCase]:
    cases = []
    for N in (3, 5, 12):
        y = rng.normal(size=(N, 1))
        cases.append(QuestionCase(f"N={N}", {"y": y, "y_hat": y + rng.normal(size=(N, 1))}))
    return cases


def _draw_fits(rng: np.random.Generator, _: Convention) -> Sequence[QuestionCase]:
    line = np.arange(1.0, 6.0)
    found: list[tuple[str, Array, Array, float | None, int | None]] = [
        ("x = 1, 2, 3, 4, 5 with y = x^2, defaults", line, line**2, None, None)
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

_RAW = Fit(standardised=())
_DIVERGES = (
    "the steps of the raw features, which lie on very different scales: how large is the gradient for x^2,"
    " and what does standardising change?"
)

_FAULTS: Sequence[tuple[str, str, Fit]] = (
    ("no_normalisation", f"come of {_DIVERGES}", _RAW),
    ("no_normalisation_rate_ignored", f"come of a learning rate of 0.01 and {_DIVERGES}", Fit(standardised=(), rate=0.01)),
    ("targets_not_normalised", "come of standardised features with targets as they were: which of the two is standardised?", Fit(standardised=("psi",))),
    ("features_not_normalised", "come of standardised targets with features as they were: which of the two is standardised?", Fit(standardised=("y",))),
    ("biased_deviation", "come of standard deviations divided by N: which does the assignment ask for?", Fit(degrees=0)),
    ("not_centred", "come of features and targets that keep their means: what does standardising take off?", Fit(is_centred=False)),
    ("not_scaled", "come of features and targets that are centred only: what does standardising divide by?", Fit(is_scaled=False)),
    ("one_mean_for_all_features", "come of one mean and deviation for both features: along which axis is each taken?", Fit(order="all")),
    ("starts_at_zero", "come of a start at zero: where do w and b start?", Fit(start=0.0)),
    ("starts_at_one", "come of a start at one: where do w and b start?", Fit(start=1.0)),
    ("gradient_halved", "come of half the gradient: what is the derivative of a square?", Fit(factor=0.5)),
    ("gradient_doubled", "come of twice the gradient: is it added up from step to step, or is a factor there twice?", Fit(factor=2.0)),
    ("step_uphill", "come of steps along the gradient: in which direction does the loss fall?", Fit(factor=-1.0)),
    ("bias_not_updated", "come of a bias that stays as it was: which parameters does a step change?", Fit(is_bias_updated=False)),
    ("rate_ignored", "come of a learning rate of 0.02 whatever is asked for: does learning_rate reach the update?", Fit(rate=0.02)),
    ("rate_of_the_printed_losses", "come of a learning rate of 0.03 whatever is asked for: does learning_rate reach the update?", Fit(rate=0.03)),
)  # fmt: skip


def _fit_mistake(name: str, output: str, what: str, options: Fit) -> Mistake:
    def outcome(inputs: Inputs, _: Convention) -> Array:
        found = descend(inputs, options)[output]
        return found[:-1] if output == "history" else found

    return Mistake(name, output, f"Its numbers {what}", outcome)


def _rises(inputs: Inputs, seen: Answer, _: Convention) -> Mapping[str, float] | None:
    """Whether the losses grow as they do with raw features."""
    history = seen["history"]
    if history.size < 2 or history[-1] < 2 * history[0]:
        return None
    raw = descend(inputs, _RAW)["history"]
    return None if raw[-1] < 2 * raw[0] else {"first": float(history[0]), "last": float(history[-1])}


def _is_other_length(inputs: Inputs, seen: Answer, _: Convention) -> Mapping[str, float] | None:
    steps, count = int(_number(inputs, "num_iters")), seen["history"].size
    return None if count in {steps, steps + 1} else {"count": count, "steps": steps}


_LOSS_OF = {
    "sum_instead_of_mean": ("the sum of the squared errors: what is divided by their number?", lambda e: np.sum(e**2)),
    "half_of_the_mean": ("half of the mean squared error: does the assignment have that factor?", lambda e: np.mean(e**2) / 2),
    "twice_the_mean": ("twice the mean squared error: which factor does the assignment have?", lambda e: 2 * np.mean(e**2)),
    "absolute_error": ("the mean absolute error: what is done with each difference?", lambda e: np.mean(np.abs(e))),
    "root_of_the_mean": ("the root of the mean squared error: is a root asked for?", lambda e: np.sqrt(np.mean(e**2))),
    "square_of_the_mean": ("the square of the mean error: is the square taken before the mean?", lambda e: np.mean(e) ** 2),
    "mean_error": ("the mean of the differences: what is done with each of them?", np.mean),
    "one_less_in_the_mean": ("the sum of the squared errors divided by N - 1: over how many is the average?", lambda e: np.sum(e**2) / (e.size - 1)),
    "all_zero": ("zero: is it still as the template left it?", lambda _: 0.0),
    "norm_of_errors": ("the norm of the errors: is a root asked for?", lambda e: np.sqrt(np.sum(e**2))),
}  # fmt: skip


def _broadcast_loss(inputs: Inputs, _: Convention) -> float:
    difference = np.asarray(inputs["y"]) - np.asarray(inputs["y_hat"]).reshape(1, -1)
    return float(np.mean(difference**2))


_LOSS_MISTAKES = (
    *(
        Mistake(
            name,
            "loss",
            f"It equals {what}",
            lambda inputs, _, formula=formula: np.asarray(  # type: ignore[misc]
                formula(np.asarray(inputs["y"]) - np.asarray(inputs["y_hat"]))
            ),
        )
        for name, (what, formula) in _LOSS_OF.items()
    ),
    Mistake(
        "every_pair",
        "loss",
        "It equals the mean over all pairs of a target and a prediction: which shapes do the two have when they are subtracted?",
        _broadcast_loss,
    ),
)

_FEATURE_FORMS = (
    ("columns_swapped", "They are the right columns in the other order.", lambda x: features(x)[:, ::-1]),
    ("one_and_x", "They are ones and x: which powers are asked for?", lambda x: np.stack([x**0, x], axis=1)),
    ("one_and_square", "They are ones and squares: which powers are asked for?", lambda x: np.stack([x**0, x**2], axis=1)),
    ("doubled_for_squared", "Their second column is 2*x: what is the square of x?", lambda x: np.stack([x, 2 * x], axis=1)),
    ("cubes", "Their second column is the cube of x: which powers are asked for?", lambda x: np.stack([x, x**3], axis=1)),
    ("x_twice", "Both columns are x: which powers are asked for?", lambda x: np.stack([x, x], axis=1)),
    ("squares_twice", "Both columns are squares: which powers are asked for?", lambda x: np.stack([x**2, x**2], axis=1)),
    ("all_zero", "They are zero: is it still as the template left it?", lambda x: 0 * features(x)),
    ("rows_as_columns", "They are the right numbers in the wrong places: is the array reshaped where it should be transposed?", lambda x: features(x).T.reshape(-1, 2)),
)  # fmt: skip

_FORWARD_FORMS = (
    ("bias_left_out", "It equals psi times w without the bias: which terms does the model have?", lambda psi, w, b: psi @ w + 0 * b),
    ("bias_subtracted", "It equals psi times w less the bias: with which sign does it enter?", lambda psi, w, b: psi @ w - b),
    ("bias_twice", "It has the bias twice: where is it added?", lambda psi, w, b: psi @ w + 2 * b),
    ("weights_swapped", "It has the weights in the other order: which feature does each belong to?", lambda psi, w, b: psi @ w[::-1] + b),
    ("first_feature_only", "It has the first feature alone: which columns does psi have?", lambda psi, w, b: psi[:, :1] * w[0] + b),
    ("second_feature_only", "It has the second feature alone: which columns does psi have?", lambda psi, w, b: psi[:, 1:] * w[1] + b),
    ("features_squared_again", "It has squared features: are they not squared already?", lambda psi, w, b: psi**2 @ w + b),
    ("all_zero", "It is zero: is it still as the template left it?", lambda psi, w, b: 0 * (psi @ w + b)),
)  # fmt: skip

_GIVEN_FORWARD = ("psi", "w", "b")

LINEAR_REGRESSION_QUESTIONS = (
    Question(
        name="regression_features",
        parameters=("x",),
        outputs={"psi": "array"},
        draw=_draw_points,
        answer=lambda inputs, _: {"psi": features(np.asarray(inputs["x"]))},
        mistakes=tuple(
            Mistake(name, "psi", message, lambda inputs, _, form=form: form(np.asarray(inputs["x"])))  # type: ignore[misc]
            for name, message, form in _FEATURE_FORMS
        ),
    ),
    Question(
        name="regression_forward",
        parameters=_GIVEN_FORWARD,
        outputs={"y_hat": "array"},
        draw=_draw_forward,
        answer=lambda inputs, _: {
            "y_hat": np.asarray(inputs["psi"]) @ np.asarray(inputs["w"]) + np.asarray(inputs["b"])
        },
        mistakes=tuple(
            Mistake(
                name,
                "y_hat",
                message,
                lambda inputs, _, form=form: form(*(np.asarray(inputs[each]) for each in _GIVEN_FORWARD)),  # type: ignore[misc]
            )
            for name, message, form in _FORWARD_FORMS
        ),
    ),
    Question(
        name="regression_loss",
        parameters=("y", "y_hat"),
        outputs={"loss": "number"},
        draw=_draw_errors,
        answer=lambda inputs, _: {
            "loss": np.mean((np.asarray(inputs["y"]) - np.asarray(inputs["y_hat"])) ** 2)
        },
        mistakes=_LOSS_MISTAKES,
    ),
    Question(
        name="regression_fit",
        parameters=("x", "y", "learning_rate", "num_iters"),
        outputs={"w": "array", "b": "array", "history": "series"},
        draw=_draw_fits,
        answer=_fit,
        driver=("linear_regression", "fit"),
        mistakes=tuple(
            _fit_mistake(name, output, what, options)
            for name, what, options in _FAULTS
            for output in ("w", "b", "history")
        ),
        accepted=_accepted_fits,
        rules=(
            Rule(
                "history_of_another_length",
                "history",
                "It has {count} losses for {steps} steps: is one loss kept for every step?",
                _is_other_length,
            ),
            Rule(
                "no_normalisation",
                "history",
                f"It grows from {{first}} to {{last}}, as do {_DIVERGES}",
                _rises,
            ),
        ),
        unchanged=("x", "y"),
        is_training=True,
    ),
)
