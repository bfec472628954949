"""Names hidden from the source check: resolved, they are violations; what cannot be followed is a flag, never silent."""

from __future__ import annotations

from tests.attacks.pair import Pair

BASE = "eecs498_2019/perfect_module/linear_classifier.py"
CHECK = "softmax_vectorized_values"
FLAG = ("unclear_code",)
BY_HAND = "-torch.log_softmax(s, 1)[torch.arange(len(y)), y].mean()"


def _module(loss: str, *, before: str = "", setup: str = "", parameters: str = "") -> str:
    """A softmax loss with this expression of the scores s; `setup` stands before it, `before` at top level."""
    lines = "".join(f"    {line}\n" for line in f"s = X @ W\n{setup}".splitlines())
    return (
        f"import functools\nimport operator\n\nimport torch.nn.functional as F\n\n{before}\n"
        f"def softmax_loss_vectorized(W, X, y, reg{parameters}):\n{lines}"
        f"    loss = {loss} + reg * (W * W).sum()\n"
        "    P = torch.softmax(s, 1)\n"
        "    P[torch.arange(len(y)), y] -= 1\n"
        "    return loss, X.t() @ P / len(y) + 2 * reg * W\n"
    )


def _pair(
    cheat: str,
    hostile: str,
    honest: str,
    *,
    points: float = 0,
    flags: tuple[str, ...] = FLAG,
    says: tuple[str, ...] = (),
) -> Pair:
    return Pair(
        cheat=cheat,
        spec="eecs498_2019",
        base=BASE,
        checks=(CHECK,),
        hostile=hostile,
        honest=honest,
        points=points,
        honest_points=11,
        flags=flags,
        says=says,
    )


_VIOLATED = ("restriction_violated",)
_CROSS_ENTROPY = ("torch.nn.functional.cross_entropy", "which this assignment does not allow")
_PARTNER = "softmax_loss_naive(W, X, y, reg)"
_LATER = "\nsoftmax_loss_vectorized.__{}__ = {}\n"


def _with_debug(body: str, after: str = "") -> str:
    """A right function with a branch that its parameter `debug` rules out."""
    setup = f"if debug:\n    {body}\n"
    return _module(BY_HAND, setup=setup, parameters=", debug=False") + after


