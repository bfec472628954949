"""Unusual and right programs, by what is unusual: a naive and a vectorized softmax loss that lean on nothing."""

from __future__ import annotations

IMPORTS = """\
import functools
import math
import re
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import autograd, optim
from torch.nn.functional import cross_entropy
"""
NAIVE = '''
def naive(W, X, y, reg):
    """Like vectorized and F.cross_entropy, with loops; loss.backward() would give dW."""
    loss, dW = W.new_zeros(()), torch.zeros_like(W)
    for i in range(len(y)):
        s = X[i] @ W
        p = (s - s.max()).exp()
        p = p / p.sum()
        loss = loss - p[y[i]].log()
        p[y[i]] -= 1
        dW += torch.outer(X[i], p)
    return loss / len(y) + reg * (W * W).sum(), dW / len(y) + 2 * reg * W
'''
HEAD = "def vectorized(W, X, y, reg):\n"
SCORES = "P = torch.softmax(X @ W, dim=1)\nn = len(y)\nrows = torch.arange(n)\n"
LOSS = "loss = -P[rows, y].log().mean() + reg * (W * W).sum()\n"
GRAD = "P[rows, y] -= 1\n"
END = "return loss, X.t() @ P / n + 2 * reg * W\n"
USUAL = SCORES + LOSS + GRAD + END


def module(body: str, before: str = "", after: str = "") -> str:
    """A submission whose `vectorized` has these lines; `before` stands between it and `naive`."""
    indented = "".join(f"    {line}\n" for line in body.splitlines())
    return f"{IMPORTS}{NAIVE}\n{before}\n{HEAD}{indented}\n{after}"


def _scores(lines: str) -> str:
    return module(lines + "n = len(y)\nrows = torch.arange(n)\n" + LOSS + GRAD + END)


def _loss(lines: str) -> str:
    return module(SCORES + lines + GRAD + END)


def _grad(lines: str, end: str = END) -> str:
    return module(SCORES + LOSS + lines + end)


_REG = " + reg * (W * W).sum()\n"
_CORE = "def core(W, X, y, reg):\n" + "".join(f"    {line}\n" for line in USUAL.splitlines())

