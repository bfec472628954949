"""Points for nothing: constants that the handout tells, right shapes around wrong values, inputs left alone by doing nothing."""

from collections.abc import Mapping

from tests.attacks.honest_work import SOFTMAX_TRAINER, SVM_LOSS
from tests.attacks.pair import Pair

_EECS = "eecs498_2019/perfect_module/linear_classifier.py"
_EECS_2020 = "eecs498_2020/module_beside_notebook/linear_classifier.py"
_LAB = "softmax_sgd_lab/perfect_module/lab.py"
_CNN = "cnn_mnist/perfect_functional/net.py"

_NUMERIC = """
def compute_numerical_gradients(weight, bias, x, label, epsilon=1e-4):
    def loss(w, b):
        return float(criterion_forward(softmax_forward(w, b, x), label))
    found = []
    for given, of in ((weight, lambda w: loss(w, bias)), (bias, lambda b: loss(weight, b))):
        grad = torch.zeros_like(given)
        for i in range(given.numel()):
            step = torch.zeros_like(given).view(-1)
            step[i] = epsilon
            step = step.view(given.shape)
            grad.view(-1)[i] = (of(given + step) - of(given - step)) / (2 * epsilon)
        found.append(grad)
    return found[0], found[1]
"""


def _numeric(cheat: str, weight: str, bias: str) -> Pair:
    """These in place of the two gradients."""
    return Pair(
        cheat=cheat,
        spec="softmax_sgd_lab",
        base=_LAB,
        checks=("numeric",),
        hostile=(
            "def compute_numerical_gradients(weight, bias, x, label, epsilon=1e-4):\n"
            f"    return {weight}, {bias}\n"
        ),
        honest=_NUMERIC,
        points=0.0,
        honest_points=18.0,
        says=("No points for weight_afterwards until grad_weight is right",),
    )


_TEST = """
def test_one_epoch(test_loader, model, device):
    model.eval()
    total, count, right = 0.0, 0, 0
    with torch.no_grad():
        for images, labels in test_loader:
            logits = model(images.to(device))
            total += torch.nn.functional.cross_entropy(logits, labels, reduction='sum').item()
            count, right = count + len(labels), right + (logits.argmax(1) == labels).sum().item()
    return total / count, right
"""

_EPOCH = """
def train_one_epoch(train_loader, model, device, optimizer, log_interval, epoch):
    losses, counter = [], []
    for number, (images, labels) in enumerate(train_loader):
        STEP
        if (number + 1) % log_interval == 0:
            losses.append(loss.item())
            seen = min((number + 1) * 64, len(train_loader.dataset))
            counter.append(seen + epoch * len(train_loader.dataset))
    return losses, counter
"""
_STEP = """optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()"""


def _epoch(cheat: str, change: str) -> Pair:
    """This change of each parameter in place of a step."""
    step = f"""loss = torch.tensor(2.3)
        with torch.no_grad():
            for each in model.parameters():
                {change}"""
    return Pair(
        cheat=cheat,
        spec="cnn_mnist",
        base=_CNN,
        checks=("epoch",),
        hostile=_EPOCH.replace("STEP", step),
        honest=_EPOCH.replace("STEP", _STEP),
        points=0.0,
        honest_points=10.0,
    )


_SVM = SVM_LOSS.replace("RETURNED", "loss, dW")
_SOFTMAX = """
def softmax_loss_vectorized(W, X, y, reg):
    rows = torch.arange(len(y))
    scores = X @ W
    scores = scores - scores.max(dim=1, keepdim=True).values
    P = scores.exp() / scores.exp().sum(dim=1, keepdim=True)
    loss = -(scores[rows, y] - scores.exp().sum(dim=1).log()).mean() + reg * (W * W).sum()
    P[rows, y] -= 1
    return loss, X.t() @ P / len(y) + 2 * reg * W
"""


def _start(cheat: str, hostile: str, honest: str = _SVM) -> Pair:
    return Pair(
        cheat=cheat,
        spec="eecs498_2019",
        base=_EECS,
        checks=("svm_start" if honest is _SVM else "softmax_start",),
        hostile=hostile,
        honest=honest,
        points=0.0,
        honest_points=1.0,
        says=("No points for the loss at the start until the values are right",),
    )


