import torch


def svm_loss_naive(W, X, y, reg):
    return float("inf"), W * 0 + float("inf")
