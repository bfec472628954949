from __future__ import print_function

import os
from builtins import range
from builtins import object
import numpy as np
from ..classifiers.softmax import *
from past.builtins import xrange


class LinearClassifier(object):
    def __init__(self):
        self.W = None

    def train(self, X, y, learning_rate=1e-3, reg=1e-5, num_iters=100, batch_size=200, verbose=False):
        """Stochastic gradient descent; returns the loss of every iteration."""
        num_train, dim = X.shape
        num_classes = np.max(y) + 1
        if self.W is None:
            self.W = 0.001 * np.random.randn(dim, num_classes)

        loss_history = []
        for it in range(num_iters):
            batch = np.random.choice(num_train, batch_size)
            X_batch = X[batch]
            y_batch = y[batch]
            loss, grad = self.loss(X_batch, y_batch, reg)
            loss_history.append(loss)
            self.W += learning_rate * grad
            if verbose and it % 100 == 0:
                print("iteration %d / %d: loss %f" % (it, num_iters, loss))
        return loss_history

    def predict(self, X):
        y_pred = np.zeros(X.shape[0])
        y_pred = X.dot(self.W).argmax(axis=1)
        return y_pred

    def loss(self, X_batch, y_batch, reg):
        pass

    def save(self, fname):
        """Save the weights in the folder saved."""
        path = os.path.join(os.path.dirname(__file__), "../saved", fname)
        np.save(path, {"W": self.W})


class LinearSVM(LinearClassifier):
    """Its loss is not part of this year's assignment."""

    def loss(self, X_batch, y_batch, reg):
        return svm_loss_vectorized(self.W, X_batch, y_batch, reg)


class Softmax(LinearClassifier):
    def loss(self, X_batch, y_batch, reg):
        return softmax_loss_vectorized(self.W, X_batch, y_batch, reg)
