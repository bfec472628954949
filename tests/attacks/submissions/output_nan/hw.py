import torch


def svm_loss_naive(W, X, y, reg):
    return torch.tensor(float("nan")), W * float("nan")
