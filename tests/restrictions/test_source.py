"""The uses in a function's source: none in right programs of many forms, else each with its line."""

import pytest

from grader.restrictions.source import uses_in_source
from tests.restrictions.students import assignment_with, extracted_of
from tests.sandbox.calls import notebook_of


def uses_of(*texts, name="vectorized", **files):
    """(kind, name, location) of each use in the function's source."""
    found = uses_in_source(extracted_of(*texts, **files), assignment_with())[name]
    return [(use.kind, use.name, str(use.location)) for use in found.uses]


def body(lines, before="import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n"):
    """A module whose `vectorized` has these lines; the first of them is line 5."""
    indented = "\n".join(f"    {line}" for line in lines.split("\n"))
    return f"{before}def vectorized(W, X, y, reg):\n{indented}\n"


CE, HW5 = "torch.nn.functional.cross_entropy", "hw.py, line 5"


@pytest.mark.parametrize(
    "lines",
    [
        '"""Like F.cross_entropy(scores, y) and loss.backward(), by hand."""\nreturn X @ W',
        "# F.cross_entropy(X @ W, y).backward()\nreturn X @ W",
        "print('F.cross_entropy', \"eval(x)\")\nreturn X @ W",
        "return F.softmax(X @ W, 1), F.log_softmax(X @ W, dim=1), F.one_hot(y), F.relu(X), torch.logsumexp(X, 1)",
        "return torch.einsum('nd,dc', X, W).clamp(min=0).scatter_(1, y, 0).gather(1, y).index_put((y,), X)",
        "return nn.Softmax(dim=1)(X @ W), nn.ReLU()(X)",
        "grad = torch.zeros_like(W)\ngrad += X\nbackward = grad.sum()\nnn = 3\nreturn grad * nn, backward",
        "nn = X.shape[0]\nF = W.shape[1]\ncross_entropy = -1.0\nreturn cross_entropy / nn * F",
        "eval = X @ W\ncompile = eval + 1\nexec = compile.sum()\nreturn exec",
        "compile = lambda t: t\nreturn compile(X)",
        "with torch.no_grad():\n    return X @ W",
        "W = W.detach().requires_grad_(False)\nreturn torch.zeros(3, requires_grad=False) @ W",
        "import importlib\nimport sklearn.svm\nfrom torch.nn.functional import cross_entropy\nreturn X @ W",
        "import re\nreturn re.compile('x'), getattr(W, 'shape'), getattr(torch, 'exp')(X), vars().get('z')",
        "return getattr(W, 'sh' + 'ape'), getattr(X, str(y)), W.grad",
        "return X @ W\nreturn F.cross_entropy(X @ W, y)",
        "if False:\n    return F.cross_entropy(X @ W, y)\nreturn X @ W",
        "if 0 and reg:\n    F.nll_loss(X, y).backward()\nreturn X @ W",
        "def check():\n    return F.cross_entropy(X @ W, y)\nreturn X @ W",
        "class Check:\n    def run(self):\n        return F.cross_entropy(X @ W, y)\nreturn X @ W",
        "scores: F.cross_entropy = X @ W\nreturn scores",
        "def f(t: nn.Linear) -> nn.CrossEntropyLoss:\n    return t\nreturn f(X)",
        "return [F.exp() for F in X], {nn: nn.Linear for nn in X}",
        "return (lambda F: F.cross_entropy(1))(X)",
        "for F in X:\n    F.cross_entropy\nreturn X",
        "with open(X) as F, open(X) as nn:\n    F.nll_loss, nn.Linear\nreturn X",
        "try:\n    pass\nexcept ValueError as F:\n    F.cross_entropy\nreturn X",
        "match X:\n    case [F, *nn]:\n        F.cross_entropy(nn.Linear)\nreturn X",
        "nll_loss = -(X @ W).log_softmax(1)[y].mean()\nreturn nll_loss",
        "model = X\nmodel.eval()\nreturn model",
        "optimizer = torch.optim\nreturn X",
        "import sys\nif 'google.colab' in sys.modules:\n    pass\nreturn X",
        "from sys import modules\nreturn 'google.colab' not in modules",
        "import sys\nloaded = sys.modules\nreturn 'google.colab' in loaded",
        "import sys\nreturn any('colab' in name for name in sys.modules), 'IPython' in sys.modules.keys()",
        "import sys\nfor name in sorted(sys.modules):\n    print(name)\nreturn X",
        "import sys\nreturn 'torch' in list(sys.modules.keys()), len(sys.modules)",
        "import sys\nreturn sys.modules.get('google.colab') is not None",
        "import importlib.util\nreturn importlib.util.find_spec('google.colab') is None",
        "return hasattr(torch, 'compile'), hasattr(F, 'cross_entropy'), hasattr(W, 'requires_grad')",
        "return __name__, type(X).__name__, F.cross_entropy.__name__, torch.__version__",
        "return 'LIMIT' in globals(), globals().get('LIMIT', 1.0), 'reg' in locals()",
        "names = globals()\nreturn names['LIMIT'], len(names), sorted(names), names.get('LIMIT')",
    ],
)
def test_a_right_program_is_not_flagged(lines):
    assert uses_of(body(lines)) == []


