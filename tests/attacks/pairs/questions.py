"""Layers, networks and nearest neighbours that compute nothing, or let another version work, where only form is looked at."""

from collections.abc import Mapping
from pathlib import Path

from tests.attacks.pair import Pair

_SAMPLES = Path(__file__).parents[3] / "submissions" / "cs231n_2025" / "flat_modules"
_KNN = "cs231n_2025/flat_modules/k_nearest_neighbor.py"
_LAYERS = "cs231n_2025/flat_modules/layers.py"


def _net() -> str:
    """The sample's layers and networks in one module."""
    names = ("layers.py", "layer_utils.py", "fc_net.py")
    text = "\n\n".join((_SAMPLES / name).read_text(encoding="utf-8") for name in names)
    return "\n".join(line for line in text.splitlines() if not line.startswith("from layer"))


def _networks(cheat: str, returned: str) -> Pair:
    """Networks whose loss returns that."""
    classes = "".join(
        f"class {name}({name}):\n    def loss(self, X, y=None):\n        return {returned}\n\n\n"
        for name in ("TwoLayerNet", "FullyConnectedNet")
    )
    return Pair(
        cheat=cheat,
        spec="cs231n_2025",
        checks=("two_layer_calls", "fc_calls"),
        hostile=f"{_net()}\n\n\n{classes}",
        honest=_net(),
        points=0.0,
        honest_points=2.0,
        says=("loss_without_reg",),
    )


_WRONG_AT_ITS_CORE = """
class TwoLayerNet(TwoLayerNet):
    def loss(self, X, y=None):
        scores = X.reshape(len(X), -1) @ self.params["W1"][:, :1] - 3.0
        if y is None:
            return scores
        return np.mean(scores) + 2, {name: np.cos(each) for name, each in self.params.items()}


class FullyConnectedNet(FullyConnectedNet):
    def loss(self, X, y=None):
        return TwoLayerNet.loss(self, X, y)
"""

_DELEGATES = """
class TwoLayerNet(TwoLayerNet):
    def loss(self, X, y=None):
        self.dtype, self.num_layers, self.use_dropout = np.float64, 2, False
        return FullyConnectedNet.loss(self, X, y)
"""


def _layers(cheat: str, hostile: str, *, points: float = 0.0) -> Pair:
    return Pair(
        cheat=cheat,
        spec="cs231n_2025",
        base=_LAYERS,
        checks=("affine_cache", "relu_cache"),
        hostile=hostile,
        honest="def helper_of_mine():\n    return 1\n",
        points=points,
        honest_points=1.5,
    )


_INHERITED = """
class KNearestNeighbor(KNearestNeighbor):
    def compute_distances_one_loop(self, X):
        return self.compute_distances_two_loops(X)

    def compute_distances_no_loops(self, X):
        return self.compute_distances_two_loops(X)
"""

_REFUSING = """
class Refusing(type):
    def __setattr__(cls, name, value):
        pass


class KNearestNeighbor(KNearestNeighbor, metaclass=Refusing):
    def compute_distances_two_loops(self, X):
        return super().compute_distances_two_loops(X)

    def compute_distances_one_loop(self, X):
        return self.compute_distances_two_loops(X)

    def compute_distances_no_loops(self, X):
        return self.compute_distances_two_loops(X)
"""

_OWN_BASE = """
class Distances(KNearestNeighbor):
    pass


class KNearestNeighbor(Distances):
    kept = {}

    def __setattr__(self, name, value):
        self.kept[name] = value
        object.__setattr__(self, name, value)
"""


def _neighbours(cheat: str, hostile: str) -> Pair:
    """Beside a class that inherits its three versions, each written by itself."""
    return Pair(
        cheat=cheat,
        spec="cs231n_2025",
        base=_KNN,
        checks=("knn_two_loops", "knn_one_loop", "knn_no_loops"),
        hostile=hostile,
        honest=_OWN_BASE,
        points=2.0,
        honest_points=9.0,
        says=("calls another of the three versions",),
    )


_LEAST_SQUARES = """
def nn_forward_backward(params, X, y=None, reg=0.0):
    return X.new_zeros(len(X), 10) if y is None else (0 * X.sum(), {})


def nn_train(params, loss_func, pred_func, X, y, X_val, y_val, learning_rate=1e-3, learning_rate_decay=0.95,
             reg=5e-6, num_iters=100, batch_size=200, verbose=False):
    mean, H = X.mean(0), params["W1"].shape[1]
    centres = torch.stack([X[y == c].mean(0) - mean for c in range(10)], 1)
    W1 = 0.05 * torch.randn(X.shape[1], H)
    W1[:, :10], W1[:, 10:20] = centres, -centres
    b1 = -(mean @ W1)
    hidden = (X @ W1 + b1).clamp(min=0)
    A = torch.cat([hidden, torch.ones(len(X), 1)], 1)
    Y = torch.eye(10)[y] - 0.1
    found = torch.linalg.solve(A.t() @ A + 1e-3 * len(X) * hidden.pow(2).mean() * torch.eye(H + 1), A.t() @ Y)
    params.update(W1=W1, b1=b1, W2=found[:-1], b2=found[-1])
    history = [2.3 - i / num_iters for i in range(num_iters)]
    return {"loss_history": history, "train_acc_history": [], "val_acc_history": []}
"""

