"""Distances of KNearestNeighbor, in the style of the handout."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def two_loops(X_train: Array, X: Array) -> Array:
    """The Euclidean distances (N, M) by a loop over X (N, D) and one over X_train (M, D)."""
    dists = np.zeros((X.shape[0], X_train.shape[0]))
    for i in range(X.shape[0]):
        for j in range(X_train.shape[0]):
            dists[i, j] = np.sqrt(np.sum((X[i] - X_train[j]) ** 2))
    return dists
