import torch

# sorry, ran out of time this week. everything has the right shape at least


def svm_loss_naive(W, X, y, reg):
    return torch.tensor(0.0), torch.zeros_like(W)


def svm_loss_vectorized(W, X, y, reg):
    return torch.tensor(0.0), torch.zeros_like(W)


def softmax_loss_naive(W, X, y, reg):
    return torch.tensor(0.0), torch.zeros_like(W)


def softmax_loss_vectorized(W, X, y, reg):
    return torch.tensor(0.0), torch.zeros_like(W)


def train_linear_classifier(loss_func, W, X, y, learning_rate=1e-3, reg=1e-5,
                            num_iters=100, batch_size=200, verbose=False):
    if W is None:
        W = torch.zeros(X.shape[1], int(y.max()) + 1, dtype=X.dtype, device=X.device)
    return W, [0.0] * num_iters


def predict_linear_classifier(W, X):
    return torch.zeros(X.shape[0], dtype=torch.int64, device=X.device)


class LinearClassifier(object):
    def __init__(self):
        self.W = None

    def train(self, X_train, y_train, learning_rate=1e-3, reg=1e-5, num_iters=100,
              batch_size=200, verbose=False):
        self.W, losses = train_linear_classifier(self.loss, self.W, X_train, y_train, learning_rate,
                                                 reg, num_iters, batch_size, verbose)
        return losses

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
