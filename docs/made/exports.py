"""The formats of `grader export`, as their modules describe them."""

from __future__ import annotations

import inspect

from docs.made.markdown import code, prose, table
from grader.exporters import EXPORTERS, ExportFormat


def exports() -> str:
    """A row for each format: what it makes, and the options that it takes."""
    rows = ((code(name), prose(_words(each)), _options(each)) for name, each in sorted(EXPORTERS.items()))
    return "\n".join(table(("Format", "Makes", "Takes"), rows))


def _words(each: ExportFormat) -> str:
    """What the module says of itself; where several formats share one, the first paragraph on the exporter."""
    is_shared = sum(other.module == each.module for other in EXPORTERS.values()) > 1
    described = each.exporter if is_shared else inspect.getmodule(each.exporter)
    return (inspect.getdoc(described) or "").partition("\n\n")[0]


def _options(each: ExportFormat) -> str:
    options = ["--sheet", "--key", "--column"] if each.has_sheet else ["--column"] * each.has_column
    words = ", ".join(map(code, options))
    if each.settings:
        words += f"{'; ' if words else ''}{code('--set')} with {', '.join(map(code, each.settings))}"
    return words