PAIRS: dict[str, Pair] = {
    "attrgetter with a dotted name": _pair(
        "operator.attrgetter walks to the loss by a dotted name",
        _module("operator.attrgetter('nn.functional.cross_entropy')(torch)(s, y)"),
        _module(
            "-operator.attrgetter('nn.functional.log_softmax')(torch)(s, 1)[torch.arange(len(y)), y].mean()"
        ),
        flags=_VIOLATED,
        says=_CROSS_ENTROPY,
    ),
    "reduce over getattr": _pair(
        "functools.reduce applies getattr to the parts of a name",
        _module("functools.reduce(getattr, 'nn.functional.cross_entropy'.split('.'), torch)(s, y)"),
        _module(BY_HAND, setup="n = functools.reduce(operator.mul, X.shape)\n"),
        flags=_VIOLATED,
        says=_CROSS_ENTROPY,
    ),
    "a name in pieces": _pair(
        "the name is joined, reversed and decoded before getattr reads it",
        _module(
            "getattr(F, NAME[::-1])(s, y)",
            before="NAME = ''.join(map(chr, b'yportne')) + b'_ssorc'.decode()\n",
        ),
        _module(
            "-getattr(F, NAME[::-1])(s, 1)[torch.arange(len(y)), y].mean()",
            before="NAME = ''.join(map(chr, b'xamtfos')) + b'_gol'.decode()\n",
        ),
        flags=_VIOLATED,
        says=_CROSS_ENTROPY,
    ),
    "a method caller": _pair(
        "operator.methodcaller calls the loss as a method of its module",
        _module("operator.methodcaller('cross_entropy', s, y)(F)"),
        _module("-operator.methodcaller('log_softmax', 1)(s)[torch.arange(len(y)), y].mean()"),
        flags=_VIOLATED,
        says=_CROSS_ENTROPY,
    ),
    "the module __main__": _pair(
        "the partner is read from __main__",
        _module(BY_HAND, setup=f"import __main__\nif reg < 0: return __main__.{_PARTNER}\n"),
        _module(BY_HAND, setup="if __name__ == '__main__': print(reg)\n"),
        flags=_VIOLATED,
        says=("calls softmax_loss_naive",),
    ),
    "a class pattern": _pair(
        "a match statement reads the attributes of torch",
        _module(
            "f(s, y)",
            setup="match torch:\n    case object(nn=object(functional=object(cross_entropy=f))): pass\n",
        ),
        _module(BY_HAND, setup="match X:\n    case torch.Tensor(shape=(n, d)): pass\n"),
        points=11,
        says=("torch, passed on as a value",),
    ),
    "a list of modules": _pair(
        "the module is taken out of a list",
        _module("[F][0].cross_entropy(s, y)"),
        _module("-[F.log_softmax][0](s, 1)[torch.arange(len(y)), y].mean()"),
        points=11,
        says=("torch.nn.functional, passed on as a value",),
    ),
    "the globals of a function": _pair(
        "a function's __globals__ hold the partner under a computed name",
        _module(
            BY_HAND,
            before="def core(): return softmax_loss_naive\n",
            setup="if reg < 0: return core.__globals__['softmax_loss_' + str('naive')](W, X, y, reg)\n",
        ),
        _module(BY_HAND, before="def core(): pass\n", setup="print(core.__name__, core.__doc__)\n"),
        points=11,
        says=("__globals__",),
    ),
    "a getter with a computed name": _pair(
        "getattr reads backward from a value by a name that nobody can know",
        _module(BY_HAND, setup="if reg < 0: getattr(s.sum(), 'back' + str(y.dtype)[:0] + 'ward')()\n"),
        _module(
            "-Softmax().log(s)[torch.arange(len(y)), y].mean()",
            before=(
                "class Softmax:\n    def __init__(self): self.axis1 = 1\n"
                "    def log(self, s): return torch.log_softmax(s, getattr(self, 'axis' + str(1)))\n"
            ),
        ),
        points=11,
        says=("getattr with a computed name",),
    ),
    "type hints": _pair(
        "typing.get_type_hints evaluates an annotation",
        _module(
            "typing.get_type_hints(hold)['f'](s, y)",
            before="import typing\ndef hold(f: 'F.cross_entropy'): F\n",
        ),
        _module(BY_HAND, before="import typing\ndef hold(f: 'F.cross_entropy') -> typing.Any: pass\n"),
        points=11,
        says=("typing.get_type_hints",),
    ),
    "TorchScript from text": _pair(
        "torch.jit.CompilationUnit compiles the loss from a string",
        _module(
            "torch.jit.CompilationUnit('''\n"
            "def f(s, y):\n    return torch.cross_entropy_loss(s, y)\n'''.replace('\\n    ', '\\n    ')).f(s, y)"
        ),
        _module(BY_HAND, setup="with torch.no_grad(): pass\n"),
        points=11,
        says=("torch.jit.CompilationUnit",),
    ),
    "a pickle": _pair(
        "copy builds the loss from __reduce__",
        _module(
            "copy.copy(Loss())(s, y)",
            before="import copy\nclass Loss:\n    def __reduce__(self): return getattr, (F, 'cross_' + 'entropy')\n",
        ),
        _module(BY_HAND, before="import copy\n", setup="W = copy.deepcopy(W)\n"),
        points=11,
        says=("getattr, passed on as a value",),
    ),
    "a dead branch turned alive": _pair(
        "the default of a parameter is changed after the definition",
        _with_debug(f"return {_PARTNER}", _LATER.format("defaults", "(True,)")),
        _with_debug(f"print({_PARTNER})", _LATER.format("doc", "'By hand.'")),
        points=11,
        says=("softmax_loss_naive behind debug, which other code may set",),
    ),
    "a flag set elsewhere": _pair(
        "a function sets the flag in front of a branch that looks dead",
        _module(
            BY_HAND,
            before="DEBUG = False\ndef prepare():\n    global DEBUG\n    DEBUG = True\n",
            setup=f"prepare()\nif DEBUG: return {_PARTNER}\n",
        ),
        _module(BY_HAND, before="DEBUG = False\n", setup=f"if DEBUG: print({_PARTNER})\n"),
        points=11,
        says=("softmax_loss_naive behind DEBUG, which other code may set",),
    ),
    "a function of torch replaced": _pair(
        "torch.exp is another function when the loss is computed",
        _module("torch.exp(s, y)", before="torch.exp = F.cross_entropy\n"),
        _module(BY_HAND, before="torch.backends.cudnn.deterministic = True\n"),
        points=11,
        says=("torch.exp, which the code replaces",),
    ),
    "an earlier definition": _pair(
        "a first function of the same name calls the partner and lives on under another name",
        f"def softmax_loss_vectorized(W, X, y, reg):\n    return {_PARTNER}\n\nfirst = softmax_loss_vectorized\n\n"
        "def softmax_loss_vectorized(W, X, y, reg):\n    return first(W, X, y, reg)\n",
        f"def softmax_loss_vectorized(W, X, y, reg):\n    return {_PARTNER}\n\n{_module(BY_HAND)}",
        flags=_VIOLATED,
        says=("calls softmax_loss_naive",),
    ),
    "the interpreter's frames": _pair(
        "a traceback's frame holds the names of the module",
        _module(
            BY_HAND,
            setup=(
                "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n"
                "    names = e.__traceback__.tb_frame.f_globals\n"
            ),
        ),
        _module(BY_HAND, setup="try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    print(e.args)\n"),
        points=11,
        says=("tb_frame",),
    ),
}


