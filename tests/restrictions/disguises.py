"""Restricted uses in disguise: for each kind, submissions by the trick that hides the use."""

from __future__ import annotations

from tests.restrictions.right_programs import END, GRAD, LOSS, SCORES, module


def _loss(call: str, before: str = "", setup: str = "") -> str:
    """A right gradient and a loss that `call` computes of s and y."""
    lines = f"s = X @ W\n{setup}loss = {call} + reg * (W * W).sum()\n"
    return module(SCORES + lines + GRAD + END, before)


def _gradient(lines: str, before: str = "") -> str:
    """A right loss and a gradient dW of the data loss that these lines compute with f(w)."""
    loss = "def f(w): return -torch.log_softmax(X @ w, 1)[rows, y].mean()\n"
    return module(SCORES + LOSS + loss + lines + "return loss, dW.detach() + 2 * reg * W\n", before)


def _partner(body: str, before: str = "") -> str:
    return module(body, before)


_F = "torch.nn.functional"
_CALL = "naive(W, X, y, reg)"

LOSSES: dict[str, str] = {
    "plain": _loss("F.cross_entropy(s, y)"),
    "imported": _loss("cross_entropy(s, y)"),
    "alias of an alias": _loss("g(s, y)", "f = cross_entropy\ng = f\n"),
    "tuple": _loss("(len, cross_entropy)[1](s, y)"),
    "tuple of modules": _loss("(math, F)[1].cross_entropy(s, y)"),
    "dictionary": _loss("T['l'](s, y)", "T = {'l': F.cross_entropy}\n"),
    "dictionary of modules": _loss("T['l'].cross_entropy(s, y)", "T = {'l': F}\n"),
    "dictionary by merge": _loss("T['l'](s, y)", "T = {} | dict(l=F.cross_entropy)\n"),
    "default argument": _loss("core(s, y)", "def core(s, y, f=F.cross_entropy): return f(s, y)\n"),
    "default argument is a module": _loss("core(s, y)", "def core(s, y, f=F): return f.cross_entropy(s, y)\n"),
    "closure": _loss("made(s, y)", "def make(f):\n    def inner(s, y): return f(s, y)\n    return inner\nmade = make(F.cross_entropy)\n"),
    "closure over a module": _loss("made(s, y)", "def make(f):\n    def inner(s, y): return f.cross_entropy(s, y)\n    return inner\nmade = make(F)\n"),
    "decorator": _loss("made(s, y)", "def use(f):\n    return lambda g: f\n@use(cross_entropy)\ndef made(s, y): pass\n"),
    "class attribute": _loss("L.f(s, y)", "class L:\n    f = F.cross_entropy\n"),
    "class attribute is a module": _loss("L.f.cross_entropy(s, y)", "class L:\n    f = F\n"),
    "instance attribute is a module": _loss("L().run(s, y)", "class L:\n    def __init__(self): self.F = F\n    def run(self, s, y): return self.F.cross_entropy(s, y)\n"),
    "attribute set later": _loss("L().run(s, y)", "class L:\n    def run(self, s, y):\n        self.set()\n        return self.F.cross_entropy(s, y)\n    def set(self): self.F = torch.nn.functional\n"),
    "attribute by setattr": _loss("L().run(s, y)", "class L:\n    def run(self, s, y):\n        setattr(self, 'G', F)\n        return self.G.cross_entropy(s, y)\n"),
    "global": _loss("run(s, y)", "G = None\ndef run(s, y):\n    fill()\n    return G.cross_entropy(s, y)\ndef fill():\n    global G\n    G = torch.nn.functional\n"),
    "module attribute": _loss("math.ce(s, y)", setup="math.ce = F.cross_entropy\n"),
    "star import": _loss("nll_loss(torch.log_softmax(s, 1), y)", "from torch.nn.functional import *\n"),
    "partial": _loss("ce(s, y)", "ce = functools.partial(F.cross_entropy, reduction='mean')\n"),
    "map": _loss("sum(map(cross_entropy, [s], [y]))"),
    "methodcaller": _loss("operator.methodcaller('cross_entropy', s, y)(F)", "import operator\n"),
    "attrgetter": _loss("operator.attrgetter('nn.functional.cross_entropy')(torch)(s, y)", "import operator\n"),
    "getattr with a built name": _loss("getattr(F, '_'.join(('cross', 'entropy')))(s, y)"),
    "getattr with a formatted name": _loss("getattr(F, '%s_entropy' % 'cross')(s, y)"),
    "__getattribute__": _loss("F.__getattribute__('cross_entropy')(s, y)"),
    "importlib": _loss("importlib.import_module('torch.nn.functional').cross_entropy(s, y)", "import importlib\n"),
    "__import__": _loss("__import__('torch').nn.functional.cross_entropy(s, y)"),
    "sys.modules": _loss("sys.modules['torch.nn.' + 'functional'].cross_entropy(s, y)", "import sys\n"),
    "globals": _loss("keep and globals()['cross_' + 'entropy'](s, y)", "def keep(): return cross_entropy\n"),
    "eval": _loss("eval('F.cross_entropy(s, y)')", setup="F.relu(X)\n"),
    "exec": _loss("box['l']", setup="box = {'s': s, 'y': y, 'F': F}\nexec('l = F.cross_entropy(s, y)', box)\n"),
    "torch.ops": _loss("torch.ops.aten.cross_entropy_loss(s, y)"),
    "torch.ops by parts": _loss("-torch.ops.aten.nll_loss_forward(torch.log_softmax(s, 1), y, None, 0, -100)[0].gather(0, rows).mean() * -1"),
    "torch._C": _loss("torch._C._nn.cross_entropy_loss(s, y)"),
    "jit.script": _loss("scripted(s, y)", "@torch.jit.script\ndef scripted(s, y):\n    return torch.nn.functional.cross_entropy(s, y)\n"),
    "jit.trace": _loss("torch.jit.trace(lambda a, b: getattr(F, 'cross' '_entropy')(a, b), (s, y))(s, y)"),
    "loss class": _loss("nn.CrossEntropyLoss()(s, y)"),
    "loss class by inheritance": _loss("Mine()(s, y)", "class Mine(nn.CrossEntropyLoss): pass\n"),
    "loss class by its module": _loss("torch.nn.modules.loss.NLLLoss()(torch.log_softmax(s, 1), y)"),
    "forward unbound": _loss("nn.CrossEntropyLoss.forward(nn.CrossEntropyLoss(), s, y)"),
    "another dtype": _loss("cross_entropy(s.double(), y).to(s)"),
    "Module": _loss("Net()(s, y)", "class Net(nn.Module):\n    def forward(self, s, y): return F.cross_entropy(s, y)\n"),
    "kl_div": _loss("F.kl_div(torch.log_softmax(s, 1), F.one_hot(y, s.shape[1]).to(s), reduction='batchmean')"),
    "adaptive": _loss("F.nll_loss(F.log_softmax(s, 1), y)"),
    "vmapped": _loss("torch.func.vmap(F.cross_entropy)(s, y).mean()"),
    "inference mode": _loss("core(s, y)", "@torch.inference_mode()\ndef core(s, y): return F.cross_entropy(s, y)\n"),
    "another thread": _loss("box[0]", setup="import threading\nbox = []\nt = threading.Thread(target=lambda: box.append(getattr(F, 'cross_%s' % 'entropy')(s, y)))\nt.start()\nt.join()\n"),
    "modes switched off": _loss("g(s, y)", setup="from torch.utils._python_dispatch import _disable_current_modes\nwith _disable_current_modes(), torch._C.DisableTorchFunction():\n    g = (lambda l: lambda *a: l)(getattr(F, 'cross_%s' % 'entropy')(s, y))\n"),
    "loss that is not imported but reached": _loss("[v for k, v in F.__dict__.items() if k.startswith('cross_e')][0](s, y)"),
    "numbers into a name": _loss("getattr(F, bytes([99, 114, 111, 115, 115, 95, 101, 110, 116, 114, 111, 112, 121]).decode())(s, y)"),
    "called when imported": _loss("T[0](s, y)", "T = [getattr(m, 'cross_entropy') for m in (F,)]\n"),
    "property": _loss("L().f(s, y)", "class L:\n    @property\n    def f(self): return cross_entropy\n"),
    "__getattr__ of a class": _loss("L().cross_entropy(s, y)", "class L:\n    def __getattr__(self, n): return getattr(F, n)\n"),
    "returned by a function": _loss("lib().cross_entropy(s, y)", "def lib(): return F\n"),
    "context manager": _loss("box(s, y)", "import contextlib\n@contextlib.contextmanager\ndef give(): yield F\n", "with give() as f:\n    box = f.cross_entropy\n"),
    "loop over modules": _loss("box(s, y)", setup="for m in (F,):\n    box = m.cross_entropy\n"),
    "starred": _loss("f(s, y)", setup="f, *_ = [cross_entropy]\n"),
    "walrus": _loss("(f := F).cross_entropy(s, y)"),
    "nonlocal": _loss("run()", setup="G = None\ndef fill():\n    nonlocal G\n    G = F\ndef run():\n    fill()\n    return G.cross_entropy(s, y)\n"),
    "rebound forty times": _loss("a41.cross_entropy(s, y)", setup="a0 = F\n" + "".join(f"a{i + 1} = a{i}\n" for i in range(41))),
}  # fmt: skip

