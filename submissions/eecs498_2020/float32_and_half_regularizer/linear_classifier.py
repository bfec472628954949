"""
Implements linear classifiers in PyTorch.
"""
import random
import statistics
from abc import abstractmethod

import torch


def svm_loss_naive(W, X, y, reg):
  """ Structured SVM loss with loops. """
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
        dW[:, y[i]] -= X[i]
  loss /= num_train
  dW /= num_train
  loss += reg * torch.sum(W * W)
  dW += 2 * reg * W
  return loss, dW


def svm_loss_vectorized(W, X, y, reg):
  """ Structured SVM loss, whole matrices at a time. """
  N = X.shape[0]
  idx = torch.arange(N)
  S = X.mm(W)
  M = S - S[idx, y].reshape(N, 1) + 1
  M[idx, y] = 0
  M = torch.where(M > 0, M, torch.zeros_like(M))
  loss = M.sum() / N + reg * (W ** 2).sum()
  G = M.sign()
  G[idx, y] -= G.sum(dim=1)
  dW = X.t().mm(G) / N + 2 * reg * W
  return loss, dW


def sample_batch(X, y, num_train, batch_size):
  """ Sample without replacement. """
  ids = torch.tensor(random.sample(range(num_train), batch_size))
  X_batch = X[ids, :]
  y_batch = y[ids]
  return X_batch, y_batch


def train_linear_classifier(loss_func, W, X, y, learning_rate=1e-3,
                            reg=1e-5, num_iters=100, batch_size=200,
                            verbose=False):
  num_train, dim = X.shape
  if W is None:
    num_classes = torch.max(y) + 1
    W = 0.000001 * torch.randn(dim, num_classes, device=X.device, dtype=X.dtype)
  loss_history = []
  for it in range(num_iters):
    X_batch, y_batch = sample_batch(X, y, num_train, batch_size)
    loss, grad = loss_func(W, X_batch, y_batch, reg)
    loss_history.append(loss.item())
    W -= learning_rate * grad
    if verbose and it % 100 == 0:
      print('iteration %d / %d: loss %f' % (it, num_iters, loss))
  return W, loss_history


def predict_linear_classifier(W, X):
  y_pred = torch.zeros(X.shape[0], dtype=torch.int64)
  _, y_pred = torch.max(X.mm(W), dim=1)
  return y_pred


def svm_get_search_params():
  """ 5 x 5 """
  learning_rates = [1e-3, 3e-3, 5e-3, 1e-2, 2e-2]
  regularization_strengths = [1e-3, 5e-3, 1e-2, 5e-2, 1e-1]
  return learning_rates, regularization_strengths


def test_one_param_set(cls, data_dict, lr, reg, num_iters=2000):
  """ Accuracies as fractions. """
  cls.train(data_dict['X_train'], data_dict['y_train'], lr, reg, num_iters)
  y_train_pred = cls.predict(data_dict['X_train'])
  y_val_pred = cls.predict(data_dict['X_val'])
  train_acc = statistics.mean((y_train_pred == data_dict['y_train']).double().tolist())
  val_acc = (y_val_pred == data_dict['y_val']).sum().item() / len(y_val_pred)
  return cls, train_acc, val_acc


def softmax_loss_naive(W, X, y, reg):
  """ Softmax loss with loops. """
  dtype = W.dtype
  W, X = W.float(), X.float()  # was too slow in double
  loss = 0.0
  dW = torch.zeros_like(W)
  num_train = X.shape[0]
  for i in range(num_train):
    f = X[i].matmul(W)
    f -= f.max()
    p = f.exp() / f.exp().sum()
    loss -= torch.log(p[y[i]])
    for j in range(W.shape[1]):
      if j == y[i]:
        dW[:, j] += (p[j] - 1) * X[i]
      else:
        dW[:, j] += p[j] * X[i]
  loss = loss / num_train + reg * torch.sum(W * W)
  dW = dW / num_train + reg * W
  return loss.to(dtype), dW.to(dtype)


def softmax_loss_vectorized(W, X, y, reg):
  """ Softmax loss, whole matrices at a time. """
  num_train = X.shape[0]
  s = X @ W
  s = s - s.max(dim=1, keepdim=True)[0]
  e = torch.exp(s)
  total = e.sum(dim=1)
  loss = (torch.log(total) - s[range(num_train), y]).mean() + reg * torch.sum(W * W)
  p = e / total[:, None]
  p[range(num_train), y] -= 1
  dW = X.t() @ p / num_train + 2 * reg * W
  return loss, dW


def softmax_get_search_params():
  """ 3 x 3 """
  learning_rates = [5e-3, 1e-2, 2e-2]
  regularization_strengths = [1e-4, 1e-3, 1e-2]
  return learning_rates, regularization_strengths


class LinearClassifier:
  """ An abstract class for the linear classifiers """

  def __init__(self):
    random.seed(0)
    torch.manual_seed(0)
    self.W = None

  def train(self, X_train, y_train, learning_rate=1e-3, reg=1e-5, num_iters=100,
            batch_size=200, verbose=False):
    train_args = (self.loss, self.W, X_train, y_train, learning_rate, reg,
                  num_iters, batch_size, verbose)
    self.W, loss_history = train_linear_classifier(*train_args)
    return loss_history

  def predict(self, X):
    return predict_linear_classifier(self.W, X)

  @abstractmethod
  def loss(self, W, X_batch, y_batch, reg):
    raise NotImplementedError

  def _loss(self, X_batch, y_batch, reg):
    self.loss(self.W, X_batch, y_batch, reg)

  def save(self, path):
    torch.save({'W': self.W}, path)
    print("Saved in {}".format(path))

  def load(self, path):
    W_dict = torch.load(path, map_location='cpu')
    self.W = W_dict['W']


class LinearSVM(LinearClassifier):
  def loss(self, W, X_batch, y_batch, reg):
    return svm_loss_vectorized(W, X_batch, y_batch, reg)


class Softmax(LinearClassifier):
  def loss(self, W, X_batch, y_batch, reg):
    return softmax_loss_vectorized(W, X_batch, y_batch, reg)
