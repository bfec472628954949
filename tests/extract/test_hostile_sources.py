"""No input brings anything but a SubmissionError, runs anything, or takes time that grows with its square."""

import contextlib
import json
import subprocess
import sys
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grader.errors import SubmissionError
from grader.extract import extract
from grader.intake.notebook import read_notebook
from grader.intake.submission import SourceFile, Submission, decode_source, load_submission
from tests.pace import compile_seconds

NAMES = ("svm_loss_naive", "softmax_loss_naive", "LinearSVM")
CELLS = (
    "%matplotlib inline\nimport torch, coutils\nfrom math import *\n!pip install x \\\n  y\n",
    "DELTA = 1.0\nif DELTA:\n    SCALE = 2\ndef helper(x, *, k=DELTA):\n    '''text\nmore'''\n    return [k * i for i in x]\n",
    "@torch.no_grad()\ndef svm_loss_naive(W, X, y, reg):\n    global seen\n    return helper(X) + data['x'], (lambda: SCALE)()\n",
    'class LinearSVM(object):\n    loss = svm_loss_naive\n    def train(self):\n        return self.loss(f"{DELTA!r:>{SCALE}}")\n',
    "data = torch.load('x.pt')\nLinearSVM.reg = 1\ntry:\n    import a.b as c\nexcept ImportError as e:\n    c = None\nwhile DELTA: DELTA -= 1\n",
    "softmax_loss_naive = lambda W: W\nmatch DELTA:\n    case [x, *_] | {'k': x}: pass\nprint(x := 3)\n",
)
FEW = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def run(content, path="hw.py"):
    with contextlib.suppress(SubmissionError):
        extract(
            Submission("s", (SourceFile(path, content), SourceFile("hw2.py", "\n".join(CELLS).encode()))),
            NAMES,
        )
    with contextlib.suppress(SubmissionError):
        extract(Submission("s", (SourceFile(path, content),)), NAMES)


@FEW
@given(st.binary(max_size=300))
def test_random_bytes_are_no_trap(content):
    assert isinstance(decode_source(content), str)
    run(content)
    run(content, "hw.ipynb")


@FEW
@given(st.binary(max_size=300), st.sampled_from(["hw.zip", "hw.ipynb", "hw.py"]))
def test_random_files_load_or_are_refused(tmp_path_factory, content, name):
    path = tmp_path_factory.getbasetemp() / name
    path.write_bytes(content)
    with contextlib.suppress(SubmissionError):
        load_submission(path)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["code", "x = 1"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["cells", "worksheets", "nbformat", "cell_type", "source", "input", "metadata", "x"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=15,
)


@FEW
@given(JSON)
def test_random_json_is_a_notebook_or_is_refused(document):
    content = json.dumps(document).encode()
    with contextlib.suppress(SubmissionError):
        read_notebook(content, "hw.ipynb")
    run(content, "hw.ipynb")


@FEW
@given(st.data())
def test_mutated_source_is_no_trap(data):
    text = "".join(data.draw(st.permutations(CELLS)))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(text)))
        end = min(len(text), at + data.draw(st.integers(0, 30)))
        piece = data.draw(
            st.sampled_from(
                [
                    "",
                    "'''",
                    '"',
                    "(",
                    ")",
                    "\n",
                    "\\\n",
                    "%",
                    "!",
                    "?",
                    ":",
                    "    ",
                    "\t",
                    "\0",
                    "\ud800",
                    "=",
                    ":=",
                    "*",
                    "é",
                ]
            )
            | st.text(max_size=3)
        )
        text = text[:at] + piece + text[end:]
    run(text.encode("utf-8", "surrogatepass"))
    cells = [{"cell_type": "code", "source": part} for part in text.split("\n\n")]
    run(json.dumps({"nbformat": 4, "cells": cells}).encode(), "hw.ipynb")


@FEW
@given(st.lists(st.sampled_from("\n".join(CELLS).split("\n")), max_size=25))
def test_lines_in_any_order_are_no_trap(lines):
    run("\n".join(lines).encode())


