"""The formats of `grader export`, as their modules describe them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

from docs.made.markdown import code, prose, table
from grader.exporters import EXPORTERS, ExportFormat


def exports() -> str:
    """A row for each format: what it makes, and what it takes."""
    rows = (
        (code(name), prose(" ".join(_words(each))), ", ".join(_options(each)))
        for name, each in sorted(EXPORTERS.items())
    )
    return "\n".join(table(("Format", "Makes", "Takes"), rows))


def _words(each: ExportFormat) -> Iterator[str]:
    """What the module says, and the first paragraph on the exporter."""
    for described in (inspect.getmodule(each.exporter), each.exporter):
        yield (inspect.getdoc(described) or "").partition("\n\n")[0]


def _options(each: ExportFormat) -> Iterator[str]:
    if each.has_sheet:
        yield from map(code, ("--sheet", "--key", "--column"))
    elif each.has_column:
        yield code("--column")
    yield from (code(f"--set {name}=...") for name in each.settings)
