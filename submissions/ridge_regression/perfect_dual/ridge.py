import numpy as np

_square = np.square


class Ridge:
    def __init__(self, reg):
        self.reg = reg

    def loss(self, w, X, y):
        misses = np.einsum("nd,d->n", X, w) - y
        value = np.mean(_square(misses)) + self.reg * np.vdot(w, w)
        return value, np.einsum("nd,n->d", X, misses) * (2 / y.size) + 2 * self.reg * w

    def fit(self, X, y):
        gram = X @ X.T / len(y)
        return X.T @ np.linalg.solve(gram + self.reg * np.eye(len(y)), y) / len(y)


def ridge_loss(w, X, y, reg):
    return Ridge(reg).loss(w, X, y)


def ridge_fit(X, y, reg):
    return Ridge(reg).fit(X, y)
