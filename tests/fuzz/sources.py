"""Submissions in memory: modules and notebooks, mutated or built to cost their reader time."""

from __future__ import annotations

import codecs
import json
from dataclasses import dataclass
from random import Random
from typing import Any

from grader.intake.submission import SourceFile, Submission
from tests.fuzz import corpus
from tests.fuzz.grammar import grammar_text, tangled_text
from tests.fuzz.growth import growing_text
from tests.fuzz.mutation import count, mutated_bytes, mutated_json, mutated_text

_PATHS = (
    *(
        "hw.py",
        "hw.ipynb",
        "HW.PY",
        "a/b.py",
        "pkg/__init__.py",
        "__init__.py",
        "pkg/m0.py",
        "m0.py",
        "m1.py",
        "own.py",
    ),
    *(
        "m2.py",
        "torch.py",
        "svm loss.py",
        ".py",
        "a.b.py",
        "é.py",
        "a/" * 40 + "x.py",
        "1.py",
        "x.py.py",
        "b.ipynb",
        "def.py",
    ),
)


def submission(rng: Random) -> Submission:
    """One to five files."""
    paths = rng.sample(_PATHS, rng.choice((1, 1, 1, 1, 2, 3, 5)))
    if not any(path.lower().endswith((".py", ".ipynb")) for path in paths):
        paths = ["hw.py"]
    files = [SourceFile(path, content_of(rng, path)) for path in sorted(paths)]
    return Submission("fuzz", tuple(files))


@dataclass(frozen=True, slots=True)
class Traced:
    """A submission, and for each function the operators its traced call claims to have run."""

    submission: Submission
    traces: dict[str, tuple[str, ...]]


def traced(rng: Random) -> Traced:
    """One to four modules whose names lead to one another, and made-up traces."""
    if rng.random() < 0.05:
        return Traced(submission(rng), {})
    paths = rng.sample(
        ("hw.py", "m0.py", "m1.py", "own.py", "pkg/__init__.py", "pkg/m0.py"), rng.choice((1, 1, 2, 3))
    )
    files = [SourceFile(path, _tangled(rng).encode("utf-8", "replace")) for path in sorted(paths)]
    names = rng.sample(corpus.names(), rng.choice((0, 1, 3)))
    return Traced(
        Submission("fuzz", tuple(files)),
        {name: tuple(rng.choices(_OPERATORS, k=count(rng, 40))) for name in names},
    )


def _tangled(rng: Random) -> str:
    kind = rng.random()
    if kind < 0.1:
        return growing_text(rng)
    if kind < 0.2:
        return tangled_text(rng)
    text = grammar_text(rng)
    return mutated_text(rng, text, corpus.modules()) if kind > 0.9 else text


_OPERATORS = (
    *("aten.mm", "aten.nll_loss_forward", "autograd", "torch.nn.functional.cross_entropy", "", ".", "..", "torch."),
    *("torch.nn.", "torch..nn", "aten.", "torch.autograd.grad", "x" * 300, "torch._tensor.Tensor.backward", "\x7f"),
    *("aten.kl_div", "witness off", "witness off gc.get_objects", "witness off\x7f", "sklearn.svm.SVC.fit"),
)  # fmt: skip


def content_of(rng: Random, path: str) -> bytes:
    """Bytes for a file of this name."""
    return notebook(rng) if path.lower().endswith(".ipynb") else module(rng)


def module(rng: Random) -> bytes:
    """The bytes of a .py."""
    text = python(rng)
    if rng.random() < 0.7:
        return text.encode("utf-8", rng.choice(("surrogatepass", "replace")))
    name = rng.choice(corpus.ENCODINGS)
    try:
        codec = codecs.lookup(name).name if codecs.lookup(name)._is_text_encoding else "utf-8"
        content = (f"# -*- coding: {name} -*-\n" * rng.choice((0, 1, 1)) + text[:20_000]).encode(
            codec, "replace"
        )
    except (LookupError, ValueError, UnicodeError):
        content = f"# coding: {name}\n".encode() + text.encode("utf-8", "replace")
    return mutated_bytes(rng, content) if rng.random() < 0.5 else content


def python(rng: Random) -> str:
    """Python, or nearly."""
    kind = rng.random()
    if kind < 0.1:
        return growing_text(rng)
    if kind < 0.15:
        return "".join(rng.choices(corpus.TOKENS, k=count(rng, 200)))
    pool = corpus.modules() if kind < 0.5 else corpus.cells()
    text = rng.choice(pool)
    if rng.random() < 0.3:
        text += "\n" + rng.choice(pool)
    return mutated_text(rng, text, pool)


def notebook(rng: Random) -> bytes:
    """The bytes of a .ipynb."""
    kind = rng.random()
    if kind < 0.2:
        return mutated_bytes(rng, rng.choice(corpus.notebooks()), corpus.notebooks())
    document: Any = json.loads(rng.choice(corpus.notebooks())) if kind < 0.5 else _document(rng)
    for cell in document.get("cells", ()):
        if cell.get("cell_type") == "code" and rng.random() < 0.2:
            cell["source"] = python(rng)
    if rng.random() < 0.6:
        document = mutated_json(rng, document)
    text = json.dumps(document, ensure_ascii=rng.random() < 0.7)
    if rng.random() < 0.05:
        text = text.replace('"source"', '"source": 3, "source"')
    if rng.random() < 0.05:
        opener, closer = rng.choice((("[", "]"), ('{"a":', "}")))
        depth = count(rng, 5000)
        text = text[:-1] + ', "deep": ' + opener * depth + "1" + closer * depth + "}"
    content = text.encode(
        rng.choice(("utf-8",) * 8 + ("utf-8-sig", "utf-16", "utf-32", "utf-16-le")), "surrogatepass"
    )
    return mutated_bytes(rng, content) if rng.random() < 0.2 else content


def _document(rng: Random) -> dict[str, Any]:
    cells: list[dict[str, Any]] = []
    for _ in range(count(rng, 12)):
        source: Any = python(rng) if rng.random() < 0.4 else rng.choice(corpus.cells())
        if rng.random() < 0.5:
            source = source.splitlines(keepends=True)
        key = rng.choice(("source", "source", "source", "input", "code"))
        cells.append(
            {
                "cell_type": rng.choice(("code", "code", "markdown", "raw")),
                key: source,
                "metadata": {},
                "outputs": [],
            }
        )
    number = rng.choice((4, 4, 4, 3, 2, 1, 5, None, "4", -1, True, 4.0))
    if number in {1, 4, 5} or rng.random() < 0.3:
        return {"nbformat": number, "nbformat_minor": 5, "metadata": {}, "cells": cells}
    return {
        "nbformat": number,
        "nbformat_minor": 0,
        "metadata": {},
        "worksheets": [{"cells": cells}, {"cells": cells[:1]}],
    }
