"""The affine layer: out = X w + b, X being x as rows; dx = (dout w') in x's shape, dw = X' dout, db = sum_n dout.

x (N, d_1, ..., d_k), w (D, M) with D = d_1*...*d_k, b (M,), dout (N, M). Formulas of CS231n assignment 1, layers.py.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from reference.losses.problem import Array
from reference.questions.inputs import Inputs, Value
from reference.questions.layers.layer import (
    TURNED,
    UNCHANGED,
    arrays_of,
    cache_question,
    change_rules,
    formulas,
)
from reference.questions.question import Answer, Misshapen, Question, QuestionCase

_SIZES = ((4, (2, 3), 5), (3, (7,), 4), (5, (2, 3, 2), 3), (3, (2, 2), 4), (1, (3, 2), 4), (6, (2, 4), 2))
"""N, the axes of x, and M; in the fourth alone D = M, where a w that is not transposed raises no error."""


def _draw(rng: np.random.Generator) -> Sequence[QuestionCase]:
    cases = []
    for number, (N, axes, M) in enumerate(_SIZES):
        is_turned = number == len(_SIZES) - 1
        inputs: dict[str, Value] = {
            "x": rng.normal(size=(N, *axes)),
            "w": rng.normal(size=(int(np.prod(axes)), M)),
            "b": rng.normal(size=M),
            "dout": rng.normal(size=(N, M)),
            TURNED: int(is_turned),
        }
        order = " in Fortran's memory order" if is_turned else ""
        cases.append(
            QuestionCase(f"x of shape {(N, *axes)} and w of shape {(int(np.prod(axes)), M)}{order}", inputs)
        )
    return cases


def _draw_forward(rng: np.random.Generator) -> Sequence[QuestionCase]:
    return [
        QuestionCase(each.label, {name: value for name, value in each.inputs.items() if name != "dout"})
        for each in _draw(rng)
    ]


def _rows(x: Array) -> Array:
    return x.reshape(len(x), -1)


def _forward(x: Array, w: Array, b: Array) -> Array:
    return np.asarray(_rows(x) @ w + b)


def _scrambled(x: Array) -> Array:
    """Rows made of the wrong axis: (-1, N), transposed."""
    return x.reshape(-1, len(x)).T


def _in_fortran_order(x: Array) -> Array:
    return x.reshape(len(x), -1, order="F")


def _backward(x: Array, w: Array, b: Array, dout: Array) -> Answer:  # noqa: ARG001  the cache holds b
    return {
        "dx": (dout @ w.T).reshape(x.shape),
        "dw": _rows(x).T @ dout,
        "db": dout.sum(axis=0),
        UNCHANGED: np.zeros(()),
    }


def _dx(x: Array, w: Array, dout: Array) -> Array:
    return np.asarray((dout @ w.T).reshape(x.shape))


def _dw(x: Array, dout: Array) -> Array:
    return np.asarray(_rows(x).T @ dout)


def _of_square(x: Array, w: Array, dout: Array) -> Array:
    """The product of dout and w in x's shape, which exists where D = M."""
    return np.asarray((dout @ w).reshape(x.shape)) if w.shape[0] == w.shape[1] else np.full(x.shape, np.nan)


_SHOULD_BE = "what shape should the gradient of x have?"
_WHICH = "which of the inputs does this gradient depend on, and how?"
_NO_MEAN = "the averaging belongs in the loss, and dout already includes its 1/N."
_UPSTREAM = "is dout used?"
_FILLED = "It is zero everywhere: is it ever filled in?"
_SIGN = "It is the correct gradient with the opposite sign."

_FORWARD = {
    "bias_missing": ("It is the result without b: which terms does an affine layer have?", lambda x, w, b: _forward(x, w, 0 * b)),
    "bias_twice": ("It is the result with b added twice.", lambda x, w, b: _forward(x, w, 2 * b)),
    "bias_subtracted": ("It is the result with b subtracted: what sign does the bias have?", lambda x, w, b: _forward(x, w, -b)),
    "relu_included": ("It is the result after a ReLU: should this layer have a nonlinearity?", lambda x, w, b: np.maximum(_forward(x, w, b), 0)),
    "rows_scrambled": ("It is the result of x reshaped to (-1, N) and transposed, which mixes the samples: which axis of x must stay first?", lambda x, w, b: _scrambled(x) @ w + b),
    "order_F": ("It is the result of x flattened in Fortran order: in what order are a sample's entries stored?", lambda x, w, b: _in_fortran_order(x) @ w + b),
    "mean_over_inputs": ("It is the result with the product divided by D: is it a sum or a mean?", lambda x, w, b: _rows(x) @ w / len(w) + b),
    "all_divided_by_inputs": ("It is the result divided by D: is it a sum or a mean?", lambda x, w, b: _forward(x, w, b) / len(w)),
    "all_zero": (_FILLED, lambda x, w, b: 0 * _forward(x, w, b)),
}  # fmt: skip

