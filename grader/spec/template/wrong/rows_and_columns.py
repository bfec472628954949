"""Takes the mean over the features. No mistake of questions.py has this name: it must lose points, and that is all."""

import numpy as np


def squared_loss(w, X, y):
    residual = X @ w - y
    return np.mean(residual**2), 2 * X.T @ residual / len(w)
