# -*- coding: utf-8 -*-
# Tarea 2: clasificadores lineales (SVM y softmax)
import torch


def svm_loss_naive(W, X, y, reg):
    """ Version con bucles. Devuelve (perdida, gradiente). """
    dW = torch.zeros_like(W)
    perdida = 0.0
    N = X.shape[0]
    C = W.shape[1]

    for i in range(N):
        puntajes = W.t().matmul(X[i])
        correcto = puntajes[y[i]]
        for j in range(C):
            if j == y[i]:
                continue      # la clase correcta no suma

            margen = puntajes[j] - correcto + 1
            if margen > 0:
                perdida += margen
            # gradiente: la columna j se aleja, la correcta se acerca
            dW[:, j] += X[i]
            dW[:, y[i]] -= X[i]

    perdida = perdida/N + reg*(W*W).sum()
    dW = dW/N + 2*reg*W
    return perdida, dW


def svm_loss_vectorized(W, X, y, reg):
    N = X.shape[0]
    filas = torch.arange(N, device=X.device)

    S = X.mm(W)                                        # (N, C)
    margenes = (S - S[filas, y].unsqueeze(1) + 1).clamp(min=0)
    margenes[filas, y] = 0
    perdida = margenes.sum()/N + reg*(W*W).sum()

    # cuantas clases violan el margen en cada fila
    coef = torch.where(margenes > 0, torch.ones_like(S), torch.zeros_like(S))
    coef[filas, y] -= coef.sum(dim=1)
    dW = X.t().mm(coef)/N + 2*reg*W
    return perdida, dW


def softmax_loss_naive(W, X, y, reg):
    dW = torch.zeros_like(W)
    perdida = 0.0
    N = X.shape[0]
    C = W.shape[1]

    for i in range(N):
        puntajes = W.t().matmul(X[i])
        puntajes = puntajes - puntajes.max()     # estabilidad!!
        suma = puntajes.exp().sum()
        perdida += torch.log(suma) - puntajes[y[i]]
        for j in range(C):
            prob = puntajes[j].exp() / suma
            if j == y[i]:
                prob = prob - 1
            dW[:, j] += prob * X[i]

    perdida = perdida/N + reg*(W*W).sum()
    dW = dW/N + 2*reg*W
    return perdida, dW


def softmax_loss_vectorized(W, X, y, reg):
    N = X.shape[0]
    filas = torch.arange(N, device=X.device)

    S = X.mm(W)
    S = S - S.max(dim=1, keepdim=True).values
    suma = S.exp().sum(dim=1)
    perdida = (suma.log() - S[filas, y]).sum()/N + reg*(W*W).sum()

    P = S.exp() / suma.unsqueeze(1)
    P[filas, y] -= 1
    dW = X.t().mm(P)/N + 2*reg*W
    return perdida, dW


def train_linear_classifier(loss_func, W, X, y, learning_rate=1e-3,
                            reg=1e-5, num_iters=100, batch_size=200, verbose=False):
    N, D = X.shape
    if W is None:
        C = int(torch.max(y)) + 1
        W = 1e-6 * torch.randn(D, C, device=X.device, dtype=X.dtype)

    historia = []
    for paso in range(num_iters):
        # muestreo con reemplazo
        elegidos = torch.randint(0, N, (batch_size,), device=X.device)
        perdida, grad = loss_func(W, X[elegidos], y[elegidos], reg)
        historia.append(float(perdida))
        W -= learning_rate * grad

        if verbose and paso % 100 == 0:
            print('paso', paso, 'de', num_iters, '-> perdida', historia[-1])

    return W, historia


def predict_linear_classifier(W, X):
    return torch.argmax(X.mm(W), dim=1)


class LinearClassifier(object):
    def __init__(self):
        self.W = None

    def train(self, X_train, y_train, learning_rate=1e-3, reg=1e-5, num_iters=100,
              batch_size=200, verbose=False):
        salida = train_linear_classifier(self.loss, self.W, X_train, y_train, learning_rate, reg,
                                         num_iters, batch_size, verbose)
        self.W = salida[0]
        return salida[1]

    def predict(self, X):
        return predict_linear_classifier(self.W, X)

    def loss(self, W, X_batch, y_batch, reg):
        pass   # cada subclase pone la suya


class LinearSVM(LinearClassifier):
    def loss(self, W, X_batch, y_batch, reg):
        return svm_loss_vectorized(W, X_batch, y_batch, reg)


class Softmax(LinearClassifier):
    def loss(self, W, X_batch, y_batch, reg):
        return softmax_loss_vectorized(W, X_batch, y_batch, reg)
