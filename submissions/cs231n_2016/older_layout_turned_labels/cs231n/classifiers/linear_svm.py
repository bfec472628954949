import numpy as np
from random import shuffle

def svm_loss_naive(W, X, y, reg):
  """
  Structured SVM loss, with loops.
  W is C x D, X is D x N, y holds N labels.
  """
  dW = np.zeros(W.shape)
  num_classes = W.shape[0]
  num_train = X.shape[1]
  loss = 0.0
  for i in xrange(num_train):
    scores = W.dot(X[:, i])
    correct_class_score = scores[y[i]]
    for j in xrange(num_classes):
      if j == y[i]:
        continue
      margin = scores[j] - correct_class_score + 1
      if margin > 0:
        loss += margin
        dW[j, :] += X[:, i].T
        dW[y[i], :] -= X[:, i].T
  loss /= num_train
  dW /= num_train
  loss += 0.5 * reg * np.sum(W * W)
  dW += reg * W
  return loss, dW


def svm_loss_vectorized(W, X, y, reg):
  num_train = X.shape[1]
  cols = np.arange(num_train)
  scores = np.dot(W, X)
  margins = np.maximum(0, scores - scores[y, cols] + 1)
  margins[y, cols] = 0
  loss = margins.sum() / num_train + 0.5 * reg * np.sum(W * W)
  mask = (margins > 0).astype(np.float)
  mask[y, cols] = -mask.sum(axis=0)
  dW = mask.dot(X.T) / num_train + reg * W
  return loss, dW
