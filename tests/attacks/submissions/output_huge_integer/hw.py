def svm_loss_naive(W, X, y, reg):
    return 10**20_000, W * 0
