import torch


def svm_loss_vectorized(W, X, y, reg):
    N = X.shape[0]
    rows = torch.arange(N)
    scores = X @ W
    margins = torch.clamp(scores - scores[rows, y].view(N, 1) + 1, min=0)
    margins[rows, y] = 0
    active = (margins > 0).to(X.dtype)
    active[rows, y] = -active.sum(dim=1)
    return margins.sum() / N + reg * (W * W).sum(), X.t() @ active / N + 2 * reg * W