@pytest.mark.parametrize(
    "source",
    [
        "x = " + "-" * 100_000 + "1",
        "x = " + "(" * 100_000,
        "x = 1" + " + 1" * 100_000,
        "x = y" + ".a" * 100_000,
        "x = " + "[" * 90 + "]" * 90,
        "x = " + "lambda: " * 3000 + "1",
        "".join(" " * depth + "if 1:\n" for depth in range(150)),
        "if x: pass\n" + "elif x: pass\n" * 3000,
        "x = " + "1" * 5000,
        "x = 'a' * 10 ** 9\ny = 2 ** 10 ** 9",
        "\n".join(f"x{i} = x{i - 1}" for i in range(3000)) + "\ndef svm_loss_naive(): return x2999",
        "\n".join(f"def f{i}(): return f{i - 1}()" for i in range(3000))
        + "\nv = f2999()\ndef svm_loss_naive(): return v",
        "a = b\nb = a\n@svm_loss_naive\ndef svm_loss_naive(): return a",
        "class A(A): pass\nsvm_loss_naive = A()",
        "from hw import *\nfrom hw import svm_loss_naive",
        "'\\d'\n1 is 1\nassert (1, 2)\ndef svm_loss_naive(): return '\\d'",
        "\f\x0b\x1c\x85\u2028def svm_loss_naive(): pass",
    ],
)
def test_sources_made_to_break_a_reader_do_not(source):
    run(source.encode())


@pytest.mark.parametrize(
    "line",
    [
        "%x",
        "x = !ls",
        "!a \\",
        "x?",
        "def f(:",
        "'''",
        "(",
        "@a",
        "print 'x'",
        "x = 1",
        "f(x)",
        "x.append(1)",
        "x += 1",
        "from a import *",
    ],
)
def test_many_hostile_lines_take_linear_time(line):
    def seconds(count):
        content = json.dumps(
            {
                "cells": [
                    {"cell_type": "code", "source": f"{line}\n" * count + "def svm_loss_naive(): return x"}
                ]
            }
        )
        started = time.perf_counter()
        run(content.encode(), "hw.ipynb")
        return time.perf_counter() - started

    small = seconds(2_000)
    assert seconds(10_000) < 15 * small + 0.5


def test_a_notebook_of_forty_thousand_statements_is_read_quickly():
    source = "\n".join(
        f"x{{0}}_{at} = {at} + N\ndef f{{0}}_{at}(a):\n    return a * x{{0}}_{at}" for at in range(10)
    )
    cells = [{"cell_type": "code", "source": "N = 1\n" + source.format(number)} for number in range(2000)]
    cells.append({"cell_type": "code", "source": "def svm_loss_naive(W):\n    return f1999_9(W)"})
    content = json.dumps({"nbformat": 4, "cells": cells}).encode()

    began = time.process_time()
    extracted = extract(Submission("s", (SourceFile("hw.ipynb", content),)), NAMES)

    assert time.process_time() - began < 60 * compile_seconds()
    assert len(extracted.functions["svm_loss_naive"].chunks) == 4


def test_nothing_is_executed_or_imported(tmp_path, monkeypatch):
    flag = tmp_path / "executed"
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "loud.py").write_text(f"open({str(flag)!r}, 'w')")
    bad = f"open({str(flag)!r}, 'w')"
    source = (
        f"import loud\nfrom loud import x\n{bad}\nx = {bad}\n@{bad}\ndef svm_loss_naive(a={bad}) -> {bad}: {bad}\n"
        f"class LinearSVM({bad}):\n    {bad}\n    y = x\nsoftmax_loss_naive = [{bad} for _ in {bad}]\n"
    )

    run(source.encode())
    run(
        json.dumps({"cells": [{"cell_type": "code", "source": f"!touch {flag}\n{source}"}]}).encode(),
        "hw.ipynb",
    )

    assert not flag.exists()
    assert "loud" not in sys.modules


def test_torch_is_not_imported_for_reading():
    program = "import sys, grader.extract, grader.intake.submission; sys.exit(any(m in sys.modules for m in ('torch', 'nbformat')))"

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_long_module_that_is_run_often_is_looked_at_once():
    files = {"long.py": "x = 1\n" * 1000, "hw.py": "%run long.py\n" * 1000 + "def svm_loss_naive(): return x"}
    sources = tuple(SourceFile(path, text.encode()) for path, text in files.items())
    began = time.process_time()

    extracted = extract(Submission("s", sources), NAMES)

    assert "svm_loss_naive" in extracted.functions
    assert time.process_time() - began < 10 * compile_seconds()


@pytest.mark.parametrize("words", ["for in ", "except ,", "raise a ", "def a(", "print "])
def test_a_comment_that_nearly_holds_python_2_is_read_in_linear_time(words):
    began = time.process_time()

    run(f"# {words * 10_000}\ndef svm_loss_naive(): return 1".encode())

    assert time.process_time() - began < 20 * compile_seconds()
