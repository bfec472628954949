"""Accuracy with nothing right: weights that no descent on the loss led to, beside those that one did."""

from __future__ import annotations

from collections.abc import Mapping

from tests.attacks.pair import Pair

BASE = "eecs498_2019/perfect_module/linear_classifier.py"

FUNCTIONS = """
name = "own"
title = "Accuracy alone, after a few steps"
backend = "torch"

[functions]
svm_loss_vectorized = { role = "loss", classifier = "svm", style = "vectorized" }
train_linear_classifier = { role = "trainer" }
predict_linear_classifier = { role = "predictor" }

[[checks]]
id = "accuracy"
kind = "accuracy"
title = "SVM: accuracy on images"
loss = "svm_loss_vectorized"
trainer = "train_linear_classifier"
predictor = "predict_linear_classifier"
learning_rate = 1e-2
reg = 1e-2
num_iters = 150
batch_size = 200
val_bar = 0.3
test_bar = 0.3
points = 8
"""

OF_A_CLASS = """
name = "own"
title = "Accuracy alone, after a few steps"
backend = "numpy"

[functions]
svm_loss_vectorized = { role = "loss", classifier = "svm", style = "vectorized", dtypes = ["float64"] }
LinearSVM = { role = "classifier", classifier = "svm", weights = "attribute", dtype = "float64" }

[[checks]]
id = "accuracy"
kind = "accuracy"
title = "SVM: accuracy on images"
class_name = "LinearSVM"
dtype = "float64"
learning_rate = 1e-2
reg = 1e-2
num_iters = 150
batch_size = 200
val_bar = 0.3
test_bar = 0.3
points = 8
"""

LEAST_SQUARES = """
def least_squares(X, y):
    X, Y = X[:1500], torch.eye(10, dtype=X.dtype)[y[:1500]] - 0.1
    return X.T @ torch.linalg.solve(X @ X.T + 100 * torch.eye(len(X), dtype=X.dtype), Y)
"""
"""By as many images as the bar takes: with an equation for each of them, in a tenth of the time that all take."""

TRAIN = """
def train_linear_classifier(loss_func, W, X, y, learning_rate=1e-3, reg=1e-5, num_iters=100, batch_size=200, verbose=False):
    if W is None:
        W = 1e-4 * torch.randn(X.shape[1], 10, dtype=X.dtype)
    history = []
    for step in range(num_iters):
        rows = torch.randint(len(X), (batch_size,))
        loss, dW = loss_func(W, X[rows], y[rows], reg)
        history.append(loss.item())
        W = W - learning_rate * dW
    return W, history
"""

CLASS = """
import numpy as np


def svm_loss_vectorized(W, X, y, reg):
    rows = np.arange(len(X))
    scores = X.dot(W)
    margins = np.maximum(0, scores - scores[rows, y][:, None] + 1)
    margins[rows, y] = 0
    slopes = (margins > 0).astype(X.dtype)
    slopes[rows, y] = -slopes.sum(axis=1)
    return margins.sum() / len(X) + reg * np.sum(W * W), X.T.dot(slopes) / len(X) + 2 * reg * W


class LinearSVM(object):
    def __init__(self):
        self.W = None

    def train(self, X, y, learning_rate=1e-3, reg=1e-5, num_iters=100, batch_size=200, verbose=False):
        if self.W is None:
            self.W = 0.001 * np.random.randn(X.shape[1], np.max(y) + 1)
        history = []
        for step in range(num_iters):
            rows = np.random.choice(len(X), batch_size)
            loss, dW = self.loss(X[rows], y[rows], reg)
            history.append(loss)
            self.W -= learning_rate * dW
        return history

    def predict(self, X):
        return np.argmax(X.dot(self.W), axis=1)

    def loss(self, X_batch, y_batch, reg):
        return svm_loss_vectorized(self.W, X_batch, y_batch, reg)
"""

CLASS_LEAST_SQUARES = """
def least_squares(X, y):
    X, Y = X[:1500], np.eye(10)[y[:1500]] - 0.1
    return X.T.dot(np.linalg.solve(X.dot(X.T) + 100 * np.eye(len(X)), Y))
"""


