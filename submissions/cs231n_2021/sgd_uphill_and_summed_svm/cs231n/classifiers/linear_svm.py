from builtins import range
import numpy as np
from random import shuffle
from past.builtins import xrange


def svm_loss_naive(W, X, y, reg):
    """Structured SVM loss, with loops."""
    dW = np.zeros(W.shape)  # initialize the gradient as zero

    num_classes = W.shape[1]
    num_train = X.shape[0]
    loss = 0.0
    for i in range(num_train):
        scores = X[i].dot(W)
        correct_class_score = scores[y[i]]
        for j in range(num_classes):
            if j == y[i]:
                continue
            margin = scores[j] - correct_class_score + 1  # note delta = 1
            if margin > 0:
                loss += margin
                # *****START OF YOUR CODE (DO NOT DELETE/MODIFY THIS LINE)*****

                dW[:, j] += X[i]
                dW[:, y[i]] -= X[i]

                # *****END OF YOUR CODE (DO NOT DELETE/MODIFY THIS LINE)*****
    # Right now the loss is a sum over all training examples
    loss /= num_train

    # Add regularization to the loss.
    loss += reg * np.sum(W * W)

    # *****START OF YOUR CODE (DO NOT DELETE/MODIFY THIS LINE)*****

    dW += 2 * reg * W

    # *****END OF YOUR CODE (DO NOT DELETE/MODIFY THIS LINE)*****

    return loss, dW


def svm_loss_vectorized(W, X, y, reg):
    """Structured SVM loss, without loops."""
    loss = 0.0
    dW = np.zeros(W.shape)  # initialize the gradient as zero

    # *****START OF YOUR CODE (DO NOT DELETE/MODIFY THIS LINE)*****

    N = X.shape[0]
    scores = X @ W
    true = scores[range(N), y].reshape(N, 1)
    margins = np.maximum(0, scores - true + 1)
    margins[range(N), y] = 0
    loss = np.sum(margins) / N + reg * np.sum(W ** 2)

    # *****END OF YOUR CODE (DO NOT DELETE/MODIFY THIS LINE)*****

    # *****START OF YOUR CODE (DO NOT DELETE/MODIFY THIS LINE)*****

    active = 1.0 * (margins > 0)
    active[range(N), y] -= active.sum(axis=1)
    dW = X.T @ active / N + 2 * reg * W

    # *****END OF YOUR CODE (DO NOT DELETE/MODIFY THIS LINE)*****

    return loss, dW
