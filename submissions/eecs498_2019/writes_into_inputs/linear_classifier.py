import torch

# Ödev 2. Bellekten tasarruf etmeye çalıştım (Colab sürekli "out of memory" veriyor).


def svm_loss_naive(W, X, y, reg):
    n_ornek = X.shape[0]
    n_sinif = W.shape[1]
    kayip = 0.
    turev = W * 0
    for i in range(n_ornek):
        skor = (W * X[i].view(-1, 1)).sum(dim=0)
        dogru = y[i]
        for s in range(n_sinif):
            if s == dogru:
                continue
            fark = skor[s] - skor[dogru] + 1
            if fark > 0:
                kayip = kayip + fark
                turev[:, s] += X[i]
                turev[:, dogru] -= X[i]
    kayip = kayip / n_ornek + reg * (W ** 2).sum()
    turev = turev / n_ornek + 2 * reg * W
    return kayip, turev


def svm_loss_vectorized(W, X, y, reg):
    n_ornek = X.shape[0]
    idx = torch.arange(n_ornek).to(y.device)
    fark = X.mm(W)
    fark -= fark[idx, y].clone().view(-1, 1)
    fark += 1
    fark.clamp_(min=0)
    fark[idx, y] = 0
    kayip = fark.sum() / n_ornek + reg * (W ** 2).sum()
    fark[fark > 0] = 1          # artık sadece maske
    fark[idx, y] = -fark.sum(dim=1)
    turev = X.t().mm(fark) / n_ornek + 2 * reg * W
    return kayip, turev


def softmax_loss_naive(W, X, y, reg):
    n_ornek = X.shape[0]
    n_sinif = W.shape[1]
    kayip = 0.
    turev = W * 0
    for i in range(n_ornek):
        skor = (W * X[i].view(-1, 1)).sum(dim=0)
        skor -= skor.max().clone()
        ust = skor.exp()
        payda = ust.sum()
        kayip = kayip + payda.log() - skor[y[i]]
        for s in range(n_sinif):
            olasilik = ust[s] / payda
            turev[:, s] += olasilik * X[i]
        turev[:, y[i]] -= X[i]
    kayip = kayip / n_ornek + reg * (W ** 2).sum()
    turev = turev / n_ornek + 2 * reg * W
    return kayip, turev


def softmax_loss_vectorized(W, X, y, reg):
    n_ornek = X.shape[0]
    idx = torch.arange(n_ornek).to(y.device)
    skor = X.mm(W)
    skor -= skor.max(dim=1, keepdim=True).values
    payda = skor.exp().sum(dim=1, keepdim=True)
    kayip = (payda.log().view(-1) - skor[idx, y]).mean()
    kayip += reg * (W ** 2).sum()

    skor.exp_()
    skor /= payda
    skor[idx, y] -= 1

    # yeni bir (D, C) tensör açmamak için
    turev = W
    turev *= 2 * reg
    turev += X.t().mm(skor) / n_ornek
    return kayip, turev


def train_linear_classifier(loss_func, W, X, y, learning_rate=1e-3, reg=1e-5,
                            num_iters=100, batch_size=200, verbose=False):
    n_ornek, boyut = X.shape
    if W is None:
        W = 1e-6 * torch.randn(boyut, y.max().item() + 1, device=X.device, dtype=X.dtype)

    kayiplar = []
    for adim in range(num_iters):
        secim = torch.randint(0, n_ornek, (batch_size,)).to(X.device)
        kayip, turev = loss_func(W, X[secim], y[secim], reg)
        kayiplar.append(float(kayip))
        W = W - learning_rate * turev
        if verbose and adim % 100 == 0:
            print('adım {}/{}: kayıp {:f}'.format(adim, num_iters, kayiplar[-1]))
    return W, kayiplar


def predict_linear_classifier(W, X):
    return X.mm(W).argmax(dim=-1)


class LinearClassifier(object):
    def __init__(self):
        self.W = None

    def train(self, X_train, y_train, learning_rate=1e-3, reg=1e-5, num_iters=100,
              batch_size=200, verbose=False):
        self.W, kayiplar = train_linear_classifier(self.loss, self.W, X_train, y_train,
                                                   learning_rate, reg, num_iters, batch_size, verbose)
        return kayiplar

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
