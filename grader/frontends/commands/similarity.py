"""`grader similar`: it reads a class and runs nothing of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grader import formatting
from grader.api import compare_class
from grader.frontends.commands.options import submission_path
from grader.frontends.progress import counting_progress
from grader.model.format import FormatName

if TYPE_CHECKING:
    from grader.batch.similar.similarity import Similarities


def similar(
    submissions: Annotated[
        Path,
        typer.Argument(
            help="The class, as for `grader batch`.",
            metavar="FOLDER|ZIP",
            parser=submission_path,
        ),
    ],
    spec: Annotated[
        str,
        typer.Option(
            "--spec", help="A spec's name, a .toml file or a folder with one.", metavar="NAME|FILE|FOLDER"
        ),
    ],
    template: Annotated[
        Path | None,
        typer.Option(
            "--template",
            help="The handout (notebook, module or folder); its code does not count.",
            metavar="FILE|FOLDER",
            parser=submission_path,
        ),
    ] = None,
    download_format: Annotated[
        FormatName,
        typer.Option("--format", help="The platform the download is from, if its names do not show it."),
    ] = "auto",
) -> None:
    """Find near copies in a class, for you to look at. Nothing is run, graded or written.

    Exit code 0: the class was compared, whatever was found; 2: wrong usage or
    an unreadable class; 3: the grader's fault; 130: stopped.
    """
    with counting_progress() as progress:
        found = compare_class(submissions, spec, template=template, format=download_format, progress=progress)
    from grader.frontends import terminal

    for line in similarity_lines(found):
        typer.echo(terminal.plain(line))


def similarity_lines(found: Similarities) -> Iterator[str]:
    """All that was found, in lines."""
    compared = formatting.count(found.compared, "submission")
    if not found.pairs:
        others = "other " if found.equal else ""
        yield f"Compared {compared}: no {others}two share more code than independent ones do."
    else:
        pairs = f"{'at least ' if found.is_cut else ''}{formatting.count(len(found.pairs), 'pair')}"
        yield f"Compared {compared}: {pairs} worth a look. This is not a verdict, and changes no score."
    if found.equal:
        yield ""
        yield "Equal, byte for byte:"
        yield from (f"  {formatting.listing(each)}" for each in found.equal)
    for pair in found.pairs:
        yield ""
        yield f"{pair.left} ~ {pair.right}"
        for each in pair.functions:
            yield f"  {each.function}, {each.share:.0%} alike"
            yield f"    {pair.left}: {'; '.join(each.left)}"
            yield f"    {pair.right}: {'; '.join(each.right)}"
    yield ""
    if found.is_cut:
        yield f"Only the {len(found.pairs)} pairs with the most in common are shown."
    yield f"Not counted: {found.taken_out}."
    if found.left_out:
        yield f"Not compared ({len(found.left_out)}):"
        yield from (f"  {each}" for each in found.left_out)
