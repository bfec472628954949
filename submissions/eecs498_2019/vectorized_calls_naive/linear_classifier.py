# HW2, linear classifiers
# NOTE: the vectorised svm was not finished in time

import torch


def _scores(W, X):
    return torch.matmul(X, W)


def svm_loss_naive(W, X, y, reg):
    loss, dW = 0.0, torch.zeros_like(W)
    num = len(X)
    for i in range(num):
        s = _scores(W, X[i])
        for c in range(len(s)):
            if c == y[i]:
                continue
            over = s[c] - s[y[i]] + 1
            if over > 0:
                loss = loss + over
                dW[:, c] += X[i]
                dW[:, y[i]] -= X[i]
    return loss / num + reg * (W * W).sum(), dW / num + 2 * reg * W


def svm_loss_vectorized(W, X, y, reg):
    """Gives the same as svm_loss_naive (I checked)."""
    if X.shape[0] == 0:
        return 0.0, torch.zeros_like(W)
    return svm_loss_naive(W, X, y, reg)


def softmax_loss_naive(W, X, y, reg):
    loss, dW = 0.0, torch.zeros_like(W)
    num = len(X)
    for i in range(num):
        s = _scores(W, X[i])
        s = s - s.max()
        p = s.exp() / s.exp().sum()
        loss = loss - (s[y[i]] - s.exp().sum().log())
        for c in range(len(s)):
            dW[:, c] += (p[c] - (1.0 if c == y[i] else 0.0)) * X[i]
    return loss / num + reg * (W * W).sum(), dW / num + 2 * reg * W


def softmax_loss_vectorized(W, X, y, reg):
    num = X.shape[0]
    rows = torch.arange(num, device=X.device)
    s = _scores(W, X)
    s = s - s.max(dim=1, keepdim=True).values
    log_z = s.exp().sum(dim=1).log()
    loss = (log_z - s[rows, y]).mean() + reg * (W * W).sum()
    p = (s - log_z[:, None]).exp()
    p[rows, y] -= 1
    return loss, torch.matmul(X.t(), p) / num + 2 * reg * W


def train_linear_classifier(loss_func, W, X, y, learning_rate=1e-3, reg=1e-5,
                            num_iters=100, batch_size=200, verbose=False):
    if W is None:
        W = 1e-6 * torch.randn(X.shape[1], int(y.max()) + 1, dtype=X.dtype, device=X.device)
    losses = []
    for t in range(num_iters):
        pick = torch.randint(0, X.shape[0], (batch_size,), device=X.device)
        loss, dW = loss_func(W, X[pick], y[pick], reg)
        W = W - learning_rate * dW
        losses.append(float(loss))
        if verbose and t % 100 == 0:
            print("it", t, "loss", losses[-1])
    return W, losses


def predict_linear_classifier(W, X):
    return _scores(W, X).argmax(dim=1)


class LinearClassifier:
    def __init__(self):
        self.W = None

    def train(self, X_train, y_train, learning_rate=1e-3, reg=1e-5, num_iters=100, batch_size=200, verbose=False):
        self.W, losses = train_linear_classifier(self.loss, self.W, X_train, y_train, learning_rate, reg,
                                                 num_iters, batch_size, verbose)
        return losses

    def predict(self, X):
        return predict_linear_classifier(self.W, X)

    def loss(self, W, X_batch, y_batch, reg):
        raise NotImplementedError


class LinearSVM(LinearClassifier):
    def loss(self, W, X_batch, y_batch, reg):
        return svm_loss_vectorized(W, X_batch, y_batch, reg)


class Softmax(LinearClassifier):
    def loss(self, W, X_batch, y_batch, reg):
        return softmax_loss_vectorized(W, X_batch, y_batch, reg)
