import numpy as np


class TwoLayerNet:
    """affine, ReLU, affine, softmax"""

    def __init__(self, input_size, hidden_size, output_size, std=1e-4):
        self.params = {
            "W1": std * np.random.randn(input_size, hidden_size),
            "b1": np.zeros(hidden_size),
            "W2": std * np.random.randn(hidden_size, output_size),
            "b2": np.zeros(output_size),
        }

    def loss(self, X, y=None, reg=0.0):
        W1, b1, W2, b2 = (self.params[name] for name in ("W1", "b1", "W2", "b2"))
        before = X @ W1 + b1
        hidden = before * (before > 0)
        scores = hidden @ W2 + b2
        if y is None:
            return scores

        N = len(X)
        rows = np.arange(N)
        p = np.exp(scores - scores.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        loss = -np.log(p[rows, y]).mean() + reg * (np.sum(W1 ** 2) + np.sum(W2 ** 2))

        p[rows, y] -= 1
        p /= N
        back = (p @ W2.T) * (before > 0)
        return loss, {
            "W1": X.T @ back + 2 * reg * W1,
            "b1": back.sum(axis=0),
            "W2": hidden.T @ p + 2 * reg * W2,
            "b2": p.sum(axis=0),
        }

    def train(self, X, y, X_val, y_val, learning_rate=1e-3, learning_rate_decay=0.95,
              reg=5e-6, num_iters=100, batch_size=200, verbose=False):
        epoch = max(len(X) // batch_size, 1)
        history = {"loss_history": [], "train_acc_history": [], "val_acc_history": []}
        for it in range(num_iters):
<<<<<<< HEAD
            batch = np.random.choice(len(X), batch_size)
=======
            batch = np.random.randint(0, len(X), batch_size)
>>>>>>> faster-sampling
            loss, grads = self.loss(X[batch], y[batch], reg=reg)
            history["loss_history"].append(loss)
            for name, gradient in grads.items():
                self.params[name] -= learning_rate * gradient
            if (it + 1) % epoch == 0:
                history["train_acc_history"].append((self.predict(X[batch]) == y[batch]).mean())
                history["val_acc_history"].append((self.predict(X_val) == y_val).mean())
                learning_rate *= learning_rate_decay
        return history

    def predict(self, X):
        return self.loss(X).argmax(axis=1)
