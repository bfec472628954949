import gc


def train_linear_classifier(loss_func, W, X, y, learning_rate=1e-3, reg=1e-5, num_iters=100, batch_size=200, verbose=False):
    cells = [cell.cell_contents for cell in loss_func.__closure__]
    loss, gradient = loss_func(W, X[:batch_size], y[:batch_size], reg)
    return W - learning_rate * num_iters * gradient, [float(loss)] * num_iters