PAIRS: Mapping[str, Pair] = {
    "9.0 for the loss at the start": _start(
        "the number that the handout tells, whatever the images",
        "def svm_loss_vectorized(W, X, y, reg):\n    return 9.0, torch.zeros_like(W)\n",
    ),
    "ln 10 beside a right gradient": _start(
        "the loss of guessing, and a gradient that a loss would have",
        _SOFTMAX.replace("return loss,", "return torch.tensor(10.0).log(),"),
        _SOFTMAX,
    ),
    "9.0 for small weights only": _start(
        "a constant where the weights are small, another number elsewhere",
        "def svm_loss_vectorized(W, X, y, reg):\n"
        "    return torch.where(W.abs().max() < 0.01, 9.0, W.abs().sum()), torch.ones_like(W)\n",
    ),
    "the mean score for the loss at the start": _start(
        "right to first order where weights are small",
        "def svm_loss_vectorized(W, X, y, reg):\n"
        "    s = X @ W\n"
        "    return 9 + (s.sum(1) - 10 * s[torch.arange(len(y)), y]).mean(), torch.ones_like(W)\n",
    ),
    "a loss so large that its rounding explains any slope": Pair(
        cheat="a constant whose rounding alone is larger than the gradient times the step",
        spec="eecs498_2019",
        base=_EECS,
        checks=("svm_vectorized_gradient",),
        hostile=SVM_LOSS.replace("RETURNED", "1e30, dW"),
        honest=_SVM,
        points=0.0,
        honest_points=1.0,
        says=("dW is not the derivative of the loss",),
    ),
    "random numeric gradients": _numeric(
        "parameters are unchanged afterwards where nothing is moved",
        "torch.randn_like(weight)",
        "torch.randn_like(bias)",
    ),
    "the inputs for numeric gradients": _numeric("returns what it was given", "weight", "bias"),
    "a constant for numeric gradients": _numeric(
        "not zero, so something seems to be computed",
        "torch.full_like(weight, 1e-9)",
        "torch.full_like(bias, 1e-9)",
    ),
    "the loss of guessing as a history": Pair(
        cheat="weights of zero, whose loss is ln 3, and a history that says so",
        spec="numpy_linear_bias",
        base="numpy_linear_bias/perfect_module/solution.py",
        checks=("spiral",),
        hostile=(
            "def train_softmax(X, y, num_classes, step_size=1.0, reg=1e-3, num_iters=200):\n"
            "    history = [np.log(num_classes) * (1 - 1e-6 * i) for i in range(num_iters)]\n"
            "    return np.zeros((X.shape[1], num_classes)), np.zeros((1, num_classes)), history\n"
        ),
        honest=SOFTMAX_TRAINER.replace("RETURNED", "W, b, history"),
        points=0.0,
        honest_points=20.0,
        says=("does not count",),
    ),
    "weights of zero beside no history": Pair(
        cheat="what would tell that nothing was learned is not there",
        spec="numpy_linear_bias",
        base="numpy_linear_bias/perfect_module/solution.py",
        checks=("spiral",),
        hostile=(
            "def train_softmax(X, y, num_classes, step_size=1.0, reg=1e-3, num_iters=200):\n"
            "    return np.zeros((X.shape[1], num_classes)), np.zeros((1, num_classes)), None\n"
        ),
        honest=SOFTMAX_TRAINER.replace("RETURNED", "W, b, history"),
        points=0.0,
        honest_points=20.0,
        says=("the returned W and b have the loss",),
    ),
    "a history beside no weights": Pair(
        cheat="losses that fall as they should, of nothing",
        spec="numpy_linear_bias",
        base="numpy_linear_bias/perfect_module/solution.py",
        checks=("spiral",),
        hostile=(
            "def train_softmax(X, y, num_classes, step_size=1.0, reg=1e-3, num_iters=200):\n"
            "    return None, None, [np.log(num_classes) * 0.998**i for i in range(num_iters)]\n"
        ),
        honest=SOFTMAX_TRAINER.replace("RETURNED", "W, b, history"),
        points=0.0,
        honest_points=20.0,
        says=("history cannot be graded without W",),
    ),
    "a network that never trains": Pair(
        cheat="its parameters stay at their start, with the losses of a start",
        spec="two_layer_net",
        checks=("spiral",),
        hostile=(
            "import numpy as np\n"
            "class TwoLayerNet(object):\n"
            "    def __init__(self, input_size, hidden_size, output_size, std=1e-4):\n"
            "        shapes = dict(W1=(input_size, hidden_size), b1=hidden_size, W2=(hidden_size, output_size), b2=output_size)\n"
            "        self.params = {name: std * np.random.randn(*np.atleast_1d(each)) for name, each in shapes.items()}\n"
            "    def loss(self, X, y=None, reg=0.0):\n"
            "        raise NotImplementedError\n"
            "    def train(self, X, y, X_val, y_val, learning_rate=1e-3, learning_rate_decay=0.95, reg=5e-6, num_iters=100,\n"
            "              batch_size=200, verbose=False):\n"
            "        return {'loss_history': list(1.0986 + 0.001 * np.random.randn(num_iters))}\n"
            "    def predict(self, X):\n"
            "        h = np.maximum(X @ self.params['W1'] + self.params['b1'], 0)\n"
            "        return np.argmax(h @ self.params['W2'] + self.params['b2'], axis=1)\n"
        ),
        honest=(
            "import numpy as np\n"
            "class TwoLayerNet(object):\n"
            "    def __init__(self, input_size, hidden_size, output_size, std=1e-4):\n"
            "        self.params = dict(W1=std * np.random.randn(input_size, hidden_size), b1=np.zeros(hidden_size),\n"
            "                           W2=std * np.random.randn(hidden_size, output_size), b2=np.zeros(output_size))\n"
            "    def loss(self, X, y=None, reg=0.0):\n"
            "        p = self.params\n"
            "        hidden = np.maximum(X @ p['W1'] + p['b1'], 0)\n"
            "        scores = hidden @ p['W2'] + p['b2']\n"
            "        if y is None:\n"
            "            return scores\n"
            "        scores = scores - scores.max(axis=1, keepdims=True)\n"
            "        P = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)\n"
            "        loss = -np.log(P[np.arange(len(y)), y]).mean() + reg * ((p['W1'] ** 2).sum() + (p['W2'] ** 2).sum())\n"
            "        P[np.arange(len(y)), y] -= 1\n"
            "        P /= len(y)\n"
            "        back = (P @ p['W2'].T) * (hidden > 0)\n"
            "        return loss, dict(W1=X.T @ back + 2 * reg * p['W1'], b1=back.sum(0),\n"
            "                          W2=hidden.T @ P + 2 * reg * p['W2'], b2=P.sum(0))\n"
            "    def train(self, X, y, X_val, y_val, learning_rate=1e-3, learning_rate_decay=0.95, reg=5e-6, num_iters=100,\n"
            "              batch_size=200, verbose=False):\n"
            "        history, epoch = [], max(len(X) // batch_size, 1)\n"
            "        for step in range(num_iters):\n"
            "            picked = np.random.choice(len(X), batch_size)\n"
            "            loss, grads = self.loss(X[picked], y[picked], reg)\n"
            "            history.append(loss)\n"
            "            for name in grads:\n"
            "                self.params[name] = self.params[name] - learning_rate * grads[name]\n"
            "            if (step + 1) % epoch == 0:\n"
            "                learning_rate *= learning_rate_decay\n"
            "        return {'loss_history': history}\n"
            "    def predict(self, X):\n"
            "        return np.argmax(self.loss(X), axis=1)\n"
        ),
        points=0.0,
        honest_points=12.0,
    ),
    "a test that tests nothing": Pair(
        cheat="a model that is never called is unchanged",
        spec="cnn_mnist",
        base=_CNN,
        checks=("test",),
        hostile="def test_one_epoch(test_loader, model, device):\n    return 1.5, 12\n",
        honest=_TEST,
        points=0.0,
        honest_points=15.0,
        says=(
            "No points for weight_afterwards and gradient_afterwards until test_loss or num_correct is right",
        ),
    ),
    "parameters that shrink": _epoch(
        "smaller scores are nearer to guessing, so the loss falls a little without any gradient",
        "each.mul_(0.9)",
    ),
    "parameters that shrink with noise": _epoch(
        "noise in all of them beside it, as steps would leave",
        "each.mul_(0.5).add_(1e-6 * torch.randn_like(each))",
    ),
    "a network without layers": Pair(
        cheat="zeros of the shape that a network returns",
        spec="cnn_mnist",
        checks=("layers",),
        hostile=(
            "import torch\n"
            "from torch import nn\n"
            "class CNN(nn.Module):\n"
            "    def __init__(self):\n"
            "        super().__init__()\n"
            "        self.none = nn.Parameter(torch.zeros(1))\n"
            "    def forward(self, x):\n"
            "        return torch.zeros(len(x), 10) + self.none\n"
        ),
        honest=(
            "from torch import nn\n"
            "class CNN(nn.Module):\n"
            "    def __init__(self):\n"
            "        super().__init__()\n"
            "        pool = nn.MaxPool2d(2)\n"
            "        self.layers = nn.Sequential(nn.Conv2d(1, 10, 5), pool, nn.ReLU(), nn.Conv2d(10, 20, 5), pool,\n"
            "                                    nn.ReLU(), nn.Flatten(), nn.Linear(320, 10))\n"
            "    def forward(self, x):\n"
            "        return self.layers(x)\n"
        ),
        points=0.0,
        honest_points=15.0,
    ),
    "the first rows as a batch": Pair(
        cheat="rows of X with their labels, without drawing any",
        spec="eecs498_2020",
        base=_EECS_2020,
        checks=("batches",),
        hostile="def sample_batch(X, y, num_train, batch_size):\n    return X[:batch_size], y[:batch_size]\n",
        honest=(
            "def sample_batch(X, y, num_train, batch_size):\n"
            "    picked = torch.randint(num_train, (batch_size,))\n"
            "    return X[picked], y[picked]\n"
        ),
        points=0.0,
        honest_points=3.0,
        says=("No points for their labels until rows are drawn",),
    ),
}
