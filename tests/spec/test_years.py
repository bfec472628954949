"""The years of CS231n's first assignment, told apart by what students wrote and by leftovers that they did not."""

import pytest

from grader.spec import load_spec
from grader.spec.detect import detect_spec, is_of_another_year, near_misses
from tests.samples import submission_of

LOSSES = """
import numpy as np

def {0}_loss_naive(W, X, y, reg):
    return np.sum(X @ W) + {1}, {2}

def {0}_loss_vectorized(W, X, y, reg):
    return np.sum(X @ W) + {1}, {2}
"""
WHOLE = ("reg * np.sum(W * W)", "2 * reg * W")
SOFTMAX = LOSSES.format("softmax", *WHOLE)
SVM = LOSSES.format("svm", *WHOLE)
HALVES = "".join(LOSSES.format(each, "0.5 * reg * np.sum(W * W)", "reg * W") for each in ("softmax", "svm"))
UNWRITTEN_SVM = """
def svm_loss_naive(W, X, y, reg):
    loss = 0.0
    for i in range(X.shape[0]):
        loss += np.maximum(0, X[i] @ W - X[i] @ W[:, y[i]] + 1).sum() - 1
    return loss / X.shape[0], np.zeros(W.shape)

def svm_loss_vectorized(W, X, y, reg):
    loss = 0.0
    dW = np.zeros(W.shape)
    return loss, dW
"""
KNN = """
class KNearestNeighbor(object):
    def train(self, X, y):
        self.X_train, self.y_train = X, y
    def compute_distances_no_loops(self, X):
        return np.sqrt(((X[:, None] - self.X_train) ** 2).sum(axis=2))
"""
LAYERS = "def affine_forward(x, w, b):\n    return x @ w + b, (x, w, b)\ndef svm_loss(x, y):\n    return None, None\n"
LINEAR = "class LinearClassifier(object):\n    def __init__(self):\n        self.W = None\n"
OLD_NET = """
class TwoLayerNet(object):
    def __init__(self, input_size, hidden_size, output_size, std=1e-4):
        self.params = {"W1": np.zeros(1)}
    def loss(self, X, y=None, reg=0.0):
        return X @ self.params["W1"]
    def train(self, X, y, X_val, y_val, learning_rate=1e-3, learning_rate_decay=0.95, reg=5e-6, num_iters=100):
        pass
    def predict(self, X):
        return X
"""
NEW_NET = """
class TwoLayerNet(object):
    def __init__(self, input_dim=3072, hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0):
        self.params = {}
    def loss(self, X, y=None):
        return X @ self.params["W1"]
"""
DEEP = """
class FullyConnectedNet(object):
    def __init__(self, hidden_dims, input_dim=3072, num_classes=10):
        self.params = {}
    def loss(self, X, y=None):
        return {0}
"""
MOMENTUM = "def sgd_momentum(w, dw, config=None):\n    return w {0} dw, config\n"

HAND_INS = {
    "2017 to 2020, whole": (SOFTMAX + SVM + KNN + OLD_NET, "cs231n"),
    "2017 to 2020, without kNN": (SOFTMAX + SVM, "cs231n"),
    "2016, whole": (HALVES + KNN + OLD_NET, "cs231n_2016"),
    "2021 to 2024": (SOFTMAX + SVM + KNN + LAYERS + NEW_NET, "cs231n_2021"),
    "2021 to 2024, half of the regularizer": (HALVES + KNN + LAYERS + NEW_NET, "cs231n_2021"),
    "2021 to 2024, no SVM yet": (SOFTMAX + UNWRITTEN_SVM + LAYERS + NEW_NET, "cs231n_2021"),
    "2021 to 2024, leftovers": (SOFTMAX + SVM + LAYERS + MOMENTUM.format("and"), "cs231n_2021"),
    "2021 to 2024, network before SVM": (LAYERS.replace("None, None", "x.sum(), x") + NEW_NET, "cs231n_2021"),
    "2025": (SOFTMAX + LINEAR + KNN + LAYERS + NEW_NET, "cs231n_2025"),
    "2025, without update rules": (SOFTMAX + LAYERS + NEW_NET + DEEP.replace("{0}", "X @ X"), "cs231n_2025"),
    "2025, leftover of the SVM": (
        SOFTMAX + UNWRITTEN_SVM + KNN + LAYERS + NEW_NET + DEEP.replace("{0}", "None"),
        "cs231n_2025",
    ),
    "2025, leftover of the SVM, rules alone": (
        SOFTMAX + UNWRITTEN_SVM + LAYERS + MOMENTUM.format("-"),
        "cs231n_2025",
    ),
    "2025, layers alone": (LAYERS + NEW_NET, "cs231n_2025"),
}


@pytest.mark.parametrize("kind", HAND_INS)
def test_a_hand_in_is_of_its_year(kind):
    source, name = HAND_INS[kind]

    assert detect_spec(submission_of(source)).spec.name == name


@pytest.mark.parametrize(
    "kind, graded_as, reason",
    [
        ("2017 to 2020, whole", "cs231n_2021", "it has losses of an SVM, and none of the layers"),
        ("2017 to 2020, whole", "cs231n_2025", "it has losses of an SVM, and none of the layers"),
        ("2021 to 2024", "cs231n_2025", "it has losses of an SVM, and no FullyConnectedNet"),
        ("2025", "cs231n_2021", "it has the softmax part, and no trace of the SVM part"),
        (
            "2025, leftover of the SVM",
            "cs231n_2021",
            "it has a FullyConnectedNet, which only that assignment asks for",
        ),
        (
            "2025, leftover of the SVM, rules alone",
            "cs231n_2021",
            "it has update rules, and svm_loss_vectorized is not written",
        ),
    ],
)
def test_graded_as_another_years_it_is_told_so(kind, graded_as, reason):
    source, name = HAND_INS[kind]
    spec = load_spec(graded_as).spec
    submission = submission_of(source)

    (told,) = near_misses(submission, spec, ["softmax_loss_naive"], ["softmax_loss_naive"], {})

    assert is_of_another_year(submission, spec)
    assert told.spec == name
    assert told.message == (
        f"This looks like {name} ({load_spec(name).spec.title}): {reason}. If that is the assignment, grade it with --spec"
        f" {name}."
    )


@pytest.mark.parametrize("kind", HAND_INS)
def test_graded_as_its_own_years_it_is_told_nothing(kind):
    source, name = HAND_INS[kind]
    spec = load_spec(name).spec
    submission = submission_of(source)
    present = [each for each in spec.functions if f"def {each}(" in source or f"class {each}(" in source]

    assert not is_of_another_year(submission, spec)
    assert near_misses(submission, spec, present[:1], present, {}) == ()


def test_the_whole_of_2021_graded_for_its_linear_classifiers_alone_is_of_no_other_year():
    assert not is_of_another_year(submission_of(HAND_INS["2021 to 2024"][0]), load_spec("cs231n").spec)
