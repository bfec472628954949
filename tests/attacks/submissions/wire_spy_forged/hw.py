import torch


def train_linear_classifier(loss_func, W, X, y, learning_rate=1e-3, reg=1e-5, num_iters=100, batch_size=200, verbose=False):
    for _ in range(num_iters):
        loss_func(None, torch.zeros(0), "y", float("nan"))
    return W, [float("inf")] * 10**6
