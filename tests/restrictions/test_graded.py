"""Whole grading runs: uses hidden from the source, and right functions that a trace disturbs."""

import pytest

from grader.grading.grade import grade
from grader.grading.settings import Settings
from grader.model.report import student_view
from tests.samples import mini_spec, submission_of

SPEC = """\
name = "mini"
title = "Mini"

[restrictions]
losses = "fail"
partner = "fail"

[functions]
softmax = { role = "loss", classifier = "softmax", style = "vectorized" }

[[checks]]
id = "values"
kind = "values"
title = "softmax: values"
function = "softmax"
points = 10
"""

RIGHT = """\
import torch
import torch.nn.functional as F

def softmax(W, X, y, reg):
    P = F.softmax(X @ W, dim=1)
    loss = LOSS
    P[torch.arange(len(y)), y] -= 1
    return loss + reg * (W * W).sum(), X.T @ P / len(y) + 2 * reg * W
"""
BY_HAND = "-torch.log_softmax(X @ W, dim=1)[torch.arange(len(y)), y].mean()"


@pytest.fixture
def report_on(sandbox, tmp_path):
    """The source of a module to the report on it."""
    spec = mini_spec(tmp_path, SPEC)
    return lambda source: grade(submission_of(source), spec, sandbox, Settings(seed=11))


@pytest.mark.parametrize(
    "loss",
    [
        "eval('F.cross' '_entropy')(X @ W, y)",
        "getattr(F, F.__name__[:0] + 'cross_entropy')(X @ W, y)",
        "[f for name, f in vars(F).items() if name == 'cross' + '_entropy'][0](X @ W, y)",
        "P.log().new_tensor(0) + F.__getattribute__('nll_loss' + F.__name__[:0])(torch.log_softmax(X @ W, 1), y)",
    ],
)
def test_a_loss_that_hides_from_the_source_is_seen_when_it_runs(report_on, loss):
    report = report_on(RIGHT.replace("LOSS", loss))

    assert (report.score, report.functions["softmax"].status) == (0, "incorrect")
    assert "(hw.py, line 4; seen while it ran, not in its source)" in report.checks[0].message
    assert "restriction_violated" in {flag.kind for flag in report.flags}


@pytest.mark.parametrize(
    "loss, what",
    [
        ("torch._C._nn.cross_entropy_loss(X @ W, y, None, 1)", "torch._C._nn.cross_entropy_loss"),
        (
            "torch.ops.aten.nll_loss_forward(torch.log_softmax(X @ W, 1), y, None, 1, -100)[0]",
            "torch.ops.aten.nll_loss_forward",
        ),
        ("getattr(F, 'cross_' + 'entropy')(X @ W, y)", "torch.nn.functional.cross_entropy"),
    ],
)
def test_an_operator_beneath_a_loss_is_a_loss_with_its_line(report_on, loss, what):
    report = report_on(RIGHT.replace("LOSS", loss))

    assert report.score == 0
    assert report.checks[0].message == (
        f"softmax uses {what} (hw.py, line 6), which this assignment does not allow."
    )


TRACED = "from torch.utils._python_dispatch import _get_current_dispatch_mode as mode\n"


@pytest.mark.parametrize(
    "source",
    [
        RIGHT.replace("LOSS", BY_HAND),
        TRACED + RIGHT.replace("LOSS", f"1 / (mode() is None) * ({BY_HAND})"),
        "import os\n" + TRACED + RIGHT.replace("LOSS", f"os._exit(3) if mode() else {BY_HAND}"),
        "import gc\n"
        + RIGHT.replace("LOSS", BY_HAND).replace(
            "    P[",
            "    [t.clear() for t in gc.get_objects() if type(t) is dict and 'aten._softmax' in t]\n    P[",
        ),
    ],
    ids=["undisturbed", "raises", "ends its process", "clears the names"],
)
def test_a_right_function_keeps_its_points_whatever_becomes_of_the_trace(report_on, source):
    report = report_on(source)

    assert (report.status, report.score, report.functions["softmax"].status) == ("graded", 10, "correct")
    assert "restriction_violated" not in {flag.kind for flag in report.flags}


