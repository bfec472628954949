"""Calls the layers; after the results comes the number of the first input that the call changed, 0 for none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

RAISES, OTHER_SHAPE, OTHER_VALUES = 1, 2, 3
"""How a backward pass with the cache of the forward pass differs from one with the plain inputs."""

_STEP, _TOLERANCE = 1e-6, 1e-6
"""Of the central differences, relative to the input; and how far a gradient may be off, relative to the terms it adds up."""


def forward(function: Callable[..., Any], *given: Any) -> Any:
    """The output of a forward pass. given: its inputs, and whether they are laid out in Fortran's order."""
    *inputs, is_turned = given
    inputs, kept = _laid_out(inputs, is_turned)
    answer = function(*inputs)
    if not isinstance(answer, tuple | list):
        return answer
    parts = list(answer)  # a list of ours, whose length is what it is
    return (parts[0], _changed(inputs, kept)) if len(parts) == 2 else parts


def backward(function: Callable[..., Any], forward: Callable[..., Any], *given: Any) -> Any:
    """The gradients of a backward pass with our cache; with that of its own forward pass where only that one serves.

    given: the forward pass's inputs, dout, whether turned.
    """
    *plain, dout, is_turned = given
    inputs, kept = _laid_out([*plain, dout], is_turned)
    answer, error = None, None
    try:
        answer = function(inputs[-1], _cache(inputs[:-1]))
    except Exception as raised:  # noqa: BLE001  raised again, unless its own cache serves
        error = raised
    if error is not None or not _are_gradients(answer, forward, plain, dout):
        own_inputs, _ = _laid_out([*plain, dout], is_turned)
        found, own_kept = _with_own_cache(function, forward, own_inputs)
        if _are_gradients(found, forward, plain, dout):
            answer, inputs, kept, error = found, own_inputs, own_kept, None
    if error is not None:
        raise error
    return _with_changes(answer, inputs, kept)


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
    found, _ = _with_own_cache(backward, forward, [each.copy() for each in given])
    if _are_gradients(found, forward, inputs, dout):
        out = forward(*(each.copy() for each in inputs))[0]
        return 0, 0, _shaped(out, dout), _shaped(_listed(found)[0], inputs[0])
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


def _with_own_cache(
    backward: Callable[..., Any], forward: Callable[..., Any], inputs: list[Any]
) -> tuple[Any, list[Any]]:
    """The gradients with the cache that the forward pass returns, None if either raises; copies of the inputs between the passes.

    inputs: the forward pass's, then dout.
    """
    kept: list[Any] = []
    try:
        cache = forward(*inputs[:-1])[1]
        kept = [each.copy() for each in inputs]
        return backward(inputs[-1], cache), kept
    except Exception:  # noqa: BLE001  a student's code may raise anything
        return None, kept


def _are_gradients(answer: Any, forward: Callable[..., Any], inputs: list[Any], dout: Any) -> bool:
    """Whether these are the gradients of the student's own forward pass, by central differences in two random directions.

    So nothing right is in the student's process to be looked at: this only chooses which of two answers the judge gets.
    No input crosses 0, where the ReLU has a kink, and an input that is 0 stays.
    """
    found = list(answer) if isinstance(answer, tuple | list) else [answer]
    if len(found) != len(inputs) or not all(map(_is_like, found, inputs)):
        return False
    rng = np.random.default_rng()
    for _ in range(2):
        directions = [each * rng.normal(size=each.shape) for each in inputs]
        try:
            above, below = (
                forward(*(each + sign * _STEP * way for each, way in zip(inputs, directions, strict=True)))[0]
                for sign in (1, -1)
            )
            rise = float(np.sum(dout * (above - below))) / (2 * _STEP)
            scale = float(np.sum(np.abs(dout * above)))
        except Exception:  # noqa: BLE001  a student's code may raise anything
            return False
        slopes = [one * way for one, way in zip(found, directions, strict=True)]
        scale += sum(float(np.sum(np.abs(each))) for each in slopes)
        if not abs(sum(float(np.sum(each)) for each in slopes) - rise) <= _TOLERANCE * scale:
            return False
    return True


def _is_like(found: Any, given: Any) -> bool:
    """Whether an array of numbers has the shape of an input."""
    return isinstance(found, np.ndarray) and found.shape == given.shape and found.dtype.kind in "fiub"


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
