"""Functions that are still as a template leaves them, and functions that somebody has begun to write."""

import textwrap
from dataclasses import replace

import pytest

from grader.extract import extract
from grader.extract.unwritten import is_unwritten
from tests.samples import submission_of

HEAD = "import numpy as np\nimport torch\n\n"


def unwritten(body, *, arguments="W, X, y, reg", head=HEAD, tail=""):
    """Whether f with this body is still unwritten."""
    source = f"{head}def f({arguments}):\n{textwrap.indent(textwrap.dedent(body), '    ')}\n{tail}"
    return is_unwritten(extract(submission_of(source), ["f"]), "f")


@pytest.mark.parametrize(
    "body",
    [
        '"""Multiclass SVM loss."""',
        "pass",
        "...",
        "return None",
        "raise NotImplementedError",
        'raise NotImplementedError("your turn")',
        "loss = 0.0\ndW = np.zeros(W.shape)  # initialize\npass\nreturn loss, dW",
        "loss = 0.0\ndW = torch.zeros_like(W)\nreturn loss, dW",
        "return torch.tensor(0.0), torch.zeros_like(W)",
        "y_pred = torch.zeros(X.shape[0], dtype=torch.int64, device=X.device)\nreturn y_pred",
        "num_train, dim = X.shape\nfor i in range(num_train):\n    pass\nreturn 0.0, np.zeros((dim, W.shape[1]))",
        "y_hat = None\nreturn y_hat",
        "return W, reg",
        "grads = {}\nreturn [], grads",
        "print('not done yet', X.shape)",
        "print(f'{reg}: not done yet')",
        "import math\nreturn 0",
        "loss: float = 0.0\ndW: np.ndarray = np.zeros_like(W)\nreturn loss, dW",
        "assert X.shape[0] == y.shape[0]\nreturn 0.0",
        'reg.setdefault("rate", 0.9)\nv = reg.get("v", np.zeros_like(W))\nreg["v"] = v\nreturn None, reg',
        "loss, dW = 0.0, np.zeros(W.shape)\nloss /= 1\nloss += 0.0\ndW *= 2\nreturn loss, dW",
    ],
)
def test_a_template_is_unwritten(body):
    assert unwritten(body)


TRAINER = """
    num_train, dim = X.shape
    num_classes = np.max(y) + 1  # labels are 0..K-1
    if W is None:
        W = 0.001 * np.random.randn(dim, num_classes)
    loss_history = []
    for it in range(num_iters):
        X_batch = None
        y_batch = None
        pass
        loss, grad = loss_func(W, X_batch, y_batch, reg)
        loss_history.append(loss.item())
        pass
        if verbose and it % 100 == 0:
            print('iteration %d / %d: loss %f' % (it, num_iters, loss))
    return W, loss_history
"""
TRAINER_ARGUMENTS = "loss_func, W, X, y, learning_rate=1e-3, reg=1e-5, num_iters=100, verbose=False"


def test_a_trainer_with_its_scaffolding_alone_is_unwritten():
    assert unwritten(TRAINER, arguments=TRAINER_ARGUMENTS)
    assert unwritten(
        TRAINER.replace("dim, num_classes", "dim, int(y.max()) + 1, device=X.device, dtype=X.dtype").replace(
            "np.random", "torch"
        ),
        arguments=TRAINER_ARGUMENTS,
    )


@pytest.mark.parametrize(
    "given, written",
    [
        ("X_batch = None", "X_batch = X[:200]"),
        ("        X_batch = None\n        y_batch = None\n", "        X_batch, y_batch = X, y\n"),
        ("        pass\n        if", "        W -= learning_rate * grad\n        if"),
        ("        pass\n        if", "        W = W - learning_rate * grad\n        if"),
        ("0.001 * np.random.randn(dim, num_classes)", "np.ones((dim, num_classes)) / dim"),
    ],
)
def test_a_trainer_with_a_line_of_the_students_is_written(given, written):
    assert given in TRAINER

    assert not unwritten(TRAINER.replace(given, written), arguments=TRAINER_ARGUMENTS)


