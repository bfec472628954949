"""A graded function runs when the chunks of its closure are executed in order, and nothing else is."""

import pytest

STYLES = {
    "a helper in an earlier cell": ("def helper():\n    return 42", "def target():\n    return helper()"),
    "a helper in a later cell": ("def target():\n    return helper()", "def helper():\n    return 42"),
    "a helper of a helper": ("def a(): return 42", "def b(): return a()", "def target(): return b()"),
    "a constant": ("N = 6 * 7", "def target():\n    return N"),
    "a constant made of constants": ("A = 6\nB = 7", "N = A * B", "def target():\n    return N"),
    "constants that are unpacked": ("A, (B, *C) = 40, (1, 1)", "def target():\n    return A + B + C[0]"),
    "an import": ("import math\nimport os, sys", "def target():\n    return int(math.sqrt(1764))"),
    "an import of one name": ("from math import sqrt as root", "def target():\n    return int(root(1764))"),
    "a submodule import": ("import os.path", "def target():\n    return len(os.path.join('a' * 40, 'b'))"),
    "an import within the function": ("def target():\n    import math\n    return int(math.sqrt(1764))",),
    "a default argument": ("N = 42", "def target(n=N):\n    return n"),
    "a decorator": (
        "import functools\ndef twice(f):\n    @functools.wraps(f)\n    def inner():\n        return 2 * f()\n    return inner",
        "@twice\ndef target():\n    return 21",
    ),
    "a decorator that is called": (
        "def times(n):\n    return lambda f: lambda: n * f()",
        "@times(2)\ndef target():\n    return 21",
    ),
    "a lambda": ("half = lambda x: x / 2", "target = lambda: int(half(84))"),
    "functools.partial": (
        "from functools import partial\ndef scale(k, x):\n    return k * x",
        "target = partial(scale, 2, 21)",
    ),
    "an alias": ("def helper():\n    return 42", "target = helper"),
    "a function wrapped again": (
        "def plus(f):\n    return lambda: f() + 1",
        "def target():\n    return 41",
        "target = plus(target)",
    ),
    "a base class": (
        "class Base:\n    def answer(self):\n        return self.N",
        "class Child(Base):\n    N = 42\ndef target():\n    return Child().answer()",
    ),
    "a class attribute from a constant": ("N = 42\nclass C:\n    n = N", "def target():\n    return C.n"),
    "an attribute set on a class later": (
        "class C:\n    n = 1\ndef target():\n    return C.n()",
        "def g():\n    return 42\nC.n = g",
    ),
    "an attribute set on the function": ("def target():\n    return target.n", "target.n = 42"),
    "a dictionary filled later": ("C = {}\nC['n'] = 42", "def target():\n    return C['n']"),
    "a list appended to": ("C = [40]\nC.append(2)", "def target():\n    return sum(C)"),
    "a list filled by a loop": (
        "C = []\nfor i in range(7):\n    C.append(2 * i)",
        "def target():\n    return sum(C)",
    ),
    "augmented assignment": ("n = 40\nn += 1\nn += 1", "def target():\n    return n"),
    "a comprehension": ("N = 3\nC = [i * N for i in range(8)]", "def target():\n    return sum(C) // 2"),
    "a comprehension that calls a helper": (
        "def double(i):\n    return 2 * i\nC = {i: double(i) for i in range(7)}",
        "def target():\n    return sum(C.values())",
    ),
    "a walrus": ("if (n := 42) > 1:\n    pass", "def target():\n    return n"),
    "a walrus in a comprehension": ("_ = [last := i for i in range(43)]", "def target():\n    return last"),
    "a match statement": (
        "import math\nmatch math.floor(2.5):\n    case 2:\n        n = 42\n    case _:\n        n = 0",
        "def target():\n    return n",
    ),
    "a captured pattern": ("match [42, 1]:\n    case [n, *_]:\n        pass", "def target():\n    return n"),
    "try and except imports": (
        "try:\n    from no_such_module import root\nexcept ImportError:\n    from math import sqrt as root",
        "def target():\n    return int(root(1764))",
    ),
    "a conditional": ("n = 1\nif n == 1:\n    n = 42", "def target():\n    return n"),
    "a function in a conditional": ("if True:\n    def target():\n        return 42",),
    "a with block": (
        "import contextlib\nwith contextlib.suppress(KeyError):\n    n = 42",
        "def target():\n    return n",
    ),
    "a global statement": (
        "n = 41\ndef bump():\n    global n\n    n += 1",
        "def target():\n    bump()\n    return n",
    ),
    "nested functions": (
        "def target():\n    def inner():\n        return N\n    return inner()",
        "N = 42",
    ),
    "a later definition wins": ("def target():\n    return 1", "def target():\n    return 42"),
    "a name read at once has its value of that time": (
        "n = 41\nm = n + 1\nn = 0",
        "def target():\n    return m + n",
    ),
    "a helper called at once sees what stood before": (
        "n = 42\ndef f():\n    return n\nm = f()\nn = 0",
        "def target():\n    return m + n",
    ),
    "cells in another order than they were run": (
        "m = f() + 1",
        "def f():\n    return k",
        "k = 41",
        "def target():\n    return m",
    ),
    "annotations of names that are nowhere": (
        "def target(a: Nowhere = 1) -> Missing.Too:\n    b: Gone = 42\n    return b",
    ),
    "a dataclass": (
        "from dataclasses import dataclass\n@dataclass\nclass P:\n    n: int = 42",
        "def target():\n    return P().n",
    ),
    "a metaclass and keywords": (
        "class M(type):\n    def __new__(cls, name, bases, ns, n):\n        ns['n'] = n\n        return super().__new__(cls, name, bases, ns)\n    def __init__(cls, name, bases, ns, n):\n        super().__init__(name, bases, ns)",
        "class C(metaclass=M, n=42):\n    pass\ndef target():\n    return C.n",
    ),
    "two statements in a line": ("a = 40; b = 2", "def target(): return a + b"),
    "characters outside ASCII before a semicolon": ("é = 'ü'; n = 42", "def target():\n    return n"),
    "a generator": ("def gen():\n    yield from range(43)", "def target():\n    return max(gen())"),
    "a star import of an installed module": (
        "from math import *",
        "def target():\n    return int(sqrt(1764))",
    ),
    "a future import": ("from __future__ import print_function, division", "def target():\n    return 42"),
    "magics and prints around it": (
        "%matplotlib inline\n!pip install x\nimport math\nprint(math.pi)",
        "%%time\nN = 42\nprint(N)",
        "def target():\n    return N",
    ),
}


