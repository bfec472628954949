"""Students' modules given as text, and trials that call what is in them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import numpy as np

from grader.extract import Extracted, extract
from grader.intake.submission import SourceFile, Submission
from grader.model.observation import Observation, Received, Returned, Value
from grader.model.trial import Argument, Array, NumberOutput, Output, Scalar, Tensor, Trial
from grader.sandbox.session import Session

NUMBER: tuple[Output, ...] = (NumberOutput(),)

RIGHT = """
import torch

def g(W):
    return float((W * torch.ones(2, 2).to(W.dtype)).sum()) + len([1, 2])
"""
"""A right function for modules whose f is hostile: it uses torch, isinstance and len on its way."""


def notebook_of(*cells: str) -> str:
    """A notebook whose code cells are the given texts."""
    code = [{"cell_type": "code", "source": cell, "metadata": {}, "outputs": []} for cell in cells]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": code})


def extracted_of(source: str | Mapping[str, str], names: str = "f g") -> Extracted:
    """What is graded of one module's text, or of files by path."""
    files = {"hw.py": source} if isinstance(source, str) else source
    sources = tuple(SourceFile(path, text.encode()) for path, text in files.items())
    return extract(Submission("s", sources), names.split())


def tensor(*rows: list[float]) -> Tensor:
    return Tensor(np.array(rows))


def trial(
    function: str,
    *positional: Argument | float,
    outputs: tuple[Output, ...] = NUMBER,
    seconds: float = 10.0,
    **others,
) -> Trial:
    """A call; plain numbers are scalars."""
    arguments = tuple(Scalar(each) if isinstance(each, int | float) else each for each in positional)
    return Trial("a call", function, arguments, outputs, seconds=seconds, **others)


def array_of(value: Value) -> Array:
    """The contents of a value of the kind that was asked for; another kind shows itself."""
    assert isinstance(value, Received), value
    return value.array


def number_of(observation: Observation) -> float:
    """The number that a call returned; a failure shows what came instead."""
    assert isinstance(observation, Returned), observation
    (value,) = observation.values
    assert isinstance(value, Received), value
    return float(value.array)


def description_of(observation: Observation) -> str:
    """The words for the one value that is not of the kind asked for."""
    assert isinstance(observation, Returned), observation
    (value,) = observation.values
    assert not isinstance(value, Received), value
    return value.description


def g_is_right(session: Session) -> bool:
    """Whether g of RIGHT gives what it should: 1 + 2 + 3 + 4, and 2."""
    return number_of(session.run(trial("g", tensor([1.0, 2.0], [3.0, 4.0])))) == 12.0


def cases_of(expressions: Sequence[str], before: str = "") -> str:
    """A module whose f(n) returns the n-th expression, after the lines of `before`: one worker for many cases."""
    lines = [*before.splitlines(), *(f"if n == {n}: return {each}" for n, each in enumerate(expressions))]
    body = "".join(f"    {line}\n" for line in lines)
    return f"import numpy as np\nimport torch\n\ndef f(n):\n{body}"
