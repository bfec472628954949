"""`grader export`: results as the files of learning platforms and other systems."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grader import formatting
from grader.errors import UsageError
from grader.frontends.commands.options import EXIT_FAILED, EXIT_USAGE
from grader.model.export_format import EXPORT_NAMES, ExportName

if TYPE_CHECKING:
    from grader.exporters import Export, ExportContext, ExportFormat
    from grader.model.student_result import StudentResult


@dataclass(frozen=True, slots=True)
class _Source:
    """The results to export, and what else is known of them."""

    results: tuple[StudentResult, ...]
    assignment: str
    title: str
    page: Callable[[str], bytes | None]
    remarks: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    unread: Mapping[str, str] = field(default_factory=dict)
    """Why reports cannot be read, by submission."""


def _format_name(text: str) -> ExportName:
    for name in EXPORT_NAMES:
        if name == text.lower():
            return name
    advice = formatting.near(text.lower(), EXPORT_NAMES) or f"choose from {', '.join(EXPORT_NAMES)}"
    raise UsageError(f"there is no format {formatting.printable(text)!r}: {advice}")


def export(
    format_name: Annotated[str, typer.Argument(help=f"One of {', '.join(EXPORT_NAMES)}.", metavar="FORMAT")],
    place: Annotated[
        Path,
        typer.Argument(
            help="The --out folder of `grader batch`, or one report that `grader check --json` wrote.",
            metavar="DIR|REPORT",
        ),
    ],
    output: Annotated[
        str | None,
        typer.Option(
            "-o",
            "--output",
            help="Where to write; for several files a .zip or a new folder; - for standard output.",
            metavar="FILE",
        ),
    ] = None,
    sheet: Annotated[
        Path | None,
        typer.Option("--sheet", help="Fill in this file, which the platform exported.", metavar="FILE"),
    ] = None,
    column: Annotated[
        str | None,
        typer.Option(
            "--column", help="The platform's column, item or problem, by name or id.", metavar="NAME|ID"
        ),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option("--key", help="The column of the sheet that names the students.", metavar="NAME"),
    ] = None,
    student: Annotated[
        str | None,
        typer.Option("--student", help="Only this student: a submission, an id or an email.", metavar="ID"),
    ] = None,
    roster: Annotated[
        Path | None,
        typer.Option("--roster", help="Take ids, emails and names from this class list.", metavar="CSV"),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="Other settings of a format: unmatched=skip and feedback=COLUMN (sheets), encoding=cp1252, problems=checks (autolab); may be repeated.",
            metavar="NAME=VALUE",
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Write nothing: show who would match, be skipped or be withheld."),
    ] = False,
) -> None:
    """Write results for a learning platform. Where the grader failed, the score is withheld.

    Everything is checked before anything is written.

    Exit code 0: written; 1: written, but a student is withheld or left out;
    2: nothing written, and why.
    """
    from grader.exporters import EXPORTERS, ExportContext
    from grader.frontends.export_files import STANDARD_OUTPUT, require_place, write_artifacts
    from grader.frontends.export_summary import show_export, show_files, show_problems
    from grader.frontends.terminal import make_console

    name = _format_name(format_name)
    if output is None and not dry_run:
        raise UsageError("give -o FILE to write, or --dry-run to write nothing")
    format_ = EXPORTERS[name]
    given = _settings(name, format_, settings or [])
    _require_known(name, format_, sheet=sheet, column=column, key=key)
    if output is not None:
        require_place(output, tuple(each for each in (place, sheet, roster) if each is not None))
    source = _source(place)
    if roster is not None:
        source = _by_roster(source, roster)
    results = _chosen(source.results, student)
    context = ExportContext(
        assignment=source.assignment,
        title=source.title,
        sheet=None if sheet is None else _bytes_of(sheet),
        sheet_name="" if sheet is None else sheet.name,
        column=column,
        key=key,
        settings=given,
        page=source.page,
    )
    made = _made(format_, results, context, source)
    console = make_console(stderr=output == STANDARD_OUTPUT)
    if made.problems:
        show_problems(make_console(stderr=True), made.problems)
        raise typer.Exit(EXIT_USAGE)
    show_export(console, name, source.title, made, with_scores=dry_run)
    if dry_run or output is None:
        show_files(console, made)
    elif made.artifacts:
        written = write_artifacts(output, made.artifacts)
        if output != STANDARD_OUTPUT:
            console.print()
            console.print(f"Written: {formatting.printable(written)}", markup=False, soft_wrap=True)
    else:
        console.print()
        console.print("Nothing was written: no student has a score.", style="bold yellow")
        if output != STANDARD_OUTPUT and Path(output).is_file():
            shown = formatting.printable(output)
            console.print(f"{shown} is still the file of an earlier export.", markup=False, soft_wrap=True)
    raise typer.Exit(EXIT_FAILED if made.withheld or made.left_out or not made.artifacts else 0)


def _made(
    format_: ExportFormat, results: Sequence[StudentResult], context: ExportContext, source: _Source
) -> Export:
    """The export, with what the class's own files leave open."""
    from grader.exporters.grades import about_scores

    made = format_.exporter(results, context)
    withheld = tuple(
        replace(each, why=source.unread.get(each.submission, each.why)) for each in made.withheld
    )
    return replace(
        made,
        withheld=withheld,
        remarks=(*source.remarks, *about_scores(results), *made.remarks),
        problems=(*source.problems, *made.problems),
    )