@pytest.mark.parametrize("style", STYLES)
def test_the_closure_of_a_function_executes_and_gives_its_answer(call, style):
    assert call(*STYLES[style]) == 42


def test_only_what_is_needed_is_in_the_closure(extract_cells):
    extracted = extract_cells(
        "target", "import math\nUNUSED = 1\ndef unused(): pass", "N = 2\ndef target():\n    return N"
    )

    assert [chunk.source for chunk in extracted.chunks] == ["N = 2", "def target():\n    return N"]
    assert extracted.functions["target"].chunks == (0, 1)


def test_a_setting_is_included_with_its_module(extract_cells):
    extracted = extract_cells(
        "with_torch without",
        "import torch\ntorch.set_default_dtype(torch.float64)",
        "def with_torch():\n    return torch.ones(1)\ndef without():\n    return 1",
    )

    assert [chunk.source for chunk in extracted.chunks][:2] == [
        "import torch",
        "torch.set_default_dtype(torch.float64)",
    ]
    assert len(extracted.functions["with_torch"].chunks) == 3
    assert len(extracted.functions["without"].chunks) == 1


def test_functions_that_share_a_rebound_name_are_loaded_together(extract_cells):
    extracted = extract_cells(
        "late early", "n = 1", "m = n", "n = 2", "def late(): return n", "def early(): return m"
    )

    assert extracted.functions["late"].chunks == extracted.functions["early"].chunks == (0, 1, 2, 3, 4)