RIGHT: dict[str, str] = {
    "as usual": module(USUAL),
    "einsum": _scores("P = torch.softmax(torch.einsum('nd,dc->nc', X, W), 1)\n"),
    "scatter": _grad("P = P.scatter_add(1, y[:, None], -torch.ones_like(P[:, :1]))\n"),
    "one_hot": _grad("P = P - F.one_hot(y, P.shape[1]).to(P)\n"),
    "one-hot matmul": _grad("P = P - torch.eye(P.shape[1], dtype=P.dtype)[y]\n"),
    "logsumexp": _loss("s = X @ W\nloss = (torch.logsumexp(s, 1) - s[rows, y]).mean()" + _REG),
    "F.softmax": _scores("P = F.softmax(X @ W, dim=1)\n"),
    "F.log_softmax": _loss("loss = -F.log_softmax(X @ W, dim=-1).gather(1, y.view(-1, 1)).mean()" + _REG),
    "nn.Softmax": _scores("P = nn.Softmax(dim=1)(X @ W)\n"),
    "nn.LogSoftmax": _scores("P = nn.LogSoftmax(1)(X @ W).exp()\n"),
    "Module and Identity": module("X = Keep()(nn.Identity()(X))\n" + USUAL, "class Keep(nn.Module):\n    def forward(self, t): return t\n"),
    "relu and clamp": _loss("loss = F.relu(-P[rows, y].clamp(min=1e-300).log()).mean()" + _REG),
    "partner's name is a variable": module("naive = X @ W\nnaive = naive - naive.max(1, keepdim=True)[0]\nP = naive.exp() / naive.exp().sum(1, True)\nn = len(y)\nrows = torch.arange(n)\n" + LOSS + GRAD + END),
    "partner's name is a parameter": module("return core(W, X, y, reg, 1.0)\n", "def core(W, X, y, reg, naive):\n    W = W * naive\n" + "".join(f"    {line}\n" for line in USUAL.splitlines())),
    "partner's name in words": module('"""As naive(W, X, y, reg) does."""\n# naive(W, X, y, reg)\nprint("naive", f"naive {reg}")\nnames = {"naive": 1, "F.cross_entropy": 2}\n' + USUAL),
    "partner's name is a keyword": module("return core(naive=W, data=(X, y, reg))\n", "def core(*, naive, data):\n    W, (X, y, reg) = naive, data\n" + "".join(f"    {line}\n" for line in USUAL.splitlines())),
    "partner's name is an attribute": module("class Box: pass\nbox = Box()\nbox.naive = X @ W\nP = torch.softmax(box.naive, 1)\nn = len(y)\nrows = torch.arange(n)\n" + LOSS + GRAD + END),
    "partner's name is a loop's variable": module("for naive in range(2):\n    pass\n" + USUAL),
    "partner tried in the main guard": module(USUAL, after="if __name__ == '__main__':\n    W = X = y = torch.zeros(2, 2)\n    print(naive(W, X, y, 0), vectorized(W, X, y, 0), F.cross_entropy(X, y))\n"),
    "both compared at top level": module(USUAL, after="W0 = torch.ones(2, 2)\ny0 = torch.tensor([0, 1])\na, b = naive(W0, W0, y0, 0.1), vectorized(W0, W0, y0, 0.1)\nassert abs(a[0] - b[0]) < 1e-6\n"),
    "both in a table": module(USUAL, after="LOSSES = {'naive': naive, 'vectorized': vectorized}\n"),
    "partner's docstring taken": module(USUAL, after="vectorized.__doc__ = naive.__doc__\n"),
    "partner's name printed": module("print(naive.__name__)\n" + USUAL),
    "wraps the partner": module("", "").replace(HEAD, "@functools.wraps(naive)\n" + HEAD + "".join(f"    {line}\n" for line in USUAL.splitlines())),
    "another loss's graded class": module(USUAL, after="class Classifier:\n    def loss(self, W, X, y, reg): return vectorized(W, X, y, reg)\n"),
    "shared helper": IMPORTS + _CORE + "\ndef naive(W, X, y, reg):\n    return core(W, X, y, reg)\n\ndef vectorized(W, X, y, reg):\n    return core(W, X, y, reg)\n",
    "helper is called svm_loss": module("return svm_loss(W, X, y, reg)\n", _CORE.replace("core", "svm_loss")),
    "helper is called cross_entropy": module("return cross_entropy(W, X, y, reg)\n", _CORE.replace("core", "cross_entropy")),
    "helper is called backward": module("loss, dW = backward(W, X, y, reg)\nreturn loss, dW\n", _CORE.replace("core", "backward")),
    "recursion": module("if len(y) > 1 and reg:\n    loss, dW = vectorized(W, X, y, 0.0)\n    return loss + reg * (W * W).sum(), dW + 2 * reg * W\n" + USUAL),
    "partial": module("return vec(W, X, y)\n", _CORE + "\n").replace("return vec(W, X, y)", "vec = functools.partial(core, reg=reg)\n    return vec(W, X, y)"),
    "decorator": module(USUAL).replace(HEAD, "def quiet(f):\n    @functools.wraps(f)\n    def wrapper(*a, **k):\n        with torch.no_grad():\n            return f(*a, **k)\n    return wrapper\n\n@quiet\n" + HEAD),
    "no_grad": module("with torch.no_grad():\n" + "".join(f"    {line}\n" for line in USUAL.splitlines())),
    "no_grad as a decorator": module(USUAL).replace(HEAD, "@torch.no_grad()\n" + HEAD),
    "inference_mode": module(USUAL).replace(HEAD, "@torch.inference_mode()\n" + HEAD),
    "W.grad = None": module("W.grad = None\n" + USUAL),
    "grad_fn and is_leaf read": module("assert W.grad_fn is None and W.is_leaf\n" + USUAL),
    "detach": module("W, X = W.detach().clone(), X.detach()\n" + USUAL),
    "requires_grad read": module("assert not W.requires_grad or W.grad is None\n" + USUAL),
    "requires_grad switched off": module("W = W.clone()\nW.requires_grad = False\nW.requires_grad_(False)\n" + USUAL),
    "variables of forbidden names": module("grad = 2 * reg * W\nbackward, nn, F, optim = 1, 2, 3, 4\nautograd = sklearn = jax = grad\n" + USUAL.replace("2 * reg * W", "grad")),
    "numpy within": module("s = X.numpy() @ W.numpy()\np = np.exp(s - s.max(1, keepdims=True))\nP = torch.from_numpy(p / p.sum(1, keepdims=True))\nn = len(y)\nrows = torch.arange(n)\n" + LOSS + GRAD + END),
    "eval is a method": module("model = nn.Identity()\nmodel.eval()\n" + USUAL),
    "compile is re's": module("assert re.compile('a').match('a')\n" + USUAL),
    "getattr of self": module("return Box(W).run(X, y, reg)\n", "class Box:\n    def __init__(self, W): self.W = W\n    def run(self, X, y, reg):\n        W = getattr(self, 'W')\n" + "".join(f"        {line}\n" for line in USUAL.splitlines())),
    "getattr of a computed name of self": module("return Box(W).run(X, y, reg)\n", "class Box:\n    def __init__(self, W): setattr(self, 'W' + '0', W)\n    def run(self, X, y, reg):\n        W = getattr(self, 'W' + str(0))\n" + "".join(f"        {line}\n" for line in USUAL.splitlines())),
    "import in a comment": module("# __import__('sklearn.svm'); eval('x'); exec('y')\n" + USUAL),
    "annotations": module("loss: 'nn.CrossEntropyLoss'\nlayer: nn.Linear\n" + USUAL).replace(HEAD, "def vectorized(W: 'nn.Module', X: nn.Linear, y: 'F.cross_entropy', reg: 'optim.SGD') -> 'autograd.grad':\n"),
    "unused helper with a loss": module(USUAL, "def check(s, y):\n    return F.cross_entropy(s, y), naive, autograd.grad(s, y)\n"),
    "unused class with a loss": module(USUAL, "class Net(nn.Module):\n    def __init__(self): self.l = nn.Linear(3, 2)\n    def loss(self, s, y): return cross_entropy(s, y)\n"),
    "debugging switched off": module("if DEBUG:\n    print(F.cross_entropy(X @ W, y), naive(W, X, y, reg))\n" + USUAL, "DEBUG = False\n"),
    "debugging parameter": module("if debug:\n    print(F.cross_entropy(X @ W, y), naive(W, X, y, reg))\n" + USUAL).replace("reg):\n    if debug", "reg, debug=False):\n    if debug"),
    "code behind return": module(USUAL + "return naive(W, X, y, reg) + F.cross_entropy(X @ W, y)\n"),
    "dataclass": module("box = Box(W, reg)\nloss, dW = box.data(X, y)\nreturn loss + box.penalty, dW + 2 * reg * W\n", "@dataclass\nclass Box:\n    W: 'nn.Parameter'\n    reg: float = 0.0\n    @property\n    def penalty(self): return self.reg * (self.W ** 2).sum()\n    def data(self, X, y):\n        W, reg = self.W, 0.0\n" + "".join(f"        {line}\n" for line in USUAL.splitlines())),
    "class with backward": module("layer = Layer()\nloss = layer.forward(W, X, y)\nreturn loss + reg * (W * W).sum(), layer.backward() + 2 * reg * W\n", "class Layer:\n    def forward(self, W, X, y):\n        self.X, P = X, torch.softmax(X @ W, 1)\n        rows = torch.arange(len(y))\n        loss = -P[rows, y].log().mean()\n        P[rows, y] -= 1\n        self.P = P / len(y)\n        return loss\n    def backward(self): return self.X.t() @ self.P\n"),
    "own module stored in an attribute": module("box = Box()\nreturn box.F(W, X, y, reg)\n", _CORE + "\nclass Box:\n    def __init__(self): self.F = core\n"),
    "torch stored in an attribute": module("box = Box()\nX = box.F.relu(X) - box.F.relu(-X)\n" + USUAL, "class Box:\n    def __init__(self): self.F = torch.nn.functional\n"),
    "lambda and closure": module("softmax = lambda s: torch.softmax(s, 1)\ndef inner():\n    return softmax(X @ W)\nP = inner()\nn = len(y)\nrows = torch.arange(n)\n" + LOSS + GRAD + END),
    "walrus and comprehension": module("P = torch.stack([(e := (s - s.max()).exp()) / e.sum() for s in X @ W])\nn = len(y)\nrows = torch.arange(n)\n" + LOSS + GRAD + END),
    "match and try": module("match reg:\n    case float() | int() as weight: pass\ntry:\n    W = W + 0 * weight\nfinally:\n    pass\n" + USUAL),
    "names rebound often": module("X = X.view(len(y), -1)\nX = X.clone()\nX = X.to(W.dtype)\nX = X.contiguous()\nX = X.reshape(X.shape)\nW = W.clone()\nW = W.detach()\nW = W.contiguous()\n" + USUAL),
    "mse_loss for the regularizer": _loss("loss = -P[rows, y].log().mean() + reg * F.mse_loss(W, torch.zeros_like(W), reduction='sum')\n"),
    "index_put and bincount": _grad("assert torch.bincount(y).sum() == n\nP = P.index_put((rows, y), torch.tensor(-1, dtype=P.dtype), accumulate=True)\n"),
    "softmax of special": _scores("P = torch.special.softmax(X @ W, 1)\nassert torch.special.xlogy(P, P).shape == P.shape\n"),
    "vmap": _scores("P = torch.func.vmap(lambda x: torch.softmax(x @ W, 0))(X)\n"),
    "F.linear": _scores("P = torch.softmax(F.linear(X, W.t()), 1)\n"),
    "reduce and map": _loss("loss = functools.reduce(lambda a, b: a + b, map(lambda i: -P[i, y[i]].log(), range(n))) / n" + _REG),
    "matmul operator by name": _scores("P = torch.softmax(getattr(torch, 'matmul')(X, W), 1)\n"),
    "own __name__": module("assert vectorized.__name__ and isinstance(reg, float)\n" + USUAL),
    "type of the loss": _loss("loss = float(-P[rows, y].log().mean() + reg * (W * W).sum())\n"),
    "globals read by name": module("assert globals()['LIMIT'] == 3\n" + USUAL, "LIMIT = 3\n"),
}  # fmt: skip
