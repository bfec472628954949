import torch


def svm_loss_naive(W, X, y, reg):
    N = X.shape[0]
    loss, dW = 0.0, torch.zeros_like(W)
    for i in range(N):
        scores = X[i] @ W
        for j in range(W.shape[1]):
            margin = scores[j] - scores[y[i]] + 1
            if j != y[i] and margin > 0:
                loss = loss + margin
                dW[:, j] += X[i]
                dW[:, y[i]] -= X[i]
    return loss / N + reg * (W * W).sum(), dW / N + 2 * reg * W


def train_linear_classifier(loss_func, W, X, y, learning_rate=1e-3, reg=1e-5, num_iters=100, batch_size=200, verbose=False):
    if W is None:
        W = 1e-6 * torch.randn(X.shape[1], int(y.max()) + 1, dtype=X.dtype)
    history = []
    for _ in range(num_iters):
        rows = torch.randint(X.shape[0], (batch_size,))
        loss, gradient = loss_func(W, X[rows], y[rows], reg)
        history.append(float(loss))
        W = W - learning_rate * gradient
    return W, history
