import torch


# ---------------------------------------------------------------- svm

def svm_loss_naive(W, X, y, reg):
    num, classes = X.size()[0], W.size()[1]
    loss, dW = 0.0, torch.zeros_like(W)
    for a in range(num):
        correct = torch.dot(X[a], W[:, y[a]])
        for b in range(classes):
            if b != y[a]:
                hinge = torch.dot(X[a], W[:, b]) - correct + 1
                if hinge > 0:
                    loss = loss + hinge
                    dW[:, b] = dW[:, b] + X[a]
                    dW[:, y[a]] = dW[:, y[a]] - X[a]
    return loss / num + reg * torch.sum(W * W), dW / num + reg * 2 * W


def svm_loss_vectorized(W, X, y, reg):
    # the full score matrix did not fit on my laptop gpu, so go through the batch in blocks
    num = X.size()[0]
    block = 64
    loss, dW = 0.0, torch.zeros_like(W)
    start = 0
    while True:
        stop = min(start + block, num)
        Xb, yb = X[start:stop], y[start:stop]
        scores = Xb.matmul(W)
        own = scores.gather(1, yb.reshape(-1, 1))
        hinge = (scores - own + 1).clamp(min=0)
        hinge.scatter_(1, yb.reshape(-1, 1), 0)
        loss = loss + hinge.sum()
        c = (hinge > 0).to(X.dtype)
        c.scatter_(1, yb.reshape(-1, 1), -c.sum(dim=1, keepdim=True))
        dW = dW + Xb.t().matmul(c)
        if stop > num:      # last block reached
            break
        start = stop
    return loss / num + reg * torch.sum(W * W), dW / num + reg * 2 * W


# ------------------------------------------------------------ softmax

def softmax_loss_naive(W, X, y, reg):
    num, classes = X.size()[0], W.size()[1]
    loss, dW = 0.0, torch.zeros_like(W)
    for a in range(num):
        s = X[a].matmul(W)
        s = s - s.max()
        total = 0.0
        for b in range(classes):
            total = total + torch.exp(s[b])
        loss = loss - (s[y[a]] - torch.log(total))
        for b in range(classes):
            dW[:, b] = dW[:, b] + X[a] * torch.exp(s[b]) / total
        dW[:, y[a]] = dW[:, y[a]] - X[a]
    return loss / num + reg * torch.sum(W * W), dW / num + reg * 2 * W


def softmax_loss_vectorized(W, X, y, reg):
    num = X.size()[0]
    s = X.matmul(W)
    s = s - s.amax(dim=1, keepdim=True)
    e = torch.exp(s)
    total = e.sum(dim=1, keepdim=True)
    loss = (torch.log(total) - s.gather(1, y.reshape(-1, 1))).sum() / num
    p = e / total
    p[torch.arange(num), y] -= 1
    return loss + reg * torch.sum(W * W), X.t().matmul(p) / num + reg * 2 * W


# ----------------------------------------------------------- training

def train_linear_classifier(loss_func, W, X, y, learning_rate=1e-3, reg=1e-5, num_iters=100,
                            batch_size=200, verbose=False):
    num, dim = X.size()
    if W is None:
        W = torch.randn(dim, int(y.max()) + 1, device=X.device, dtype=X.dtype).mul(1e-6)
    losses = []
    for it in range(num_iters):
        idx = torch.randint(num, (batch_size,)).to(X.device)
        loss, dW = loss_func(W, X[idx, :], y[idx], reg)
        losses.append(float(loss))
        W = W - dW * learning_rate
        if verbose and not it % 100:
            print(it, losses[-1])
    return W, losses


def predict_linear_classifier(W, X):
    return X.matmul(W).argmax(1)


class LinearClassifier(object):
    def __init__(self):
        self.W = None

    def train(self, X_train, y_train, learning_rate=1e-3, reg=1e-5, num_iters=100,
              batch_size=200, verbose=False):
        self.W, losses = train_linear_classifier(
            self.loss, self.W, X_train, y_train, learning_rate, reg, num_iters, batch_size, verbose)
        return losses

    def predict(self, X):
        return predict_linear_classifier(self.W, X)

    def loss(self, W, X_batch, y_batch, reg):
        pass


class LinearSVM(LinearClassifier):
    def loss(self, W, X_batch, y_batch, reg):
        return svm_loss_vectorized(W, X_batch, y_batch, reg)


class Softmax(LinearClassifier):
    def loss(self, W, X_batch, y_batch, reg):
        return softmax_loss_vectorized(W, X_batch, y_batch, reg)
