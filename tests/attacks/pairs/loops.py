"""Loops in vectorized functions that no count shows, and loops in naive ones that do nothing."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import indent

from tests.attacks.pair import Pair

_BASE = "eecs498_2019/perfect_module/linear_classifier.py"

_LOOP = """
loss, dW = 0.0, torch.zeros_like(W)
for x, label in zip(X, y.tolist()):
    margins = (x @ W - x @ W[:, label] + 1.0).clamp(min=0.0)
    margins[label] = 0.0
    active = (margins > 0).to(X.dtype)
    active[label] = -active.sum()
    loss = loss + margins.sum()
    dW += torch.outer(x, active)
"""
_PRODUCTS = """
rows = torch.arange(len(y))
scores = X @ W
margins = (scores - scores[rows, y].view(-1, 1) + 1.0).clamp(min=0.0)
margins[rows, y] = 0.0
active = (margins > 0).to(X.dtype)
active[rows, y] = -active.sum(dim=1)
loss, dW = margins.sum(), X.t() @ active
"""
_RETURN = "return loss / len(y) + reg * (W * W).sum(), dW / len(y) + 2 * reg * W"


def _function(name: str, *parts: str) -> str:
    body = indent("\n".join(part.strip("\n") for part in parts), "    ")
    return f"def {name}(W, X, y, reg):\n{body}\n"


def _vectorized(*parts: str) -> str:
    return _function("svm_loss_vectorized", *parts, _RETURN)


def _hidden(cheat: str, hostile: str, honest: str, says: str, flags: tuple[str, ...] = ()) -> Pair:
    """A loop in the vectorized function beside the same trick without one."""
    return Pair(
        cheat=cheat,
        spec="eecs498_2019",
        base=_BASE,
        checks=("svm_vectorized_loops",),
        hostile=hostile,
        honest=honest,
        points=0,
        honest_points=2,
        says=(says,),
        flags=flags,
    )


_MORE, _STOPPED = "does more Python work", "stops or evades the count of its Python steps"

_WORK_LOOP = f"def work(W, X, y):\n{indent(_LOOP.strip(), '    ')}\n    return loss, dW\n\n\n"
_WORK_PRODUCTS = f"def work(W, X, y):\n{indent(_PRODUCTS.strip(), '    ')}\n    return loss, dW\n\n\n"
_CALL = "loss, dW = work(W, X, y)"


def _in_thread(start: str) -> str:
    return f"""
import _thread


def finish(found, done, W, X, y):
    found.append(work(W, X, y))
    done.release()


def svm_loss_vectorized(W, X, y, reg):
    found, done = [], _thread.allocate_lock()
    done.acquire()
    {start}
    done.acquire()
    loss, dW = found[0]
    {_RETURN}
