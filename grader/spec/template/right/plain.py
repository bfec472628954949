"""As most students write it. The selftest also makes wrong ones of this file, by small changes."""

import numpy as np


def squared_loss(w, X, y):
    residual = X @ w - y
    loss = np.mean(residual**2)
    dw = 2 * X.T @ residual / len(y)
    return loss, dw
