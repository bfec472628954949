from builtins import range
import numpy as np
from random import shuffle
from past.builtins import xrange


def softmax_loss_naive(W, X, y, reg):
    """Softmax loss, with loops."""
    loss = 0.0
    dW = np.zeros_like(W)

    # *****START OF YOUR CODE (DO NOT DELETE/MODIFY THIS LINE)*****

    N, C = X.shape[0], W.shape[1]
    for i in range(N):
        s = X[i] @ W
        s = s - np.max(s)
        exps = np.exp(s)
        total = 0.0
        for c in range(C):
            total += exps[c]
        loss += np.log(total) - s[y[i]]
        for c in range(C):
            dW[:, c] += X[i] * (exps[c] / total - (c == y[i]))
    loss = loss / N + reg * np.sum(W * W)
    dW = dW / N + 2 * reg * W

    # *****END OF YOUR CODE (DO NOT DELETE/MODIFY THIS LINE)*****

    return loss, dW


def softmax_loss_vectorized(W, X, y, reg):
    """Softmax loss, without loops."""
    loss = 0.0
    dW = np.zeros_like(W)

    # *****START OF YOUR CODE (DO NOT DELETE/MODIFY THIS LINE)*****

    N = X.shape[0]
    s = X @ W
    s = s - np.amax(s, axis=1)[:, None]
    logp = s - np.log(np.exp(s).sum(axis=1))[:, None]
    loss = -logp[np.arange(N), y].mean() + reg * np.sum(W * W)
    dS = np.exp(logp)
    dS[np.arange(N), y] -= 1
    dW = X.T @ dS / N + 2 * reg * W

    # *****END OF YOUR CODE (DO NOT DELETE/MODIFY THIS LINE)*****

    return loss, dW