"""


_VECTORIZED: dict[str, Pair] = {
    "code objects under a library's name": _hidden(
        "Gives the loop's code object the file and the name of a function of torch's.",
        _WORK_LOOP
        + "work.__code__ = work.__code__.replace(co_filename=torch.functional.__file__, co_name='norm')\n\n\n"
        + _vectorized(_CALL),
        _WORK_PRODUCTS + "work.__name__ = work.__qualname__ = 'norm'\n\n\n" + _vectorized(_CALL),
        _MORE,
    ),
    "code compiled as a library's": _hidden(
        "Compiles the loop from a string, under the name of a file of torch's.",
        f"TEXT = {_WORK_LOOP!r}\n\n\n"
        + _vectorized(
            "space = {'torch': torch}",
            "exec(compile(TEXT, torch.functional.__file__, 'exec'), space)",
            "loss, dW = space['work'](W, X, y)",
        ),
        f"TEXT = {_WORK_LOOP!r}\n\n\n" + _vectorized(_PRODUCTS),
        _MORE,
    ),
    "tracing switched off": _hidden(
        "Switches tracing off around the loop, and on again.",
        "import sys\n\n\n"
        + _vectorized("before = sys.gettrace()", "sys.settrace(None)", _LOOP, "sys.settrace(before)"),
        "import sys\n\n\n" + _vectorized("limit = sys.getrecursionlimit()", _PRODUCTS),
        _STOPPED,
        ("unclear_code",),
    ),
    "a frame that is not traced": _hidden(
        "Tells its own frame to trace no opcodes, and to trace them again after the loop.",
        "import sys\n\n\n"
        + _vectorized(
            "frame = sys._getframe()", "frame.f_trace_opcodes = False", _LOOP, "frame.f_trace_opcodes = True"
        ),
        _vectorized("f_trace_opcodes = False", _PRODUCTS),
        _STOPPED,
        ("unclear_code",),
    ),
    "a loop in a profile function": _hidden(
        "Has the loop run by Python's profiler, where nothing is traced.",
        "import sys\n\n\n"
        + _WORK_LOOP
        + _vectorized(
            "found = []",
            "def profile(*event):\n    sys.setprofile(None)\n    found.append(work(W, X, y))",
            "sys.setprofile(profile)",
            "len(found)",
            "loss, dW = found[0]",
        ),
        "import cProfile\n\n\n"
        + _vectorized("profile = cProfile.Profile()", "profile.enable()", _PRODUCTS, "profile.disable()"),
        _STOPPED,
    ),
    "a loop in an audit hook": _hidden(
        "Has the loop run by an audit hook, where nothing is traced.",
        "import sys\n\n\n"
        + _WORK_LOOP
        + _vectorized(
            "found = []",
            "def hook(event, given):\n    if event == 'svm':\n        found.append(work(*given))",
            "sys.addaudithook(hook)",
            "sys.audit('svm', W, X, y)",
            "loss, dW = found[0]",
        ),
        "import sys\n\n\n" + _vectorized("sys.audit('svm', W, X, y)", _PRODUCTS),
        _STOPPED,
    ),
    "a loop in a thread of the lowest kind": _hidden(
        "Starts a thread below the module threading, so that no trace function is set in it.",
        _WORK_LOOP + _in_thread("_thread.start_new_thread(finish, (found, done, W, X, y))"),
        _WORK_PRODUCTS + _in_thread("_thread.start_new_thread(finish, (found, done, W, X, y))"),
        _MORE,
    ),
    "a loop in TorchScript": _hidden(
        "Has the loop compiled, so that no Python runs.",
        "@torch.jit.script\ndef work(W: Tensor, X: Tensor, y: Tensor):\n"
        "    loss, dW = torch.zeros(1, dtype=W.dtype), torch.zeros_like(W)\n"
        "    for i in range(X.size(0)):\n"
        "        scores = X[i] @ W\n"
        "        margins = (scores - scores[y[i]] + 1.0).clamp(min=0.0)\n"
        "        margins[y[i]] = 0.0\n"
        "        active = (margins > 0).to(X.dtype)\n"
        "        active[y[i]] = -active.sum()\n"
        "        loss = loss + margins.sum()\n"
        "        dW += torch.outer(X[i], active)\n"
        "    return loss, dW\n\n\n" + _vectorized(_CALL),
        "@torch.jit.script\ndef work(W: Tensor, X: Tensor, y: Tensor):\n"
        + indent(_PRODUCTS.strip(), "    ")
        + "\n    return loss, dW\n\n\n"
        + _vectorized(_CALL),
        _MORE,
    ),
}


def _numpy(imports: str, scores: str, exponentials: str, losses: str) -> str:
    """A softmax loss for NumPy, with three steps filled in."""
    return (
        f"import numpy as np\n{imports}\n\n\n"
        "def softmax_loss_vectorized(W, X, y, reg):\n"
        "    rows = np.arange(len(y))\n"
        f"    scores = {scores}\n"
        "    scores = scores - scores.max(axis=1, keepdims=True)\n"
        f"    exponentials = {exponentials}\n"
        "    P = exponentials / exponentials.sum(axis=1, keepdims=True)\n"
        f"    losses = {losses}\n"
        "    P[rows, y] -= 1\n"
        "    return losses / len(y) + reg * np.sum(W * W), X.T.dot(P) / len(y) + 2 * reg * W\n"
    )


_STEPS = {"scores": "X.dot(W)", "exponentials": "np.exp(scores)", "losses": "-np.log(P[rows, y]).sum()"}


def _mapped(
    cheat: str, says: str, *, imports: str = "", honest: Mapping[str, str] = {}, **steps: str
) -> Pair:
    """A loop in C in one step of the softmax loss, beside one over integers or constants."""
    return Pair(
        cheat=cheat,
        spec="cs231n",
        checks=("softmax_vectorized_loops",),
        hostile=_numpy(imports, **_STEPS | steps),
        honest=_numpy(imports, **_STEPS | dict(honest)),
        points=0,
        honest_points=2,
        says=(f"calls {says} more often for more",),
    )


_VECTORIZED |= {
    "map over a method in C": _mapped(
        "Maps the product over the samples by W's own method.",
        "ndarray.__matmul__",
        scores="np.array(list(map(W.T.__matmul__, X)))",
        honest={"losses": "-np.log(P[rows, list(map(int, y))]).sum()"},
    ),
    "map over a ufunc": _mapped(
        "Maps the exponential over the rows, unpacked into a list.",
        "NumPy's exp",
        exponentials="np.array([*map(np.exp, scores)])",
        honest={"exponentials": "[*map(np.exp, (scores,))][0]"},
    ),
    "a pool of threads": _mapped(
        "Has the threads of a pool multiply the samples, by W's own method.",
        "ThreadPoolExecutor.submit",
        imports="from concurrent.futures import ThreadPoolExecutor",
        scores="np.array(list(ThreadPoolExecutor(2).map(W.T.dot, X)))",
        honest={"scores": "np.concatenate(list(ThreadPoolExecutor(2).map(np.dot, (X[:2], X[2:]), (W, W))))"},
    ),
    "a method in C along an axis": _mapped(
        "Has NumPy apply W's own method to each row.",
        "NumPy's ndindex",
        scores="np.apply_along_axis(W.T.dot, 1, X)",
        honest={"scores": "np.apply_over_axes(np.sum, X[:, :, None] * W, 1)[:, 0]"},
    ),
    "map under another name": _mapped(
        "Maps the logarithm over a list of floats by a map out of a table.",
        "math's log",
        imports="import math\n\nTOOLS = {'each': map}",
        losses="-sum(TOOLS['each'](math.log, P[rows, y].tolist()))",
        honest={"losses": "-sum(TOOLS['each'](float, np.log(P[rows, y])))"},
    ),
    "a gather by map": _mapped(
        "Picks each sample's probability by an array's own method.",
        "ndarray.__getitem__",
        losses="-np.log(list(map(P.__getitem__, zip(range(len(y)), y.tolist())))).sum()",
        honest={"losses": "-np.log(P[rows, list(map(y.__getitem__, range(len(y))))]).sum()"},
    ),
    "starmap over pairs": _mapped(
        "Multiplies samples and weights by starmap and a partial.",
        "NumPy's dot",
        imports="import itertools\nfrom functools import partial",
        scores="np.array(list(itertools.starmap(partial(np.dot), zip(X, itertools.repeat(W)))))",
        honest={"scores": "list(itertools.starmap(partial(np.dot), [(X, W)]))[0]"},
    ),
    "reduce over the classes": _mapped(
        "Adds the exponentials up by reduce, class by class.",
        "NumPy's logaddexp",
        imports="from functools import reduce",
        exponentials="np.exp(scores - reduce(np.logaddexp, scores.T)[:, None])",
        honest={"exponentials": "reduce(np.multiply, (np.exp(scores), 1.0))"},
    ),
    "a ufunc made of a Python function in C": _mapped(
        "Makes a ufunc of math.exp, which calls it for each entry.",
        "math's exp",
        imports="import math\n\nEXP = np.frompyfunc(math.exp, 1, 1)",
        exponentials="EXP(scores).astype(W.dtype)",
        honest={"exponentials": "EXP(1.0) ** scores"},
    ),
}


def _naive(*parts: str) -> str:
    return _function("svm_loss_naive", *parts, _RETURN)


def _idle(cheat: str, hostile: str, honest: str) -> Pair:
    """A naive function whose loops change nothing, beside one whose loops do the work in an unusual way."""
    return Pair(
        cheat=cheat,
        spec="eecs498_2019",
        base=_BASE,
        checks=("svm_naive_loops",),
        hostile=hostile,
        honest=honest,
        points=0,
        honest_points=1,
        says=("does its work outside its loops", "whatever numbers the loops see"),
    )


_NAIVE: dict[str, Pair] = {
    "an empty loop": _idle(
        "Loops over samples and classes, and does nothing there.",
        _naive(_PRODUCTS, "for i in range(len(y)):\n    for j in range(W.shape[1]):\n        pass"),
        _naive(
            "scores = X @ W\nloss, dW = 0.0, torch.zeros_like(W)",
            "for i in range(len(y)):",
            "    for j in range(W.shape[1]):",
            "        margin = scores[i, j] - scores[i, y[i]] + 1",
            "        if j != y[i] and margin > 0:",
            "            loss += margin",
            "            dW[:, j] += X[i]",
            "            dW[:, y[i]] -= X[i]",
        ),
    ),
    "work that is thrown away": _idle(
        "Computes each sample's scores and margins, and never reads them.",
        _naive(
            _PRODUCTS,
            "for i in range(len(y)):\n    own = X[i] @ W\n    own = (own - own[y[i]] + 1).clamp(min=0)",
        ),
        _naive(
            "parts = [X[i] @ W for i in range(len(y))]\nown = torch.stack(parts)",
            _PRODUCTS.replace("scores = X @ W", "scores = own"),
        ),
    ),
    "nothing added": _idle(
        "Adds nothing times each sample to the loss and to dW.",
        _naive(
            _PRODUCTS,
            "for i in range(len(y)):",
            "    loss = loss + 0 * X[i].sum()",
            "    dW += 0 * X[i][:, None]",
            "    dW.sub_((X[i] - X[i])[:, None])",
        ),
        _naive(
            "loss, dW = 0.0, torch.zeros_like(W)",
            "for i in range(len(y)):",
            "    s = X[i] @ W",
            "    m = (s - s[y[i]] + 1).clamp(min=0)",
            "    m[y[i]] = 0",
            "    loss = loss + m.sum()",
            "    a = (m > 0).to(W.dtype)",
            "    a[y[i]] = -a.sum()",
            "    dW.add_(torch.outer(X[i], a))",
        ),
    ),
    "a loop that counts": _idle(
        "Counts the samples in the loop, and divides by their number.",
        _naive(
            _PRODUCTS,
            "count, samples = 0, 0.0\nfor x in X:\n    own = x @ W\n    count += 1\n    samples += 1.0",
            "loss, dW = loss * len(y) / count, dW * len(y) / samples",
        ),
        _naive(
            "signs, loss = torch.zeros(len(y), W.shape[1], dtype=W.dtype), 0.0",
            "for i in range(len(y)):",
            "    s = (X[i] @ W).tolist()",
            "    for j in range(len(s)):",
            "        if j != y[i] and s[j] - s[y[i]] + 1 > 0:",
            "            loss += s[j] - s[y[i]] + 1",
            "            signs[i, j] += 1",
            "            signs[i, y[i]] -= 1",
            "dW = X.t() @ signs",
        ),
    ),
    "idle helpers": _idle(
        "Hands each sample to a helper that forgets it, in a generator and a recursion.",
        "def look(X, W, i):\n    margins = X[i] @ W\n    yield float(margins.max())\n\n\n"
        "def down(X, i):\n    return 0 if i == 0 else down(X, i - 1) + int(0 * X[i - 1].sum())\n\n\n"
        + _naive(
            _PRODUCTS, "for i in range(len(y)):\n    list(look(X, W, i))", "loss = loss + down(X, len(y))"
        ),
        "def down(W, X, y, i):\n"
        "    if i == len(y):\n"
        "        return 0.0, torch.zeros_like(W)\n"
        "    loss, dW = down(W, X, y, i + 1)\n"
        "    for j, margin in enumerate(X[i] @ W - X[i] @ W[:, y[i]] + 1):\n"
        "        if j != y[i] and margin > 0:\n"
        "            loss += margin\n"
        "            dW[:, j] += X[i]\n"
        "            dW[:, y[i]] -= X[i]\n"
        "    return loss, dW\n\n\n" + _naive("loss, dW = down(W, X, y, 0)"),
    ),
    "all the work each time": Pair(
        cheat="Does all the work of the vectorized version in each round of its loop.",
        spec="eecs498_2019",
        base=_BASE,
        checks=("svm_naive_loops",),
        hostile=_naive("for i in range(len(y)):", indent(_PRODUCTS.strip(), "    ")),
        honest=_naive(
            "loss, dW = 0.0, torch.zeros_like(W)\nbatch, labels = X, y",
            "for i in range(len(labels)):",
            "    X, y = batch[i : i + 1], labels[i : i + 1]",
            indent(_PRODUCTS.strip().replace("loss, dW =", "more, slope ="), "    "),
            "    loss, dW = loss + more, dW + slope",
            "y = labels",
        ),
        points=0,
        honest_points=1,
        says=("does its work for all samples at once",),
    ),
    "a loop that only copies": Pair(
        cheat="Copies the samples in a loop and hands the copy to vectorized code.",
        spec="eecs498_2019",
        base=_BASE,
        checks=("svm_naive_loops",),
        hostile=_naive(
            "copies = []\nfor x in X:\n    copies.append(x.clone())\nX = torch.stack(copies)", _PRODUCTS
        ),
        honest=_naive(
            "copies = []\nfor x in X:\n    copies.append(x.clone())\nX = torch.stack(copies)", _LOOP
        ),
        points=1,
        honest_points=1,
        says=("does little inside its loops",),
        flags=("unclear_code",),
    ),
}

PAIRS: Mapping[str, Pair] = _VECTORIZED | _NAIVE