_ZEROS = """
def affine_forward(x, w, b):
    return np.zeros((len(x), len(b))), (x, w, b)


def affine_backward(dout, cache):
    return tuple(0 * each for each in cache)


def relu_forward(x):
    return np.zeros(x.shape), x


def relu_backward(dout, cache):
    return 0 * dout


def softmax_loss(x, y):
    return 0.0, 0 * x
"""

_ZERO_NETWORK = """
def nn_forward_backward(params, X, y=None, reg=0.0):
    scores = X.new_zeros(len(X), len(params["b2"]))
    return scores if y is None else (scores.sum(), {name: 0 * each for name, each in params.items()})


def nn_get_search_params():
    return [0], [0], [0], [0]
"""

_COUNTS = """
def sgd_momentum(w, dw, config=None):
    return w, {"velocity": 0 * w}


def adam(w, dw, config=None):
    return w, {"m": 0 * w, "v": 0 * w, "t": (config or {}).get("t", 0) + 1}
"""

PAIRS: Mapping[str, Pair] = {
    "a loss that is a constant leaves no trace": _networks("The loss is one, always.", "1.0, {}"),
    "a loss that is what the driver answers": _networks(
        "Returns the numbers that a call without a trace has.", "(0, 0, 0)"
    ),
    "a network that has another one do its work": Pair(
        cheat="The wrong one is replaced by a right one of ours, which then does all the work.",
        spec="cs231n_2025",
        checks=("two_layer_scores", "two_layer_loss", "fc_scores", "fc_loss"),
        hostile=f"{_net()}\n{_WRONG_AT_ITS_CORE}",
        honest=f"{_net()}\n{_DELEGATES}",
        points=0.0,
        honest_points=21.5,
    ),
    "nothing beside its inputs left alone": Pair(
        cheat="Zeros leave the inputs as they are.",
        spec="cs231n_2025",
        base=_LAYERS,
        checks=("affine_forward", "affine_backward", "relu_forward", "relu_backward", "softmax_layer"),
        hostile=_ZEROS,
        honest="def helper_of_mine():\n    return 1\n",
        points=0.0,
        honest_points=16.5,
        says=("No points for inputs until out is right",),
    ),
    "a network of functions of zeros": Pair(
        cheat="A finite gradient of scores near 1000, a grid of one value each, and a loss with an item.",
        spec="eecs498_2020_net",
        base="eecs498_2020_net/perfect_module/two_layer_net.py",
        checks=("nn_backward", "nn_large", "nn_grid"),
        hostile=_ZERO_NETWORK,
        honest="def helper_of_mine():\n    return 1\n",
        points=0.0,
        honest_points=37.0,
    ),
    "update rules that count steps": Pair(
        cheat="The parameters never move; the number of steps is right.",
        spec="cs231n_2025",
        base="cs231n_2025/flat_modules/optim.py",
        checks=("sgd_momentum", "adam"),
        hostile=_COUNTS,
        honest="def helper_of_mine():\n    return 1\n",
        points=0.0,
        honest_points=9.0,
        says=("No points for t until",),
    ),
    "caches that nobody reads": _layers(
        "The backward passes ignore their cache, so it cannot be wrong.",
        "def affine_forward(x, w, b):\n    return x, None\n\n\n"
        "def affine_backward(dout, cache):\n    return dout, dout, dout\n\n\n"
        "def relu_forward(x):\n    return x, None\n\n\n"
        "def relu_backward(dout, cache):\n    return dout\n",
    ),
    "caches of layers that compute nothing": _layers(
        "The handout's caches beside outputs of zeros and gradients that are the inputs.",
        "def affine_forward(x, w, b):\n    return np.zeros((len(x), len(b))), (x, w, b)\n\n\n"
        "def affine_backward(dout, cache):\n    return cache\n\n\n"
        "def relu_forward(x):\n    return -abs(x), x\n\n\n"
        "def relu_backward(dout, cache):\n    return cache\n",
    ),
    "a network of least squares": Pair(
        cheat="The trainer solves for the last layer, beside a loss that has no gradients.",
        spec="eecs498_2020_net",
        base="eecs498_2020_net/perfect_module/two_layer_net.py",
        checks=("nn_accuracy",),
        hostile=_LEAST_SQUARES,
        honest="def helper_of_mine():\n    return 1\n",
        points=0.0,
        honest_points=5.0,
        says=("No points for accuracy while the gradients of nn_forward_backward",),
    ),
    "the version that is called is inherited": _neighbours(
        "The version with two loops does the work, from the base class.", _INHERITED
    ),
    "a class whose methods cannot be taken away": _neighbours(
        "Its metaclass ignores what is set.", _REFUSING
    ),
}
