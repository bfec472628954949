"""The branch that runs stands in the place of a decided `if`, `try` or `with`, each statement on its own line."""

import pytest

from tests.extract.conftest import notebook_bytes


def chunks(extracted):
    return [(chunk.location.line, chunk.source) for chunk in extracted.chunks]


def left_out(extracted):
    return [(item.location.line, item.summary, item.reason) for item in extracted.left_out]


def test_a_function_in_a_guard_is_found_at_its_own_line(extract_cells):
    cell = "import sys\nif 'google.colab' in sys.modules:\n    !ls\nelse:\n\n    def target(x):\n        return x"
    extracted = extract_cells("target", cell)

    assert str(extracted.functions["target"].location) == "hw.ipynb, cell 1, line 6"
    assert extracted.functions["target"].source == "def target(x):\n    return x"
    assert chunks(extracted) == [(6, "def target(x):\n    return x")]


def test_statements_of_nested_branches_keep_their_lines_and_texts(extract_cells):
    cell = """if True:
    if not False:
        TEXT = '''
          kept
    too'''
        A = (1 +
2)
        @staticmethod
        def target(): return TEXT, A, B, C
        B = 1; C = 2  # both
    else: A = 0
"""
    extracted = extract_cells("target", cell)

    assert chunks(extracted) == [
        (3, "TEXT = '''\n          kept\n    too'''"),
        (6, "A = (1 +\n2)"),
        (8, "@staticmethod\ndef target(): return TEXT, A, B, C"),
        (10, "B = 1"),
        (10, "C = 2"),
    ]


def test_an_undecided_elif_begins_the_statement_that_is_left(extract_cells):
    cell = (
        "import torch\nif False:\n    N = 1\nelif torch.ones(1).any():\n    N = 2\nelse:\n    N = 3\n"
        "def target():\n    return N"
    )
    extracted = extract_cells("target", cell)

    assert chunks(extracted)[1] == (4, "if torch.ones(1).any():\n    N = 2\nelse:\n    N = 3")


def test_the_branch_that_does_not_run_is_named_with_its_test(extract_cells):
    cell = (
        "import sys\nCOLAB = 'google.colab' in sys.modules\nif COLAB:\n    from google.colab import drive\n"
        "    drive.mount('/x')\n    N = 2\nelse:\n    N = 1\ndef target():\n    return N"
    )
    extracted = extract_cells("target", cell)

    assert left_out(extracted) == [(3, "if COLAB:", "it runs only where `COLAB` is true")]
    assert extracted.functions["target"].lacks == ()
    assert extracted.functions["target"].stubs == ()


def test_a_name_of_the_other_branch_alone_is_lacking(extract_cells):
    extracted = extract_cells("target", "if __name__ != '__main__':\n    N = 2\ndef target():\n    return N")

    (lacking,) = extracted.functions["target"].lacks
    assert lacking.binds == ("N",)
    assert lacking.explanation == (
        "hw.ipynb, cell 1, line 1 is not run: it runs only when the file is run as a script"
    )


def test_what_follows_a_missing_module_in_its_try_is_named(extract_cells):
    cell = (
        "try:\n    import math\n    import google.colab\n    COLAB = True\n    ROOT = '/content'\nexcept ImportError:\n"
        "    COLAB = False\ndef target():\n    return COLAB, math"
    )
    extracted = extract_cells("target", cell)

    assert chunks(extracted) == [
        (2, "import math"),
        (7, "COLAB = False"),
        (8, "def target():\n    return COLAB, math"),
    ]
    assert left_out(extracted) == [
        (
            3,
            "import google.colab",
            "it comes after the import of google.colab, which is not available during grading",
        )
    ]


def test_training_under_main_is_left_out_line_by_line(extract_cells):
    cell = "if __name__ == '__main__':\n    N = 1\n    loss = target()\n    print(loss)\n\ndef target():\n    return N"
    extracted = extract_cells("target", cell)

    assert left_out(extracted) == [
        (3, "loss = target()", "training or evaluation at top level: it calls target"),
        (4, "print(loss)", "an expression that no graded function needs"),
    ]
    assert extracted.functions["target"].lacks == ()


def test_a_module_is_not_run_as_main(extract_files):
    text = "def target():\n    return N\n\nif __name__ == '__main__':\n    N = 1\n    print(target())\n"
    extracted = extract_files({"hw.py": text}, "target")

    assert left_out(extracted) == [
        (4, "if __name__ == '__main__':", "it runs only when the file is run as a script")
    ]
    assert [item.binds for item in extracted.functions["target"].lacks] == [("N",)]


@pytest.mark.parametrize(
    "cell, line",
    [
        ("import torch\nif torch.ones(1).any():\n    X = torch.load('x')\n    N = 1", 3),
        ("import os\nfor name in 'ab':\n    if name:\n        os.makedirs(name)\n    N = 1", 4),
        ("import torch, os\nwith torch.no_grad():\n    os.chdir(\n      'x'); N = 1", 3),
        ("import torch\nwhile torch.ones(1).any():\n    é = open('ü'); N = 1\n    break", 3),
    ],
)
def test_a_harmful_line_is_taken_out_of_a_statement_that_a_function_needs(extract_cells, cell, line):
    extracted = extract_cells("target", cell, "def target():\n    return N")

    assert extracted.functions["target"].lacks == ()
    assert [item.location.line for item in extracted.left_out] == [line]
    whole = next(chunk.source for chunk in extracted.chunks if "N" in chunk.binds)
    assert "pass" in whole


