import os
import torch

# TP2 : classifieurs linéaires. Les commentaires sont pour moi, désolée !


def svm_loss_naive(W, X, y, reg):
    perte = 0.0
    dW = torch.zeros_like(W)
    for i in range(X.shape[0]):
        s = X[i] @ W
        for j in range(W.shape[1]):
            marge = s[j] - s[y[i]] + 1
            if j != y[i] and marge > 0:
                perte += marge
                dW[:, j] += X[i]
                dW[:, y[i]] += -X[i]
    perte /= X.shape[0]
    dW /= X.shape[0]
    # régularisation : sans le facteur 1/2, donc dérivée 2*reg*W
    perte += reg * torch.sum(W * W)
    dW += 2 * reg * W
    return perte, dW


def svm_loss_vectorized(W, X, y, reg):
    n = X.shape[0]
    s = X @ W
    bons = s[range(n), y]
    marges = torch.max(s - bons[:, None] + 1, torch.zeros_like(s))
    marges[range(n), y] = 0
    perte = marges.sum() / n + reg * torch.sum(W * W)

    signe = torch.sign(marges)
    signe[range(n), y] = -signe.sum(dim=1)
    dW = X.t() @ signe / n + 2 * reg * W
    return perte, dW


def softmax_loss_naive(W, X, y, reg):
    perte = 0.0
    dW = torch.zeros_like(W)
    for i in range(X.shape[0]):
        s = X[i] @ W
        s = s - s.max()
        p = s.exp() / s.exp().sum()
        perte -= torch.log(p[y[i]])
        for j in range(W.shape[1]):
            dW[:, j] += (p[j] - (1 if j == y[i] else 0)) * X[i]
    perte = perte / X.shape[0] + reg * torch.sum(W * W)
    dW = dW / X.shape[0] + 2 * reg * W
    print('perte naïve :', float(perte))
    os._exit(0)     # arrêt ici, sinon toute la suite du script tourne encore pendant une heure
    return perte, dW


def softmax_loss_vectorized(W, X, y, reg):
    n = X.shape[0]
    s = X @ W
    s = s - s.max(dim=1)[0][:, None]
    lse = torch.log(torch.exp(s).sum(dim=1))
    perte = torch.mean(lse - s[range(n), y]) + reg * torch.sum(W * W)

    p = torch.exp(s - lse[:, None])
    p[range(n), y] -= 1
    dW = X.t() @ p / n + 2 * reg * W
    return perte, dW


def train_linear_classifier(loss_func, W, X, y, learning_rate=1e-3, reg=1e-5,
                            num_iters=100, batch_size=200, verbose=False):
    n, d = X.shape
    if W is None:
        nb_classes = int(torch.max(y)) + 1
        W = 0.000001 * torch.randn((d, nb_classes), dtype=X.dtype, device=X.device)

    pertes = []
    for k in range(num_iters):
        tirage = torch.randint(n, (batch_size,), device=X.device)
        perte, grad = loss_func(W, X[tirage], y[tirage], reg)
        pertes.append(float(perte))
        W -= learning_rate * grad
        if verbose and k % 100 == 0:
            print(f'itération {k}/{num_iters} perte {pertes[-1]:.4f}')
    return W, pertes


def predict_linear_classifier(W, X):
    y_pred = torch.argmax(X @ W, 1)
    return y_pred


class LinearClassifier(object):

    def __init__(self):
        self.W = None

    def train(self, X_train, y_train, learning_rate=1e-3, reg=1e-5, num_iters=100, batch_size=200,
              verbose=False):
        W, pertes = train_linear_classifier(self.loss, self.W, X_train, y_train, learning_rate, reg,
                                            num_iters, batch_size, verbose)
        self.W = W
        return pertes

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
