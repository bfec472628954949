"""Random inputs that keep clear of kinks and ties, and the losses written once more with torch."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from reference import Case, Convention, kink_clearance, scores

Array = npt.NDArray[Any]

PLAIN = Convention()


def draw(
    num_samples: int,
    num_classes: int,
    num_features: int,
    *,
    reg: float = 0.37,
    seed: int = 0,
    convention: Convention = PLAIN,
) -> Case:
    """Inputs rounded to float32, held in float64: both dtypes see the same numbers."""
    rng = np.random.default_rng([num_samples, num_classes, num_features, seed])
    while True:
        W = _rounded(rng.standard_normal((num_features, num_classes)) * 2.2 / num_features**0.5)
        X = _rounded(rng.standard_normal((num_samples, num_features)))
        y = rng.integers(num_classes, size=num_samples)
        if convention.layout == "CD":
            W, X = np.ascontiguousarray(W.T), np.ascontiguousarray(X.T)
        if kink_clearance(W, X, y, convention) > 1e-4 and tie_clearance(W, X, convention) > 1e-4:
            return Case(W, X, y, reg)


def tie_clearance(W: Array, X: Array, convention: Convention) -> float:
    """Smallest gap between the two highest scores of a sample."""
    highest = np.sort(scores(W, X, convention), axis=1)
    return float(np.min(highest[:, -1] - highest[:, -2]))


def torch_loss(classifier: str, case: Case, convention: Convention) -> tuple[float, Array]:
    """Loss and dW by torch.nn.functional and autograd, in float64."""
    W = torch.tensor(case.W, requires_grad=True)
    X, y = torch.tensor(case.X), torch.tensor(case.y)
    rows = X @ W if convention.layout == "DC" else (W @ X).T
    if classifier == "softmax":
        loss = torch.nn.functional.cross_entropy(rows, y)
    else:
        hinge = torch.nn.functional.multi_margin_loss(rows, y, margin=convention.delta)
        loss = hinge * rows.shape[1]
    loss = loss + convention.regularizer_coefficient * case.reg * (W * W).sum()
    (dW,) = torch.autograd.grad(loss, [W])
    return loss.item(), dW.numpy()


def _rounded(array: Array) -> Array:
    return array.astype(np.float32).astype(np.float64)