@pytest.mark.parametrize(
    "source",
    [
        "from torch.autograd import grad\n\ndef vectorized(W, X, y, reg):\n    grad = W * 0\n    return grad + X\n",
        "from torch.autograd import *\n\ndef vectorized(W, X, y, reg):\n    def grad(t): return t\n    return grad(X)\n",
        "def cross_entropy(s, y):\n    return s\n\ndef vectorized(W, X, y, reg):\n    return cross_entropy(X @ W, y)\n",
        "from torch.nn.functional import *\n\ndef vectorized(W, X, y, reg):\n    return softmax(X @ W, 1)\n",
        "import torch\nDEBUG = False\n\ndef vectorized(W, X, y, reg):\n    if DEBUG:\n        torch.autograd.grad(W)\n    return X\n",
        "import torch\n\ndef vectorized(W, X, y, reg, check=False):\n    if check:\n        torch.autograd.grad(W)\n    return X\n",
        "import torch\n\ndef vectorized(W, X, y, reg, *, check=None):\n    if not (not check):\n        torch.autograd.grad(W)\n    return X\n",
        "class Layer:\n    def backward(self, d):\n        return d\n\ndef vectorized(W, X, y, reg):\n    return Layer().backward(X)\n",
        (
            "import torch\n\nclass T:\n    def __init__(self, x): self.x = x\n    def check(self): return torch.autograd.grad(self.x)\n\n"
            "def vectorized(W, X, y, reg):\n    return T(X).x\n"
        ),
        "import torch.nn as nn\n\nclass Hinge(nn.Module):\n    def forward(self, s): return s\n\ndef vectorized(W, X, y, reg):\n    return Hinge()(X @ W)\n",
        "from helpers import cross_entropy\n\ndef vectorized(W, X, y, reg):\n    return cross_entropy(X @ W, y)\n",
        "def make(requires_grad): return requires_grad\n\ndef vectorized(W, X, y, reg):\n    return make(requires_grad=True)\n",
        "from typing import TYPE_CHECKING\n\ndef vectorized(W, X, y, reg):\n    return X @ W\n",
    ],
)
def test_a_right_module_is_not_flagged(source):
    assert uses_of(source) == []


