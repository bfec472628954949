"""Python that parses, from a grammar over a few names, so the names refer to one another in every way."""

from __future__ import annotations

import sys
from collections.abc import Callable
from random import Random

from tests.fuzz import corpus
from tests.fuzz.mutation import count

_NAMES = (
    *("a", "b", "c", "F", "nn", "torch", "self", "W", "X", "y", "grad", "backward", "eval", "cross_entropy"),
    *("svm_loss_naive", "svm_loss_vectorized", "softmax_loss_naive", "LinearSVM", "Softmax", "getattr"),
    *("globals", "vars", "setattr", "sys", "m0", "own", "__dict__", "requires_grad", "functional", "super"),
)
_MODULES = (
    *("torch", "torch.nn", "torch.nn.functional", "torch.autograd", "functools", "sys", "builtins", "hw"),
    *("m0", "m1", "own", "pkg.m0", ".", ".m0", "..", ".hw", "sklearn.svm", "scipy.optimize", "importlib"),
)
_OPERATORS = ("+", "@", "and", "or", "is", "in", "if a else", "**", ",", "==", "not in")

_VALUES: tuple[str, ...] = (
    *("N", "N", "N", "N", "V.N", "V.N", "V.N.N.N", "V(V)", "V(V, N=V)", "V[V]", "V['N']", "(N := V)"),
    *("(V O V)", "(V if V else V)", "[V for N in V if V]", "{V: V for N in V}", "{N for N in N for N in V}"),
    *("(lambda N=V, *c, b=V: V)", "(lambda: V)", "f'{N!r:>{N}}'", "getattr(V, 'N')", "getattr(N, 'cross_' + 'entropy')"),
    *("(V, N)", "[V, *V]", "{**V, 'N': V}", "1", "'N' + 'N'", "True", "None", "__import__('M')", "sys.modules['M']"),
    *("globals()['N']", "vars(V)[V]", "functools.partial(V, V)", "(yield)", "-V", "not V", "V[V:V, ...]", "super().N"),
)  # fmt: skip
_SIMPLE: tuple[str, ...] = (
    *("N = V", "N = N = V", "N, N = V, V", "[N, *N] = V", "N.N = V", "N[V] = V", "N += V", "N: V = V", "N: V"),
    *("N = N.N", "N = N(V)", "del N", "global N", "nonlocal N", "import D as N", "import D", "from M import N"),
    *("from M import N as N, N", "from M import *", "return V", "raise V", "assert V, V", "pass", "V", "break", "'N'"),
    *("N = N or N or N", "(N := V)", "N.requires_grad = True", "N.N.N = V", "setattr(N, 'N', V)", "continue"),
)  # fmt: skip
_HEADS: tuple[str, ...] = (
    *("if V", "if False", "while V", "for N in V", "for N, N.N in V", "with V as N", "with V as (N, N), V", "class N(V)"),
    *("class N", "def N(N=V, *, c=V)", "def N(W, X, y, reg, debug=False)", "def N(self)", "async def N(a, /, b: V) -> V"),
    *("@V\ndef N(W, X, y, reg)", "@N\n@N.N(V)\nclass N(V, metaclass=V)", "def N(*a, **c)", "if __name__ == '__main__'"),
    *("try", "match V", "class N:\n def __init__(self, N=V)"),
    *(("def N[T: V](a: T) -> T", "class N[T, *c](V)") if sys.version_info >= (3, 12) else ()),
)  # fmt: skip
_CASES = (
    "[N, *N]",
    "{'k': N, **N}",
    "N.N(N=N) as N",
    "N.N | None",
    "(1 | 2) as N",
    "[] if V",
    "_ if (N := V)",
)


def grammar_text(rng: Random) -> str:
    """A module: imports, statements of every kind, and some of the graded functions."""
    lines = [
        _filled(rng, rng.choice(("import D as N", "from M import N", "from M import *"))) for _ in range(3)
    ]
    for _ in range(count(rng, 8)):
        lines += _compiled(lambda: _statement(rng, rng.choice((1, 1, 2, 3))))
    for name in rng.sample(corpus.names(), count(rng, 3)):
        lines += _compiled(lambda name=name: _graded(rng, name))  # type: ignore[misc]
    return "\n".join(lines) + "\n"


def _graded(rng: Random, name: str) -> list[str]:
    if name[0].isupper():
        return [f"class {name}:", *_block(rng, 3, count(rng, 8))]
    first = [f" global {rng.choice(_NAMES)}"] if rng.random() < 0.2 else []
    return [f"def {name}(W, X, y, reg):", *first, *_block(rng, 3, count(rng, 8))]


