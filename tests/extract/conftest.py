import json
import sys
import types

import pytest

from grader.extract import extract
from grader.intake.submission import SourceFile, Submission


def notebook_bytes(*cells):
    return json.dumps(
        {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": {},
            "cells": [{"cell_type": "code", "source": c} for c in cells],
        }
    ).encode()


def submission_of(files):
    return Submission(
        "s",
        tuple(
            SourceFile(path, content.encode() if isinstance(content, str) else content)
            for path, content in files.items()
        ),
    )


@pytest.fixture
def notebook():
    """Cells to the bytes of a notebook."""
    return notebook_bytes


@pytest.fixture
def extract_files():
    """(files by path, names) to Extracted; names may be one string of words."""

    def run(files, names):
        return extract(submission_of(files), names.split() if isinstance(names, str) else names)

    return run


@pytest.fixture
def extract_cells(extract_files):
    """(names, cells) to Extracted of one notebook."""
    return lambda names, *cells: extract_files({"hw.ipynb": notebook_bytes(*cells)}, names)


@pytest.fixture
def load(monkeypatch):
    """(Extracted, name) to the object itself: chunks are executed in order, each in its file's namespace."""

    def run(extracted, name):
        function = extracted.functions[name]
        chunks = {chunk.number: chunk for chunk in extracted.chunks}
        modules = {}
        for path in {chunk.file for chunk in extracted.chunks} | set(extracted.modules.values()):
            parts = path.rsplit(".", 1)[0].split("/")
            modules[path] = types.ModuleType(".".join(["submission", *parts]))
            modules[path].__package__ = ".".join(["submission", *parts[:-1]])
            monkeypatch.setitem(sys.modules, modules[path].__name__, modules[path])
        for dotted, path in extracted.modules.items():
            parts = dotted.split(".")
            for end in range(1, len(parts)):
                parent = ".".join(parts[:end])
                if parent not in extracted.modules and parent not in sys.modules:
                    package = types.ModuleType(parent)
                    package.__path__ = []
                    monkeypatch.setitem(sys.modules, parent, package)
            monkeypatch.setitem(sys.modules, dotted, modules[path])
        for number in function.chunks:
            chunk = chunks[number]
            code = compile(
                "from __future__ import annotations\n" + chunk.source, chunk.file, "exec", dont_inherit=True
            )
            exec(code, vars(modules[chunk.file]))
        return getattr(modules[function.file], name)

    return run


@pytest.fixture
def call(extract_cells, load):
    """(cells) to what `target()` of that notebook returns when it is loaded from its closure."""
    return lambda *cells: load(extract_cells("target", *cells), "target")()