AUTOGRAD: dict[str, str] = {
    "backward": _gradient("w = W.clone().requires_grad_()\nf(w).backward()\ndW = w.grad\n"),
    "autograd.grad": _gradient("w = W.clone().requires_grad_()\ndW, = torch.autograd.grad(f(w), w)\n"),
    "func.grad": _gradient("dW = torch.func.grad(f)(W)\n"),
    "func.grad by getattr": _gradient("dW = getattr(getattr(torch, 'fu' + 'nc'), '%s' % 'grad')(f)(W)\n"),
    "jacrev": _gradient("from torch.func import jacrev as j\ndW = j(f)(W)\n"),
    "jacfwd": _gradient("dW = torch.func.jacfwd(f)(W)\n"),
    "forward_ad": _gradient("import torch.autograd.forward_ad as fw\ndW = torch.zeros_like(W)\nfor i in range(W.numel()):\n    t = torch.zeros_like(W)\n    t.view(-1)[i] = 1\n    with fw.dual_level():\n        dW.view(-1)[i] = fw.unpack_dual(f(fw.make_dual(W, t))).tangent\n"),
    "methodcaller": _gradient("import operator\nw = W.clone()\noperator.methodcaller('requires_' 'grad_')(w)\noperator.methodcaller('back' 'ward')(f(w))\ndW = w.grad\n"),
    "Variable": _gradient("w = autograd.Variable(W.clone(), requires_grad=True)\nl = f(w)\nl.backward()\ndW = w.grad\n"),
    "custom Function": _gradient("w = W.clone().requires_grad_()\nG.apply(f(w)).backward()\ndW = w.grad\n", "class G(autograd.Function):\n    @staticmethod\n    def forward(ctx, x): return x.clone()\n    @staticmethod\n    def backward(ctx, g): return g\n"),
    "Parameter": _gradient("w = nn.Parameter(W.clone())\nl = f(w)\ngetattr(l, 'back' + 'ward')()\ndW = w.grad\n"),
    "engine": _gradient("w = W.clone().requires_grad_()\nl = f(w)\nautograd.Variable._execution_engine.run_backward((l,), (torch.ones_like(l),), False, False, (), True, True)\ndW = w.grad\n"),
    "setattr": _gradient("w = W.clone()\nsetattr(w, 'requires_' + 'grad', True)\ndW, = getattr(autograd, 'grad')(f(w), w)\n"),
    "enable_grad": _gradient("with torch.enable_grad():\n    w = torch.tensor(W.tolist(), dtype=W.dtype, requires_grad=True)\n    dW, = autograd.grad(f(w), [w])\n"),
    "jacobian": _gradient("dW = autograd.functional.jacobian(f, W)\n"),
}  # fmt: skip