@pytest.mark.parametrize(
    "lines, kind, what",
    [
        ("return F.cross_entropy(X @ W, y)", "losses", CE),
        ("return torch.nn.functional.cross_entropy(X @ W, y)", "losses", CE),
        ("return nn.functional.cross_entropy(X @ W, y)", "losses", CE),
        ("t = torch; return t.nn.functional.cross_entropy(X @ W, y)", "losses", CE),
        ("a, b = torch.nn, 3; return a.functional.cross_entropy(X @ W, y)", "losses", CE),
        ("return (G := torch.nn.functional).cross_entropy(X @ W, y)", "losses", CE),
        ("return [F.cross_entropy(s, y) for s in X]", "losses", CE),
        ("return (lambda s: F.cross_entropy(s, y))(X)", "losses", CE),
        ("return list(map(F.cross_entropy, X, y))", "losses", CE),
        ("return getattr(F, 'cross_' + 'entropy')(X @ W, y)", "losses", CE),
        ("return getattr(torch.nn, f'functional').cross_entropy(X @ W, y)", "losses", CE),
        ("return F.__dict__['cross_entropy'](X @ W, y)", "losses", CE),
        ("return (F if reg else None).cross_entropy(X @ W, y)", "losses", CE),
        ("return torch._C._nn.cross_entropy_loss(X @ W, y)", "losses", "torch._C._nn.cross_entropy_loss"),
        ("return nn.MultiMarginLoss()(X @ W, y)", "losses", "torch.nn.MultiMarginLoss"),
        ("return nn.Linear(3, 2)(X)", "modules", "torch.nn.Linear"),
        ("return torch.optim.SGD([W], 1)", "modules", "torch.optim.SGD"),
        ("return W.requires_grad_()", "autograd", "Tensor.requires_grad_"),
        ("return W.clone().requires_grad_(True)", "autograd", "Tensor.requires_grad_"),
        ("W.requires_grad = True", "autograd", "requires_grad = True"),
        ("return torch.tensor(W, requires_grad=True)", "autograd", "requires_grad=True"),
        ("(X @ W).sum().backward()", "autograd", "Tensor.backward"),
        ("return torch.autograd.grad(X, W)", "autograd", "torch.autograd.grad"),
        ("return torch.func.grad(lambda w: w)(W)", "autograd", "torch.func.grad"),
        (
            "return torch.autograd.functional.jacobian(lambda w: w, W)",
            "autograd",
            "torch.autograd.functional.jacobian",
        ),
        ("import sklearn.svm; return sklearn.svm.LinearSVC()", "libraries", "sklearn.svm.LinearSVC"),
        ("from scipy import optimize as o; return o.minimize(W)", "libraries", "scipy.optimize.minimize"),
        ("import jax.numpy as jnp; return jnp.exp(X)", "libraries", "jax.numpy.exp"),
        ("return eval('X @ W')", "dynamic", "eval"),
        ("exec('a = 1')", "dynamic", "exec"),
        ("import builtins; builtins.eval('1')", "dynamic", "eval"),
        ("e = eval; return e('1')", "dynamic", "eval"),
        ("return getattr(F, y)(X)", "dynamic", "getattr with a computed name"),
        ("return globals()['vector' + str(y)](X)", "dynamic", "globals() with a computed name"),
        ("return globals().get(y)", "dynamic", "globals() with a computed name"),
        ("g = globals(); return g[y]", "dynamic", "globals() with a computed name"),
        ("g = globals(); return g['eval']('X @ W')", "dynamic", "eval"),
        ("return dict(globals())[y]", "dynamic", "globals() with a computed name"),
        ("return {**globals()}[y]", "dynamic", "globals() with a computed name"),
        ("return globals().get('eval')('X @ W')", "dynamic", "eval"),
        ("import sys; return sys.modules[y]", "dynamic", "sys.modules"),
        ("import sys; m = sys.modules; return m[y]", "dynamic", "sys.modules"),
        ("import sys; return list(sys.modules.values())", "dynamic", "sys.modules"),
        ("import sys; return dict(sys.modules)", "dynamic", "sys.modules"),
        ("import sys; return sys.modules.get(y) is not None", "dynamic", "sys.modules"),
        ("import sys; return X in sys.modules or sys.modules[y]", "dynamic", "sys.modules"),
        ("import sys; global m; m = sys.modules; return m[y]", "dynamic", "sys.modules"),
        (
            "import importlib.util; return importlib.util.find_spec('torch')",
            "dynamic",
            "importlib.util.find_spec",
        ),
        ("return vars(torch)", "dynamic", "vars() of a module"),
        ("import gc; return gc.get_objects()", "dynamic", "gc.get_objects"),
        ("import sys; return sys._getframe(1)", "dynamic", "sys._getframe"),
        ("import inspect; return inspect.stack()", "dynamic", "inspect.stack"),
    ],
)
def test_a_use_has_its_full_name_and_line(lines, kind, what):
    assert uses_of(body(lines)) == [(kind, what, HW5)]


@pytest.mark.parametrize(
    "before",
    [
        "from torch.nn import functional as F\n\n\n",
        "import torch\n\nF = torch.nn.functional\n",
        "import torch as t\nnn = t.nn\nF = nn.functional\n",
        "try:\n    import torch.nn.functional as F\nexcept ImportError: F = None\n",
        "from torch import *\nimport torch\nF = getattr(torch.nn, 'functional')\n",
    ],
)
def test_a_module_is_known_by_whatever_name_it_was_given(before):
    assert uses_of(body("return F.cross_entropy(X @ W, y)", before)) == [("losses", CE, HW5)]


@pytest.mark.parametrize(
    "before",
    [
        "from torch.nn.functional import cross_entropy as ce\n\n\n",
        "import torch.nn.functional as F\n\nce = F.cross_entropy\n",
        "from torch.nn.functional import cross_entropy\nloss = cross_entropy\nce = loss\n",
    ],
)
def test_a_function_is_known_by_whatever_name_it_was_given(before):
    assert uses_of(body("return ce(X @ W, y)", before)) == [("losses", CE, HW5)]


def test_a_name_from_a_star_import_is_a_use():
    source = "from torch.nn.functional import *\n\ndef vectorized(W, X, y, reg):\n    return cross_entropy(X @ W, y)\n"

    assert uses_of(source) == [("losses", CE, "hw.py, line 4")]