def test_lines_and_cells_stay_the_students_own(extract_cells):
    extracted = extract_cells(
        "target",
        "# comment\n\n%time x\nN = 1",
        "\n\n@decorate\ndef target():\n    return N",
        "def decorate(f):\n    return f",
    )

    places = {chunk.binds: (chunk.location.cell, chunk.location.line) for chunk in extracted.chunks}
    assert places == {("N",): (1, 4), ("decorate",): (3, 1), ("target",): (2, 3)}
    assert str(extracted.functions["target"].location) == "hw.ipynb, cell 2, line 3"


def test_a_decorator_that_stands_below_is_executed_first(extract_cells):
    extracted = extract_cells("target", "@decorate\ndef target(): pass", "def decorate(f): return f")

    assert [chunk.binds for chunk in extracted.chunks] == [("decorate",), ("target",)]


def test_cuda_is_seen_in_code_and_strings_but_not_in_comments_and_docstrings(extract_cells):
    extracted = extract_cells(
        "method text helper comment docstring",
        "def method(x): return x.cuda()",
        "def text(x): return x.to('cuda:0')",
        "DEVICE = 'cuda'\ndef helper(x): return x.to(DEVICE)",
        "def comment(x):\n    # x.cuda()\n    return x",
        "def docstring(x):\n    '''x on cuda'''\n    return x",
    )

    seen = {name for name, function in extracted.functions.items() if function.mentions_cuda}
    assert seen == {"method", "text", "helper"}


def test_a_name_that_only_an_annotation_needs_is_left_alone(extract_cells):
    extracted = extract_cells(
        "target", "import typing\nT = int", "def target(a: T, b: typing.Any) -> T:\n    return a"
    )

    assert len(extracted.chunks) == 1


def test_missing_modules_are_stubbed(extract_cells):
    extracted = extract_cells(
        "target",
        "import torch, coutils\nfrom google.colab import drive\nimport matplotlib.pyplot as plt\nimport no_such_module_xyz",
        "def target():\n    from tqdm import tqdm\n    import json\n    return coutils, plt, no_such_module_xyz, torch",
    )

    assert extracted.stubs == ("coutils", "matplotlib", "no_such_module_xyz", "tqdm")
    assert extracted.functions["target"].stubs == extracted.stubs


def test_the_source_is_the_definition_and_not_what_wraps_or_changes_it(extract_cells):
    extracted = extract_cells(
        "target C",
        "def plus(f): return f",
        "def target(): return 1",
        "target = plus(target)\ntarget.n = 1",
        "class C: pass",
        "C.loss = plus",
    )

    assert extracted.functions["target"].source == "def target(): return 1"
    assert extracted.functions["C"].source == "class C: pass"
    assert [chunk.source for chunk in extracted.chunks][-1] == "C.loss = plus"


def test_a_name_that_is_only_looked_up_in_globals_is_needed(extract_cells, load):
    extracted = extract_cells(
        "f",
        "LIMIT = 3\nTABLE = {'a': 4}\nOTHER = 5",
        "def g():\n    return 6",
        "def f():\n    return globals()['LIMIT'] + globals().get('TABLE')['a'] + globals()['g']()",
    )

    assert load(extracted, "f")() == 13
    assert not any("OTHER" in chunk.source for chunk in extracted.chunks)


def test_a_name_that_is_looked_up_in_globals_at_top_level_stands_before(extract_cells, load):
    extracted = extract_cells(
        "f", "LIMIT = 3", "TWICE = 2 * globals()['LIMIT']", "def f():\n    return TWICE"
    )

    assert load(extracted, "f")() == 6