@pytest.mark.parametrize(
    "body",
    [
        "return X @ W",
        "return X.dot(W)",
        "return X[0]",
        "return -W",
        "loss = 0.0\nloss += reg\nreturn loss, W",
        "loss = 0.0\nloss += 2\nreturn loss, W",
        "W *= 2\nreturn W",
        "scaled = W\nscaled *= 2\nreturn scaled",
        "loss: float = X @ W\nreturn loss",
        "assert g(W, X)",
        "return torch.softmax(X, dim=1)",
        "return g(W, X)",
        "return [x for x in X]",
        "return (lambda: W)()",
        "return int(y.max()) + 1",
        "num_classes = np.max(y) + 1\nreturn num_classes",
        "W = 0.01 * np.random.randn(3, 4)\nreturn W",
        "return 0.5",
        "return [1e-3, 1e-2], [0.5, 1]",
        "return True",
        "return X if y is None else W",
        "if reg > 0:\n    return 0.0\nreturn None",
        "while True:\n    pass",
        "raise ValueError('no')",
        "with torch.no_grad():\n    return W",
        "return STATE",
        "return None\nreturn X @ W",
        "dW = np.zeros(W.shape)\ndW[0] = X[0]\nreturn 0.0, dW",
        "print(X @ W)",
        "loss_func = reg\nreturn loss_func(W)",
    ],
)
def test_a_function_that_computes_anything_is_written(body):
    assert not unwritten(body, tail="STATE = [0]\n\ndef g(W, X):\n    return X @ W\n")


def test_a_decorated_function_is_written():
    assert not unwritten("pass", head="from functools import cache\n\n@cache\n")


def test_a_function_that_another_statement_changes_is_written():
    assert not unwritten("pass", tail="f = torch.compile(f)\n")


def test_a_name_for_another_function_is_written():
    source = "def g(W):\n    return W\n\nf = g\n"

    assert not is_unwritten(extract(submission_of(source), ["f"]), "f")


CLASS = """
import numpy as np

class Base(object):
    def __init__(self):
        self.W = None

class f(Base):
    \"\"\"A classifier.\"\"\"

    def __init__(self):
        super().__init__()
        self.params = {}

    def train(self, X, y, learning_rate=1e-3, num_iters=100):
        losses = []
        for it in range(num_iters):
            X_batch = None
            loss, grad = self.loss(X_batch, 1e-5)
            losses.append(loss)
        return losses

    def predict(self, X):
        y_pred = np.zeros(X.shape[0])
        return y_pred
"""


def class_is_unwritten(source):
    return is_unwritten(extract(submission_of(source), ["f"]), "f")


def test_a_class_whose_methods_compute_nothing_is_unwritten():
    assert class_is_unwritten(CLASS.replace(", 1e-5", ", learning_rate"))


@pytest.mark.parametrize(
    "given, written",
    [
        ("np.zeros(X.shape[0])", "np.argmax(X @ self.W, axis=1)"),
        ("return y_pred", "return predict(self.W, X)"),
        ("    def predict", "    W = np.random.randn(3)\n\n    def predict"),
    ],
)
def test_a_class_with_one_written_method_is_written(given, written):
    source = CLASS.replace(", 1e-5", ", learning_rate")
    assert given in source

    assert not class_is_unwritten(source.replace(given, written))


@pytest.mark.parametrize(
    "head",
    [
        "class Base:\n    def train(self, X):\n        return X @ X\n",
        "class Root:\n    def train(self, X):\n        return X @ X\n\nclass Base(Root):\n    pass\n",
        "class Base:\n    pass\n\nBase.train = print\n",
        "from torch.nn import Module as Base\n",
        "class Base(dict):\n    pass\n",
        "class Base(metaclass=print):\n    pass\n",
    ],
)
def test_a_class_is_written_if_it_may_inherit_a_written_method(head):
    assert not class_is_unwritten(f"{head}\nclass f(Base):\n    def predict(self, X):\n        return None\n")


SAVED = "    def {name}(self, fname):\n        np.save(fname, 2 * self.W)\n\n    def predict"


def test_what_a_template_saves_is_no_answer_unless_another_method_calls_it():
    source = CLASS.replace(", 1e-5", ", learning_rate")
    called = source.replace("return y_pred", "return self.save(X)")

    assert class_is_unwritten(source.replace("    def predict", SAVED.format(name="save"), 1))
    assert not class_is_unwritten(source.replace("    def predict", SAVED.format(name="store"), 1))
    assert not class_is_unwritten(called.replace("    def predict", SAVED.format(name="save"), 1))


def test_a_class_and_its_base_without_methods_are_unwritten():
    assert class_is_unwritten("class Base:\n    pass\n\nclass f(Base):\n    pass\n")


@pytest.mark.parametrize("default", ["g", "lambda W, out: W", "[g]", "torch.softmax", "W0 @ W0"])
def test_a_function_whose_default_may_be_called_is_written(default):
    head = f"{HEAD}def g(W, out):\n    return W\n\nW0 = torch.eye(3)\n\n"

    assert not unwritten("out = None\nreturn impl(W, out)", arguments=f"W, impl={default}", head=head)
    assert not unwritten("out = None\nreturn impl(W, out)", arguments=f"W, *, impl={default}", head=head)


