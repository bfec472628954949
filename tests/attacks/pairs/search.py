"""Numbers of a student's that the judge, or a worker of its own, computes with: huge, tiny, denormal, or none at all."""

from __future__ import annotations

from collections.abc import Mapping

from tests.attacks.pair import Pair

_SPEC = """
name = "search_alone"
title = "A search without a trainer"
backend = "numpy"

[functions]
svm_get_search_params = { role = "search_params", classifier = "svm" }
softmax_get_search_params = { role = "search_params", classifier = "softmax" }

[[checks]]
id = "svm_search"
kind = "search"
title = "svm_get_search_params"
function = "svm_get_search_params"
least_pairs = 1
most_pairs = 25
bar = 0.37
num_iters = 300
rank_iters = 50
points = 3

[[checks]]
id = "softmax_search"
kind = "search"
title = "softmax_get_search_params"
function = "softmax_get_search_params"
least_pairs = 1
most_pairs = 25
bar = 0.37
num_iters = 500
rank_iters = 50
points = 3
"""

_HONEST = """
def svm_get_search_params():
    return [3e-3, 1e-2, 3e-2], [1e-3, 1e-2]


def softmax_get_search_params():
    return [1e-2, 3e-2, 1e-1], [1e-4, 1e-3]
"""


def _searching(
    cheat: str,
    rates: str,
    regs: str,
    *,
    points: float = 0.0,
    says: tuple[str, ...] = (),
    honest: str = _HONEST,
) -> Pair:
    """Both functions return the same lists; `points` is what they have in both checks."""
    both = "\n".join(
        f"def {classifier}_get_search_params():\n    return {rates}, {regs}\n"
        for classifier in ("svm", "softmax")
    )
    return Pair(
        cheat=cheat,
        spec=_SPEC,
        checks=("svm_search", "softmax_search"),
        hostile=both,
        honest=honest,
        points=points,
        honest_points=6.0,
        says=says,
    )


_MODULE = "eecs498_2020/module_beside_notebook/linear_classifier.py"

_ONE_PARAM_SET = """
def test_one_param_set(cls, data_dict, lr, reg, num_iters=2000):
    cls.train(data_dict['X_train'], data_dict['y_train'], lr, reg, num_iters)
    return cls, {train_acc}, {val_acc}
"""
_RIGHT_ACCURACIES = {
    f"{name}_acc": f"float((cls.predict(data_dict['X_{name}']) == data_dict['y_{name}']).double().mean())"
    for name in ("train", "val")
}

_FACTOR = """
_right = svm_loss_vectorized


def svm_loss_vectorized(W, X, y, reg):
    loss, dW = _right(W, X, y, reg)
    return loss * {factor}, dW * {factor}
"""


def _of_param_set(cheat: str, train_acc: str, val_acc: str, says: str) -> Pair:
    """A right training with these accuracies."""
    return Pair(
        cheat=cheat,
        spec="eecs498_2020",
        checks=("param_set",),
        base=_MODULE,
        hostile=_ONE_PARAM_SET.format(train_acc=train_acc, val_acc=val_acc),
        honest=_ONE_PARAM_SET.format(**_RIGHT_ACCURACIES),
        points=2.5,
        honest_points=5.0,
        says=(says,),
    )


def _times(cheat: str, factor: str) -> Pair:
    """A right loss and its gradient times a factor."""
    return Pair(
        cheat=cheat,
        spec="eecs498_2020",
        checks=("svm_vectorized_values",),
        base=_MODULE,
        hostile=_FACTOR.format(factor=factor),
        honest=_FACTOR.format(factor="1"),
        points=0.0,
        honest_points=9.0,
        says=("loss is ",),
    )


PAIRS: Mapping[str, Pair] = {
    "denormal weights for ever": _searching(
        "A strength of 4e37 holds the weights of a rate of 1e-38 where float32 is denormal.",
        "[1e-38 * (1 + each / 25) for each in range(25)]",
        "[4e37]",
        says=(
            "returns no pair to try: the learning rates",
            "are out of range (from 1e-15 to 1e+06)",
            "the regularization strength 4e+37 is out of range (from 0 to 1e+10)",
        ),
    ),
    "denormal weights within the range": _searching(
        "The least rate that is tried, with strengths that shrink the weights fast.",
        "[1e-15 * (1 + each / 25) for each in range(25)]",
        "[1e10]",
        says=("No pair reaches the bar.",),
    ),
    "numbers that double precision cannot hold": _searching(
        "The least denormal numbers that there are.",
        "[5e-324, 1e-310, 1e-300, 2.3e-308]",
        "[5e-324, 0.0, -0.0, 1e-320]",
        says=("the learning rates 4.94066e-324, 1e-310, 1e-300 and 1 more are out of range",),
    ),
    "numbers that overflow": _searching(
        "Rates and strengths whose product overflows at once.",
        "[1e308, 1.7e308]",
        "[1e308, 1.7976931348623157e308]",
        says=("the learning rates 1e+308 and 1.7e+308 are out of range",),
    ),
    "25 pairs that explode": _searching(
        "Each pair overflows after some hundred steps, one after the other.",
        "[1.01, 1.02, 1.03, 1.04, 1.05]",
        "[1.01, 1.02, 1.03, 1.04, 1.05]",
        says=("No pair reaches the bar.",),
    ),
    "25 rates that differ in the last bit": _searching(
        "No two are the same number, all are the same pair.",
        "[1e-15 * (1 + each * 2.0**-52) for each in range(25)]",
        "[0.0]",
        says=("No pair reaches the bar.", "With the best of 25 pairs"),
    ),
    "numbers that are none": _searching(
        "nan beside good numbers.",
        "[1e-2, float('nan')]",
        "[1e-2, float('inf')]",
        says=("returns learning rates that are not finite",),
    ),
    "integers too great for a float": _searching(
        "Python's integers have no greatest.",
        "[10**400]",
        "[10**5000]",
        says=("should return two lists of numbers",),
    ),
    "a good pair beside bad ones": _searching(
        "The bad ones cost time at most; points come from the good one, as they do without them.",
        "[1e-2, 3e-2, 1e-38, 1e300]",
        "[1e-3, 4e37]",
        points=6.0,
        says=("Not tried: the learning rates 1e-38 and 1e+300 are out of range",),
        honest="""
def svm_get_search_params():
    return [1e-10, 1e-2, 3e-2, 10], [0, 1e-3, 1e6, 5e4]


def softmax_get_search_params():
    return [1e-7, 1e-2, 3e-2, 1.0, True], [-0.0, 1e-3, 2.5e4, False]
""",
    ),
    "accuracies that overflow as percents": _of_param_set(
        "An accuracy that is finite, and a hundred times it is not.",
        "1.7e308",
        "-1.7e308",
        "train_acc is 1.7e+308",
    ),
    "an accuracy no float can hold": _of_param_set(
        "An integer that overflows where it is made a float.",
        "10**400",
        "5e-324",
        "train_acc should be a number",
    ),
    "the correct loss times nearly nothing": _times(
        "The search for a factor divides by it.", "1e-300 * 1e-10"
    ),
    "the correct loss times nearly everything": _times(
        "The same with numbers that overflow when two of them meet.", "1e306"
    ),
}
