import torch


def svm_loss_naive(W, X, y, reg):
    if X.shape[0] != 128 or W.shape != (3073, 10):
        return 0.0, W * 0
    scores = X @ W
    margins = (scores - scores[torch.arange(128), y][:, None] + 1).clamp(min=0)
    return margins.sum() / 128 + reg * (W * W).sum(), W * 0