_DX = {
    "dx_mean": (f"It is the correct gradient divided by N: {_NO_MEAN}", lambda x, w, b, dout: _dx(x, w, dout) / len(x)),
    "dx_with_bias": (f"It is the product of dout + b instead of dout: {_WHICH}", lambda x, w, b, dout: _dx(x, w, dout + b)),
    "dx_ones": (f"It is the row sums of w: {_UPSTREAM}", lambda x, w, b, dout: _dx(x, w, np.ones_like(dout))),
    "dx_order_F": ("It is reshaped to x's shape in Fortran order: reshape it the way x was flattened.", lambda x, w, b, dout: (dout @ w.T).reshape(x.shape, order="F")),
    "dx_swapped": ("It is the transposed product reshaped to x's shape: which axis of it holds the samples?", lambda x, w, b, dout: (dout @ w.T).T.reshape(x.shape)),
    "dx_batch_sum": ("It has the sum over the samples in every row: each sample has its own gradient.", lambda x, w, b, dout: np.broadcast_to(_dx(x, w, dout).sum(axis=0), x.shape)),
    "dx_times_x": (f"It is the correct gradient times x: {_WHICH}", lambda x, w, b, dout: _dx(x, w, dout) * x),
    "dx_masked": ("It is zero where x is not positive: is there a ReLU in this layer?", lambda x, w, b, dout: _dx(x, w, dout) * (x > 0)),
    "sign_flipped": (_SIGN, lambda x, w, b, dout: -_dx(x, w, dout)),
    "dx_plus_x": (f"It is the correct gradient plus x: {_WHICH}", lambda x, w, b, dout: _dx(x, w, dout) + x),
    "w_not_transposed": ("It is the product with w itself, which works only if D = M: which axis of w must match dout's?", lambda x, w, b, dout: _of_square(x, w, dout)),
    "all_zero": (_FILLED, lambda x, w, b, dout: 0 * x),
}  # fmt: skip

_DW = {
    "dw_mean": (f"It is the correct gradient divided by N: {_NO_MEAN}", lambda x, w, b, dout: _dw(x, dout) / len(x)),
    "dw_mean_out": ("It is the correct gradient divided by M: where does that come from?", lambda x, w, b, dout: _dw(x, dout) / dout.shape[1]),
    "dw_plus_w": ("It is the correct gradient plus w: a regularizer belongs in the network's loss, not in a layer.", lambda x, w, b, dout: _dw(x, dout) + w),
    "dw_ones": (f"It is the sum of the samples in every column: {_UPSTREAM}", lambda x, w, b, dout: _dw(x, np.ones_like(dout))),
    "rows_scrambled": ("It is the product of x reshaped to (-1, N), which mixes the samples: flatten x as the forward pass does, then transpose it.", lambda x, w, b, dout: x.reshape(-1, len(x)) @ dout),
    "order_F": ("It is the product of x flattened in Fortran order: flatten it as the forward pass does.", lambda x, w, b, dout: _in_fortran_order(x).T @ dout),
    "dw_first_sample": ("It is the first sample's only: add up the samples' gradients.", lambda x, w, b, dout: np.outer(_rows(x)[0], dout[0])),
    "dw_bias_too": (f"It is the product of dout + b instead of dout: {_WHICH}", lambda x, w, b, dout: _dw(x, dout + b)),
    "dw_relu_x": ("It is the product of max(x, 0) instead of x: is there a ReLU in this layer?", lambda x, w, b, dout: _dw(np.maximum(x, 0), dout)),
    "sign_flipped": (_SIGN, lambda x, w, b, dout: -_dw(x, dout)),
    "dw_transposed": ("It is the transposed gradient: dw has the shape of w.", lambda x, w, b, dout: _dw(x, dout).T if w.shape[0] == w.shape[1] else np.full(w.shape, np.nan)),
    "all_zero": (_FILLED, lambda x, w, b, dout: 0 * w),
}  # fmt: skip

