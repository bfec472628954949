import numpy as np


def softmax_loss(W, b, X, y, reg):
    N = len(X)
    scores = X @ W + b
    scores = scores - scores.max(axis=1, keepdims=True)
    logp = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    loss = -logp[np.arange(N), y].mean() + reg / 2 * (W ** 2).sum()

    dscores = np.exp(logp)
    dscores[np.arange(N), y] -= 1
    dscores /= N
    return loss, X.T @ dscores + reg * W, dscores.sum(axis=0, keepdims=True)


def train_softmax(X, y, num_classes, step_size=1.0, reg=1e-3, num_iters=200):
    W = 0.01 * np.random.randn(X.shape[1], num_classes)
    b = np.zeros((1, num_classes))
    losses = []
 
    for _ in range(num_iters):
        loss, dW, db = softmax_loss(W, b, X, y, reg)
        losses.append(loss)
        W -= step_size * dW
        b -= step_size * db
    return W, b, losses
