from builtins import range
import numpy as np
from random import shuffle
from past.builtins import xrange


def softmax_loss_naive(W, X, y, reg):
    """Softmax loss, with loops."""
    loss = 0.0
    dW = np.zeros_like(W)

    # *****START OF YOUR CODE (DO NOT DELETE/MODIFY THIS LINE)*****

    for x_i, y_i in zip(X, y):
        f = x_i.dot(W)
        f -= f.max()
        p = np.exp(f) / np.exp(f).sum()
        loss -= f[y_i] - np.log(np.exp(f).sum())
        p[y_i] -= 1
        dW += np.outer(x_i, p)
    loss, dW = loss / len(y), dW / len(y)
    loss += reg * np.sum(W * W)
    dW += 2 * reg * W

    # *****END OF YOUR CODE (DO NOT DELETE/MODIFY THIS LINE)*****

    return loss, dW


def softmax_loss_vectorized(W, X, y, reg):
    """Softmax loss, without loops."""
    loss = 0.0
    dW = np.zeros_like(W)

    # *****START OF YOUR CODE (DO NOT DELETE/MODIFY THIS LINE)*****

    rows = np.arange(len(y))
    F = X.dot(W)
    F -= F.max(axis=1, keepdims=True)
    P = np.exp(F)
    sums = P.sum(axis=1, keepdims=True)
    loss = np.mean(np.log(sums[:, 0]) - F[rows, y]) + reg * np.sum(W * W)
    P /= sums
    P[rows, y] -= 1
    dW = X.T.dot(P) / len(y) + 2 * reg * W

    # *****END OF YOUR CODE (DO NOT DELETE/MODIFY THIS LINE)*****

    return loss, dW
