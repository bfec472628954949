"""Right functions for both twins of a pair; RETURNED stands for what they return."""

SVM_LOSS = """
def svm_loss_vectorized(W, X, y, reg):
    rows = torch.arange(len(y))
    scores = X @ W
    margins = (scores - scores[rows, y].view(-1, 1) + 1).clamp(min=0)
    margins[rows, y] = 0
    mask = (margins > 0).to(X.dtype)
    mask[rows, y] = -mask.sum(dim=1)
    loss, dW = margins.sum() / len(y) + reg * (W * W).sum(), X.t() @ mask / len(y) + 2 * reg * W
    return RETURNED
"""

SOFTMAX_TRAINER = """
def train_softmax(X, y, num_classes, step_size=1.0, reg=1e-3, num_iters=200):
    W, b, history = np.zeros((X.shape[1], num_classes)), np.zeros((1, num_classes)), []
    for _ in range(num_iters):
        loss, dW, db = softmax_loss(W, b, X, y, reg)
        history.append(loss)
        W, b = W - step_size * dW, b - step_size * db
    return RETURNED
"""