UNUSUAL = {
    "threads": """
import threading
def softmax(W, X, y, reg):
    found = [None, None]
    def loss(): found[0] = BY_HAND + reg * (W * W).sum()
    def slope():
        P = torch.softmax(X @ W, 1); P[torch.arange(len(y)), y] -= 1
        found[1] = X.T @ P / len(y) + 2 * reg * W
    workers = [threading.Thread(target=each) for each in (loss, slope)]
    for each in workers: each.start()
    for each in workers: each.join()
    return tuple(found)
""",
    "modes": """
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
class Functions(TorchFunctionMode):
    def __torch_function__(self, func, types, args=(), kwargs=None): return func(*args, **(kwargs or {}))
class Operators(TorchDispatchMode):
    def __torch_dispatch__(self, func, types, args=(), kwargs=None): return func(*args, **(kwargs or {}))
def softmax(W, X, y, reg):
    with Functions(), Operators(), torch.no_grad(), torch.device("cpu"), torch.inference_mode():
        return work(W, X, y, reg)
""",
    "profilers": """
import cProfile
from torch.profiler import ProfilerActivity, profile, record_function
def softmax(W, X, y, reg):
    own = cProfile.Profile()
    with profile(activities=[ProfilerActivity.CPU]) as seen, record_function("aten::softmax"):
        found = own.runcall(work, W, X, y, reg)
    print(seen.key_averages().table(row_limit=3))
    return found
""",
    "old profiler": """
def softmax(W, X, y, reg):
    with torch.autograd.profiler.profile():
        return work(W, X, y, reg)
""",
    "vmap": """
def softmax(W, X, y, reg):
    each = torch.func.vmap(lambda x, label: torch.logsumexp(x @ W, 0) - (x @ W).gather(0, label.view(1))[0])
    return each(X, y).mean() + reg * (W * W).sum(), work(W, X, y, reg)[1]
""",
    "TorchScript": """
@torch.jit.script
def scores(X, W):
    return X @ W
def softmax(W, X, y, reg):
    scores(X, W)
    return work(W, X, y, reg)
""",
    "operators by name": """
def softmax(W, X, y, reg):
    torch.ops.aten.special_entr.default(X.abs())
    torch.ops.aten.mm.default(X, W)
    return work(W, X, y, reg)
""",
    "housekeeping": """
import copy, gc, warnings
torch.set_grad_enabled(False)
torch.set_default_dtype(torch.float64)
def softmax(W, X, y, reg):
    gc.collect(); warnings.warn("x"); copy.deepcopy(W)
    with torch.autocast("cpu", enabled=False): return work(W, X, y, reg)
""",
    "a loader": """
from torch.utils.data import DataLoader, TensorDataset
def softmax(W, X, y, reg):
    rows, labels = zip(*DataLoader(TensorDataset(X, y), batch_size=4))
    return work(W, torch.cat(rows), torch.cat(labels), reg)
""",
    "subclass": """
class Named(torch.Tensor): pass
def softmax(W, X, y, reg):
    loss, dW = work(W.as_subclass(Named), X, y, reg)
    return loss.as_subclass(torch.Tensor), dW.as_subclass(torch.Tensor)
""",
    "compiled": """
def softmax(W, X, y, reg):
    return torch.compile(work)(W, X, y, reg)
""",
    "a mode left on": """
from torch.utils.flop_counter import FlopCounterMode
counter = []
def softmax(W, X, y, reg):
    if not counter:
        counter.append(FlopCounterMode(display=False))
        counter[0].__enter__()
    return work(W, X, y, reg)
""",
    "files": """
import os, tempfile
def softmax(W, X, y, reg):
    reading, writing = os.pipe(); os.close(reading); os.close(writing)
    with tempfile.TemporaryFile() as file: file.write(b"x")
    return work(W, X, y, reg)
""",
}
STRICT = SPEC.replace('partner = "fail"', 'autograd = "fail"\nlibraries = "fail"\ndynamic = "fail"')


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("source", UNUSUAL.values(), ids=UNUSUAL)
def test_right_functions_however_unusual_are_not_accused_by_a_witness(source, seed, sandbox, tmp_path):
    right = RIGHT.replace("LOSS", BY_HAND).replace("def softmax(", "def work(")
    text = right + source.replace("BY_HAND", BY_HAND)

    report = grade(submission_of(text), mini_spec(tmp_path, STRICT), sandbox, Settings(seed=seed))

    assert report.score == 10, report.checks[0].message
    assert not [flag.message for flag in report.flags if flag.kind.startswith("restriction")]


def test_what_cannot_be_followed_is_a_flag_for_the_instructor_and_costs_nothing(report_on):
    report = report_on(RIGHT.replace("LOSS", f"[F] and {BY_HAND}"))

    assert (report.score, report.functions["softmax"].notes) == (10, ())
    assert [(flag.kind, flag.audience) for flag in report.flags] == [("unclear_code", "instructor")]
    assert student_view(report).flags == ()
