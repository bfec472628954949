from builtins import range
import numpy as np
from random import shuffle
from past.builtins import xrange


def svm_loss_naive(W, X, y, reg):
    """
    Structured SVM loss, written with loops.

    W: (D, C) weights, X: (N, D) minibatch, y: (N,) labels, reg: strength.
    Returns the loss and its gradient with respect to W.
    """
    dW = np.zeros(W.shape)
    num_classes = W.shape[1]
    num_train = X.shape[0]
    loss = 0.0
    for i in xrange(num_train):
        scores = X[i].dot(W)
        correct_class_score = scores[y[i]]
        for j in xrange(num_classes):
            if j == y[i]:
                continue
            margin = scores[j] - correct_class_score + 1  # delta = 1
            if margin > 0:
                loss += margin
                dW[:, j] += X[i]
                dW[:, y[i]] -= X[i]

    loss /= num_train
    dW /= num_train
    loss += reg * np.sum(W * W)
    dW += 2 * reg * W
    return loss, dW


def svm_loss_vectorized(W, X, y, reg):
    """
    Structured SVM loss without loops; inputs and outputs are the same as svm_loss_naive.
    """
    N = X.shape[0]
    rows = np.arange(N)
    s = X @ W
    m = s - s[rows, y].reshape(-1, 1) + 1
    m[rows, y] = 0
    active = m > 0

    loss = m[active].sum() / N
    loss += reg / 2 * np.sum(W ** 2)

    coef = active.astype(float)
    coef[rows, y] = -active.sum(axis=1)
    dW = X.T @ coef / N + reg * W
    return loss, dW