def _settings(name: str, format_: ExportFormat, words: Sequence[str]) -> dict[str, str]:
    given = {
        setting: os.environ[variable]
        for setting, variable in format_.environment.items()
        if variable in os.environ
    }
    told: set[str] = set()
    for word in words:
        setting, equals, value = word.partition("=")
        if not equals:
            raise UsageError(f"--set {formatting.printable(word)}: write NAME=VALUE")
        if setting not in format_.settings:
            known = formatting.listing(format_.settings, "or")
            advice = f"it takes {known}" if known else "it takes none"
            raise UsageError(f"--set {formatting.printable(word)}: not a setting of {name}: {advice}")
        if setting in told:
            raise UsageError(f"--set {setting} is given twice")
        told.add(setting)
        given[setting] = value
    return given


def _require_known(
    name: str, format_: ExportFormat, *, sheet: Path | None, column: str | None, key: str | None
) -> None:
    """UsageError for an option that the format has no use for."""
    for option, value, is_known in (
        ("--sheet", sheet, format_.has_sheet),
        ("--key", key, format_.has_sheet),
        ("--column", column, format_.has_column or format_.has_sheet),
    ):
        if value is not None and not is_known:
            raise UsageError(f"{option} has no effect for {name}; leave it out")


def _source(place: Path) -> _Source:
    if place.is_dir():
        return _class_source(place)
    return _report_source(place)


def _class_source(folder: Path) -> _Source:
    from grader.batch import ReportStore
    from grader.batch.left_out import doubts, left_out, require_class
    from grader.batch.results import derived

    store = ReportStore(folder)
    require_class(store)
    made = derived(store)
    record, outside = store.read_record(), left_out(store, made.results)
    remarks, problems = doubts(outside, made.results)
    first = next((each.report.assignment for each in made.results if each.report is not None), None)

    def page(submission: str) -> bytes | None:
        path = store.page_path(submission)
        return path.read_bytes() if path.is_file() else None

    return _Source(
        results=made.results,
        assignment=record.spec if record is not None else first.name if first is not None else "",
        title=record.title if record is not None else first.title if first is not None else "",
        page=page,
        remarks=(*made.remarks, *remarks),
        problems=problems,
        unread={each: f"its report cannot be read: {why}" for each, why in outside.unread.items()},
    )


def _report_source(path: Path) -> _Source:
    from grader.errors import ReportError
    from grader.model.report import parse_report
    from grader.model.student_result import StudentResult

    shown = formatting.printable(str(path))
    try:
        report = parse_report(_bytes_of(path).decode())
    except UnicodeDecodeError as error:
        raise UsageError(f"{shown}: not a report: not UTF-8 text") from error
    except ReportError as error:
        raise UsageError(f"{shown}: {error}") from error
    result = StudentResult(report.submission.id, report.submission.student, report)
    return _Source((result,), report.assignment.name, report.assignment.title, lambda _: None)


def _by_roster(source: _Source, path: Path) -> _Source:
    from grader.batch.rostered import rostered
    from grader.intake.roster import read_roster

    read = read_roster(path)
    made = rostered(source.results, read.roster)
    return replace(
        source,
        results=made.results,
        remarks=(*source.remarks, *(f"roster: {each}" for each in read.notes), *made.remarks),
        problems=(*source.problems, *(f"roster: {each}" for each in made.problems)),
    )


def _bytes_of(path: Path) -> bytes:
    shown = formatting.printable(str(path))
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise UsageError(f"{shown}: there is no such file or folder") from error
    except OSError as error:
        raise UsageError(f"{shown}: cannot be read: {error.strerror or error}") from error


def _chosen(results: tuple[StudentResult, ...], name: str | None) -> tuple[StudentResult, ...]:
    if name is None:
        return results
    from grader.batch.rules.whose import Directory

    directory = Directory(results)
    if fault := directory.fault(name):
        raise UsageError(f"--student: {fault}")
    return directory.find(name)