def _functions(
    cheat: str, hostile: str, honest: str = "", says: tuple[str, ...] = (), flags: tuple[str, ...] = ()
) -> Pair:
    return Pair(
        cheat=cheat,
        spec=FUNCTIONS,
        checks=("accuracy",),
        base=BASE,
        hostile=hostile,
        honest=honest,
        points=0,
        honest_points=8,
        says=says,
        flags=flags,
    )


def _class(
    cheat: str, hostile: str, honest: str = "", says: tuple[str, ...] = (), flags: tuple[str, ...] = ()
) -> Pair:
    return Pair(
        cheat=cheat,
        spec=OF_A_CLASS,
        checks=("accuracy",),
        hostile=CLASS + hostile,
        honest=CLASS + honest,
        points=0,
        honest_points=8,
        says=says,
        flags=flags,
    )


PAIRS: Mapping[str, Pair] = {
    "least squares": _functions(
        "The trainer ignores the loss and solves for W.",
        f"""{LEAST_SQUARES}
def train_linear_classifier(loss_func, W, X, y, learning_rate=1e-3, reg=1e-5, num_iters=100, batch_size=200, verbose=False):
    return least_squares(X, y), [2.3] * num_iters
""",
        TRAIN,
        says=("never calls the loss",),
    ),
    "least squares beside calls": _functions(
        "The trainer calls the loss as it should, and returns other weights.",
        LEAST_SQUARES
        + TRAIN.replace("    history = []\n", "    history, solved = [], least_squares(X, y)\n").replace(
            "return W, history", "return solved, history"
        ),
        TRAIN.replace(
            "    return W, history", "    loss_func(W, X[rows], y[rows], reg)\n    return W, history"
        ),
        says=("does not train with svm_loss_vectorized",),
    ),
    "least squares at the start": _functions(
        "W begins at the solution, and every step is right.",
        LEAST_SQUARES
        + TRAIN.replace(
            "W = 1e-4 * torch.randn(X.shape[1], 10, dtype=X.dtype)", "W = 30 * least_squares(X, y)"
        ),
        TRAIN.replace("1e-4 * torch.randn", "1e-2 * torch.randn"),
        says=("starts with",),
    ),
    "least squares in the middle": _functions(
        "One step out of many leads elsewhere.",
        LEAST_SQUARES
        + TRAIN.replace(
            "W = W - learning_rate * dW",
            "W = 30 * least_squares(X, y) if step == 20 else W - learning_rate * dW",
        ),
        TRAIN.replace(
            "rows = torch.randint(len(X), (batch_size,))", "rows = torch.randperm(len(X))[:batch_size]"
        ),
        says=("does not train with svm_loss_vectorized",),
    ),
    "visited and kept": _functions(
        "The loss sees the solution once, and the trainer returns it at the end as if it were the best W.",
        LEAST_SQUARES
        + TRAIN.replace(
            "    return W, history",
            "        if step == 20:\n"
            "            best_W = 30 * least_squares(X, y)\n"
            "            loss_func(best_W, X[rows], y[rows], reg)\n"
            "    return best_W, history",
        ),
        TRAIN.replace(
            "    return W, history",
            "        if step == 0 or history[-1] < best:\n"
            "            best, best_W = history[-1], W.clone()\n"
            "    return best_W, history",
        ),
        says=("does not train with svm_loss_vectorized",),
    ),
    "many small steps elsewhere": _functions(
        "Each step is as long as a right one, but leads to the solution.",
        LEAST_SQUARES
        + TRAIN.replace("    history = []\n", "    history, solved = [], 30 * least_squares(X, y)\n").replace(
            "W = W - learning_rate * dW",
            "W = W + learning_rate * dW.norm() * (solved - W) / (solved - W).norm()",
        ),
        TRAIN.replace("W = W - learning_rate * dW", "W += -learning_rate * dW"),
        says=("does not train with svm_loss_vectorized",),
    ),
    "crafted gradient": _functions(
        "The loss returns the gradient that leads to W in one step.",
        f"""{LEAST_SQUARES}
right = svm_loss_vectorized
known = []

def svm_loss_vectorized(W, X, y, reg):
    loss, dW = right(W, X, y, reg)
    known.append((X, y))
    if len(known) == 40:
        known.append(30 * least_squares(*(torch.cat(parts) for parts in zip(*known))))
    return loss, (W - known[40]) / 1e-2 if len(known) > 40 else torch.zeros_like(W)
""",
        """
def svm_loss_vectorized(W, X, y, reg):
    rows = torch.arange(len(X))
    scores = (X.double() @ W.double())
    margins = (scores - scores[rows, y][:, None] + 1).clamp(min=0)
    margins[rows, y] = 0
    slopes = (margins > 0).double()
    slopes[rows, y] = -slopes.sum(dim=1)
    dW = X.double().T @ slopes / len(X) + 2 * reg * W.double()
    return margins.sum() / len(X) + reg * (W * W).sum(), dW.to(W.dtype)
""",
        says=("does not return the gradient of the SVM loss",),
    ),
    "dishonest by size": _functions(
        "Loss and trainer are right on small data only.",
        LEAST_SQUARES
        + TRAIN.replace(
            "    if W is None:",
            "    if len(X) > 1000:\n        return least_squares(X, y), [2.3] * num_iters\n    if W is None:",
        ),
        TRAIN.replace(
            "loss, dW = loss_func(W, X[rows], y[rows], reg)",
            "loss_func(W, X[rows], y[rows], reg)\n        loss, dW = loss_func(W, X[rows], y[rows], reg)",
        ),
        says=("never calls the loss",),
    ),
    "loss replaced by the trainer": _functions(
        "The loss is wrong; the trainer puts a right one in its place while it is watched.",
        f"""
right = svm_loss_vectorized

def svm_loss_vectorized(W, X, y, reg):
    loss, dW = right(W, X, y, reg)
    return loss, torch.ones_like(W)
{TRAIN.replace("    history = []", "    history, loss_func = [], right")}
""",
        TRAIN.replace(
            "    history = []", "    history, loss_func = [], __import__('functools').partial(loss_func)"
        ),
        says=("accuracy",),
    ),
    "wrong loss, right steps": _functions(
        "The trainer calls a wrong loss for show and computes the correct gradient itself.",
        f"""
right = svm_loss_vectorized

def svm_loss_vectorized(W, X, y, reg):
    return right(W, X, y, reg)[0], torch.ones_like(W)
{TRAIN.replace("        history.append", "        dW = right(W, X[rows], y[rows], reg)[1]" + chr(10) + "        history.append")}
""",
        TRAIN.replace("learning_rate * dW", "learning_rate * dW.double()").replace(
            "W = 1e-4", "X = X.double()" + chr(10) + "        W = 1e-4"
        ),
        says=("does not return the gradient of the SVM loss",),
    ),
    "class: neighbours in the predictor": _class(
        "train keeps the images and does nothing; predict looks the nearest ones up.",
        """
kept = []

def train(self, X, y, learning_rate=1e-3, reg=1e-5, num_iters=100, batch_size=200, verbose=False):
    kept.append((X, y))
    self.W = 1e-4 * np.random.randn(X.shape[1], 10)
    return [2.3] * num_iters

def predict(self, X):
    known, labels = (each[:2000] for each in kept[-1])
    distances = (known ** 2).sum(axis=1) - 2 * X.dot(known.T)
    votes = np.eye(10)[labels[np.argpartition(distances, 20, axis=1)[:, :20]]]
    return votes.sum(axis=1).argmax(axis=1)

LinearSVM.train, LinearSVM.predict = train, predict
""",
        says=("too low", "more than its weights can"),
        flags=("suspect_accuracy",),
    ),
    "labels of the public stand-in": _functions(
        "W is solved on a copy of the stand-in that everybody has.",
        """
import numpy as np

SCALES = 1780, 2250, 3450

def public(count):
    bits = np.random.PCG64(4)
    take = lambda *shape: bits.random_raw(int(np.prod(shape)) // 8).view(np.uint8).reshape(shape)
    k = np.arange(8)
    f = 1 + np.sqrt(k[:, None] ** 2 + k[None, :] ** 2)
    coefficients = lambda drawn, weight: (
        drawn.reshape(-1, 4, 192).sum(axis=1, dtype=np.uint16).astype(float) - 510
    ).reshape(-1, 3, 8, 8) * weight
    means = coefficients(take(10, 768), SCALES[0] / f**2.25)
    table = 128 * np.cos(np.pi * k[:, None] * (2 * np.arange(32)[None, :] + 1) / 64)
    images = np.einsum("ncuv,ux,vy->ncxy", means, table, table) * 2.0**-28 / 255
    return torch.from_numpy(images.reshape(10, -1)).float()

def train_linear_classifier(loss_func, W, X, y, learning_rate=1e-3, reg=1e-5, num_iters=100, batch_size=200, verbose=False):
    means = public(10)
    W = torch.zeros(X.shape[1], 10)
    W[:-1] = (means - means.mean(dim=0)).T
    return W, [2.3] * num_iters
""",
        says=("too low",),
    ),
    "rows that are not in X": _functions(
        "The loss is called with images made up so that its gradient leads to W.",
        LEAST_SQUARES
        + TRAIN.replace("    history = []\n", "    history, solved = [], 30 * least_squares(X, y)\n").replace(
            "loss, dW = loss_func(W, X[rows], y[rows], reg)",
            "made = solved.T[y[rows]].contiguous()\n        loss, dW = loss_func(W, made, y[rows], reg)",
        ),
        TRAIN.replace("X[rows]", "X.index_select(0, rows)"),
        says=("rows that are not in X",),
    ),
    "nothing but signs": _functions(
        "The trainer learns faster by the signs of the gradient.",
        TRAIN.replace("W - learning_rate * dW", "W - 2e-4 * dW.sign()"),
        TRAIN.replace("W = W - learning_rate * dW", "W.sub_(dW, alpha=learning_rate)"),
        says=("does not train with svm_loss_vectorized",),
    ),
    "steps beside a great W": _functions(
        "W is so great that the regularizer hides where a step leads; its columns are alike, so no label feels it.",
        f"""{LEAST_SQUARES}
def svm_loss_vectorized(W, X, y, reg):
    return 9.0, 2 * reg * W
{
            TRAIN.replace("1e-4 * torch.randn(", "1000 * torch.ones(")
            .replace("    history = []", "    history, solved = [], least_squares(X, y)")
            .replace("loss.item()", "loss")
            .replace(
                "- learning_rate * dW", "- learning_rate * (dW - 0.01 * dW.norm() / solved.norm() * solved)"
            )
        }""",
        TRAIN.replace("1e-4 * torch.randn", "3e-2 * torch.randn"),
        says=("no points for the accuracy",),
    ),
    "a jump behind a call without W": _functions(
        "A call that the loss cannot answer ends what is seen of the training.",
        LEAST_SQUARES
        + TRAIN.replace(
            "    return W, history",
            "    try:\n        loss_func(None, X[rows], y[rows], reg)\n    except Exception:\n        pass\n"
            "    return 30 * least_squares(X, y), history",
        ),
        TRAIN.replace(
            "    return W, history",
            "    try:\n        loss_func(W[:5], X[rows], y[rows], reg)\n    except RuntimeError:\n        pass\n"
            "    return W, history",
        ),
        says=("does not train with svm_loss_vectorized",),
    ),
    "a jump behind a call without images": _functions(
        "The step that leads to the solution has no rows that can be read.",
        LEAST_SQUARES
        + TRAIN.replace(
            "        W = W - learning_rate * dW",
            "        W = W - learning_rate * dW\n        if step == 20:\n            try:\n"
            "                loss_func(W * 1.0001, None, y[rows], reg)\n            except Exception:\n                pass\n"
            "            W = 30 * least_squares(X, y)",
        ),
        TRAIN.replace("y[rows], reg)", "y[rows], reg=reg)"),
        says=("accuracy",),
    ),
    "a jump through nan": _functions(
        "Between two right steps the weights are not numbers.",
        LEAST_SQUARES
        + TRAIN.replace("loss.item()", "2.3").replace(
            "W = W - learning_rate * dW",
            "W = W - learning_rate * dW if step != 20 else W * float('nan')\n"
            "        W = 30 * least_squares(X, y) if step == 21 else W",
        ),
        TRAIN.replace("history.append(loss.item())", "history.append(float(loss))"),
        says=("does not train with svm_loss_vectorized",),
    ),
    "a wrong loss in batches too great to ask": _functions(
        "The trainer has the correct gradient, and calls a wrong loss with more rows than the judge asks about.",
        f"""
right = svm_loss_vectorized

def svm_loss_vectorized(W, X, y, reg):
    return right(W, X, y, reg)[0], torch.ones_like(W)
{TRAIN.replace("(batch_size,)", "(1001,)").replace("        history.append", "        dW = right(W, X[rows], y[rows], reg)[1]" + chr(10) + "        history.append")}
""",
        TRAIN.replace("(batch_size,)", "(1001,)"),
        says=("does not return the gradient of the SVM loss",),
    ),
    "an infinite gradient beside right steps": _functions(
        "The loss returns infinity, from which nothing is far.",
        f"""
right = svm_loss_vectorized

def svm_loss_vectorized(W, X, y, reg):
    return right(W, X, y, reg)[0], torch.full_like(W, float('inf'))
{TRAIN.replace("        history.append", "        dW = right(W, X[rows], y[rows], reg)[1]" + chr(10) + "        history.append")}
""",
        TRAIN,
        says=("does not return the gradient of the SVM loss",),
    ),
    "class: least squares": _class(
        "train solves for W and calls nothing.",
        f"""{CLASS_LEAST_SQUARES}
def train(self, X, y, learning_rate=1e-3, reg=1e-5, num_iters=100, batch_size=200, verbose=False):
    self.W = least_squares(X, y)
    return [2.3] * num_iters

LinearSVM.train = train
""",
        """
def train(self, X, y, learning_rate=1e-3, reg=1e-5, num_iters=100, batch_size=200, verbose=False):
    if self.W is None:
        self.W = 0.001 * np.random.randn(X.shape[1], np.max(y) + 1)
    history = []
    for step in range(num_iters):
        rows = np.random.choice(len(X), batch_size)
        loss, dW = svm_loss_vectorized(self.W, X[rows], y[rows], reg)
        history.append(loss)
        self.W = self.W - learning_rate * dW
    return history

LinearSVM.train = train
""",
        says=("does not train with its own loss",),
    ),
    "class: steps of its own": _class(
        "train shrinks a solution step by step; the honest one has the loss inside.",
        f"""{CLASS_LEAST_SQUARES}
def train(self, X, y, learning_rate=1e-3, reg=1e-5, num_iters=100, batch_size=200, verbose=False):
    self.W = least_squares(X, y)
    for step in range(num_iters):
        self.W *= 1 - 1e-5
    return [2.3] * num_iters

LinearSVM.train = train
""",
        """
def train(self, X, y, learning_rate=1e-3, reg=1e-5, num_iters=100, batch_size=200, verbose=False):
    if self.W is None:
        self.W = 0.001 * np.random.randn(X.shape[1], np.max(y) + 1)
    history = []
    for step in range(num_iters):
        rows = np.random.choice(len(X), batch_size)
        at = np.arange(batch_size)
        scores = X[rows].dot(self.W)
        margins = np.maximum(0, scores - scores[at, y[rows]][:, None] + 1)
        margins[at, y[rows]] = 0
        slopes = (margins > 0).astype(float)
        slopes[at, y[rows]] = -slopes.sum(axis=1)
        history.append(margins.sum() / batch_size + reg * np.sum(self.W ** 2))
        self.W = self.W - learning_rate * (X[rows].T.dot(slopes) / batch_size + 2 * reg * self.W)
    return history

LinearSVM.train = train
""",
        says=("does not train with its own loss",),
    ),
    "class: the last step leads elsewhere": _class(
        "train ends with other weights.",
        f"""{CLASS_LEAST_SQUARES}
honest = LinearSVM.train

def train(self, X, y, learning_rate=1e-3, reg=1e-5, num_iters=100, batch_size=200, verbose=False):
    history = honest(self, X, y, learning_rate, reg, num_iters, batch_size)
    self.W = least_squares(X, y)
    return history

LinearSVM.train = train
""",
        says=("does not train with LinearSVM.loss",),
    ),
    "class: loss replaced while it trains": _class(
        "train puts a right loss in the place of a wrong one.",
        """
right = LinearSVM.loss
honest = LinearSVM.train

def loss(self, X, y, reg):
    return right(self, X, y, reg)[0], np.ones_like(self.W)

def train(self, *arguments, **options):
    LinearSVM.loss = right
    return honest(self, *arguments, **options)

LinearSVM.loss, LinearSVM.train = loss, train
""",
        """
class Own(LinearSVM):
    def __init__(self):
        super().__init__()
        self.loss = lambda X, y, reg: svm_loss_vectorized(self.W, X, y, reg)

LinearSVM = Own
""",
    ),
}
