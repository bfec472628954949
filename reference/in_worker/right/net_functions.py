"""The functions of a network of two layers with a ReLU between them, whose parameters are a dict of tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

REGULARIZER_COEFFICIENT = 1.0


def nn_forward_pass(params: Any, X: Any) -> tuple[Any, Any]:
    """Scores and hidden layer."""
    hidden = (X @ params["W1"] + params["b1"]).clamp(min=0)
    return hidden @ params["W2"] + params["b2"], hidden


def nn_forward_backward(params: Any, X: Any, y: Any = None, reg: Any = 0.0) -> Any:
    """The scores without labels, else the loss and the gradients by name."""
    hidden = (X @ params["W1"] + params["b1"]).clamp(min=0)
    scores = hidden @ params["W2"] + params["b2"]
    if y is None:
        return scores
    rows = torch.arange(len(X))
    logs = scores - scores.logsumexp(dim=1, keepdim=True)
    slopes = logs.exp()
    slopes[rows, y] -= 1
    slopes /= len(X)
    back = (slopes @ params["W2"].t()) * (hidden > 0)
    penalty = REGULARIZER_COEFFICIENT * reg
    gradients = {
        "W1": X.t() @ back + 2 * penalty * params["W1"],
        "b1": back.sum(dim=0),
        "W2": hidden.t() @ slopes + 2 * penalty * params["W2"],
        "b2": slopes.sum(dim=0),
    }
    squares = (params["W1"] ** 2).sum() + (params["W2"] ** 2).sum()
    return penalty * squares - logs[rows, y].mean(), gradients


def nn_train(
    params: Any,
    loss_func: Callable[..., Any],
    pred_func: Callable[..., Any],
    X: Any,
    y: Any,
    X_val: Any,
    y_val: Any,
    learning_rate: Any = 1e-3,
    learning_rate_decay: Any = 0.95,
    reg: Any = 5e-6,
    num_iters: Any = 100,
    batch_size: Any = 200,
    verbose: Any = False,  # noqa: ARG001  part of the handout's signature
) -> dict[str, list[float]]:
    """Gradient descent on random batches; the rate decays after the first step of each epoch."""
    epoch = max(len(X) // int(batch_size), 1)
    losses, of_batches, of_val = [], [], []
    for step in range(int(num_iters)):
        rows = torch.randint(len(X), (int(batch_size),))
        loss, gradients = loss_func(params, X[rows], y=y[rows], reg=reg)
        losses.append(float(loss))
        for name in params:
            params[name] = params[name] - learning_rate * gradients[name]
        if step % epoch == 0:
            of_batches.append(float((pred_func(params, loss_func, X[rows]) == y[rows]).float().mean()))
            of_val.append(float((pred_func(params, loss_func, X_val) == y_val).float().mean()))
            learning_rate *= learning_rate_decay
    return {"loss_history": losses, "train_acc_history": of_batches, "val_acc_history": of_val}


def nn_predict(params: Any, loss_func: Callable[..., Any], X: Any) -> Any:
    """The class of the highest score of each row."""
    return loss_func(params, X).argmax(dim=1)
