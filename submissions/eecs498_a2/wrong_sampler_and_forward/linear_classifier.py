"""Linear classifiers trained by SGD: hinge loss and cross entropy, each written twice.

The notebook beside this file imports everything from here.
"""
from abc import abstractmethod
from typing import Callable, Dict, List, Optional, Tuple

import torch
from torch import Tensor

LossAndGrad = Tuple[Tensor, Tensor]


def _penalty(W: Tensor, reg: float) -> LossAndGrad:
    """reg * ||W||_F^2 and its derivative."""
    return reg * W.pow(2).sum(), 2.0 * reg * W


def svm_loss_naive(W: Tensor, X: Tensor, y: Tensor, reg: float) -> LossAndGrad:
    """Multiclass hinge loss, one sample and one class at a time."""
    n_samples, n_classes = X.size(0), W.size(1)
    data_loss = W.new_zeros(())
    data_grad = torch.zeros_like(W)

    for row in range(n_samples):
        label = y[row].item()
        scores = X[row] @ W
        for k in range(n_classes):
            if k == label:
                continue
            violation = scores[k] - scores[label] + 1.0
            if violation > 0:
                data_loss = data_loss + violation
                data_grad[:, k] += X[row]
                data_grad[:, label] -= X[row]

    r, dr = _penalty(W, reg)
    return data_loss / n_samples + r, data_grad / n_samples + dr


def svm_loss_vectorized(W: Tensor, X: Tensor, y: Tensor, reg: float) -> LossAndGrad:
    """Same numbers as svm_loss_naive with two matrix products."""
    n_samples = X.size(0)
    scores = X @ W
    true_column = y.view(-1, 1)
    violation = torch.relu(scores - scores.gather(1, true_column) + 1.0)
    violation.scatter_(1, true_column, 0.0)

    # d(loss)/d(scores): +1 for every violating class, minus their number at the true one
    dscores = (violation > 0).to(X.dtype)
    dscores.scatter_(1, true_column, -dscores.sum(dim=1, keepdim=True))

    r, dr = _penalty(W, reg)
    return violation.sum() / n_samples + r, X.t() @ dscores / n_samples + dr


def softmax_loss_naive(W: Tensor, X: Tensor, y: Tensor, reg: float) -> LossAndGrad:
    """Cross entropy of the softmax, looping over samples and classes."""
    n_samples, n_classes = X.size(0), W.size(1)
    data_loss = W.new_zeros(())
    data_grad = torch.zeros_like(W)

    for row in range(n_samples):
        label = y[row].item()
        scores = X[row] @ W
        scores = scores - scores.max()          # exp() must not overflow
        exps = scores.exp()
        partition = exps.sum()
        data_loss = data_loss + partition.log() - scores[label]
        for k in range(n_classes):
            data_grad[:, k] += (exps[k] / partition - float(k == label)) * X[row]

    r, dr = _penalty(W, reg)
    return data_loss / n_samples + r, data_grad / n_samples + dr


def softmax_loss_vectorized(W: Tensor, X: Tensor, y: Tensor, reg: float) -> LossAndGrad:
    """Cross entropy of the softmax without Python loops."""
    n_samples = X.size(0)
    log_probs = torch.log_softmax(X @ W, dim=1)     # shifts by the row maximum itself
    true_column = y.view(-1, 1)

    dscores = log_probs.exp()
    dscores.scatter_add_(1, true_column, torch.full_like(true_column, -1, dtype=X.dtype))

    r, dr = _penalty(W, reg)
    return -log_probs.gather(1, true_column).sum() / n_samples + r, X.t() @ dscores / n_samples + dr


def hello_linear_classifier():
    """Tells the notebook that the import worked."""
    print("Hello from linear_classifier.py!")


def sample_batch(X: Tensor, y: Tensor, num_train: int, batch_size: int) -> Tuple[Tensor, Tensor]:
    """batch_size rows with their labels, drawn with replacement."""
    picked = torch.arange(batch_size, device=X.device)
    return X[picked], y[picked]


