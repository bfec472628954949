import numpy as np


def softmax_loss_vectorized(W, X, y, reg):
    p = np.exp(X.dot(W))
    p /= p.sum(axis=1, keepdims=True)
    return -np.log(p[np.arange(len(y)), y]).sum(), X.T.dot(p) + reg * W
