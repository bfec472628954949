import numpy as np
from random import shuffle

def softmax_loss_naive(W, X, y, reg):
  """W: C x D, X: D x N (columns are samples), y: N labels"""
  loss = 0.0
  dW = np.zeros_like(W)
  C, N = W.shape[0], X.shape[1]
  for i in xrange(N):
    f = W.dot(X[:, i])
    f -= np.max(f)
    total = 0.0
    for f_j in f:
      total += np.exp(f_j)
    loss += np.log(total) - f[y[i]]
    for j in xrange(C):
      dW[j] += (np.exp(f[j]) / total - (j == y[i])) * X[:, i]
  loss = loss / N + 0.5 * reg * np.sum(W * W)
  dW = dW / N + reg * W
  return loss, dW


def softmax_loss_vectorized(W, X, y, reg):
  N = X.shape[1]
  f = W.dot(X)
  f -= np.max(f, axis=0)
  p = np.exp(f) / np.sum(np.exp(f))
  loss = np.mean(np.log(np.sum(np.exp(f), axis=0)) - f[y, range(N)]) + 0.5 * reg * np.sum(W * W)
  p[y, range(N)] -= 1
  dW = p.dot(X.T) / N + reg * W
  return loss, dW
