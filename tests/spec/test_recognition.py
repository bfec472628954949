"""Functions with the names of a spec's: whether they are the spec's, by signature and library."""

import json
from pathlib import Path

import pytest

from grader.errors import SpecError
from grader.intake.submission import SourceFile, Submission
from grader.spec import load_spec
from grader.spec.detect import LookAlike, detect_spec, has_functions_of, near_misses
from tests.samples import submission_of

SUBMISSIONS = Path(__file__).resolve().parents[2] / "submissions"
TWO_LAYER = load_spec("two_layer_net").spec
CS231N = load_spec("cs231n").spec
CS231N_2025 = load_spec("cs231n_2025").spec


def submission_with(**files):
    """Files by name, with __ for a slash and _py or _ipynb at the end for the suffix."""
    named = {
        "".join(key.replace("__", "/").rpartition("_")[0]) + "." + key.rpartition("_")[2]: text
        for key, text in files.items()
    }
    return Submission("alice", tuple(SourceFile(path, text.encode()) for path, text in sorted(named.items())))


def notebook(*cells):
    """A notebook whose cells are strings, not lists of lines."""
    made = [
        {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": each}
        for each in cells
    ]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": made})


def net(parameters, *methods, library="numpy as np", base="", body="np.zeros((2, 2))"):
    """A module with a class TwoLayerNet."""
    lines = [f"    def {each}:\n        return None\n" for each in methods]
    start = f"    def __init__(self, {parameters}):\n        self.params = {{'W1': {body}}}\n"
    return f"import {library}\n\nclass TwoLayerNet({base}):\n{start}{''.join(lines)}"


OURS = "input_size, hidden_size, output_size, std=1e-4"
LOSS, PREDICT = "loss(self, X, y=None, reg=0.0)", "predict(self, X)"
TRAIN = "train(self, X, y, X_val, y_val, learning_rate=1e-3, learning_rate_decay=0.95, reg=5e-6, num_iters=100, batch_size=200, verbose=False)"

OTHERS = {
    "CS7643 with its base elsewhere": (
        net(
            "input_size=784, num_classes=10, hidden_size=128",
            "forward(self, X, y, mode='train')",
            base="_baseNetwork",
        ).replace("\nclass", "\nfrom ._base_network import _baseNetwork\nclass"),
        (
            "another course's (CS7643, two_layer_nn.py): it takes (input_size, num_classes, hidden_size), not (input_size,"
            " hidden_size, output_size, std)."
        ),
    ),
    "EECS 498": (
        net(
            "input_size, hidden_size, output_size, dtype=torch.float32, device='cuda', std=1e-4",
            *(LOSS, TRAIN, PREDICT),
            library="torch",
            body="torch.zeros(2, 2)",
        ),
        "another course's (EECS 498, two_layer_net.py): it is written in PyTorch, and two_layer_net is in NumPy.",
    ),
    "a module of torch": (
        net(
            "input_size, hidden_size, output_size",
            "forward(self, x)",
            library="torch.nn as nn",
            base="nn.Module",
        ),
        "another course's, or changed from the handout: it has forward, and no loss, train or predict.",
    ),
    "the book": (
        net(
            "input_size, hidden_size, output_size, weight_init_std=0.01",
            *(PREDICT, "loss(self, x, t)", "accuracy(self, x, t)", "gradient(self, x, t)"),
        ),
        (
            "another course's (the book Deep Learning from Scratch): its loss takes (x, t), not (X, y, reg), and it has no"
            " train."
        ),
    ),
    "sizes in a list": (
        net("sizes", LOSS, TRAIN, PREDICT),
        "another course's, or changed from the handout: it takes (sizes), not (input_size, hidden_size, output_size, std).",
    ),
    "JAX": (
        net(OURS, LOSS, TRAIN, PREDICT, library="jax.numpy as jnp", body="jnp.zeros((2, 2))"),
        "another course's, or changed from the handout: it is written in JAX, and two_layer_net is in NumPy.",
    ),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_another_courses_class_is_told_apart(kind):
    source, words = OTHERS[kind]
    submission = submission_of(source)

    with pytest.raises(SpecError) as caught:
        detect_spec(submission)

    assert str(caught.value) == (
        f"alice: TwoLayerNet here is {words} No shipped spec covers it. Grade it with a spec of your own (--spec FILE), or"
        " with --spec two_layer_net if that is the assignment anyway"
    )
    assert near_misses(submission, TWO_LAYER, [], ["TwoLayerNet"], {}) == (
        LookAlike(None, f"TwoLayerNet here is {words} No shipped spec covers it."),
    )
    assert near_misses(submission, TWO_LAYER, ["TwoLayerNet"], ["TwoLayerNet"], {}) == ()
    assert not has_functions_of(submission, TWO_LAYER)


@pytest.mark.parametrize(
    "source",
    [
        net(OURS, LOSS, TRAIN, PREDICT),
        net("D, H, C, scale=1", LOSS, TRAIN, PREDICT),
        net(OURS),
        net(OURS, LOSS),
        net("*sizes", "loss(self, *given)", "train(self, *given, **named)"),
        net(OURS, LOSS, "train(self, X, y, X_val, y_val, learning_rate, reg)", PREDICT),
        net(OURS, "loss(self, X, y=None)", TRAIN, PREDICT),
        net(OURS, LOSS, TRAIN, PREDICT, body="np.zeros((2, 2))")
        + "    # not torch.zeros, nor import torch\n",
        "import numpy as np\n"
        + net("", LOSS, base="Base")
        .replace("class Two", "class Base:\n    def __init__(self, a, b, c):\n        pass\n\nclass Two")
        .replace("    def __init__(self, ):\n        self.params = {'W1': np.zeros((2, 2))}\n", ""),
        "from layers import Net\nimport numpy as np\nTwoLayerNet = Net\n\nclass Net:\n    pass\n\nTwoLayerNet = Net\n",
    ],
)
def test_a_class_that_is_half_finished_or_changed_in_one_method_is_still_ours(source):
    submission = submission_of(source)

    assert detect_spec(submission).spec.name == "two_layer_net"
    assert near_misses(submission, TWO_LAYER, [], ["TwoLayerNet"], {}) == ()


@pytest.mark.parametrize(
    "source, words",
    [
        (
            "import numpy as np\ndef svm_loss_naive(X, y, W, reg):\n    return 0, np.zeros_like(W)\n",
            "svm_loss_naive here is another course's, or changed from the handout: it takes (X, y, W, reg), not (W, X, y, reg).",
        ),
        (
            (
                "import torch\nclass CNN(torch.nn.Module):\n    def __init__(self, classes):\n        super().__init__()\n"
                "def train_one_epoch(model, loader):\n    torch.zeros(1)\n"
            ),
            "CNN here is another course's, or changed from the handout: it takes (classes), not ().",
        ),
        (
            "import numpy as np\ndef fit(X, y):\n    return np.zeros(2)\n",
            "fit here is another course's, or changed from the handout: it is written in NumPy, and linear_regression is in PyTorch.",
        ),
        (
            "import torch\nclass Softmax(torch.nn.Module):\n    def forward(self, x):\n        return x.exp()\n",
            "Softmax here is another course's, or changed from the handout: it has forward, and no loss, train or predict.",
        ),
        (
            "import numpy as np\nevaluate = lambda model, loader: np.mean(model(loader))\n",
            "evaluate here is another course's, or changed from the handout: it takes (model, loader), not (weight, bias, X, y).",
        ),
    ],
)
def test_functions_of_another_signature_are_not_a_specs(source, words):
    with pytest.raises(SpecError) as caught:
        detect_spec(submission_of(source))

    assert str(caught.value).startswith(f"alice: {words} No shipped spec covers it.")


FC_NET = net(
    "input_dim=3072, hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0", "loss(self, X, y=None)"
)
NETS_SINCE_2020 = {
    "fc_net.py": {"fc_net_py": FC_NET},
    "names of one's own": {
        "fc_net_py": net("D=3072, H=100, C=10, s=1, reg=0.0", "loss(self, X, y=None)", "save(self, name)")
    },
    "layers.py": {"layers_py": "import numpy as np\ndef softmax_loss(x, y):\n    return np.sum(x), x\n"},
}
NETS_SINCE_2020["both"] = NETS_SINCE_2020["fc_net.py"] | NETS_SINCE_2020["layers.py"]


@pytest.mark.parametrize("form", NETS_SINCE_2020)
def test_the_networks_since_2020_are_not_the_class_of_the_years_before(form):
    submission = submission_with(**NETS_SINCE_2020[form])

    (missed,) = near_misses(submission, TWO_LAYER, [], ["TwoLayerNet"], {})

    assert detect_spec(submission).spec.name == "cs231n_2025"
    assert missed.spec == "cs231n_2025"


SOFTMAX = """
import numpy as np

def softmax_loss_naive(W, X, y, reg):
    return reg * np.sum(W * W), np.zeros_like(W)

def softmax_loss_vectorized(W, X, y, reg):
    return reg * np.sum(W * W), np.zeros_like(W)
"""
SVM = SOFTMAX.replace("softmax", "svm")
HANDOUT = SUBMISSIONS / "cs231n" / "package_folder" / "cs231n" / "classifiers" / "linear_classifier.py"
CLASSES = "".join(HANDOUT.read_text().partition("class LinearClassifier")[1:])
"""Of the handout, without its imports; LinearSVM calls svm_loss_vectorized, as it still does in 2025."""

SINCE_2025 = {
    "flat": {"softmax_py": SOFTMAX, "linear_classifier_py": f"from softmax import *\n{CLASSES}"},
    "in a renamed package": {
        "x__icv83551__classifiers__softmax_py": SOFTMAX,
        "x__icv83551__classifiers__linear_classifier_py": f"from ..classifiers.softmax import *\n{CLASSES}",
    },
    "in a notebook": {"softmax_ipynb": notebook(SOFTMAX, CLASSES)},
    "with half of the regularizer": {
        "softmax_py": SOFTMAX.replace("reg * np.sum", "0.5 * reg * np.sum"),
        "linear_classifier_py": f"from softmax import *\n{CLASSES}",
    },
    "with the layers of a later part": {
        "softmax_py": SOFTMAX,
        "layers_py": "def affine_forward(x, w, b):\n    pass\ndef svm_loss(x, y):\n    pass\n",
    },
}
WITHOUT_SVM = (
    "This looks like cs231n_2025 (CS231n (2025, 2026): kNN, softmax, networks (NumPy)): it has the softmax part, and no"
    " trace of the SVM part. If that is the assignment, grade it with --spec cs231n_2025."
)


@pytest.mark.parametrize("form", SINCE_2025)
@pytest.mark.parametrize("correct", [(), ("softmax_loss_naive",)])
def test_the_assignment_without_an_svm_part_is_not_taken_for_an_earlier_one(form, correct):
    submission = submission_with(**SINCE_2025[form])
    present = ["softmax_loss_naive", "softmax_loss_vectorized"]

    assert detect_spec(submission).spec.name == "cs231n_2025"
    assert near_misses(submission, CS231N, correct, present, {}) == (LookAlike("cs231n_2025", WITHOUT_SVM),)
    assert has_functions_of(submission, CS231N)


SOME_LAYERS = "import numpy as np\n" + "".join(
    f"def {name}(*given):\n    pass\n"
    for name in ("affine_forward", "relu_forward", "sgd_momentum", "rmsprop", "adam")
)
SINCE_2021 = {
    "softmax_py": SOFTMAX,
    "linear_classifier_py": CLASSES,
    "layers_py": SOME_LAYERS,
    "fc_net_py": FC_NET,
}


def test_with_an_svm_part_and_the_same_layers_it_is_the_assignment_of_2021_to_2024():
    submission = submission_with(**SINCE_2021, linear_svm_py=SVM)

    (missed,) = near_misses(submission, CS231N_2025, ["adam"], ["adam"], {})

    assert detect_spec(submission).spec.name == "cs231n_2021"
    assert missed.spec == "cs231n_2021"
    assert "it has losses of an SVM, and no FullyConnectedNet" in missed.message


def test_beside_a_fully_connected_net_the_svm_part_is_a_leftover():
    deep = net("hidden_dims, input_dim=3072", "loss(self, X, y=None)").replace("TwoLayer", "FullyConnected")
    submission = submission_with(**SINCE_2021, linear_svm_py=SVM, deep_py=deep)

    assert detect_spec(submission).spec.name == "cs231n_2025"
    assert near_misses(submission, CS231N_2025, ["adam"], ["adam"], {}) == ()


@pytest.mark.parametrize(
    "files",
    [
        {"softmax_py": SOFTMAX, "linear_svm_py": SVM, "linear_classifier_py": CLASSES},
        {"softmax_py": SOFTMAX, "linear_svm_py": "", "linear_classifier_py": CLASSES},
        {"softmax_py": SOFTMAX, "linear_classifier_py": f"from linear_svm import *\n{CLASSES}"},
        {
            "all_ipynb": notebook(
                f"{SOFTMAX}{CLASSES}", "x = 1\ndef svm_loss_naive(W, X, y, reg):\n  loss = (\n"
            )
        },
        {"all_ipynb": notebook(f"x = 1{SVM}{SOFTMAX}{CLASSES}")},
    ],
)
def test_an_svm_part_that_is_unwritten_broken_or_forgotten_is_no_sign_of_it(files):
    submission = submission_with(**files)

    assert detect_spec(submission).spec.name == "cs231n"
    assert near_misses(submission, CS231N, (), ["softmax_loss_naive"], {}) == ()


def test_a_spec_of_ones_own_without_svm_is_not_doubted():
    functions = {name: each for name, each in CS231N.functions.items() if "svm" not in name.lower()}
    own = CS231N.model_copy(update={"name": "own", "functions": functions})
    submission = submission_with(**SINCE_2025["flat"])

    assert near_misses(submission, own, ["Softmax"], list(functions), {}) == ()


def test_a_result_of_the_name_of_a_function_is_no_function():
    submission = submission_with(hw_ipynb=notebook("loss, dW = svm_loss_naive(W, X, y, 0)"))

    with pytest.raises(SpecError, match="it has no function of a shipped spec"):
        detect_spec(submission)
    assert near_misses(submission, CS231N, (), (), {}) == ()
