"""Layers as classes of their own."""

import numpy as np


class Affine:
    """A layer x W + b that remembers its input for the way back."""

    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, x):
        self.x = x
        return np.einsum("nd,dh->nh", x, self.W) + self.b

    def backward(self, g):
        return g @ self.W.T, self.x.T @ g, np.add.reduce(g)


class ReLU:
    def forward(self, x):
        self.on = x > 0
        return x * self.on

    def backward(self, g):
        return g * self.on


def cross_entropy(scores, y):
    logs = scores - scores.max(1, keepdims=True)
    logs = logs - np.log(np.exp(logs).sum(1, keepdims=True))
    rows = np.arange(len(y))
    g = np.exp(logs)
    g[rows, y] -= 1
    return -logs[rows, y].mean(), g / len(y)


class TwoLayerNet:
    def __init__(self, input_size, hidden_size, output_size, std=1e-4):
        rng = np.random.default_rng()
        self.params = dict(
            W1=rng.normal(0, std, (input_size, hidden_size)), b1=np.zeros(hidden_size),
            W2=rng.normal(0, std, (hidden_size, output_size)), b2=np.zeros(output_size),
        )

    def _layers(self):
        p = self.params
        return Affine(p["W1"], p["b1"]), ReLU(), Affine(p["W2"], p["b2"])

    def _forward(self, X):
        layers = self._layers()
        for layer in layers:
            X = layer.forward(X)
        return X, layers

    def loss(self, X, y=None, reg=0.0):
        scores, (first, relu, second) = self._forward(X)
        if y is None:
            return scores
        loss, g = cross_entropy(scores, y)
        g, dW2, db2 = second.backward(g)
        _, dW1, db1 = first.backward(relu.backward(g))
        W1, W2 = self.params["W1"], self.params["W2"]
        grads = {"W1": dW1 + 2 * reg * W1, "b1": db1, "W2": dW2 + 2 * reg * W2, "b2": db2}
        return loss + reg * (np.vdot(W1, W1) + np.vdot(W2, W2)), grads

    def train(self, X, y, X_val, y_val, learning_rate=1e-3, learning_rate_decay=0.95,
              reg=5e-6, num_iters=100, batch_size=200, verbose=False):
        losses, epoch = [], max(len(X) // batch_size, 1)
        for it in range(num_iters):
            rate = learning_rate * learning_rate_decay ** (it // epoch)
            rows = np.random.randint(len(X), size=batch_size)
            loss, grads = self.loss(X[rows], y[rows], reg)
            losses.append(float(loss))
            self.params = {k: v - rate * grads[k] for k, v in self.params.items()}
        return {"loss_history": losses, "val_acc": float(np.mean(self.predict(X_val) == y_val))}

    def predict(self, X):
        return self._forward(X)[0].argmax(axis=1)