def _compiled(make: Callable[[], list[str]]) -> list[str]:
    """The first of a few texts that compiles; the last if none does."""
    lines: list[str] = []
    for _ in range(6):
        lines = make()
        try:
            compile("\n".join(lines), "", "exec", dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        break
    return lines


def _statement(rng: Random, depth: int) -> list[str]:
    if depth == 0 or rng.random() < 0.6:
        wrapped = _compiled(lambda: ["def f():", " while a:", f"  {_filled(rng, rng.choice(_SIMPLE))}"])
        return [wrapped[2].strip()]
    *before, head = _filled(rng, rng.choice(_HEADS)).split("\n")
    if head == "try":
        return [
            *("try:", *_block(rng, depth), f"except V as {rng.choice(_NAMES)}:".replace("V", "a"), *_block(rng, depth)),
            *("else:", *_block(rng, depth), "finally:", *_block(rng, depth)),
        ]  # fmt: skip
    if head.startswith("match"):
        cases = [_filled(rng, rng.choice(_CASES)) for _ in range(2)]
        return [
            f"{head}:",
            *(line for case in cases for line in (f" case {case}:", *_block(rng, depth, 2, "  "))),
        ]
    indent = " " * (1 + (len(head) - len(head.lstrip())))
    otherwise = ["else:", *_block(rng, depth)] if head.startswith(("if", "while", "for")) else []
    return [*before, f"{head}:", *_block(rng, depth, count(rng, 5), indent), *otherwise]


def _block(rng: Random, depth: int, length: int = 1, indent: str = " ") -> list[str]:
    lines = [line for _ in range(length) for line in _statement(rng, depth - 1)]
    return [f"{indent}{line}" for line in lines]


def _filled(rng: Random, pattern: str, depth: int = 3) -> str:
    """The pattern with N, M, D, V and O replaced by names, modules, those named in full, values and operators."""
    parts = []
    for letter, is_alone in zip(pattern, _alone(pattern), strict=True):
        if not is_alone:
            parts.append(letter)
        elif letter == "N":
            parts.append(rng.choice(_NAMES))
        elif letter == "M":
            parts.append(rng.choice(_MODULES))
        elif letter == "D":
            parts.append(rng.choice([name for name in _MODULES if not name.startswith(".")]))
        elif letter == "O":
            parts.append(rng.choice(_OPERATORS))
        else:
            value = _filled(rng, rng.choice(_VALUES), depth - 1) if depth else rng.choice(_NAMES)
            parts.append(value if value.isidentifier() else f"({value})")
    return "".join(parts)


def _alone(pattern: str) -> list[bool]:
    """The letters on their own: the N in `N.x`, not that in `None`."""
    padded = f" {pattern} "
    return [
        letter in "NMDVO" and not padded[at].isalnum() and not padded[at + 2].isalnum()
        for at, letter in enumerate(pattern)
    ]


def tangled_text(rng: Random) -> str:
    """One statement thousands of times before or within a loss function that reads its names as often."""
    times = count(rng, 20_000 if rng.random() < 0.02 else 200)
    inner, outer, read = rng.choice(_TANGLES)

    def lines(pattern: str, indent: str, most: int) -> str:
        made = (pattern.format(i=i, j=i + 1, k=i * 7 % times, m=i % 50) for i in range(min(times, most)))
        return "".join(f"{indent}{line}\n" for line in made if pattern)

    body = lines(inner, "    ", times) + lines(read, "    ", times)
    functions = rng.choice((1, 1, 2, 4))
    text = "".join(
        f"def {name}(W, X, y, reg):\n{body}\n    return a0\n" for name in corpus.names()[:functions]
    )
    return (lines(outer, "", 5000) + text)[:480_000]


_TANGLES: tuple[tuple[str, str, str], ...] = (
    ("import torch as t", "", "t"),
    ("import m{i} as t", "", "t"),
    ("X = X.f{i}()", "", "X"),
    ("t = t.a{i}", "import torch as t", "t.nn.functional.cross_entropy"),
    ("a{i} = a{j} or a{k}", "", "a{k}"),
    ("a{i} = a{j}.nn", "", "a{i}.functional"),
    ("", "a{i} = a{j}", "a{i}"),
    ("", "def a{i}(): return a{j}()", "a{i}()"),
    ("", "class a{i}(a{k}): F = a{j}.F", "a{i}.F.b"),
    ("", "from math{i} import *", "a{i}"),
    ("", "from own import *\nfrom hw import a{i} as a{j}", "a{k}.b"),
    ("", "x = x + 1 if x else a{k}", "x"),
    ("self.F = a{i}", "import torch.nn.a{i} as a{i}", "self.F.b"),
    ("global a{i}; a{i} = a{j}", "", "a{i}.b"),
    ("def a{i}(b=a{k}): return b.c", "", "a{i}()"),
    ("a0 = [a{i} for a{i} in a{k}]", "", "a{i}"),
    ("class a{i}:\n        def f(self): return self.f()", "", "a{k}.f()"),
    ("a{i} = lambda b=a{k}: lambda: a{j}(b)", "", "a{i}()"),
    ("v = X['a' 'b' + 'c' + f'd' + 'e{i}']", "", "v"),
    ("v = getattr(v, 'a{i}')", "import torch as v", "v.b"),
    ("try: a{m} = 1\n    finally: a{k} = a{m}", "", "a{m}"),
    ("match X:\n        case [a{i}, *b]: a{k} = b.F", "", "a{i}"),
    ("(a{m} := a{i})", "a{i} = 1", "a{m}"),
    ("def f{i}(b=f{k}): pass", "", "f{i}"),
    ("del X; from torch import a{i} as X", "", "X.b"),
    ("return " + "lambda: " * 60 + "a{i}", "", ""),
    ("a0 = X" + ".a" * 90, "", "X" + "[0](1)" * 40),
    ("@a{i}\n    async def a{k}(): await a{m}", "", "a{i}"),
    ("nonlocal a{i}", "", "a{i}"),
    ("if a{k}: a{i} = False", "D = False", "if D and a{i}: a{m}"),
    ("", "if a{i}: import a{j}.b as a{m}\nelse: a{m} = a{k}", "a{m}.c"),
    ("globals()['a{i}'] = a{k}; vars(a{i})['b']", "", "globals()['a{k}']"),
)
