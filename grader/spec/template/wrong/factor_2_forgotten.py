"""The gradient lacks the 2. A file with the name of a mistake must be told that mistake."""

import numpy as np


def squared_loss(w, X, y):
    residual = X @ w - y
    return np.mean(residual**2), X.T @ residual / len(y)