def test_what_a_line_taken_out_would_bind_is_lacking(extract_cells):
    cell = "import torch\nif torch.ones(1).any():\n    X = torch.load('x.pt')\n    M = X + 1\n    N = 1"
    extracted = extract_cells("target", cell, "def target():\n    return M, N")

    (lacking,) = extracted.functions["target"].lacks
    assert (lacking.binds, lacking.reason) == (("M",), "it needs `X`, which is left out")


def test_a_statement_whose_head_is_harmful_is_left_out_as_a_whole(extract_cells):
    extracted = extract_cells("target", "with open('x') as file:\n    N = 1", "def target():\n    return N")

    (lacking,) = extracted.functions["target"].lacks
    assert (lacking.binds, lacking.reason) == (("file", "N"), "it calls open")


def test_a_test_that_the_students_own_python_would_refuse_is_left_to_it(extract_cells):
    for test in ("sys.version_info < 3", "'a'.split('')", "(1, 2)['a':]", "os.path.join(1)", "int('x')"):
        extracted = extract_cells(
            "target", f"import os, sys\nif {test}:\n    N = 1\ndef target():\n    return N"
        )

        assert any(f"if {test}:" in chunk.source for chunk in extracted.chunks)


def test_a_class_of_flags_and_tests_is_read_in_bounded_time(extract_files):
    nested = "".join(" " * depth + "if 1:\n" for depth in range(90)) + " " * 90 + "N = 1\n"
    chain = "if x: open('y')\n" + "elif x: open('x')\n" * 900 + "else: N = 1\n"
    functions = "def g0(): return 1\n" + "".join(
        f"def g{i}(): return g{i - 1}() and g{i - 1}()\n" for i in range(1, 60)
    )
    cells = (nested * 20, chain, f"{functions}if g59(): N = 1\n", "def target():\n    return N")

    extracted = extract_files({"hw.ipynb": notebook_bytes(*cells)}, "target")

    assert list(extracted.functions) == ["target"]


ONLY_IN_COLAB = (
    "import sys\nif 'google.colab' in sys.modules:\n    from google.colab import drive\n    drive.mount('/x')\n    N = 2",
    "import os\nHOSTED = bool(os.getenv('KAGGLE_KERNEL_RUN_TYPE'))\nif HOSTED:\n    !ls\n    N = 2",
    "try:\n    import google.colab\n    COLAB = True\nexcept ImportError:\n    COLAB = False\nif COLAB:\n    N = 2",
    "try:\n    from google.colab import drive\n    drive.mount('/x')\n    N = 2\nexcept Exception as error:\n    print(error)",
    "def hosted():\n    try:\n        import google.colab\n        return True\n    except ImportError: return False\nif hosted():\n    N = 2",
    "from pathlib import Path\nif Path('/content').exists():\n    if True:\n        N = 2",
)


@pytest.mark.parametrize("guard", ONLY_IN_COLAB)
def test_a_name_that_only_the_branch_for_another_place_binds_is_kept(extract_cells, guard):
    extracted = extract_cells("target", guard, "def target():\n    return N")

    assert extracted.functions["target"].lacks == ()
    assert any("N = 2" in chunk.source for chunk in extracted.chunks)
    assert not any("drive.mount" in chunk.source for chunk in extracted.chunks)


@pytest.mark.parametrize("test", ["DEBUG", "False", "__name__ != '__main__'"])
def test_a_branch_that_runs_nowhere_gives_no_names(extract_cells, test):
    extracted = extract_cells(
        "target", f"DEBUG = False\nif {test}:\n    N = 2", "def target():\n    return N"
    )

    assert [item.binds for item in extracted.functions["target"].lacks] == [("N",)]


@pytest.mark.parametrize(
    "head",
    [
        "with io.capture_output() as captured:\n    !ls",
        "with contextlib.redirect_stdout(open(os.devnull, 'w')):",
    ],
)
def test_a_block_that_only_hides_output_is_run_without_its_head(extract_cells, head):
    cell = f"import contextlib, os\nfrom IPython.utils import io\n{head}\n    N = 2"
    extracted = extract_cells("target", cell, "def target():\n    return N")

    assert extracted.functions["target"].lacks == ()
    assert [chunk.source for chunk in extracted.chunks] == ["N = 2", "def target():\n    return N"]


@pytest.mark.parametrize("host", ["socket.gethostname()", "platform.node()", "os.uname().nodename"])
def test_a_test_of_the_machine_s_name_is_decided(extract_cells, host):
    cell = f"import os, platform, socket\nif {host} == 'gpu1':\n    N = 1\nelse:\n    N = 2"
    extracted = extract_cells("target", cell, "def target():\n    return N")

    assert [chunk.source for chunk in extracted.chunks] == ["N = 2", "def target():\n    return N"]
