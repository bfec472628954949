# Übung 2 - lineare Klassifikation
# Abgabe Gruppe Dienstag

import torch
import torch.nn.functional as F


def svm_loss_naive(W, X, y, reg):
    N = X.shape[0]
    K = W.shape[1]
    dW = torch.zeros_like(W)
    summe = torch.tensor(0., dtype=X.dtype, device=X.device)

    # Beispiel für Beispiel
    for i in range(N):
        s = torch.mv(W.t(), X[i])
        t = int(y[i])
        verletzt = 0                        # Anzahl der Klassen mit positivem Rand
        for k in range(K):
            rand = s[k] - s[t] + 1
            if k != t and rand > 0:
                summe += rand
                dW[:, k] += X[i]
                verletzt += 1
        dW[:, t] -= verletzt * X[i]

    return summe / N + reg * (W ** 2).sum(), dW / N + 2 * reg * W


def svm_loss_vectorized(W, X, y, reg):
    N, K = X.shape[0], W.shape[1]
    s = torch.mm(X, W)
    ziel = F.one_hot(y, K).to(s.dtype)

    richtig = (s * ziel).sum(dim=1, keepdim=True)
    rand = (s - richtig + 1) * (1 - ziel)
    aktiv = (rand > 0).to(s.dtype)

    loss = (rand * aktiv).sum() / N + reg * (W ** 2).sum()
    ds = aktiv - ziel * aktiv.sum(dim=1, keepdim=True)
    return loss, torch.mm(X.t(), ds) / N + 2 * reg * W


def softmax_loss_naive(W, X, y, reg):
    N = X.shape[0]
    K = W.shape[1]
    dW = torch.zeros_like(W)
    summe = torch.tensor(0., dtype=X.dtype, device=X.device)

    for i in range(N):
        s = torch.mv(W.t(), X[i])
        p = torch.exp(s) / torch.exp(s).sum()
        summe -= torch.log(p[y[i]])
        for k in range(K):
            dW[:, k] += p[k] * X[i]
        dW[:, y[i]] -= X[i]

    return summe / N + reg * (W ** 2).sum(), dW / N + 2 * reg * W


def softmax_loss_vectorized(W, X, y, reg):
    N, K = X.shape[0], W.shape[1]
    ziel = F.one_hot(y, K).to(X.dtype)

    e = torch.exp(torch.mm(X, W))
    p = e / e.sum(dim=1, keepdim=True)      # jede Zeile summiert sich zu 1

    loss = -torch.log((p * ziel).sum(dim=1)).mean() + reg * (W ** 2).sum()
    return loss, torch.mm(X.t(), p - ziel) / N + 2 * reg * W


def train_linear_classifier(loss_func, W, X, y, learning_rate=1e-3,
                            reg=1e-5, num_iters=100, batch_size=200, verbose=False):
    if W is None:
        W = torch.randn(X.shape[1], int(y.max()) + 1, dtype=X.dtype, device=X.device) * 0.000001

    verlauf = []
    for it in range(num_iters):
        zufall = torch.randint(high=X.shape[0], size=(batch_size,), device=X.device)
        loss, dW = loss_func(W, X[zufall], y[zufall], reg)
        verlauf.append(float(loss))
        W = W - learning_rate * dW
        if verbose and it % 100 == 0:
            print('Schritt {} von {}, Loss {:.5f}'.format(it, num_iters, float(loss)))
    return W, verlauf


def predict_linear_classifier(W, X):
    y_pred = torch.mm(X, W).max(dim=1).indices
    return y_pred


class LinearClassifier:
    def __init__(self):
        self.W = None

    def train(self, X_train, y_train, learning_rate=1e-3, reg=1e-5, num_iters=100,
              batch_size=200, verbose=False):
        self.W, verlauf = train_linear_classifier(self.loss, self.W, X_train, y_train,
                                                  learning_rate, reg, num_iters, batch_size, verbose)
        return verlauf

    def predict(self, X):
        return predict_linear_classifier(self.W, X)

    def loss(self, W, X_batch, y_batch, reg):
        return None


class LinearSVM(LinearClassifier):
    """ Hinge-Loss """
    def loss(self, W, X_batch, y_batch, reg):
        return svm_loss_vectorized(W, X_batch, y_batch, reg)


class Softmax(LinearClassifier):
    """ Kreuzentropie """
    def loss(self, W, X_batch, y_batch, reg):
        return softmax_loss_vectorized(W, X_batch, y_batch, reg)