def test_an_import_by_name_is_a_use_and_so_is_a_name_from_it():
    seen = uses_of(
        body("import importlib\nm = importlib.import_module('torch.nn.functional')\nreturn m.nll_loss(X, y)")
    )

    assert ("dynamic", "importlib.import_module", "hw.py, line 6") in seen
    assert ("losses", "torch.nn.functional.nll_loss", "hw.py, line 7") in seen


@pytest.mark.parametrize(
    "lines",
    [
        "import sys\nreturn sys.modules['torch'].nn.functional.nll_loss(X, y)",
        "return vars(F)['nll_loss'](X, y)",
    ],
)
def test_a_table_of_modules_or_names_is_a_use_and_so_is_a_name_in_it(lines):
    assert {kind for kind, _, _ in uses_of(body(lines))} == {"dynamic", "losses"}


def test_a_helper_of_the_function_counts_with_its_own_line():
    source = """\
import torch
def _loss(scores, y):
    return torch.nn.functional.nll_loss(scores, y)

def vectorized(W, X, y, reg):
    return _loss(X @ W, y)
"""

    assert uses_of(source) == [("losses", "torch.nn.functional.nll_loss", "hw.py, line 3")]


@pytest.mark.parametrize(
    "before",
    [
        "import torch\nLOSSES = {'ce': torch.nn.functional.cross_entropy}\ndef vectorized(W, X, y, reg):\n    return LOSSES['ce'](X, y)\n",
        "import torch\ncriterion = lambda s, y: torch.nn.functional.cross_entropy(s, y)\ndef vectorized(W, X, y, reg):\n    return criterion(X, y)\n",
        "import torch\nclass L: f = torch.nn.functional.cross_entropy\ndef vectorized(W, X, y, reg):\n    return L.f(X, y)\n",
    ],
)
def test_a_table_lambda_or_class_at_top_level_counts_with_its_line(before):
    assert uses_of(before) == [("losses", CE, "hw.py, line 2")]


def test_an_inner_function_counts_where_it_is_named():
    assert uses_of(body("def inner(s):\n    return F.cross_entropy(s, y)\nreturn inner(X)")) == [
        ("losses", CE, "hw.py, line 6")
    ]


def test_a_helper_in_another_file_counts_with_its_file_and_line():
    seen = uses_of(
        hw="from tools import ce\nimport tools as t\n\ndef vectorized(W, X, y, reg):\n    return ce(X, y) + t.hinge(X, y)\n"
        "\ndef naive(W, X, y, reg):\n    return X\n",
        tools="import torch.nn.functional as F\n\ndef ce(s, y):\n    return F.cross_entropy(s, y)\n\n"
        "def hinge(s, y):\n    return F.multi_margin_loss(s, y)\n",
    )

    assert seen == [
        ("losses", CE, "tools.py, line 4"),
        ("losses", "torch.nn.functional.multi_margin_loss", "tools.py, line 7"),
    ]


def test_a_use_in_a_notebook_has_its_cell_and_the_line_in_it():
    seen = uses_of(
        "import torch.nn.functional as F",
        "%matplotlib inline\n\nx = 1",
        "# a comment\n\ndef vectorized(W, X, y, reg):\n    s = X @ W\n    return F.cross_entropy(s, y)\n",
    )

    assert seen == [("losses", CE, "hw.ipynb, cell 3, line 5")]


PAIR = "def naive(W, X, y, reg):\n    return X @ W\n\ndef vectorized(W, X, y, reg):\n    {}\n"


@pytest.mark.parametrize(
    "line",
    [
        "return naive(W, X, y, reg)",
        "f = naive; return f(W, X, y, reg)",
        "return globals()['naive'](W, X, y, reg)",
        "return list(map(naive, W))",
    ],
)
def test_calling_the_partner_is_a_use(line):
    assert uses_of(PAIR.format(line)) == [("partner", "naive", "hw.py, line 5")]


def test_a_partner_under_another_name_is_the_partner():
    source = "def naive(W, X, y, reg):\n    return X @ W\n\nvectorized = naive\n"

    assert uses_of(source) == [("partner", "naive", "hw.py, line 4")]


def test_a_partner_called_by_a_helper_is_a_use():
    source = "def naive(W, X, y, reg):\n    return X\n\ndef core(W, X):\n    return naive(W, X, 0, 0)\n\ndef vectorized(W, X, y, reg):\n    return core(W, X)\n"

    assert uses_of(source) == [("partner", "naive", "hw.py, line 5")]


