"""Grades the one submission of a platform: `python -I -m grader.frontends.packages.run PLATFORM PACKAGE ROOT`.

Writes the platform's file, whole, at the very end, and only with a grade in it. Exit code 0: written; 3: no grade, by a
fault of ours or of the machine. Students of some platforms see what is printed: no check is named there.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast, get_args

from grader import formatting
from grader.errors import GraderError, IsolationError
from grader.execution.forecast import spec_needs_torch
from grader.execution.warm import warm_sandbox
from grader.frontends.one_submission import grade_entry
from grader.frontends.packages.grading import PackageSettings, read_settings, within
from grader.frontends.packages.platforms import PlatformName
from grader.sandbox import interruption

if TYPE_CHECKING:
    from grader.model.report import Report

EXIT_FAULT = 3

RESULT_FILES: Mapping[PlatformName, str] = {
    "gradescope": "results/results.json",
    "prairielearn": "results/results.json",
    "classroom50": "result.json",
}
"""Where the platform looks for the grade, below its folder."""


def result_file(platform: PlatformName, report: Report, words: Mapping[str, str]) -> bytes | None:
    """The platform's file on a report; None, and why on standard output, if it must not have one.

    words: what the platform says about itself, by the names of environment variables.
    """
    from grader.exporters import EXPORTERS, ExportContext
    from grader.model.student_result import StudentResult

    chosen = EXPORTERS[platform]
    told = {"OWNER": words.get("USERNAME", ""), **words}  # Classroom 50 may use either name
    given = {name: told[key] for name, key in chosen.environment.items() if told.get(key)}
    result = StudentResult(report.submission.id, report.submission.student, report)
    context = ExportContext(assignment=report.assignment.name, title=report.assignment.title, settings=given)
    made = chosen.exporter([result], context)
    faults = (flag.message for flag in report.flags if flag.kind == "grader_fault")
    for line in (*faults, *(each.why for each in made.withheld), *made.problems, *made.remarks):
        _say(line)
    if made.problems or made.withheld or len(made.artifacts) != 1:
        return None
    return made.artifacts[0].content


def look(folder: Path) -> None:
    """Say what this machine does with the package in this folder, before any submission is there."""
    from grader.sandbox.isolation import IsolationLevel, not_isolated
    from grader.spec import load_spec

    settings = read_settings(folder)
    loaded = load_spec(_spec_path(settings, folder))
    with warm_sandbox(with_torch=loaded.spec.backend == "torch") as sandbox:
        isolation = sandbox.isolation
    _say(f"ready to grade {loaded.spec.name} ({loaded.spec.title})")
    missing = f": {not_isolated(isolation.missing)}" if isolation.missing else ""
    _say(f"this machine isolates students' code at level {isolation.level}{missing}")
    if isolation.level.rank < IsolationLevel(settings.isolation).rank:
        _say(_too_open(settings, isolation.level))


def run(platform: PlatformName, folder: Path, root: Path, words: Mapping[str, str]) -> int:
    """Grade the platform's submission and write its file. The exit code."""
    settings = read_settings(folder)
    spec = _spec_path(settings, folder)
    with warm_sandbox(with_torch=spec_needs_torch(spec)) as sandbox:
        from grader.execution.capacity import capacity
        from grader.frontends.packages import hand_in
        from grader.output_files import write_to
        from grader.spec import load_spec

        here = capacity()
        free_bytes = here.free_bytes if here.is_limited else None
        loaded = within(load_spec(spec), settings.limit_seconds, free_bytes)
        entry = hand_in.hand_in(platform, root)
        if platform == "gradescope":  # whose standard output only instructors see
            for line in hand_in.remarks(hand_in.metadata(root)):
                _say(line)
        try:
            report = grade_entry(
                entry, loaded, sandbox, is_quick=settings.is_quick, isolation=settings.isolation
            )
        except IsolationError:
            _say(_too_open(settings, sandbox.isolation.level))
            return EXIT_FAULT
    if report.environment.isolation_missing:
        _say(f"graded at isolation {report.environment.isolation}, as the package allows")
    content = result_file(platform, report, words)
    if content is None:
        _say("no grade was written, so a fault of the grader costs no points; run it again")
        return EXIT_FAULT
    write_to(root / RESULT_FILES[platform], content.decode())
    _say(f"graded {report.assignment.name} in {report.seconds:.0f} s")
    return 0


def main() -> None:
    """Run what the command line asks for; every fault is a sentence and exit code 3."""
    interruption.catch()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command line does, before NumPy is imported
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")
    sys.stdout.reconfigure(errors="backslashreplace", line_buffering=True)  # type: ignore[union-attr]
    logging.basicConfig(format="grader: %(message)s", stream=sys.stdout)
    action, *places = sys.argv[1:]
    if action != "gradescope":
        logging.getLogger("grader").addFilter(_without_traceback)  # it may show a hidden check
        sys.excepthook = _in_one_line
    code = EXIT_FAULT
    try:
        if action == "look":
            look(Path(places[0]))
            code = 0
        elif action in get_args(PlatformName):
            code = run(cast("PlatformName", action), Path(places[0]), Path(places[1]), os.environ)
    except (GraderError, OSError) as error:
        _say(str(error))
    sys.exit(code)


def _spec_path(settings: PackageSettings, folder: Path) -> str:
    return str(folder / settings.spec) if "/" in settings.spec else settings.spec


def _too_open(settings: PackageSettings, level: str) -> str:
    return (
        f"this machine isolates students' code only at level {level}, and the package asks for {settings.isolation}:"
        f" nothing is graded. Choose another base image or container, or make the package with --isolation {level} if you"
        " trust the code"
    )


def _without_traceback(record: logging.LogRecord) -> bool:
    record.exc_info = None
    return True


def _in_one_line(kind: type[BaseException], _: BaseException, __: object) -> None:
    _say(f"this is a fault of the grader, not of the submission ({kind.__name__})")


def _say(line: str) -> None:
    sys.stdout.write(f"grader: {formatting.printable(line)}\n")


if __name__ == "__main__":
    main()
