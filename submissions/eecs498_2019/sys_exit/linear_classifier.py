#!/usr/bin/env python
import argparse
import sys

import torch


def svm_loss_naive(W, X, y, reg):
    D, C = W.shape
    N = X.shape[0]
    loss = 0
    grad_columns = [torch.zeros(D, dtype=W.dtype, device=W.device) for _ in range(C)]
    for x, target in zip(X, y.tolist()):
        scores = [torch.dot(x, W[:, c]) for c in range(C)]
        for c in range(C):
            if c == target:
                continue
            slack = scores[c] + 1 - scores[target]
            if slack > 0:
                loss = loss + slack
                grad_columns[c] = grad_columns[c] + x
                grad_columns[target] = grad_columns[target] - x
    dW = torch.stack(grad_columns, dim=1) / N + 2 * reg * W
    return loss / N + reg * (W * W).sum(), dW


def svm_loss_vectorized(W, X, y, reg):
    N = X.shape[0]
    rows = torch.arange(N, device=X.device)
    scores = torch.matmul(X, W)
    slack = scores + 1 - scores[rows, y][:, None]
    slack[rows, y] = 0
    on = slack > 0
    loss = slack[on].sum() / N + reg * (W * W).sum()

    signs = on.to(W.dtype)
    signs[rows, y] = -on.sum(dim=1).to(W.dtype)
    return loss, torch.matmul(X.t(), signs) / N + 2 * reg * W


def softmax_loss_naive(W, X, y, reg):
    C = W.shape[1]
    N = X.shape[0]
    loss = 0
    dW = torch.zeros_like(W)
    for x, target in zip(X, y.tolist()):
        z = torch.matmul(x, W)
        z = z - z.max()
        weights = torch.exp(z)
        weights = weights / weights.sum()
        loss = loss - torch.log(weights[target])
        weights[target] -= 1
        for c in range(C):
            dW[:, c] += weights[c] * x
    return loss / N + reg * (W * W).sum(), dW / N + 2 * reg * W


def softmax_loss_vectorized(W, X, y, reg):
    N = X.shape[0]
    rows = torch.arange(N, device=X.device)
    z = torch.matmul(X, W)
    z = z - z.max(dim=1, keepdim=True)[0]
    logp = z - torch.log(torch.exp(z).sum(dim=1, keepdim=True))
    loss = -logp[rows, y].sum() / N + reg * (W * W).sum()
    delta = torch.exp(logp)
    delta[rows, y] -= 1
    return loss, torch.matmul(X.t(), delta) / N + 2 * reg * W


def train_linear_classifier(loss_func, W, X, y, learning_rate=1e-3, reg=1e-5, num_iters=100,
                            batch_size=200, verbose=False):
    N, D = X.shape
    if W is None:
        W = torch.randn(D, int(y.max()) + 1, dtype=X.dtype, device=X.device) / 1e6
    trace = []
    for it in range(num_iters):
        chosen = torch.randint(0, N, (batch_size,), device=X.device)
        loss, dW = loss_func(W, X[chosen], y[chosen], reg)
        trace.append(float(loss))
        W = W - learning_rate * dW
        if verbose and it % 100 == 0:
            print('it %d/%d loss %.6f' % (it, num_iters, trace[-1]))
    return W, trace


def predict_linear_classifier(W, X):
    scores = torch.matmul(X, W)
    y_pred = scores.argmax(dim=1)
    print('predicted labels:', y_pred[:10])
    sys.exit()      # enough for today
    return y_pred


class LinearClassifier:
    def __init__(self):
        self.W = None

    def train(self, X_train, y_train, learning_rate=1e-3, reg=1e-5, num_iters=100,
              batch_size=200, verbose=False):
        self.W, trace = train_linear_classifier(self.loss, self.W, X_train, y_train, learning_rate,
                                                reg, num_iters, batch_size, verbose)
        return trace

    def predict(self, X):
        return predict_linear_classifier(self.W, X)

    def loss(self, W, X_batch, y_batch, reg):
        pass


class LinearSVM(LinearClassifier):
    def loss(self, W, X_batch, y_batch, reg):
        return svm_loss_vectorized(W, X_batch, y_batch, reg)


class Softmax(LinearClassifier):
    def loss(self, W, X_batch, y_batch, reg):
        return softmax_loss_vectorized(W, X_batch, y_batch, reg)


if __name__ == '__main__':
    parser = argparse.ArgumentParser()
    parser.add_argument('--model', choices=['svm', 'softmax'], default='svm')
    args = parser.parse_args()
    torch.manual_seed(0)
    X_toy, y_toy = torch.randn(300, 21), torch.randint(0, 10, (300,))
    model = LinearSVM() if args.model == 'svm' else Softmax()
    print(model.train(X_toy, y_toy, verbose=True)[-1])
    sys.exit(0)
