"""The layers' drivers: a cache of one's own is right if the backward pass serves it, and no excuse for a wrong one."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from reference.in_worker.drivers import layers as drivers

RNG = np.random.default_rng(3)
X, W, B, DOUT = (RNG.normal(size=shape) for shape in ((4, 2, 3), (6, 5), 5, (4, 5)))
DX, DW, DB = (DOUT @ W.T).reshape(X.shape), X.reshape(4, 6).T @ DOUT, DOUT.sum(axis=0)
ROW, DROW = RNG.normal(size=(4, 5)), RNG.normal(size=(4, 5))


def product(x: Any, w: Any, b: Any) -> Any:
    return x.reshape(len(x), -1) @ w + b


def gradients(dout: Any, x: Any, w: Any) -> tuple[Any, ...]:
    return (dout @ w.T).reshape(x.shape), x.reshape(len(x), -1).T @ dout, dout.sum(axis=0)


Pair = tuple[Callable[..., Any], Callable[..., Any]]
AFFINE: dict[str, Pair] = {
    "as handed out": (
        lambda x, w, b: (product(x, w, b), (x, w, b)),
        lambda dout, cache: gradients(dout, cache[0], cache[1]),
    ),
    "another order": (
        lambda x, w, b: (product(x, w, b), (w, b, x)),
        lambda dout, cache: gradients(dout, cache[2], cache[0]),
    ),
    "a dict": (
        lambda x, w, b: (product(x, w, b), {"x": x, "w": w}),
        lambda dout, cache: gradients(dout, cache["x"], cache["w"]),
    ),
    "flat rows and a shape": (
        lambda x, w, b: (product(x, w, b), (x.reshape(len(x), -1), w, x.shape)),
        lambda dout, cache: [
            (dout @ cache[1].T).reshape(cache[2]),
            *gradients(dout, cache[0], cache[1])[1:],
        ],
    ),
}


@pytest.mark.parametrize("forward,backward", AFFINE.values(), ids=AFFINE.keys())
def test_any_cache_that_the_backward_pass_serves_is_right(forward, backward):
    *found, changed = drivers.backward(backward, forward, X, W, B, DOUT, 0)

    for one, expected in zip(found, (DX, DW, DB), strict=True):
        np.testing.assert_allclose(one, expected, rtol=1e-12)
    assert changed == 0
    *told, out, dx = drivers.cache(forward, backward, X, W, B, DOUT)
    assert told == [0, 0]
    np.testing.assert_allclose(out, X.reshape(len(X), -1) @ W + B, rtol=1e-12)
    np.testing.assert_allclose(dx, DX, rtol=1e-12)


def test_the_mask_may_be_kept_instead_of_the_input():
    def forward(x: Any) -> Any:
        return np.maximum(x, 0), x > 0

    found, changed = drivers.backward(lambda dout, mask: dout * mask, forward, ROW, DROW, 0)

    np.testing.assert_array_equal(found, DROW * (ROW > 0))
    assert changed == 0


def test_a_wrong_backward_pass_is_judged_with_the_handouts_cache():
    forward, _ = AFFINE["another order"]

    dx, *_ = drivers.backward(lambda dout, cache: (dout, *cache), forward, X, W, B, DOUT, 0)

    np.testing.assert_array_equal(dx, DOUT)


def test_one_that_serves_neither_cache_raises_what_it_raised_with_the_handouts():
    forward, _ = AFFINE["another order"]

    def backward(_: Any, cache: Any) -> Any:
        raise KeyError(f"no x among {len(cache)}")

    with pytest.raises(KeyError, match="no x among 3"):
        drivers.backward(backward, forward, X, W, B, DOUT, 0)


def test_a_change_in_place_is_seen_with_a_cache_of_ones_own_too():
    def backward(dout: Any, mask: Any) -> Any:
        dout *= mask
        return dout

    _, changed = drivers.backward(backward, lambda x: (np.maximum(x, 0), x > 0), ROW, DROW, 0)

    assert changed == 2


@pytest.mark.parametrize(
    "forward,told",
    [
        (lambda x: (np.maximum(x, 0), None), drivers.RAISES),
        (lambda x: (np.maximum(x, 0), x[:1]), drivers.OTHER_VALUES),
    ],
)
def test_a_cache_that_does_not_serve_is_told_apart(forward, told):
    def backward(dout: Any, x: Any) -> Any:
        return dout * (x > 0)

    *found, out, dx = drivers.cache(forward, backward, ROW, DROW)
    assert found == [told, 0]
    np.testing.assert_array_equal(out, np.maximum(ROW, 0))
    np.testing.assert_array_equal(dx, DROW * (ROW > 0))


@pytest.mark.parametrize("call", [drivers.backward, drivers.cache])
def test_a_student_who_looks_at_the_drivers_variables_sees_no_right_gradient(call):
    seen: list[Any] = []

    def look(frame: Any, event: str, _: Any) -> Any:
        for value in frame.f_locals.values():
            seen.extend(value if isinstance(value, list | tuple) else [value])
        return look

    def forward(x: Any, w: Any, b: Any) -> Any:
        return x.reshape(len(x), -1) @ w + b, (x, w, b)

    def nothing(dout: Any, cache: Any) -> Any:
        return tuple(np.zeros_like(each) for each in cache)

    functions = (nothing, forward) if call is drivers.backward else (forward, nothing)
    before = sys.gettrace()
    sys.settrace(look)
    try:
        call(*functions, X, W, B, DOUT, *((0,) if call is drivers.backward else ()))
    finally:
        sys.settrace(before)

    arrays = [each for each in seen if isinstance(each, np.ndarray)]
    assert any(each.shape == W.shape for each in arrays)
    for right in (DX, DW, DB):
        assert not any(each.shape == right.shape and np.allclose(each, right) for each in arrays)
