import torch


def svm_loss_naive(W, X, y, reg):
    return torch.zeros((), device="meta"), torch.empty_like(W, device="meta")
