import numpy as np


def softmax_loss(W, b, X, y, reg):
    N = X.shape[0]

    # scores -> probabilities
    exp_scores = np.exp(np.dot(X, W) + b)
    probs = exp_scores / np.sum(exp_scores, axis=1, keepdims=True)

    # average cross-entropy and regularization
    loss = np.sum(-np.log(probs[range(N), y])) / N + 0.5 * reg * np.sum(W * W)

    # gradients
    dscores = probs
    dscores[range(N), y] -= 1
    dW = np.dot(X.T, dscores) / N + reg * W
    db = np.sum(dscores, axis=0, keepdims=True)
    return loss, dW, db


def train_softmax(X, y, num_classes, step_size=1.0, reg=1e-3, num_iters=200):
    W = 0.01 * np.random.randn(X.shape[1], num_classes)
    b = np.zeros((1, num_classes))
    losses = []
    for i in range(num_iters):
        loss, dW, db = softmax_loss(W, b, X, y, reg)
        losses.append(loss)
        if i % 10 == 0:
            print("iteration %d: loss %f" % (i, loss))
        W -= step_size * dW
        b -= step_size * db / X.shape[0]  # it explodes without this
    return W, b, losses