def test_constants_and_dtypes_are_defaults_of_a_template():
    assert unwritten(
        "return None", arguments="W, reg=1e-3, D=3 * 32 * 32, dtype=torch.float32, *, verbose=False"
    )


DELEGATE = """
def g(W, X):
    return None

class Base:
    def predict(self, X):
        return X @ X if INHERITED else None

class f:
    def loss(self, X):
        return g(self.W, X)
"""


@pytest.mark.parametrize(
    "given, other, is_certain",
    [
        ("", "", True),
        ("def g(W, X):\n", 'def g(W, X):\n    """Like f, without loops."""\n', True),
        ("class f:", "class f(Base):", False),
        ("g(self.W, X)", "g(self.W, X) + 1", False),
        ("g(self.W, X)", "g(self.W, -X)", False),
        ("    def loss(self, X)", "    def loss(self, X, g)", False),
    ],
)
def test_a_class_that_only_calls_unwritten_functions_is_known(given, other, is_certain):
    extracted = extract(submission_of(DELEGATE.replace(given, other)), ["f", "g"])

    assert is_unwritten(extracted, "f", ["g"]) == is_certain
    assert not is_unwritten(extracted, "f")


def test_source_that_is_too_deep_is_written():
    extracted = extract(submission_of("def f(W):\n    pass\n"), ["f"])
    deep = replace(extracted.chunks[0], source=f"def f(W):\n    return {'-' * 5000}0\n")

    assert not is_unwritten(replace(extracted, chunks=(deep,)), "f")


DISPATCHING = """
class Knn:
    def predict(self, X, k=1, num_loops=0):
        if num_loops == 0:
            dists = self.no_loops(X)
        else:
            raise ValueError("Invalid value %d for num_loops" % num_loops)
        return self.labels(dists, k=k)

    def no_loops(self, X):
        dists = np.zeros((X.shape[0], self.X_train.shape[0]))
        return {dists}

    def labels(self, dists, k=1):
        y_pred = np.zeros(dists.shape[0])
        return y_pred
"""


@pytest.mark.parametrize("dists,expected", [("dists", True), ("X.dot(self.X_train.T)", False)])
def test_a_class_whose_given_method_calls_the_others_is_unwritten_until_one_of_them_is_written(
    dists, expected
):
    source = "import numpy as np\n" + DISPATCHING.format(dists=dists)

    assert is_unwritten(extract(submission_of(source), ["Knn"]), "Knn") is expected


DEEP = """
import numpy as np

class f(object):
    def __init__(self, hidden_dims, input_dim=3 * 32 * 32, dropout=1, normalization=None, dtype=np.float32, seed=None):
        self.use_dropout = dropout != 1
        self.num_layers = 1 + len(hidden_dims)
        self.dtype = dtype
        self.params = {}
        self.dropout_param = {}
        if self.use_dropout:
            self.dropout_param = {"mode": "train", "p": dropout}
        self.modes = []
        if normalization == "batchnorm":
            self.modes = [{"mode": "train"} for i in range(self.num_layers - 1)]
        for k, v in self.params.items():
            self.params[k] = v.astype(dtype)

    def loss(self, X, y=None):
        X = X.astype(self.dtype)
        mode = "test" if y is None else "train"
        if self.normalization == "batchnorm":
            for each in self.modes:
                each["mode"] = mode
        scores = None
        if mode == "test":
            return scores
        loss, grads = 0.0, {}
        return loss, grads
"""


def test_the_template_of_a_deep_network_is_unwritten_with_all_that_the_handout_gives():
    assert class_is_unwritten(DEEP)


@pytest.mark.parametrize(
    "given, written",
    [
        (
            "self.params = {}",
            "self.params = {'b1': np.zeros(input_dim), 'W1': np.random.randn(input_dim, 5)}",
        ),
        ("self.params[k] = v.astype(dtype)", "self.params[k] = v * 0.01"),
        ("for k, v in self.params.items()", "for k, v in made(self.params)"),
        ("1 + len(hidden_dims)", "input_dim + len(hidden_dims)"),
        ("self.num_layers - 1", "X - X"),
        ('{"mode": "train"} for', "self.layer(i) for"),
        ("X = X.astype(self.dtype)", "X = X.reshape(3, -1).astype(self.dtype)"),
        ("scores = None", "scores = X[0]"),
        ("scores = None", "scores, cache = affine_forward(X, self.params['W1'], self.params['b1'])"),
        ("return loss, grads", "return loss + self.reg, grads"),
        ("return loss, grads", "return [X @ each for i in range(3)], grads"),
        ("return loss, grads", "return loss, {k: 1 for k in self.params}"),
    ],
)
def test_a_deep_network_with_a_line_of_the_students_is_written(given, written):
    assert given in DEEP

    assert not class_is_unwritten(DEEP.replace(given, written))
