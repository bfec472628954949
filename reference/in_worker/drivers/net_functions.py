"""Calls the functions of a network of two layers whose parameters are a dict of tensors W1, b1, W2, b2.

Results come back in that order.
"""

import sys
from typing import Any

import torch

NAMES = ("W1", "b1", "W2", "b2")

_SAMPLER = "sample_batch"
_LIBRARIES = {"torch", "numpy", *sys.stdlib_module_names}


class LabelsNotPassed(Exception):
    """The loss function was called without labels where it has to return a loss."""


class LossAndGradientsMissing(Exception):
    """Something else than a loss and a dict of gradients was returned."""


class HistoriesMissing(Exception):
    """Something else than a dict of histories was returned."""


class LabelsNotIntegers(Exception):
    """The labels are numbers that are no class, or classes as floats."""


def forward(nn_forward_pass: Any, *given: Any) -> Any:
    """Scores and hidden layer. given: the parameters, X."""
    *values, X = given
    params = dict(zip(NAMES, values, strict=True))
    answer = nn_forward_pass(params, X)
    _show_changes(params, values)
    return answer


def backward(nn_forward_backward: Any, *given: Any) -> Any:
    """Scores without labels; loss, whether it has an item to be taken, and the four gradients. given: the parameters, X, y, reg."""
    *values, X, y, reg = given
    params = dict(zip(NAMES, values, strict=True))
    scores = nn_forward_backward(params, X)
    answer = nn_forward_backward(params, X, y, reg)
    _show_changes(params, values)
    found = _loss_and_gradients(answer)
    if found is None:
        return None
    loss, gradients = found
    return scores, loss, float(hasattr(loss, "item")), *(gradients.get(name) for name in NAMES)


def large(nn_forward_backward: Any, *given: Any) -> Any:
    """Loss and the gradient of b2. given: the parameters, X, y, reg."""
    *values, X, y, reg = given
    answer = nn_forward_backward(dict(zip(NAMES, values, strict=True)), X, y, reg)
    found = _loss_and_gradients(answer)
    if found is None:
        return None
    loss, gradients = found
    b2, gradient = values[3], gradients.get("b2", gradients.get("db2"))
    is_alike = isinstance(gradient, torch.Tensor) and gradient.numel() == b2.numel()
    return loss, gradient.reshape(b2.shape) if is_alike else gradient  # backward() asks for name and shape


def _loss_and_gradients(answer: Any) -> Any:
    """Both; None if there is nothing yet, as the template leaves it."""
    if answer is None:
        return None
    if not isinstance(answer, tuple | list) or len(answer) != 2 or not isinstance(answer[1], dict):
        raise LossAndGradientsMissing
    loss, gradients = answer
    return None if loss is None and not gradients else (loss, gradients)


def predict(nn_predict: Any, *given: Any) -> Any:
    """The labels. given: the parameters, X."""
    *values, X = given
    params = dict(zip(NAMES, values, strict=True))
    labels = nn_predict(params, _loss_of_scores, X)
    _show_changes(params, values)
    if isinstance(labels, torch.Tensor) and labels.shape == X.shape[:1] and labels.is_floating_point():
        raise LabelsNotIntegers
    return labels


def _loss_of_scores(params: Any, X: Any, y: Any = None, reg: Any = 0.0) -> Any:  # noqa: ARG001  the handout's signature
    """A loss function as nn_predict gets one."""
    hidden = (X @ params["W1"] + params["b1"]).clamp(min=0)
    scores = hidden @ params["W2"] + params["b2"]
    if y is None:
        return scores
    return 0 * scores.sum(), {name: torch.zeros_like(value) for name, value in params.items()}


def _show_changes(params: Any, values: Any) -> None:
    """What was bound to a name in the dict is written into the tensor that was there, where the judge looks."""
    for name, value in zip(NAMES, values, strict=True):
        now = params.get(name)
        if now is not value:
            value.copy_(now) if getattr(now, "shape", None) == value.shape else value.fill_(float("nan"))


# --- Training --------------------------------------------------------------------------------------------------------


class _Lent:
    """A loss function with gradients that were handed over, a prediction that stands in X, and what they were called with.

    The first column of X is a row's number, the second the class that is predicted for it.
    """

    def __init__(self, slopes: Any, losses: Any, X: Any, y: Any, batch: int) -> None:
        self.slopes, self.losses, self.X, self.y, self.batch = slopes, losses, X, y, batch
        self.calls = 0
        self.last: Any = None
        self.lacks_labels = False
        self.bad_rows = 0
        self.odd_sizes = 0
        self.drawn: set[Any] = set()

    def loss(self, params: Any, X: Any, y: Any = None, reg: Any = 0.0) -> Any:
        if y is None:
            self.lacks_labels = True
            return X.new_zeros(len(X), int(self.y.max()) + 1)
        k = self.calls % len(self.losses)
        self.calls += 1
        self.last = params
        self._look_at(X, y)
        values = [params[name] for name in NAMES]
        gradients = {
            name: slope[k] + reg * value
            for name, slope, value in zip(NAMES, self.slopes, values, strict=True)
        }
        return self.losses[k] + reg * sum((value**2).sum() for value in values), gradients

    def _look_at(self, X: Any, y: Any) -> None:
        rows = X[:, 0].round().long().clamp(0, len(self.X) - 1)
        is_row = (self.X[rows] == X).all(dim=1) & (self.y[rows] == y)
        self.bad_rows += int((~is_row).sum())
        self.odd_sizes += len(X) != self.batch
        self.drawn.add(tuple(rows.tolist()))

    def predict(self, params: Any, loss_func: Any, X: Any) -> Any:  # noqa: ARG002  the handout's signature
        return X[:, 1].round().long()


