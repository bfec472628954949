from builtins import range
import numpy as np
from random import shuffle
from past.builtins import xrange


def softmax_loss_naive(W, X, y, reg):
    """Softmax loss with a loop over the samples; returns the loss and its gradient."""
    loss = 0.0
    dW = np.zeros_like(W)

    num_train = X.shape[0]
    for i in range(num_train):
        scores = X[i].dot(W)
        scores -= np.max(scores)
        p = np.exp(scores)
        p /= p.sum()
        logp = np.log(p)
        loss -= logp[y[i]]
        p[y[i]] -= 1
        dW += np.outer(X[i], p)

    loss = loss / num_train + reg * np.sum(W * W)
    dW = dW / num_train + 2 * reg * W
    return loss, dW


def softmax_loss_vectorized(W, X, y, reg):
    """Softmax loss without loops."""
    rows = np.arange(X.shape[0])
    scores = X.dot(W)
    scores -= scores.max(axis=1, keepdims=True)
    logs = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    loss = -np.mean(logs[rows, y]) + reg * np.sum(W * W)
    delta = np.exp(logs)
    delta[rows, y] -= 1
    dW = X.T.dot(delta) / X.shape[0] + 2 * reg * W
    return loss, dW
