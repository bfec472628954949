"""
Two-layer network, winter 2022.
"""
import random
import statistics
from typing import Callable, Dict, List, Optional, Tuple

import torch
from linear_classifier import sample_batch


def hello_two_layer_net():
    print("Hello from two_layer_net.py!")


class TwoLayerNet(object):
    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        output_size: int,
        dtype: torch.dtype = torch.float32,
        device: str = "cuda",
        std: float = 1e-4,
    ):
        random.seed(0)
        torch.manual_seed(0)
        self.params = {
            "W1": std * torch.randn(input_size, hidden_size, dtype=dtype, device=device),
            "b1": torch.zeros(hidden_size, dtype=dtype, device=device),
            "W2": std * torch.randn(hidden_size, output_size, dtype=dtype, device=device),
            "b2": torch.zeros(output_size, dtype=dtype, device=device),
        }

    def loss(self, X, y=None, reg=0.0):
        return nn_forward_backward(self.params, X, y, reg)

    def train(self, X, y, X_val, y_val, learning_rate=1e-3, learning_rate_decay=0.95,
              reg=5e-6, num_iters=100, batch_size=200, verbose=False):
        return nn_train(self.params, nn_forward_backward, nn_predict, X, y, X_val, y_val,
                        learning_rate, learning_rate_decay, reg, num_iters, batch_size, verbose)

    def predict(self, X: torch.Tensor):
        return nn_predict(self.params, nn_forward_backward, X)

    def save(self, path: str):
        torch.save(self.params, path)

    def load(self, path: str):
        checkpoint = torch.load(path, map_location="cpu")
        if len(checkpoint) != 4:
            raise Exception("Failed to load your checkpoint")
        for param in ["W1", "b1", "W2", "b2"]:
            if param not in checkpoint:
                raise Exception("Failed to load your checkpoint")
        self.params = checkpoint


def nn_forward_pass(params: Dict[str, torch.Tensor], X: torch.Tensor):
    W1, b1 = params["W1"], params["b1"]
    W2, b2 = params["W2"], params["b2"]

    # linear, then everything below zero is cut off
    hidden = X @ W1 + b1
    hidden = torch.relu(hidden)
    scores = hidden @ W2 + b2
    return scores, hidden


def nn_forward_backward(
    params: Dict[str, torch.Tensor],
    X: torch.Tensor,
    y: Optional[torch.Tensor] = None,
    reg: float = 0.0,
):
    W1, W2 = params["W1"], params["W2"]
    N = X.size(0)

    scores, hidden = nn_forward_pass(params, X)
    if y is None:
        return scores

    log_probs = scores - torch.logsumexp(scores, dim=1, keepdim=True)
    data_loss = -log_probs.gather(1, y.unsqueeze(1)).mean()
    loss = data_loss + reg * (W1.pow(2).sum() + W2.pow(2).sum())

    upstream = log_probs.exp()
    upstream.scatter_add_(1, y.unsqueeze(1), upstream.new_full((N, 1), -1.0))
    upstream = upstream / N
    through_relu = torch.mm(upstream, W2.T) * (hidden > 0)
    grads = {
        "W1": torch.mm(X.T, through_relu) + 2.0 * reg * W1,
        "b1": through_relu.sum(0),
        "W2": torch.mm(hidden.T, upstream) + 2.0 * reg * W2,
        "b2": upstream.sum(0),
    }
    return loss, grads


def nn_train(
    params: Dict[str, torch.Tensor],
    loss_func: Callable,
    pred_func: Callable,
    X: torch.Tensor,
    y: torch.Tensor,
    X_val: torch.Tensor,
    y_val: torch.Tensor,
    learning_rate: float = 1e-3,
    learning_rate_decay: float = 0.95,
    reg: float = 5e-6,
    num_iters: int = 100,
    batch_size: int = 200,
    verbose: bool = False,
):
    num_train = X.shape[0]
    iterations_per_epoch = max(num_train // batch_size, 1)
    loss_history = []
    train_acc_history = []
    val_acc_history = []

    for it in range(num_iters):
        X_batch, y_batch = sample_batch(X, y, num_train, batch_size)
        loss, grads = loss_func(params, X_batch, y=y_batch, reg=reg)
        loss_history.append(loss.item())

        params["W1"] = params["W1"] - learning_rate * grads["W1"]
        params["b1"] = params["b1"] - learning_rate * grads["b1"]
        params["W2"] = params["W2"] - learning_rate * grads["W2"]
        params["b2"] = params["b2"] - learning_rate * grads["b2"]

        if verbose and it % 100 == 0:
            print("iteration %d / %d: loss %f" % (it, num_iters, loss.item()))

        if it % iterations_per_epoch == 0:
            train_acc = (pred_func(params, loss_func, X_batch) == y_batch).float().mean().item()
            val_acc = (pred_func(params, loss_func, X_val) == y_val).float().mean().item()
            train_acc_history.append(train_acc)
            val_acc_history.append(val_acc)
        learning_rate *= learning_rate_decay

    return {
        "loss_history": loss_history,
        "train_acc_history": train_acc_history,
        "val_acc_history": val_acc_history,
    }


def nn_predict(params: Dict[str, torch.Tensor], loss_func: Callable, X: torch.Tensor):
    y_pred = torch.max(loss_func(params, X), dim=1)[1]
    return y_pred


def nn_get_search_params():
    learning_rates = [10.0 ** p for p in (-1, -0.5, 0)]
    hidden_sizes = [32 * k for k in range(1, 4)]
    regularization_strengths = [1e-5, 1e-4]
    learning_rate_decays = [0.9, 0.95, 1.0]
    return (
        learning_rates,
        hidden_sizes,
        regularization_strengths,
        learning_rate_decays,
    )


def find_best_net(data_dict: Dict[str, torch.Tensor], get_param_set_fn: Callable):
    best_net = None
    best_stat = None
    best_val_acc = 0.0

    import itertools

    lists = get_param_set_fn()
    for lr, width, reg, decay in itertools.product(*lists):
        net = TwoLayerNet(data_dict["X_train"].shape[1], width, 10)
        stat = net.train(
            data_dict["X_train"], data_dict["y_train"], data_dict["X_val"], data_dict["y_val"],
            learning_rate=lr, learning_rate_decay=decay, reg=reg, num_iters=2000, batch_size=1000,
        )
        val_acc = max(stat["val_acc_history"])
        if best_net is None or val_acc > best_val_acc:
            best_net, best_stat, best_val_acc = net, stat, val_acc
            print("new best", best_val_acc)

    return best_net, best_stat, best_val_acc
