"""Numbers and words that no report can hold: whoever returns them fails, in a sentence, and the judge does not."""

from collections.abc import Mapping

from tests.attacks.honest_work import SOFTMAX_TRAINER, SVM_LOSS
from tests.attacks.pair import Pair

_EECS = "eecs498_2019/perfect_module/linear_classifier.py"
_EECS_2020 = "eecs498_2020/module_beside_notebook/linear_classifier.py"
_LAB = "softmax_sgd_lab/perfect_module/lab.py"

_TRAINER = """
def train_linear_classifier(loss_func, W, X, y, learning_rate=1e-3, reg=1e-5, num_iters=100, batch_size=200, verbose=False):
    if W is None:
        W = 0.000001 * torch.randn(X.shape[1], int(y.max()) + 1, device=X.device, dtype=X.dtype)
    loss_history = []
    for it in range(num_iters):
        picked = torch.randint(X.shape[0], (batch_size,))
        loss, grad = loss_func(W, X[picked], y[picked], reg)
        loss_history.append(loss.item() if isinstance(loss, torch.Tensor) else loss)
        W = W - learning_rate * grad
    return W, RETURNED
"""


def _trainer(returned: str) -> str:
    return _TRAINER.replace("RETURNED", returned)


_HONEST_TRAINER = _trainer("loss_history")

_SHORT = """
name = "short"
title = "A short training"

[functions]
svm_loss_vectorized = { role = "loss", classifier = "svm", style = "vectorized" }
train_linear_classifier = { role = "trainer" }
predict_linear_classifier = { role = "predictor" }

[[checks]]
id = "accuracy"
kind = "accuracy"
title = "Accuracy"
loss = "svm_loss_vectorized"
trainer = "train_linear_classifier"
predictor = "predict_linear_classifier"
learning_rate = 1e-2
reg = 1e-2
num_iters = 60
batch_size = 100
val_bar = 0.2
test_bar = 0.2
points = 4
"""


def _accuracy(cheat: str, returned: str) -> Pair:
    """Right weights beside that history."""
    return Pair(
        cheat=cheat,
        spec=_SHORT,
        base=_EECS,
        checks=("accuracy",),
        hostile=_trainer(returned),
        honest=_HONEST_TRAINER,
        points=0.0,
        honest_points=4.0,
        says=("give numbers that are not finite, or larger than 1e+100: first loss and last losses",),
    )


def _training(cheat: str, returned: str, said: str) -> Pair:
    """Right steps beside that history, which has a share of its own."""
    return Pair(
        cheat=cheat,
        spec="eecs498_2019",
        base=_EECS,
        checks=("training", "sampling", "linear_svm"),
        hostile=_trainer(returned),
        honest=_HONEST_TRAINER,
        points=10.6,
        honest_points=11.0,
        says=(said,),
    )


def _loss(returned: str) -> str:
    return SVM_LOSS.replace("RETURNED", returned)


def _losses(cheat: str, returned: str, points: float, said: str) -> Pair:
    return Pair(
        cheat=cheat,
        spec="eecs498_2019",
        base=_EECS,
        checks=(
            *("svm_vectorized_values", "svm_vectorized_gradient", "svm_vectorized_inputs", "svm_agreement"),
            *("svm_vectorized_loops", "svm_start"),
        ),
        hostile=_loss(returned),
        honest=_loss("loss, dW"),
        points=points,
        honest_points=19.0,
        says=(said,),
    )


_PARAM_SET = """
def test_one_param_set(cls, data_dict, lr, reg, num_iters=2000):
    cls.train(data_dict['X_train'], data_dict['y_train'], learning_rate=lr, reg=reg, num_iters=num_iters, batch_size=200)
    train_acc = (cls.predict(data_dict['X_train']) == data_dict['y_train']).double().mean().item()
    val_acc = (cls.predict(data_dict['X_val']) == data_dict['y_val']).double().mean().item()
    return RETURNED
"""