def test_a_partner_of_another_file_is_a_use():
    seen = uses_of(
        a="from b import naive\n\ndef vectorized(W, X, y, reg):\n    return naive(W, X, y, reg)\n",
        b="def naive(W, X, y, reg):\n    return X\n",
    )

    assert seen == [("partner", "naive", "a.py, line 4")]


@pytest.mark.parametrize(
    "source",
    [
        PAIR.format('"""As naive(W, X, y, reg)."""'),
        PAIR.format("naive = X @ W; return naive"),
        "def core(W, X):\n    return X @ W\n\ndef naive(W, X, y, reg):\n    return core(W, X)\n\ndef vectorized(W, X, y, reg):\n    return core(W, X)\n",
        "def vectorized(W, X, y, reg):\n    return vectorized(W, X[1:], y, reg) if len(X) else 0\n",
        "def other(W, X, y, reg):\n    return X\n\ndef vectorized(W, X, y, reg):\n    return other(W, X, y, reg)\n",
    ],
    ids=["docstring", "variable", "shared helper", "itself", "another classifier"],
)
def test_other_functions_are_not_the_partner(source):
    assert uses_of(source) == []


def test_another_graded_function_answers_for_itself():
    source = "import torch\n\ndef other(W, X, y, reg):\n    return torch.autograd.grad(X, W)\n\ndef vectorized(W, X, y, reg):\n    return other(W, X, y, reg)\n"
    found = uses_in_source(extracted_of(source), assignment_with())

    assert found["vectorized"].uses == ()
    assert {name: str(place) for name, place in found["vectorized"].mentions.items()} == {
        "other": "hw.py, line 7"
    }
    assert [use.name for use in found["other"].uses] == ["torch.autograd.grad"]


CLASS = """\
import torch

class Classifier:
    def __init__(self): self.W = None
    def train(self, X, y): return self.step(X)
    def predict(self, X): return X
    def step(self, X): return torch.optim.SGD([X], 1)
    def unused(self, X): return torch.autograd.grad(X)
"""


def test_a_class_is_looked_at_where_its_methods_are_called():
    assert uses_of(CLASS, name="Classifier") == [("modules", "torch.optim.SGD", "hw.py, line 7")]


def test_a_trainer_is_looked_at_too():
    source = "import torch\n\ndef train(loss_func, W, X, y, verbose=False):\n    if verbose:\n        torch.autograd.grad(W)\n"

    assert uses_of(source, name="train") == [("autograd", "torch.autograd.grad", "hw.py, line 5")]


def test_the_first_of_the_same_uses_is_told():
    assert uses_of(body("a = F.nll_loss(X, y)\nreturn a + F.nll_loss(X, y)")) == [
        ("losses", "torch.nn.functional.nll_loss", HW5)
    ]


@pytest.mark.parametrize(
    "source",
    [
        body("return " + "+".join(["X"] * 900)),
        body("return X" + ".T" * 80),
        body("return " + "(" * 150 + "X" + ")" * 150),
        body(
            "a = b if X else c\n"
            + "\n".join(f"b{n} = b{n + 1} or b{n + 2}" for n in range(60))
            + "\nreturn b0"
        ),
        "\n".join(f"a{n} = a{n + 1}" for n in range(300)) + "\na300 = 1\n" + body("return a0", ""),
        "a = b\nb = a\n" + body("return a.b.c", ""),
        "from hw import *\nfrom hw import a\n" + body("return a.b.c(d)", ""),
        body("X.nn = X\nreturn X[0](1)(2)[3].nn"),
    ],
    ids=[
        "long sum",
        "long chain",
        "nested",
        "branching names",
        "chain of names",
        "ring",
        "own star",
        "calls of calls",
    ],
)
def test_a_strange_source_is_looked_at_in_a_bounded_time(source):
    assert uses_of(source) == []


@pytest.mark.parametrize("way", ["%%writefile m.py\n", "%%file m.py\n", "%%time\n", ""])
def test_a_function_in_text_that_a_cell_writes_is_looked_at(way):
    used = body("return F.cross_entropy(X @ W, y), W")
    right = body("return X @ W, W")

    assert [use[:2] for use in uses_of(**{"hw.ipynb": notebook_of(way + used)})] == [("losses", CE)]
    assert uses_of(**{"hw.ipynb": notebook_of(way + right)}) == []


def test_a_function_of_a_notebook_that_another_runs_is_looked_at():
    used = body("return F.cross_entropy(X @ W, y), W")

    files = {"hw.ipynb": notebook_of("%run b.ipynb\nx = 1"), "b.ipynb": notebook_of(used)}

    assert [use[:2] for use in uses_of(**files)] == [("losses", CE)]
