def svm_loss_naive(W, X, y, reg):
    return 0.0, W * 0


def train_linear_classifier(loss_func, W, X, y, learning_rate=1e-3, reg=1e-5, num_iters=100, batch_size=200, verbose=False):
    return W, [0.0] * num_iters