PAIRS: Mapping[str, Pair] = {
    "a history of 1.7e308 beside right weights": _accuracy(
        "the mean of its losses is infinite, which no report can hold: the check was errored, the score blank",
        "[1.7e308] * num_iters",
    ),
    "a history of alternating 1.7e308": _accuracy(
        "finite numbers whose mean may be anything, nan included",
        "[1.7e308, -1.7e308] * (num_iters // 2)",
    ),
    "a history of 1e200": _accuracy("finite means, whose squares are not", "[1e200] * num_iters"),
    "histories of the largest numbers in training": _training(
        "its losses overflow every mean",
        "[1.7e308] * num_iters",
        "loss_history does not hold the losses",
    ),
    "a million losses": _training(
        "a history far longer than the steps", "[0.5] * 10**6", "a list of 1000000 numbers"
    ),
    "losses that are not numbers late": _training(
        "a history that begins as it should",
        "loss_history[:-2] + [float('nan'), 10**400]",
        "int too large to convert to float",
    ),
    "a history of complex numbers": _training(
        "numbers of another kind", "[1j * each for each in loss_history]", "loss_history is "
    ),
    "a gradient of 1.7e308": _losses(
        "differences from it overflow",
        "loss, torch.full_like(dW, 1.7e308)",
        9.0,
        "dW differs from the reference",
    ),
    "a loss of 1.7e308 of either sign": _losses(
        "the difference of two losses overflows",
        "(1.7e308 if float(W[0, 0]) > 0 else -1.7e308), dW",
        12.6,
        "e+308",
    ),
    "a loss beyond all floats": _losses(
        "an integer that no float can hold", "10**400, dW", 12.6, "int too large to convert to float"
    ),
    "accuracies of 1.7e308": Pair(
        cheat="in percent it is infinite, which cannot be rounded: the check was errored",
        spec="eecs498_2020",
        base=_EECS_2020,
        checks=("param_set",),
        hostile=_PARAM_SET.replace("RETURNED", "cls, 1.7e308, -1.7e308"),
        honest=_PARAM_SET.replace("RETURNED", "cls, train_acc, val_acc"),
        points=2.5,
        honest_points=5.0,
        says=("train_acc is 1.7e+308", "val_acc is -1.7e+308"),
    ),
    "the largest weights and losses of a descent": Pair(
        cheat="the loss of its weights is not a number, so no comparison with it holds",
        spec="numpy_linear_bias",
        base="numpy_linear_bias/perfect_module/solution.py",
        checks=("spiral", "training"),
        hostile=SOFTMAX_TRAINER.replace(
            "RETURNED", "np.full_like(W, 1.7e308), -1.7e308 * (b + 1), [1.7e308] * num_iters"
        ),
        honest=SOFTMAX_TRAINER.replace("RETURNED", "W, b, history"),
        points=0.0,
        honest_points=45.0,
    ),
    "denormals and the largest numbers in turn": Pair(
        cheat="values that underflow and overflow in every product",
        spec="softmax_sgd_lab",
        base=_LAB,
        checks=("train", "draws", "learning"),
        hostile=(
            "def train_sgd(weight, bias, X, y, learning_rate=1e-3, epochs=3):\n"
            "    sizes = torch.where(torch.arange(weight.numel()) % 2 == 0, 5e-324, 1.7e308).view(weight.shape)\n"
            "    return sizes.double(), torch.full_like(bias, -1.7e308)\n"
        ),
        honest=(
            "def train_sgd(weight, bias, X, y, learning_rate=1e-3, epochs=3):\n"
            "    weight, bias = weight.clone(), bias.clone()\n"
            "    for _ in range(epochs * len(X)):\n"
            "        i = int(torch.randint(len(X), (1,)))\n"
            "        slope = softmax_forward(weight, bias, X[i])\n"
            "        slope[y[i]] -= 1\n"
            "        weight -= learning_rate * torch.outer(slope, X[i])\n"
            "        bias -= learning_rate * slope\n"
            "    return weight, bias\n"
        ),
        points=0.0,
        honest_points=20.0,
    ),
    "an error of half characters and escapes": Pair(
        cheat="words that no JSON holds, that steer a terminal, and that go on for a megabyte",
        spec="softmax_sgd_lab",
        base=_LAB,
        checks=("evaluate",),
        hostile=(
            "def evaluate(weight, bias, X, y):\n"
            "    raise type('E\\u202e' + 'x' * 5000, (ValueError,), {})('\\ud800\\x1b[2J\\n\\u2028' + 'y' * 10**6)\n"
        ),
        honest=(
            "def evaluate(weight, bias, X, y):\n"
            "    return ((X @ weight.t() + bias).argmax(1) == y).double().mean().item()\n"
        ),
        points=0.0,
        honest_points=10.0,
        says=("raised an exception",),
    ),
}