_RAN = ("calls softmax_loss_naive", "seen while it ran, not in its source")


def _ran(cheat: str, hostile: str, honest: str) -> Pair:
    """A call of the partner that nothing in the source shows, beside the same construct around something else."""
    return _pair(cheat, hostile, honest, flags=_VIOLATED, says=_RAN)


_HIDDEN_IN_METHOD = "class Log:\n    def {}(self, *given): self.loss = {}\n"

PAIRS |= {
    "a mangled name": _ran(
        "Python mangles __naive within a class to a name that is only mentioned outside",
        _module(
            "Softmax().loss(W, X, y, reg)[0] - reg * (W * W).sum()",
            before=(
                "_Softmax__naive = softmax_loss_naive\n"
                "class Softmax:\n    def loss(self, W, X, y, reg): return __naive(W, X, y, reg)\n"
            ),
            setup="print(_Softmax__naive.__doc__)\n",
        ),
        _module(
            "Softmax().loss(s, y)",
            before=(
                "class Softmax:\n    def __own(self, s, y): return -torch.log_softmax(s, 1)[torch.arange(len(y)), y].mean()\n"
                "    def loss(self, s, y): return self.__own(s, y)\n"
            ),
        ),
    ),
    "a wrapped function": _ran(
        "functools.wraps keeps the partner, and the name of where is put together",
        _module(
            BY_HAND,
            before="@functools.wraps(softmax_loss_naive)\ndef core(): pass\n",
            setup="if reg >= 0: return getattr(core, '__wrap' 'ped__')(W, X, y, reg)\n",
        ),
        _module(BY_HAND, before="@functools.wraps(softmax_loss_naive)\ndef core(): pass\n", setup="core()\n"),
    ),
    "a method that a library calls": _ran(
        "print calls write of the object that it prints to",
        _module(
            "log.loss[0] - reg * (W * W).sum()",
            before=_HIDDEN_IN_METHOD.format("write", "softmax_loss_naive(*self.given)"),
            setup="log = Log()\nlog.given = W, X, y, reg\nprint(reg, file=log)\n",
        ),
        _module(
            BY_HAND,
            before=_HIDDEN_IN_METHOD.format("write", "given"),
            setup="log = Log()\nprint(reg, file=log)\n",
        ),
    ),
    "a flag set by its parts": _ran(
        "a table of names is given the flag in front of a branch that looks dead",
        _module(
            BY_HAND,
            before="DEBUG = False\ndef prepare(): globals()['DE' + 'BUG'] = True\n",
            setup=f"prepare()\nif DEBUG: return {_PARTNER}\n",
        ),
        _module(BY_HAND, before="DEBUG = False\n", setup=f"if DEBUG: print({_PARTNER})\n"),
    ),
    "a keyword in parts": _ran(
        "a decorator gives debug another value, under a name put together",
        _module(
            BY_HAND,
            before="@functools.partial(functools.partial, **{'de' + 'bug': True})",
            setup=f"if debug: return {_PARTNER}\n",
            parameters=", debug=False",
        ),
        _module(
            BY_HAND,
            before="@functools.partial(functools.partial)",
            setup=f"if debug: return {_PARTNER}\n",
            parameters=", debug=False",
        ),
    ),
    "text run by torch's benchmark": _pair(
        "a timer of torch's runs a text as code",
        _module(
            BY_HAND,
            before="from torch.utils.benchmark import Timer\n",
            setup="Timer('s + 0', globals={'s': s}).timeit(1)\n",
        ),
        _module(
            BY_HAND,
            before="from timeit import default_timer\n",
            setup="began = default_timer()\nprint(began)\n",
        ),
        points=11,
        says=("torch.utils.benchmark.Timer",),
    ),
    "text run by NumPy's tests": _pair(
        "numpy.testing runs a text as code",
        _module(
            BY_HAND,
            before="import numpy\n",
            setup="numpy.testing.runstring('import torch', {})\n",
        ),
        _module(BY_HAND, before="import numpy\n", setup="numpy.testing.assert_allclose(reg, reg)\n"),
        points=11,
        says=("numpy.testing.runstring",),
    ),
}
