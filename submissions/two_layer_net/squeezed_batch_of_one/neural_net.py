import numpy as np


class TwoLayerNet(object):
    """input - fully connected - ReLU - fully connected - softmax"""

    def __init__(self, input_size, hidden_size, output_size, std=1e-4):
        self.params = {
            "W1": std * np.random.randn(input_size, hidden_size),
            "b1": np.zeros(hidden_size),
            "W2": std * np.random.randn(hidden_size, output_size),
            "b2": np.zeros(output_size),
        }

    def loss(self, X, y=None, reg=0.0):
        W1, b1, W2, b2 = [self.params[k] for k in ("W1", "b1", "W2", "b2")]
        N = len(X)
        h = np.maximum(0, X @ W1 + b1)
        scores = h @ W2 + b2
        if y is None:
            return scores

        e = np.squeeze(np.exp(scores))
        p = e / np.sum(e, axis=1)[:, None]
        loss = np.mean(-np.log(p[range(N), y])) + reg * np.sum(W1**2) + reg * np.sum(W2**2)

        d = p.copy()
        d[range(N), y] -= 1
        d /= N
        dh = (d @ W2.T) * (h > 0)
        grads = {
            "W1": X.T @ dh + 2 * reg * W1,
            "b1": dh.sum(axis=0),
            "W2": h.T @ d + 2 * reg * W2,
            "b2": d.sum(axis=0),
        }
        return loss, grads

    def train(
        self,
        X,
        y,
        X_val,
        y_val,
        learning_rate=1e-3,
        learning_rate_decay=0.95,
        reg=5e-6,
        num_iters=100,
        batch_size=200,
        verbose=False,
    ):
        per_epoch = max(len(X) // batch_size, 1)
        history = {"loss_history": [], "train_acc_history": [], "val_acc_history": []}
        for it in range(num_iters):
            rows = np.random.choice(len(X), batch_size)
            loss, grads = self.loss(X[rows], y[rows], reg)
            history["loss_history"].append(loss)
            for k in grads:
                self.params[k] -= learning_rate * grads[k]
            if verbose and it % 100 == 0:
                print("iteration %d / %d: loss %f" % (it, num_iters, loss))
            if it % per_epoch == 0:
                history["train_acc_history"].append(np.mean(self.predict(X[rows]) == y[rows]))
                history["val_acc_history"].append(np.mean(self.predict(X_val) == y_val))
                learning_rate *= learning_rate_decay
        return history

    def predict(self, X):
        return self.loss(X).argmax(axis=1)
