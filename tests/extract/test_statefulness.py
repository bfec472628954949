"""What may keep something between calls; on the safe side, so only the plainest code is certain not to."""

from grader.extract.statefulness import may_draw, may_keep_state

PLAIN = [
    "import torch\ndef f(W, X):\n    dW = torch.zeros_like(W)\n    dW[0, 1] += 1\n    return dW, X.sum()",
    "EPSILON = 1e-5\ndef f(x, eps=EPSILON):\n    return x + eps",
    "DEVICE = torch.device('cpu')\ndef f(x):\n    return x.to(DEVICE)",
    "class C:\n    def __init__(self):\n        self.W = None\n    def train(self, X):\n        self.W = X\n        self.history = []",
    "def f(x):\n    x.requires_grad = True\n    history = []\n    history.append(x)\n    return history",
    "if True:\n    SCALE = 2.0\ndef f(x):\n    return SCALE * x",
]

KEEPING = {
    "a table outside": "CACHE = {}\ndef f(x):\n    CACHE[x] = 1",
    "a list outside, changed by a method": "SEEN = []\ndef f(x):\n    SEEN.append(x)",
    "a global": "N = 0\ndef f(x):\n    global N\n    N += 1",
    "a mutable default": "def f(x, seen=[]):\n    seen.append(x)",
    "an attribute of the function": "def f(x):\n    f.calls = 1",
    "an attribute of a module": "import torch\ndef f(x):\n    torch.zeros = torch.ones",
    "a decorator": "from functools import lru_cache\n@lru_cache\ndef f(x):\n    return x",
    "a wrapped function": "from functools import lru_cache\ndef g(x):\n    return x\nf = lru_cache(g)",
    "an attribute of the class": "class C:\n    seen = {}\n    def f(self, x):\n        self.seen[x] = 1",
    "through the class": "class C:\n    def f(self, x):\n        self.__class__.n = x",
    "through type()": "class C:\n    def f(self, x):\n        type(self).n = x",
    "an attribute named like a tensor's": "class C:\n    data = None\ndef f(x):\n    C.data = x",
    "a class method": "class C:\n    @classmethod\n    def f(cls, x):\n        cls.n = x",
    "a setting of NumPy": "import numpy as np\ndef f(x):\n    np.seterr(all='raise')",
    "a filter of warnings": "import warnings\ndef f(x):\n    warnings.simplefilter('error')",
    "a setting": "import torch\ndef f(x):\n    torch.set_default_dtype(torch.float64)",
    "setattr": "def f(x):\n    setattr(f, 'n', x)",
    "an item of a module's table": "import sys\ndef f(x):\n    sys.path[0] = x",
    "a closure": "def make():\n    n = 0\n    def f(x):\n        nonlocal n\n        n += 1\n    return f\nf = make()",
    "an unreadable statement": "def f(x:",
}


def test_plain_functions_keep_nothing():
    assert [text for text in PLAIN if may_keep_state([text])] == []


def test_whatever_may_outlive_a_call_is_seen():
    assert [name for name, text in KEEPING.items() if not may_keep_state([text])] == []


def test_one_statement_among_those_that_a_function_needs_is_enough():
    assert may_keep_state([PLAIN[0], KEEPING["a global"]])


def test_random_draws_are_seen_by_their_names():
    assert may_draw(["def f(X):\n    return X[torch.randint(9, (3,))]"])
    assert may_draw(["from random import choice"])
    assert not may_draw(["def f(W, X):\n    return X @ W"])
