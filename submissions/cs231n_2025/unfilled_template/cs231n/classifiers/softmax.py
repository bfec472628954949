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

    loss = loss / num_train + reg * np.sum(W * W)

    return loss, dW


def softmax_loss_vectorized(W, X, y, reg):
    """Softmax loss without loops."""
    loss = 0.0
    dW = np.zeros_like(W)

    return loss, dW