def steps(nn_train: Any, *given: Any) -> Any:
    """The parameters after training from the given ones, what came back, and how the loss function was called.

    given: the parameters, their gradients step by step, the losses, X, y, X_val, y_val, learning rate and its decay, reg,
    number of steps, batch size.
    """
    values, slopes, (losses, X, y, X_val, y_val, *numbers) = given[:4], given[4:8], given[8:]
    lent = _Lent(slopes, losses, X, y, int(numbers[-1]))
    params = dict(zip(NAMES, (value.clone() for value in values), strict=True))
    _lend_batches(nn_train)
    try:
        answer = nn_train(params, lent.loss, lent.predict, X, y, X_val, y_val, *numbers)
    except (TypeError, ValueError, AttributeError, IndexError) as error:
        if lent.lacks_labels:
            raise LabelsNotPassed from error
        raise
    if answer is None:
        return None
    if not isinstance(answer, dict):
        raise HistoriesMissing
    history = answer.get("loss_history")
    is_other = lent.last is not None and lent.last is not params
    tensors = sum(isinstance(each, torch.Tensor) for each in history) if isinstance(history, list) else 0
    return (
        *(params.get(name) for name in NAMES),
        history,
        answer.get("train_acc_history"),
        answer.get("val_acc_history"),
        float(is_other),
        float(lent.bad_rows),
        float(lent.odd_sizes),
        float(len(lent.drawn)),
        float(tensors),
    )


def moved(nn_train: Any, *given: Any) -> Any:
    """The parameters after training, whatever came back. given: as for steps."""
    values, slopes, (losses, X, y, X_val, y_val, *numbers) = given[:4], given[4:8], given[8:]
    lent = _Lent(slopes, losses, X, y, int(numbers[-1]))
    params = dict(zip(NAMES, (value.clone() for value in values), strict=True))
    _lend_batches(nn_train)
    nn_train(params, lent.loss, lent.predict, X, y, X_val, y_val, *numbers)
    return tuple(params.get(name) for name in NAMES)


def fit(
    nn_forward_backward: Any,
    nn_train: Any,
    nn_predict: Any,
    widths: Any,
    X: Any,
    y: Any,
    *numbers: Any,
) -> Any:
    """The parameters after training, first all weights, then all biases, as vectors; and the loss of every step.

    X: (N, D) or more columns. numbers: weight scale, reg, learning rate, its decay, epochs, batch size.
    """
    scale, reg, rate, decay, epochs, batch = numbers
    D, H, C = (int(each) for each in widths)
    rows = X[:, :D].contiguous()
    params = {
        "W1": scale * rows.new_empty(D, H).normal_(),
        "b1": rows.new_zeros(H),
        "W2": scale * rows.new_empty(H, C).normal_(),
        "b2": rows.new_zeros(C),
    }
    steps_of_all = int(epochs) * max(len(rows) // int(batch), 1)
    _lend_batches(nn_train)
    answer = nn_train(
        params,
        nn_forward_backward,
        nn_predict,
        rows,
        y,
        rows[: int(batch)],
        y[: int(batch)],
        rate,
        decay,
        reg,
        steps_of_all,
        int(batch),
    )
    history = answer.get("loss_history") if isinstance(answer, dict) else answer
    kinds = ([params[name].detach().reshape(-1) for name in NAMES if name[0] == kind] for kind in "Wb")
    return *(torch.cat(each) for each in kinds), history


def _lend_batches(nn_train: Any) -> None:
    """sample_batch draws rows as the handout's does: the student's own is judged elsewhere, or was not handed in."""
    module = getattr(nn_train, "__globals__", {})
    for name, value in list(module.items()):
        if isinstance(value, type(torch)) and value.__name__.partition(".")[0] not in _LIBRARIES:
            value.sample_batch = _sample_batch  # type: ignore[attr-defined]
        elif _SAMPLER in (getattr(value, "__name__", None), getattr(value, "_name", None)):
            module[name] = _sample_batch
    module[_SAMPLER] = _sample_batch


def _sample_batch(X: Any, y: Any, num_train: Any, batch_size: Any) -> Any:
    rows = torch.randint(int(num_train), (int(batch_size),))
    return X[rows], y[rows]