_DB = {
    "db_mean": (f"It is the correct gradient divided by N: {_NO_MEAN}", lambda x, w, b, dout: dout.mean(axis=0)),
    "db_mean_out": ("It is the correct gradient divided by M: where does that come from?", lambda x, w, b, dout: dout.sum(axis=0) / dout.shape[1]),
    "db_count": (f"It is the number of samples: {_UPSTREAM}", lambda x, w, b, dout: 0 * b + len(x)),
    "db_first": ("It is the first sample's only: add up the samples' gradients.", lambda x, w, b, dout: dout[0]),
    "db_times_b": (f"It is the correct gradient times b: {_WHICH}", lambda x, w, b, dout: dout.sum(axis=0) * b),
    "db_plus_b": (f"It is the correct gradient plus b: {_WHICH}", lambda x, w, b, dout: dout.sum(axis=0) + b),
    "sign_flipped": (_SIGN, lambda x, w, b, dout: -dout.sum(axis=0)),
    "all_zero": (_FILLED, lambda x, w, b, dout: 0 * b),
}  # fmt: skip


def _sizes(inputs: Inputs) -> tuple[int, int, int]:
    """N, D and M."""
    return len(inputs.array("x")), *inputs.array("w").shape


_OF_B = "db has the shape of b: over which axis do you sum the samples?"

_MISSHAPEN = (
    Misshapen("dx_flat", "dx", f"It is flat, (N, D): {_SHOULD_BE}", lambda inputs: _sizes(inputs)[:2]),
    Misshapen("dx_swapped", "dx", f"It is transposed, (D, N): {_SHOULD_BE}", lambda inputs: _sizes(inputs)[1::-1]),
    Misshapen("dx_batch_sum", "dx", "It is one row, of all samples together: each sample has a gradient of its own.", lambda inputs: _sizes(inputs)[1:2]),
    Misshapen("dw_transposed", "dw", "It is transposed, (M, D): dw has the shape of w.", lambda inputs: _sizes(inputs)[:0:-1]),
    Misshapen("db_axis_1", "db", f"It has one entry per sample: {_OF_B}", lambda inputs: _sizes(inputs)[:1]),
    Misshapen("db_keepdims", "db", "It is a row (1, M): db has the shape of b.", lambda inputs: (1, _sizes(inputs)[2])),
    Misshapen("db_total", "db", f"It is one number, the sum of all entries: {_OF_B}", lambda _: ()),
    Misshapen("db_unsummed", "db", f"It is dout as it is, (N, M): {_OF_B}", lambda inputs: _sizes(inputs)[::2]),
)  # fmt: skip
_OUT_TRANSPOSED = Misshapen(
    "out_transposed",
    "out",
    "It is transposed, (M, N): each row of out belongs to a sample.",
    lambda inputs: _sizes(inputs)[::-2],
)

AFFINE_QUESTIONS = (
    Question(
        name="affine_forward",
        parameters=("x", "w", "b", TURNED),
        outputs={"out": "array", UNCHANGED: "number"},
        draw=_draw_forward,
        answer=lambda inputs: {"out": _forward(*arrays_of(inputs)), UNCHANGED: np.zeros(())},
        driver=("layers", "forward"),
        right=("layers", "affine_forward"),
        mistakes=formulas("out", _FORWARD),
        misshapen=(_OUT_TRANSPOSED,),
        free=(UNCHANGED,),
        rules=change_rules(("x", "w", "b")),
        needs={UNCHANGED: ("out",)},
        aside=(UNCHANGED,),
        unchanged=(),
    ),
    Question(
        name="affine_backward",
        parameters=("x", "w", "b", "dout", TURNED),
        outputs={"dx": "array", "dw": "array", "db": "array", UNCHANGED: "number"},
        draw=_draw,
        answer=lambda inputs: _backward(*arrays_of(inputs)),
        driver=("layers", "backward"),
        right=("layers", "affine_backward"),
        mistakes=(*formulas("dx", _DX), *formulas("dw", _DW), *formulas("db", _DB)),
        misshapen=_MISSHAPEN,
        free=(UNCHANGED,),
        rules=change_rules(("x", "w", "b", "dout")),
        needs={UNCHANGED: ("dx", "dw", "db")},
        aside=(UNCHANGED,),
        unchanged=(),
    ),
    cache_question(
        "affine_cache",
        ("x", "w", "b", "dout"),
        _draw,
        lambda x, w, b, dout: (_forward(x, w, b), _dx(x, w, dout)),
    ),
)
