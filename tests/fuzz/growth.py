"""Short programs that take long to read: any work done more than once per line shows here."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tests.fuzz.mutation import count

_END = "\ndef svm_loss_naive(W, X, y, reg):\n    return {}\n"


def growing_text(rng: Random) -> str:
    """One pattern repeated often; one text in a hundred has up to a hundred thousand lines."""
    greatest = 100_000 if rng.random() < 0.01 else 600
    return rng.choice(_PATTERNS)(count(rng, greatest))[:480_000]


def _lines(line: str, value: str = "x") -> Callable[[int], str]:
    return lambda times: (line + "\n") * times + _END.format(value)


def _numbered(line: str, value: str) -> Callable[[int], str]:
    def build(times: int) -> str:
        return "".join(line.format(i=i, j=i + 1) + "\n" for i in range(times)) + _END.format(
            value.format(i=times - 1)
        )

    return build


def nested_finally(depth: int) -> str:
    """`finally` in `finally`."""
    levels = range(1, min(depth, 90) + 1)
    opened = "".join(" " * level + "try: pass\n" + " " * level + "finally:\n" for level in levels)
    return "def svm_loss_naive(W):\n" + opened + " " * (len(levels) + 1) + "a = 1\n"


def returns_before_finally(times: int) -> str:
    """Many ways out of one `try`, and a long block under its `finally`."""
    return (
        "def svm_loss_naive(W):\n  try:\n"
        + "    if W: return\n" * times
        + "  finally:\n"
        + "    a = 1\n" * times
    )


def scopes_and_names(times: int) -> str:
    """Many lambdas in a function of many names."""
    return "def svm_loss_naive(W):\n" + "".join(f"  a{i}=0\n" for i in range(times)) + "  lambda:0\n" * times


def aliases_and_calls(times: int) -> str:
    """One import of many names, and a helper that calls them all."""
    names = ",".join(f"a{i}" for i in range(times))
    calls = "".join(f"  a{i}()\n" for i in range(times))
    return f"from math import {names}\ndef helper():\n{calls}\nx = helper()\n" + _END.format("x")


def stars_and_names(times: int) -> str:
    """Many star imports, and a function of many names."""
    stars = "".join(f"from math{i % 50} import *\n" for i in range(times))
    return stars + "def svm_loss_naive(W):\n" + "".join(f"  a{i}\n" for i in range(times))


def chained_settings(times: int) -> str:
    """Settings each of which needs the module of the next."""
    lines = (f"import torch as t{i}\nt{i}.set_default_dtype(t{i + 1}.float)\n" for i in range(times))
    return "".join(lines) + f"import torch as t{times}\n" + _END.format("t0.zeros(3)")


def nested_functions(depth: int) -> str:
    depth = min(depth, 95)
    return (
        "".join(" " * level + f"def svm_loss_naive(W{level}):\n" for level in range(depth))
        + " " * depth
        + "return W0\n"
    )


def elif_chain(times: int) -> str:
    return "if x: y = 1\n" + "elif x: y = 2\n" * times + _END.format("y")


def dotted_import(parts: int) -> str:
    return "import " + "a." * parts + "a as b\nx = b.c()\n" + _END.format("x")


_PATTERNS: tuple[Callable[[int], str], ...] = (
    *(nested_finally, returns_before_finally, scopes_and_names, aliases_and_calls, stars_and_names, chained_settings),
    *(nested_functions, elif_chain, dotted_import),
    *(_lines(line) for line in ("x = 1", "x += x", "x[0] = x", "x.append(x)", "x?", "!x", "%x", "x = !x \\", "'''", "(", "def f(:")),
    *(_lines(line) for line in ("from m0 import *", "import x", "@x", "print x", "if x: x = 1", "# x", "", "global x", "x; x; x")),
    *(_lines(line) for line in ("def svm_loss_naive(W): pass", "for x in x: x", "del x", "x: x = x", "class x(x): x = x", "\\")),
    _numbered("x{j} = x{i}", "x{i}"),
    _numbered("def f{j}(): return f{i}()", "f{i}()"),
    _numbered("f{i} = lambda: f{j}()", "f0()"),
    _numbered("class C{j}(C{i}): pass", "C{i}"),
    _numbered("import m{i} as x{i}", "x{i}.a"),
    _numbered("if x{i}: x{j} = 1", "x{i}"),
    lambda times: "x = 1;" * times + _END.format("x"),
    lambda times: "é = 'ü'; " * times + _END.format("é"),
    lambda times: "x = " + "1 + " * times + "1\n" + _END.format("x"),
    lambda times: "x = [" + "'a', " * times + "]\n" + _END.format("x"),
    lambda times: "x = y" + ".a" * times + _END.format("x"),
    lambda times: "x = y" + "(1)" * times + _END.format("x"),
    lambda times: "x = " + "'a' " * times + _END.format("x"),
    lambda times: "x = '" + "a\\" * times + "\n" + _END.format("x"),
    lambda times: "def f(" + ", ".join(f"a{i}={i}" for i in range(times)) + "): pass\n" + _END.format("f"),
    lambda times: "svm_loss_naive = " + "lambda: " * times + "1\n",
    lambda times: "x = '''" + "\n\\" * times + "\n" + _END.format("x"),
    lambda times: "x = f'{" + "a" * times + "}'" + "\n" + _END.format("x"),
    lambda times: "from " + "." * times + " import svm_loss_naive\n",
    lambda times: "x = " + "9" * times + "\ny = 0x" + "f" * times + "\n" + _END.format("x"),
)  # fmt: skip
