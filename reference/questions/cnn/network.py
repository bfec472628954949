"""The forward pass of the assignment's network in NumPy, right and wrong, and its parameters as one vector."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from reference.losses.problem import Array

SHAPES: Mapping[str, tuple[int, ...]] = {
    "conv1_weight": (10, 1, 5, 5),
    "conv1_bias": (10,),
    "conv2_weight": (20, 10, 5, 5),
    "conv2_bias": (20,),
    "fc_weight": (10, 320),
    "fc_bias": (10,),
}
"""By name, in the order in which drivers take and return them."""

COUNT = sum(int(np.prod(shape)) for shape in SHAPES.values())
"""Parameters in all: 8,490."""

Parameters = Mapping[str, Array]
Elementwise = Callable[[Array], Array]


def relu(x: Array) -> Array:
    """The larger of x and 0."""
    return np.maximum(x, 0)


def same(x: Array) -> Array:
    """Its argument."""
    return x


def convolve(x: Array, weight: Array, bias: Array) -> Array:
    """Cross-correlation without padding: x (N, I, H, W), weight (O, I, K, K) -> (N, O, H - K + 1, W - K + 1)."""
    size = weight.shape[-1]
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(2, 3))
    sums = np.tensordot(windows, weight, axes=((1, 4, 5), (1, 2, 3)))
    return np.asarray(sums.transpose(0, 3, 1, 2) + bias[:, None, None])


def _blocks(x: Array) -> Array:
    count, channels, height, width = x.shape
    return x.reshape(count, channels, height // 2, 2, width // 2, 2)


def max_pool(x: Array) -> Array:
    """The largest of each 2 x 2 block."""
    return np.asarray(_blocks(x).max(axis=(3, 5)))


def mean_pool(x: Array) -> Array:
    """The mean of each 2 x 2 block."""
    return np.asarray(_blocks(x).mean(axis=(3, 5)))


@dataclass(frozen=True, slots=True)
class Network:
    """How the forward pass goes; the defaults are right. A ReLU before or after the pooling is the same."""

    first: Elementwise = relu
    second: Elementwise = relu
    pool: Elementwise = max_pool
    last: Elementwise = same

    def logits(self, images: Array, parameters: Parameters) -> Array:
        """The outputs (N, 10) for images (N, 1, 28, 28)."""
        x = convolve(images, parameters["conv1_weight"], parameters["conv1_bias"])
        x = self.pool(self.first(x))
        x = convolve(x, parameters["conv2_weight"], parameters["conv2_bias"])
        x = self.pool(self.second(x)).reshape(len(images), -1)
        return self.last(x @ parameters["fc_weight"].T + parameters["fc_bias"])


def split(vector: Array) -> Parameters:
    """The parameters from one vector (8490,), in the order of SHAPES."""
    found, start = {}, 0
    for name, shape in SHAPES.items():
        size = int(np.prod(shape))
        found[name] = vector[start : start + size].reshape(shape)
        start += size
    return found
