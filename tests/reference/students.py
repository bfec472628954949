"""One student's function per mistake, in torch: (W, X, y, reg) -> the part that is wrong.

All are for W (D, C), X (N, D) and the regularizer reg*sum(W*W). They share no code with the reference.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

Student = Callable[[Tensor, Tensor, Tensor, float], Any]


def rows_of(y: Tensor) -> tuple[Tensor, Tensor]:
    return torch.arange(len(y)), y


def loop_svm(
    W: Tensor,
    X: Tensor,
    y: Tensor,
    reg: float,
    *,
    outside: bool = False,
    skip: bool = True,
    delta: float = 1.0,
    clamp: bool = True,
    once: bool = False,
    data: float = 1.0,
    penalty: float = 2.0,
) -> tuple[Tensor, Tensor]:
    """The naive SVM with the places in which students slip."""
    loss, dW = torch.tensor(0.0, dtype=W.dtype), torch.zeros_like(W)
    for i in range(len(y)):
        scores = W.T @ X[i]
        was_counted = False
        for j in range(W.shape[1]):
            if skip and j == y[i]:
                continue
            margin = scores[j] - scores[y[i]] + delta
            if margin > 0 or not clamp:
                loss = loss + margin
            if margin > 0 or outside:
                dW[:, j] += X[i]
                if not (once and was_counted):
                    dW[:, y[i]] -= X[i]
                was_counted = True
    return loss / len(y) + reg * (W * W).sum(), data * dW / len(y) + penalty * reg * W


def masked_svm(W: Tensor, X: Tensor, y: Tensor, reg: float, at_true: Callable[[Tensor], Any]) -> Tensor:
    """The vectorized SVM gradient; at_true(count) is what is put into the mask at the true class."""
    scores = X @ W
    margins = torch.relu(scores - scores[rows_of(y)].unsqueeze(1) + 1)
    margins[rows_of(y)] = 0
    mask = torch.where(margins > 0, 1.0, 0.0).to(W.dtype)
    mask[rows_of(y)] = at_true(mask.sum(dim=1))
    return torch.mm(X.t(), mask) / X.shape[0] + 2 * reg * W


def squared_svm(W: Tensor, X: Tensor, y: Tensor, reg: float) -> Tensor:
    scores = X @ W
    margins = put(torch.relu(scores - scores[rows_of(y)].unsqueeze(1) + 1), y, 0.0)
    return margins.pow(2).sum(1).mean() + reg * (W * W).sum()


def by_autograd(loss: Student) -> Student:
    def gradient(W: Tensor, X: Tensor, y: Tensor, reg: float) -> Tensor:
        leaf = W.clone().requires_grad_()
        return torch.autograd.grad(loss(leaf, X, y, reg), leaf)[0]

    return gradient


def softmax_from(scores: Tensor, dim: int | None = 1) -> Tensor:
    exponentials = torch.exp(scores - scores.max())
    return exponentials / (exponentials.sum() if dim is None else exponentials.sum(dim=dim, keepdim=True))


def softmax_with(
    W: Tensor, X: Tensor, y: Tensor, reg: float, wrong: Callable[[Tensor, Tensor], Tensor]
) -> Tensor:
    """The softmax loss in which wrong(scores, y) is the data term."""
    return wrong(X @ W, y) + reg * (W * W).sum()


def softmax_slope(
    W: Tensor, X: Tensor, y: Tensor, reg: float, wrong: Callable[[Tensor, Tensor], Tensor]
) -> Tensor:
    """The softmax gradient in which wrong(p, y) changes the probabilities into d(loss)/d(scores)."""
    return X.T @ wrong(softmax_from(X @ W), y) / len(y) + 2 * reg * W


def put(array: Tensor, y: Tensor, value: float | Tensor) -> Tensor:
    array = array.clone()
    array[rows_of(y)] = value
    return array


def cross_entropy(W: Tensor, X: Tensor, y: Tensor) -> Tensor:
    return torch.nn.functional.cross_entropy(X @ W, y)


def squares(W: Tensor) -> Tensor:
    return torch.sum(W * W)


STUDENTS: list[tuple[str, str, str, Student]] = [
    ("svm", "loss", "all_zero", lambda W, X, y, reg: 0.0),
    ("svm", "loss", "no_regularizer", lambda W, X, y, reg: loop_svm(W, X, y, 0.0)[0]),
    ("svm", "loss", "half_regularizer", lambda W, X, y, reg: loop_svm(W, X, y, reg / 2)[0]),
    ("svm", "loss", "regularizer_divided_by_samples", lambda W, X, y, reg: loop_svm(W, X, y, reg / len(y))[0]),
    ("svm", "loss", "true_class_not_skipped", lambda W, X, y, reg: loop_svm(W, X, y, reg, skip=False)[0]),
    ("svm", "loss", "delta_zero", lambda W, X, y, reg: loop_svm(W, X, y, reg, delta=0.0)[0]),
    ("svm", "loss", "delta_subtracted", lambda W, X, y, reg: loop_svm(W, X, y, reg, delta=-1.0)[0]),
    ("svm", "loss", "not_clamped", lambda W, X, y, reg: loop_svm(W, X, y, reg, clamp=False)[0]),
    ("svm", "loss", "squared_hinge", squared_svm),
    ("svm", "loss", "last_feature_not_regularized", lambda W, X, y, reg: (
        loop_svm(W, X, y, 0.0)[0] + reg * squares(W[:-1]))),
    ("svm", "loss", "divided_by_samples_and_classes", lambda W, X, y, reg: (
        torch.nn.functional.multi_margin_loss(X @ W, y) + reg * squares(W))),
    ("svm", "gradient", "all_zero", lambda W, X, y, reg: torch.zeros_like(W)),
    ("svm", "gradient", "half_regularizer", lambda W, X, y, reg: loop_svm(W, X, y, reg, penalty=1.0)[1]),
    ("svm", "gradient", "no_regularizer", lambda W, X, y, reg: loop_svm(W, X, y, reg, penalty=0.0)[1]),
    ("svm", "gradient", "sign_flipped", lambda W, X, y, reg: -loop_svm(W, X, y, reg)[1]),
    ("svm", "gradient", "data_sign_flipped", lambda W, X, y, reg: loop_svm(W, X, y, reg, data=-1.0)[1]),
    ("svm", "gradient", "all_margins_active", lambda W, X, y, reg: loop_svm(W, X, y, reg, outside=True)[1]),
    ("svm", "gradient", "true_class_once_if_active", lambda W, X, y, reg: loop_svm(W, X, y, reg, once=True)[1]),
    ("svm", "gradient", "delta_zero", lambda W, X, y, reg: loop_svm(W, X, y, reg, delta=0.0)[1]),
    ("svm", "gradient", "true_class_once", lambda W, X, y, reg: masked_svm(W, X, y, reg, lambda n: -1.0)),
    ("svm", "gradient", "true_class_missing", lambda W, X, y, reg: masked_svm(W, X, y, reg, lambda n: 0.0)),
    ("svm", "gradient", "true_class_added", lambda W, X, y, reg: masked_svm(W, X, y, reg, lambda n: n)),
    ("svm", "gradient", "true_class_counts_itself", lambda W, X, y, reg: (
        masked_svm(W, X, y, reg, lambda n: -(n + 1)))),
    ("svm", "gradient", "squared_hinge", by_autograd(squared_svm)),
    ("svm", "gradient", "labels_one_too_low", lambda W, X, y, reg: loop_svm(W, X, (y - 1) % W.shape[1], reg)[1]),
    ("softmax", "loss", "sum_instead_of_mean", lambda W, X, y, reg: (
        torch.nn.functional.cross_entropy(X @ W, y, reduction="sum") + reg * squares(W))),
    ("softmax", "loss", "divided_twice", lambda W, X, y, reg: cross_entropy(W, X, y) / len(y) + reg * squares(W)),
    ("softmax", "loss", "regularizer_is_norm", lambda W, X, y, reg: cross_entropy(W, X, y) + reg * torch.norm(W)),
    ("softmax", "loss", "regularizer_is_sum", lambda W, X, y, reg: cross_entropy(W, X, y) + reg * W.sum()),
    ("softmax", "loss", "data_sign_flipped", lambda W, X, y, reg: (
        softmax_with(W, X, y, reg, lambda s, y: softmax_from(s)[rows_of(y)].log().mean()))),
    ("softmax", "loss", "no_logarithm", lambda W, X, y, reg: (
        softmax_with(W, X, y, reg, lambda s, y: -softmax_from(s)[rows_of(y)].mean()))),
    ("softmax", "loss", "logarithm_base_2", lambda W, X, y, reg: (
        softmax_with(W, X, y, reg, lambda s, y: -softmax_from(s)[rows_of(y)].log2().mean()))),
    ("softmax", "loss", "logarithm_base_10", lambda W, X, y, reg: (
        softmax_with(W, X, y, reg, lambda s, y: -softmax_from(s)[rows_of(y)].log10().mean()))),
    ("softmax", "loss", "wrong_axis", lambda W, X, y, reg: (
        softmax_with(W, X, y, reg, lambda s, y: -softmax_from(s, 0)[rows_of(y)].log().mean()))),
    ("softmax", "loss", "whole_batch", lambda W, X, y, reg: (
        softmax_with(W, X, y, reg, lambda s, y: -softmax_from(s, None)[rows_of(y)].log().mean()))),
    ("softmax", "loss", "softmax_twice", lambda W, X, y, reg: (
        softmax_with(W, X, y, reg, lambda s, y: torch.nn.functional.cross_entropy(softmax_from(s), y)))),
    ("softmax", "loss", "maximum_over_samples", lambda W, X, y, reg: (
        softmax_with(W, X, y, reg, lambda s, y: torch.nn.functional.cross_entropy(s - s.max(dim=0).values, y)))),
    ("softmax", "loss", "shift_in_one_term", lambda W, X, y, reg: (
        softmax_with(W, X, y, reg, lambda s, y: (
            (s - s.max(1, keepdim=True).values).exp().sum(1).log() - s[rows_of(y)]).mean()))),
    ("softmax", "loss", "no_true_score", lambda W, X, y, reg: (
        softmax_with(W, X, y, reg, lambda s, y: torch.logsumexp(s, dim=1).mean()))),
    ("softmax", "loss", "binary_cross_entropy", lambda W, X, y, reg: (
        softmax_with(W, X, y, reg, lambda s, y: torch.nn.functional.binary_cross_entropy(
            softmax_from(s), put(torch.zeros_like(s), y, 1.0), reduction="sum") / len(y)))),
    ("softmax", "loss", "squared_error", lambda W, X, y, reg: (
        softmax_with(W, X, y, reg, lambda s, y: (
            softmax_from(s) - put(torch.zeros_like(s), y, 1.0)).pow(2).sum(1).mean()))),
    ("softmax", "gradient", "true_class_set_to_minus_one", lambda W, X, y, reg: (
        softmax_slope(W, X, y, reg, lambda p, y: put(p, y, -1.0)))),
    ("softmax", "gradient", "minus_one_missing", lambda W, X, y, reg: (
        softmax_slope(W, X, y, reg, lambda p, y: p))),
    ("softmax", "gradient", "minus_one_everywhere", lambda W, X, y, reg: (
        softmax_slope(W, X, y, reg, lambda p, y: p - 1))),
    ("softmax", "gradient", "true_class_missing", lambda W, X, y, reg: (
        softmax_slope(W, X, y, reg, lambda p, y: put(p, y, 0.0)))),
    ("softmax", "gradient", "only_true_class", lambda W, X, y, reg: (
        softmax_slope(W, X, y, reg, lambda p, y: put(torch.zeros_like(p), y, p[rows_of(y)] - 1)))),
    ("softmax", "gradient", "sum_instead_of_mean", lambda W, X, y, reg: (
        len(y) * softmax_slope(W, X, y, reg / len(y), lambda p, y: put(p, y, p[rows_of(y)] - 1)))),
    ("softmax", "gradient", "regularizer_loss_added", lambda W, X, y, reg: (
        softmax_slope(W, X, y, 0.0, lambda p, y: put(p, y, p[rows_of(y)] - 1)) + reg * squares(W))),
    ("softmax", "gradient", "maximum_over_samples", lambda W, X, y, reg: (
        X.T @ (softmax_from(X @ W - (X @ W).amax(0)) - put(torch.zeros_like(X @ W), y, 1.0)) / len(y) + 2 * reg * W)),
    ("softmax", "gradient", "only_regularizer", lambda W, X, y, reg: 2 * reg * W),
    ("softmax", "gradient", "logarithm_base_10", by_autograd(lambda W, X, y, reg: (
        softmax_with(W, X, y, reg, lambda s, y: -softmax_from(s)[rows_of(y)].log10().mean())))),
    ("softmax", "gradient", "no_logarithm", by_autograd(lambda W, X, y, reg: (
        softmax_with(W, X, y, reg, lambda s, y: -softmax_from(s)[rows_of(y)].mean())))),
    ("softmax", "gradient", "softmax_twice", by_autograd(lambda W, X, y, reg: (
        softmax_with(W, X, y, reg, lambda s, y: torch.nn.functional.cross_entropy(softmax_from(s), y))))),
    ("softmax", "gradient", "squared_error", by_autograd(lambda W, X, y, reg: (
        softmax_with(W, X, y, reg, lambda s, y: (
            softmax_from(s) - put(torch.zeros_like(s), y, 1.0)).pow(2).sum(1).mean())))),
    ("softmax", "gradient", "binary_cross_entropy", by_autograd(lambda W, X, y, reg: (
        softmax_with(W, X, y, reg, lambda s, y: torch.nn.functional.binary_cross_entropy(
            softmax_from(s), put(torch.zeros_like(s), y, 1.0), reduction="sum") / len(y))))),
]  # fmt: skip