def train_linear_classifier(
    loss_func: Callable,
    W: Optional[Tensor],
    X: Tensor,
    y: Tensor,
    learning_rate: float = 1e-3,
    reg: float = 1e-5,
    num_iters: int = 100,
    batch_size: int = 200,
    verbose: bool = False,
) -> Tuple[Tensor, List[float]]:
    """Plain minibatch SGD."""
    n_samples, n_features = X.shape
    if W is None:
        n_classes = int(y.max().item()) + 1
        W = 1e-6 * torch.randn(n_features, n_classes, dtype=X.dtype, device=X.device)

    history: List[float] = []
    for step in range(num_iters):
        X_batch, y_batch = sample_batch(X, y, n_samples, batch_size)
        loss, grad = loss_func(W, X_batch, y_batch, reg)
        history.append(float(loss))
        W = W - learning_rate * grad
        if verbose and step % 100 == 0:
            print(f"step {step:5d} of {num_iters}: loss {history[-1]:.6f}")
    return W, history


def predict_linear_classifier(W: Tensor, X: Tensor) -> Tensor:
    """Index of the greatest score in every row."""
    return (X @ W).argmax(dim=1)


class LinearClassifier:
    """Holds W; what to minimise is left to the subclasses."""

    def __init__(self) -> None:
        self.W: Optional[Tensor] = None

    def train(self, X_train, y_train, learning_rate=1e-3, reg=1e-5, num_iters=100,
              batch_size=200, verbose=False) -> List[float]:
        self.W, history = train_linear_classifier(
            self.loss, self.W, X_train, y_train,
            learning_rate=learning_rate, reg=reg, num_iters=num_iters,
            batch_size=batch_size, verbose=verbose,
        )
        return history

    def predict(self, X: Tensor) -> Tensor:
        return predict_linear_classifier(self.W, X)

    @abstractmethod
    def loss(self, W, X_batch, y_batch, reg):
        raise NotImplementedError("choose LinearSVM or Softmax")

    def save(self, path: str) -> None:
        torch.save({"W": self.W}, path)
        print("Saved in {}".format(path))

    def load(self, path: str) -> None:
        self.W = torch.load(path, map_location="cpu")["W"]


class LinearSVM(LinearClassifier):
    def loss(self, W, X_batch, y_batch, reg):
        return svm_loss_vectorized(W, X_batch, y_batch, reg)


class Softmax(LinearClassifier):
    def loss(self, W, X_batch, y_batch, reg):
        return softmax_loss_vectorized(W, X_batch, y_batch, reg)


def svm_get_search_params() -> Tuple[List[float], List[float]]:
    """3 x 3 pairs."""
    learning_rates = [3e-3, 7e-3, 1e-2]
    regularization_strengths = [1e-3, 1e-2, 5e-2]
    return learning_rates, regularization_strengths


def softmax_get_search_params() -> Tuple[List[float], List[float]]:
    """4 x 2 pairs; softmax wants larger steps."""
    learning_rates = [5e-3, 8e-3, 1e-2, 3e-2]
    regularization_strengths = [1e-3, 1e-2]
    return learning_rates, regularization_strengths


def test_one_param_set(
    cls: LinearClassifier,
    data_dict: Dict[str, Tensor],
    lr: float,
    reg: float,
    num_iters: int = 2000,
) -> Tuple[LinearClassifier, float, float]:
    """Train cls once; accuracies in percent."""
    cls.train(
        data_dict["X_train"],
        data_dict["y_train"],
        learning_rate=lr,
        reg=reg,
        num_iters=num_iters,
        verbose=False,
    )
    accuracies = []
    for split in ("train", "val"):
        guessed = cls.predict(data_dict["X_" + split])
        accuracies.append(100.0 * (guessed == data_dict["y_" + split]).double().mean().item())
    train_acc, val_acc = accuracies
    return cls, train_acc, val_acc
