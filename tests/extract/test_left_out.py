"""Top-level statements that are not executed, and the reasons."""

import pytest


def reasons(extracted):
    return {item.summary: item.reason for item in extracted.left_out}


TARGET = "def target(W):\n    return W"


@pytest.mark.parametrize(
    "line,reason",
    [
        ("%matplotlib inline", "an IPython magic"),
        ("!pip install torch", "a shell command"),
        ("files = !ls", "the output of a shell command"),
        ("t = %timeit -o pass", "the output of an IPython magic"),
        ("torch.sum?", "a request for help"),
        ("?torch", "a request for help"),
        ("get_ipython().system('ls')", "it calls get_ipython"),
        ("print(1)", "an expression that no graded function needs"),
        ("target(1)", "training or evaluation at top level: it calls target"),
        ("loss = target(1)", "training or evaluation at top level: it calls target"),
        ("W = torch.load('w.pt')", "it loads or saves data: it calls torch.load"),
        ("X = np.loadtxt('x.txt')", "it loads or saves data: it calls numpy.loadtxt"),
        ("text = open('x.txt').read()", "it calls open"),
        ("names = os.listdir('.')", "it accesses the system: it calls os.listdir"),
        ("time.sleep(9)", "it waits: it calls time.sleep"),
        (
            "data = coutils.data.cifar10()",
            "it calls coutils.data.cifar10, which is not available during grading",
        ),
        ("data = helper()", "through helper: it calls open"),
        ("for i in range(3): print(i)", "a loop that no graded function needs"),
        ("if torch.cuda.is_available(): print(1)", "it defines nothing that a graded function needs"),
    ],
)
def test_a_statement_that_is_left_out_is_named_with_its_reason(extract_cells, line, reason):
    extracted = extract_cells(
        "target",
        "import torch, os, time, coutils\nimport numpy as np\ndef helper(): return open('x')",
        TARGET,
        line,
    )

    assert reasons(extracted) == {line: reason}
    assert [chunk.source for chunk in extracted.chunks] == [TARGET]


@pytest.mark.parametrize(
    "line", ["'a docstring'", "x = 1", "y = helper(2)", "import os", "def other(): pass", "pass"]
)
def test_a_harmless_statement_that_nothing_needs_is_not_named(extract_cells, line):
    extracted = extract_cells("target", "def helper(x): return x", TARGET, line)

    assert reasons(extracted) == {}


def test_what_a_function_lacks_is_named_in_it(extract_cells):
    extracted = extract_cells(
        "target", "data = open('x')\nn = len(data)", "def target():\n    return n + data"
    )

    lacks = extracted.functions["target"].lacks
    assert [(item.binds, item.reason) for item in lacks] == [
        (("data",), "it calls open"),
        (("n",), "it needs `data`, which is left out"),
    ]


def test_an_earlier_value_serves_where_the_later_one_is_left_out(extract_cells, load):
    extracted = extract_cells("target", "n = 42", "n = int(open('x').read())", "def target():\n    return n")

    assert load(extracted, "target")() == 42
    assert [item.reason for item in extracted.functions["target"].lacks] == ["it calls open"]


def test_a_value_made_by_training_is_lacking(extract_cells):
    extracted = extract_cells(
        "LinearSVM target", "class LinearSVM: pass", "svm = LinearSVM()", "def target(): return svm"
    )

    (lacking,) = extracted.functions["target"].lacks
    assert lacking.reason == "training or evaluation at top level: it calls LinearSVM"
    assert str(lacking.location) == "hw.ipynb, cell 2, line 1"


def test_a_function_is_extracted_whatever_its_decorator_does(extract_cells):
    extracted = extract_cells(
        "target other third",
        "from numba import njit, jit\ndef log(f):\n    open('log')\n    return f",
        "@njit\ndef target(): pass",
        "@jit(nopython=True)\ndef other(): pass",
        "@log\ndef third(): pass",
    )

    assert extracted.missing == {}
    assert extracted.functions["target"].stubs == ("numba",)
    assert [str(extracted.functions[name].location) for name in ("target", "other", "third")] == [
        "hw.ipynb, cell 2, line 1",
        "hw.ipynb, cell 3, line 1",
        "hw.ipynb, cell 4, line 1",
    ]


def test_a_summary_is_capped(extract_cells):
    (item,) = extract_cells("target", TARGET, f"print({'1' * 200})").left_out

    assert len(item.summary) == 80
    assert item.summary.endswith("…")


@pytest.mark.parametrize("magic", ["bash", "html", "writefile x.txt", "javascript"])
def test_a_cell_of_another_language_is_left_out_as_a_whole(extract_cells, magic):
    extracted = extract_cells("target", f"%%{magic}\ndef target(): pass")

    name = magic.split()[0]
    assert extracted.missing == {
        "target": f"target (hw.ipynb, cell 1, line 1) is not run: it is part of a %%{name} cell"
    }


@pytest.mark.parametrize("magic", ["time", "timeit -n 1", "capture out", "prun"])
def test_the_body_of_a_timing_magic_is_python(extract_cells, magic):
    extracted = extract_cells("target", f"%%{magic}\ndef target(): pass")

    assert list(extracted.functions) == ["target"]


def test_a_percent_sign_that_goes_on_with_an_expression_is_no_magic(extract_cells):
    extracted = extract_cells(
        "target", "%matplotlib inline\ndef target():\n    return (7\n%t\n)\n'''\n!not a command\n'''"
    )

    assert extracted.functions["target"].source == "def target():\n    return (7\n%t\n)"
    assert reasons(extracted) == {"%matplotlib inline": "an IPython magic"}


def test_a_shell_command_runs_over_its_continuation_lines(extract_cells):
    extracted = extract_cells("target", "!pip install \\\n  torch \\\n  numpy\n" + TARGET)

    assert reasons(extracted) == {"!pip install \\": "a shell command"}
    assert extracted.functions["target"].location.line == 4


def test_a_magic_inside_a_block_leaves_the_block_whole(extract_cells, load):
    extracted = extract_cells(
        "target", "n = 42\nif n == 1:\n    !pip install x\n    %cd y\ndef target():\n    return n"
    )

    assert load(extracted, "target")() == 42


def test_magics_in_a_module_are_left_out_too(extract_files):
    extracted = extract_files({"hw.py": "!pip install x\n" + TARGET}, "target")

    assert reasons(extracted) == {"!pip install x": "a shell command"}
    assert extracted.functions["target"].location.line == 2


def test_a_cell_that_is_indented_as_a_whole_is_read_as_ipython_does(extract_cells):
    extracted = extract_cells("target", "    def target():\n        return 1")

    assert extracted.functions["target"].source == "def target():\n    return 1"


@pytest.mark.parametrize(
    "head, call",
    [
        ("from own import harmless, trains", "trains()"),
        ("from own import harmless as trains, trains as t", "t()"),
        ("import other, own as o", "o.trains()"),
    ],
)
def test_only_the_called_name_of_an_import_matters(extract_files, head, call):
    own = "import torch\n\ndef harmless():\n    return 1\n\ndef trains():\n    return torch.load('data.pt')\n"
    text = f"{head}\nBEST = {call}\nSAFE = {call.replace('trains', 'harmless').replace('t()', 'trains()')}\n"
    files = {"own.py": own, "other.py": "trains = 1\n"}

    extracted = extract_files({**files, "hw.py": text + "\ndef f():\n    return BEST, SAFE\n"}, "f")

    assert [each.summary for each in extracted.functions["f"].lacks] == [f"BEST = {call}"]
