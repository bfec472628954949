"""An export in the terminal, at 80 columns: who is in it, who is not and why, and what the platform will make of it."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table

from grader import formatting
from grader.exporters import Export
from grader.frontends.terminal import inert

_SHOWN = 20
"""Lines of a list."""
_SHOWN_FILES = 5


def show_problems(console: Console, problems: Sequence[str]) -> None:
    """All problems at once; nothing was written."""
    count = formatting.count(len(problems), "problem")
    console.print(inert(f"Nothing was written: {count} to fix first.", "bold red"))
    for number, problem in enumerate(problems, 1):
        _item(console, f"{number}.", problem)


def show_export(
    console: Console, name: str, title: str, export: Export, *, with_scores: bool = False
) -> None:
    """Who is in the files, who is withheld or left out, and the remarks. with_scores: with every student in the files."""
    head = f"{title}: " if title else ""
    students = formatting.count(export.matched, "student")
    console.print(inert(f"{head}{students} with a score, for {name}", "bold"))
    if with_scores and export.scores:
        _heading(console, f"Matched ({len(export.scores)})", "bold")
        _rows(console, export.scores)
    if export.withheld:
        _heading(console, f"Withheld ({len(export.withheld)}): no score yet, and never a 0", "bold yellow")
        _rows(console, [(each.student, each.why) for each in export.withheld])
    for heading, lines in (("Left out", export.left_out), ("No submission", export.not_submitted)):
        if lines:
            _heading(console, f"{heading} ({len(lines)})", "bold yellow" if heading == "Left out" else "bold")
            for line in formatting.first(lines, _SHOWN):
                console.print(Padding(inert(line), (0, 0, 0, 2), expand=False))
    if export.remarks:
        _heading(console, "Notes", "bold")
        for remark in formatting.first(export.remarks, _SHOWN):
            _item(console, "-", remark)


def show_files(console: Console, export: Export) -> None:
    """The files that a dry run would write."""
    _heading(console, "Dry run: nothing was written. It would be", "bold")
    lines = [f"{each.name} ({formatting.size(len(each.content))})" for each in export.artifacts]
    for line in formatting.first(lines, _SHOWN_FILES):
        console.print(Padding(inert(line), (0, 0, 0, 2), expand=False))


def _rows(console: Console, rows: Sequence[tuple[str, str]]) -> None:
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(max_width=34, overflow="fold")
    table.add_column(overflow="fold")
    for who, why in rows[:_SHOWN]:
        table.add_row(inert(who), inert(why))
    console.print(Padding(table, (0, 0, 0, 2), expand=False))
    if len(rows) > _SHOWN:
        console.print(Padding(inert(f"and {len(rows) - _SHOWN:,} more"), (0, 0, 0, 2), expand=False))


def _item(console: Console, mark: str, words: str) -> None:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(inert(mark), inert(formatting.sentence(words)))
    console.print(Padding(grid, (0, 0, 0, 2), expand=False))


def _heading(console: Console, words: str, style: str) -> None:
    console.print()
    console.print(inert(words, style))
