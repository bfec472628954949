"""
Implements linear classifiers in PyTorch.
"""

import torch
import random


def svm_loss_naive(W, X, y, reg):
  """
  Structured SVM loss function, naive implementation (with loops).
  """
  dW = torch.zeros_like(W)
  num_classes = W.shape[1]
  num_train = X.shape[0]
  loss = 0.0
  for i in range(num_train):
    scores = W.t().mv(X[i])
    correct_class_score = scores[y[i]]
    for j in range(num_classes):
      if j == y[i]:
        continue
      margin = scores[j] - correct_class_score + 1
      if margin > 0:
        loss += margin
        dW[:, j] += X[i]
  loss /= num_train
  loss += reg * torch.sum(W * W)
  dW = dW / num_train + 2 * reg * W
  return loss, dW


def svm_loss_vectorized(W, X, y, reg):
  """
  Structured SVM loss function, vectorized implementation.
  """
  num_train = X.shape[0]
  idx = torch.arange(num_train, device=X.device)
  scores = X.mm(W)
  margins = (scores - scores[idx, y].unsqueeze(1) + 1).clamp(min=0)
  margins[idx, y] = 0
  loss = margins.sum() / num_train + reg * torch.sum(W * W)
  mask = (margins > 0).to(X.dtype)
  mask[idx, y] = -mask.sum(dim=1)
  dW = X.t().mm(mask) / num_train + 2 * reg * W
  return loss, dW


def softmax_loss_naive(W, X, y, reg):
  """
  Softmax loss function, naive implementation (with loops).
  """
  loss = 0.0
  dW = torch.zeros_like(W)
  num_train = X.shape[0]
  for i in range(num_train):
    scores = X[i].matmul(W)
    scores = scores - scores.max()
    p = torch.exp(scores) / torch.exp(scores).sum()
    loss += torch.log(torch.exp(scores).sum()) - scores[y[i]]
    for j in range(W.shape[1]):
      dW[:, j] += p[j] * X[i]
    dW[:, y[i]] -= X[i]
  loss = loss / num_train + reg * (W ** 2).sum()
  dW = dW / num_train + 2 * reg * W
  return loss, dW


def softmax_loss_vectorized(W, X, y, reg):
  """
  Softmax loss function, vectorized version.
  """
  num_train = X.shape[0]
  idx = torch.arange(num_train, device=X.device)
  scores = X.mm(W)
  scores = scores - scores.max(dim=1, keepdim=True)[0]
  e = torch.exp(scores)
  sums = e.sum(dim=1, keepdim=True)
  loss = (torch.log(sums).squeeze(1) - scores[idx, y]).mean() + reg * (W ** 2).sum()
  p = e / sums
  p[idx, y] -= 1
  dW = X.t().mm(p) / num_train + 2 * reg * W
  return loss, dW


def train_linear_classifier(loss_func, W, X, y, learning_rate=1e-3,
                            reg=1e-5, num_iters=100, batch_size=200,
                            verbose=False):
  """
  Train this linear classifier using stochastic gradient descent.
  """
  num_train, dim = X.shape
  if W is None:
    # assume y takes values 0...K-1 where K is number of classes
    num_classes = torch.max(y) + 1
    W = 0.000001 * torch.randn(dim, num_classes, device=X.device, dtype=X.dtype)

  # Run stochastic gradient descent to optimize W
  loss_history = []
  for it in range(num_iters):
    batch = torch.randint(0, num_train, (batch_size,), device=X.device)
    X_batch = X[batch]
    y_batch = y[batch]
    loss, grad = loss_func(W, X_batch, y_batch, reg)
    loss_history.append(loss.item())
    W = W - learning_rate * grad
    if verbose and it % 100 == 0:
      print('iteration %d / %d: loss %f' % (it, num_iters, loss))
  return W, loss_history


def predict_linear_classifier(W, X):
  """
  Use the trained weights of this linear classifier to predict labels for
  data points.
  """
  return X.mm(W).argmax(dim=1)


class LinearClassifier(object):

  def __init__(self):
    self.W = None

  def train(self, X_train, y_train, learning_rate=1e-3, reg=1e-5, num_iters=100,
            batch_size=200, verbose=False):
    train_args = (self.loss, self.W, X_train, y_train, learning_rate, reg,
                  num_iters, batch_size, verbose)
    self.W, loss_history = train_linear_classifier(*train_args)
    return loss_history

  def predict(self, X):
    return predict_linear_classifier(self.W, X)

  def loss(self, W, X_batch, y_batch, reg):
    raise NotImplementedError


class LinearSVM(LinearClassifier):
  """ A subclass that uses the Multiclass SVM loss function """
  def loss(self, W, X_batch, y_batch, reg):
    return svm_loss_vectorized(W, X_batch, y_batch, reg)


class Softmax(LinearClassifier):
  """ A subclass that uses the Softmax + Cross-entropy loss function """
  def loss(self, W, X_batch, y_batch, reg):
    return softmax_loss_vectorized(W, X_batch, y_batch, reg)
