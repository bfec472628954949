"""
Implements a two-layer network.
"""
import torch
import random
import statistics
from linear_classifier import sample_batch
from typing import Dict, List, Callable, Optional


def hello_two_layer_net():
    print("Hello from two_layer_net.py!")


class TwoLayerNet(object):
    def __init__(self, input_size: int, hidden_size: int, output_size: int, dtype: torch.dtype = torch.float32, device: str = "cuda", std: float = 1e-4):
        random.seed(0)
        torch.manual_seed(0)
        self.params = {}
        self.params["W1"] = std * torch.randn(input_size, hidden_size, dtype=dtype, device=device)
        self.params["b1"] = torch.zeros(hidden_size, dtype=dtype, device=device)
        self.params["W2"] = std * torch.randn(hidden_size, output_size, dtype=dtype, device=device)
        self.params["b2"] = torch.zeros(output_size, dtype=dtype, device=device)

    def loss(self, X, y=None, reg=0.0):
        return nn_forward_backward(self.params, X, y, reg)

    def train(self, X, y, X_val, y_val, learning_rate=1e-3, learning_rate_decay=0.95, reg=5e-6, num_iters=100, batch_size=200, verbose=False):
        return nn_train(self.params, nn_forward_backward, nn_predict, X, y, X_val, y_val, learning_rate, learning_rate_decay, reg, num_iters, batch_size, verbose)

    def predict(self, X):
        return nn_predict(self.params, nn_forward_backward, X)


def nn_forward_pass(params: Dict[str, torch.Tensor], X: torch.Tensor):
    """
    The first stage of our neural network implementation.
    """
    # Unpack variables from the params dictionary
    W1, b1 = params["W1"], params["b1"]
    W2, b2 = params["W2"], params["b2"]
    N, D = X.shape

    # Compute the forward pass
    hidden = None
    scores = None
    # Replace "pass" statement with your code
    pass
    return scores, hidden


def nn_forward_backward(params: Dict[str, torch.Tensor], X: torch.Tensor, y: Optional[torch.Tensor] = None, reg: float = 0.0):
    """
    Compute the loss and gradients for a two layer fully connected neural net.
    """
    W1, b1 = params["W1"], params["b1"]
    W2, b2 = params["W2"], params["b2"]
    N, D = X.shape

    scores, h1 = nn_forward_pass(params, X)
    # If the targets are not given then jump out, we're done
    if y is None:
        return scores

    # Compute the loss
    loss = None
    # Replace "pass" statement with your code
    pass

    # Backward pass: compute gradients
    grads = {}
    # Replace "pass" statement with your code
    pass

    return loss, grads


def nn_train(params, loss_func: Callable, pred_func: Callable, X, y, X_val, y_val, learning_rate: float = 1e-3, learning_rate_decay: float = 0.95, reg: float = 5e-6, num_iters: int = 100, batch_size: int = 200, verbose: bool = False):
    num_train = X.shape[0]
    iterations_per_epoch = max(num_train // batch_size, 1)

    loss_history = []
    train_acc_history = []
    val_acc_history = []

    for it in range(num_iters):
        X_batch, y_batch = sample_batch(X, y, num_train, batch_size)

        # Compute loss and gradients using the current minibatch
        loss, grads = loss_func(params, X_batch, y=y_batch, reg=reg)
        loss_history.append(loss.item())

        # Replace "pass" statement with your code
        pass

        if verbose and it % 100 == 0:
            print("iteration %d / %d: loss %f" % (it, num_iters, loss.item()))

        if it % iterations_per_epoch == 0:
            y_train_pred = pred_func(params, loss_func, X_batch)
            train_acc = (y_train_pred == y_batch).float().mean().item()
            y_val_pred = pred_func(params, loss_func, X_val)
            val_acc = (y_val_pred == y_val).float().mean().item()
            train_acc_history.append(train_acc)
            val_acc_history.append(val_acc)

            learning_rate *= learning_rate_decay

    return {"loss_history": loss_history, "train_acc_history": train_acc_history, "val_acc_history": val_acc_history}


def nn_predict(params, loss_func: Callable, X: torch.Tensor):
    y_pred = None
    # Replace "pass" statement with your code
    pass
    return y_pred


def nn_get_search_params():
    learning_rates = []
    hidden_sizes = []
    regularization_strengths = []
    learning_rate_decays = []
    # Replace "pass" statement with your code
    pass
    return learning_rates, hidden_sizes, regularization_strengths, learning_rate_decays


def find_best_net(data_dict: Dict[str, torch.Tensor], get_param_set_fn: Callable):
    best_net = None
    best_stat = None
    best_val_acc = 0.0
    # Replace "pass" statement with your code
    pass
    return best_net, best_stat, best_val_acc
