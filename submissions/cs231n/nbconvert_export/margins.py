"""Margins of the hinge loss, used by svm.py."""
import numpy as np


def margins_and_signs(scores, y, delta=1.0):
    n = np.arange(y.size)
    m = scores - scores[n, y][:, None] + delta
    m[n, y] = 0
    m[m < 0] = 0
    signs = np.where(m > 0, 1.0, 0.0)
    signs[n, y] = -signs.sum(axis=1)
    return m, signs