PARTNERS: dict[str, str] = {
    "called": _partner(f"return {_CALL}\n"),
    "alias": _partner(f"f = naive\nreturn {_CALL.replace('naive', 'f')}\n"),
    "alias at top level": _partner("return f(W, X, y, reg)\n", "f = naive\n"),
    "tuple": _partner("return (naive, 1)[0](W, X, y, reg)\n"),
    "dictionary": _partner("return T[0](W, X, y, reg)\n", "T = {0: naive}\n"),
    "class": _partner("return L().run(W, X, y, reg)\n", "class L:\n    def run(self, *a): return naive(*a)\n"),
    "class attribute": _partner("return L.f(W, X, y, reg)\n", "class L:\n    f = staticmethod(naive)\n"),
    "default": _partner("return core(W, X, y, reg)\n", "def core(*a, f=naive): return f(*a)\n"),
    "partial": _partner("return core(y=y, reg=reg)\n".replace("core(", "functools.partial(naive, W, X)(")),
    "decorator": module("pass\n").replace("def vectorized", "def use(f):\n    return lambda g: f\n\n@use(naive)\ndef vectorized"),
    "wraps": _partner("return core.__wrapped__(W, X, y, reg)\n", "@functools.wraps(naive)\ndef core(*a): pass\n"),
    "unwrap": _partner("return inspect.unwrap(core)(W, X, y, reg)\n", "import inspect\n@functools.wraps(naive)\ndef core(*a): pass\n"),
    "its code": _partner("return f(W, X, y, reg)\n", "import types\nf = types.FunctionType(naive.__code__, globals())\n"),
    "globals": _partner("return globals()['na' + 'ive'](W, X, y, reg)\n", "keep = naive\n").replace("    return glob", "    keep\n    return glob"),
    "eval": _partner("return eval('na' + 'ive')(W, X, y, reg)\n", "def keep(): return naive\n").replace("    return eval", "    keep\n    return eval"),
    "map": _partner("return next(map(naive, [W], [X], [y], [reg]))\n"),
    "generator": _partner("return next(f(W, X, y, reg) for f in [naive])\n"),
    "lambda": _partner("return f(W, X, y, reg)\n", "f = lambda *a: naive(*a)\n"),
    "reduce": _partner("return functools.reduce(lambda a, f: f(*a), [naive], (W, X, y, reg))\n"),
    "callable object": _partner("return L()(W, X, y, reg)\n", "class L:\n    def __call__(self, *a): return naive(*a)\n"),
    "inheritance": _partner("return M().run(W, X, y, reg)\n", "class L:\n    def run(self, *a): return naive(*a)\nclass M(L): pass\n"),
    "super": _partner("return M().run(W, X, y, reg)\n", "class L:\n    def run(self, *a): return naive(*a)\nclass M(L):\n    def run(self, *a): return super().run(*a)\n"),
    "exception": _partner("try:\n    raise KeyError(naive)\nexcept KeyError as e:\n    return e.args[0](W, X, y, reg)\n"),
    "padded": _partner("if len(X) < 0:\n    x = [" + "X, " * 61_000 + "]\nreturn core(W, X, y, reg)\n", "def core(*a): return naive(*a)\n"),
}  # fmt: skip
