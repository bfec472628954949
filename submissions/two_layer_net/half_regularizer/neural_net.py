"""Two-layer network with a ReLU, as in assignment 1; the penalty is the 1/2 lambda |W|^2 of another lecture."""

from __future__ import print_function

import numpy as np


class TwoLayerNet(object):

    def __init__(self, input_size, hidden_size, output_size, std=1e-4):
        self.params = {
            'W1': std * np.random.randn(input_size, hidden_size),
            'b1': np.zeros(hidden_size),
            'W2': std * np.random.randn(hidden_size, output_size),
            'b2': np.zeros(output_size),
        }

    def loss(self, X, y=None, reg=0.0):
        W1, b1, W2, b2 = (self.params[k] for k in ('W1', 'b1', 'W2', 'b2'))
        N = X.shape[0]

        h = np.maximum(X.dot(W1) + b1, 0)
        scores = h.dot(W2) + b2
        if y is None:
            return scores

        # softmax, shifted so that exp does not overflow
        scores = scores - scores.max(axis=1)[:, np.newaxis]
        logp = scores - np.log(np.exp(scores).sum(axis=1))[:, np.newaxis]
        loss = -logp[range(N), y].mean()
        loss += 0.5 * reg * (W1 ** 2).sum() + 0.5 * reg * (W2 ** 2).sum()

        d = np.exp(logp)
        d[range(N), y] -= 1
        d /= N
        dh = d.dot(W2.T) * (h > 0)
        grads = {
            'W2': h.T.dot(d) + reg * W2,
            'b2': d.sum(axis=0),
            'W1': X.T.dot(dh) + reg * W1,
            'b1': dh.sum(axis=0),
        }
        return loss, grads

    def train(self, X, y, X_val, y_val, learning_rate=1e-3, learning_rate_decay=0.95, reg=5e-6,
              num_iters=100, batch_size=200, verbose=False):
        num_train = X.shape[0]
        iterations_per_epoch = max(num_train // batch_size, 1)
        loss_history, train_acc_history, val_acc_history = [], [], []

        for it in range(num_iters):
            idx = np.random.choice(num_train, batch_size, replace=True)
            X_batch, y_batch = X[idx], y[idx]
            loss, grads = self.loss(X_batch, y=y_batch, reg=reg)
            loss_history.append(loss)

            for k in grads:
                self.params[k] = self.params[k] - learning_rate * grads[k]

            if verbose and it % 100 == 0:
                print('iteration %d / %d: loss %f' % (it, num_iters, loss))

            if it % iterations_per_epoch == 0:
                train_acc_history.append((self.predict(X_batch) == y_batch).mean())
                val_acc_history.append((self.predict(X_val) == y_val).mean())
                learning_rate *= learning_rate_decay

        return {
            'loss_history': loss_history,
            'train_acc_history': train_acc_history,
            'val_acc_history': val_acc_history,
        }

    def predict(self, X):
        return self.loss(X).argmax(axis=1)
