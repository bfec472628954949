#!/usr/bin/env python
# coding: utf-8

# # Multiclass SVM and softmax
#
# It's the whole exercise in one notebook.

# In[1]:


import numpy as np
import matplotlib.pyplot as plt

get_ipython().run_line_magic('matplotlib', 'inline')
get_ipython().run_line_magic('load_ext', 'autoreload')
get_ipython().run_line_magic('run', 'margins.py')
get_ipython().system('ls cs231n/datasets')


# ## SVM

# In[2]:


def svm_loss_naive(W, X, y, reg):
    loss, dW = 0.0, np.zeros(W.shape)
    for i in range(X.shape[0]):
        scores = X[i].dot(W)
        for j in range(W.shape[1]):
            if j == y[i]:
                continue
            margin = scores[j] - scores[y[i]] + 1
            if margin > 0:
                loss += margin
                dW[:, j] += X[i]
                dW[:, y[i]] -= X[i]
    return loss / X.shape[0] + reg * (W ** 2).sum(), dW / X.shape[0] + 2 * reg * W


# In[3]:


get_ipython().run_cell_magic('time', '', "def svm_loss_vectorized(W, X, y, reg):\n    m, signs = margins_and_signs(X.dot(W), y)\n    return m.sum() / len(y) + reg * (W ** 2).sum(), X.T.dot(signs) / len(y) + 2 * reg * W\n\n\ndef check(loss, other):\n    print('difference: %e' % abs(loss - other))\n")


# In[ ]:


get_ipython().run_cell_magic('capture', 'out', '# both softmax losses\ndef log_p(scores):\n    scores = scores - scores.max(axis=1, keepdims=True)\n    return scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))\n\ndef softmax_loss_naive(W, X, y, reg):\n    loss, dW = 0.0, np.zeros(W.shape)\n    for i in range(X.shape[0]):\n        lp = log_p(X[i:i + 1].dot(W))[0]\n        loss -= lp[y[i]]\n        for j in range(W.shape[1]):\n            dW[:, j] += (np.exp(lp[j]) - (j == y[i])) * X[i]\n    return loss / X.shape[0] + reg * (W ** 2).sum(), dW / X.shape[0] + 2 * reg * W\n\ndef softmax_loss_vectorized(W, X, y, reg):\n    rows = np.arange(len(y))\n    lp = log_p(X.dot(W))\n    p = np.exp(lp)\n    p[rows, y] -= 1\n    return -lp[rows, y].mean() + reg * (W ** 2).sum(), X.T.dot(p) / len(y) + 2 * reg * W\n')


# In[6]:


class LinearClassifier:
    def __init__(self):
        self.W = None

    def train(self, X, y, learning_rate=1e-3, reg=1e-5, num_iters=100, batch_size=200, verbose=False):
        if self.W is None:
            self.W = np.random.randn(X.shape[1], np.max(y) + 1) * 0.001
        losses = []
        for step in range(num_iters):
            batch = np.random.choice(X.shape[0], batch_size)
            loss, dW = self.loss(X[batch], y[batch], reg)
            losses.append(loss)
            self.W = self.W - learning_rate * dW
            if verbose and not step % 100:
                print(step, loss)
        return losses

    def predict(self, X):
        return X.dot(self.W).argmax(axis=1)


class LinearSVM(LinearClassifier):
    def loss(self, X_batch, y_batch, reg):
        return svm_loss_vectorized(self.W, X_batch, y_batch, reg)


class Softmax(LinearClassifier):
    def loss(self, X_batch, y_batch, reg):
        return softmax_loss_vectorized(self.W, X_batch, y_batch, reg)


# In[7]:


get_ipython().run_cell_magic('time', '', "svm = LinearSVM()\nhistory = svm.train(X_dev, y_dev, learning_rate=1e-7, reg=2.5e4, verbose=True)\nplt.plot(history)\n")
