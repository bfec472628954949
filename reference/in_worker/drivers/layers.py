"""Calls the layers; after the results comes the number of the first input that the call changed, 0 for none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

RAISES, OTHER_SHAPE, OTHER_VALUES = 1, 2, 3
"""How a backward pass with the cache of the forward pass differs from one with the plain inputs."""


def forward(function: Callable[..., Any], *given: Any) -> Any:
    """The output of a forward pass. given: its inputs, and whether they are laid out in Fortran's order."""
    *inputs, is_turned = given
    inputs, kept = _laid_out(inputs, is_turned)
    answer = function(*inputs)
    if not isinstance(answer, tuple | list):
        return answer
    parts = list(answer)  # a list of ours, whose length is what it is
    return (parts[0], _changed(inputs, kept)) if len(parts) == 2 else parts


def backward(function: Callable[..., Any], *given: Any) -> Any:
    """The gradients of a backward pass with our cache. given: the forward pass's inputs, dout, whether turned."""
    *inputs, dout, is_turned = given
    inputs, kept = _laid_out([*inputs, dout], is_turned)
    return _with_changes(function(inputs[-1], _cache(inputs[:-1])), inputs, kept)


def loss(function: Callable[..., Any], x: Any, y: Any, is_turned: Any) -> Any:
    """Loss and gradient."""
    inputs, kept = _laid_out([x, y], is_turned)
    return _with_changes(function(*inputs), inputs, kept)


def cache(forward: Callable[..., Any], backward: Callable[..., Any], *given: Any) -> Any:
    """How the backward pass differs with the cache of the forward pass, and whether it gives nothing to compare; then the
    output of the forward pass and the first gradient with the plain inputs, zero where there is none of its shape.

    given: the forward pass's inputs, dout.
    """
    *inputs, dout = given
    none = (0, 1, np.zeros(dout.shape), np.zeros(inputs[0].shape))
    try:
        plain = backward(dout.copy(), _cache([each.copy() for each in inputs]))
        expected = [np.array(each, dtype=float) for each in _listed(plain)]
    except Exception:  # noqa: BLE001  a student's code may raise anything, and this is judged elsewhere
        return none
    if not expected or any(each.dtype != float or not each.size for each in expected):
        return none
    out, own = forward(*(each.copy() for each in inputs))
    if out is None:
        return none
    core = _shaped(out, dout), _shaped(expected[0], inputs[0])
    try:
        seen = [np.asarray(each) for each in _listed(backward(dout.copy(), own))]
    except Exception:  # noqa: BLE001
        return RAISES, 0, *core
    if [each.shape for each in seen] != [each.shape for each in expected]:
        return OTHER_SHAPE, 0, *core
    pairs = zip(seen, expected, strict=True)
    is_same = all(np.allclose(one, other, rtol=1e-9, atol=1e-12, equal_nan=True) for one, other in pairs)
    return (0 if is_same else OTHER_VALUES), 0, *core


def _shaped(value: Any, like: Any) -> Any:
    """A value of that shape, zeros for any other."""
    return value if np.shape(value) == like.shape else np.zeros(like.shape)


def _listed(answer: Any) -> list[Any]:
    """The gradients of a backward pass: one, or several."""
    parts = list(answer) if isinstance(answer, tuple | list) else [answer]
    return [] if any(each is None for each in parts) else parts


def _cache(inputs: list[Any]) -> Any:
    """As the handout keeps them: one input itself, several as a tuple."""
    return inputs[0] if len(inputs) == 1 else tuple(inputs)


def _laid_out(inputs: list[Any], is_turned: Any) -> tuple[list[Any], list[Any]]:
    """The inputs in C's or Fortran's order, and copies of them."""
    order: Any = "F" if is_turned else "C"
    return [np.array(each, order=order) for each in inputs], [each.copy() for each in inputs]


def _changed(inputs: list[Any], kept: list[Any]) -> int:
    pairs = enumerate(zip(inputs, kept, strict=True), start=1)
    return next((number for number, (one, other) in pairs if not np.array_equal(one, other)), 0)


def _with_changes(answer: Any, inputs: list[Any], kept: list[Any]) -> Any:
    parts = tuple(answer) if isinstance(answer, tuple | list) else (answer,)
    return *parts, _changed(inputs, kept)
