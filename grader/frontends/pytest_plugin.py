"""A pytest plugin: `pytest --grader-spec SPEC --submission PATH` makes a test of each check of a spec.

A test fails with the message that the student's report has. Grader faults are errors, not failures; checks that a quick
run leaves out are skipped. Without its options it does nothing, and loading it imports nothing of the grader's.

The submission is graded once: with pytest-xdist in the process that was started, which hands the report to the others.
Nothing inside the submission is collected, and no conftest.py is loaded from there, because that code would run here.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from grader.model.report import CheckPart, Report
    from grader.spec import LoadedSpec

SPEC_OPTION, SUBMISSION_OPTION, QUICK_OPTION = "--grader-spec", "--submission", "--grader-quick"

_SHARED = "grader_report"
"""The report in an xdist worker's input."""

_FAULT = "the grader failed, which costs no points. Run it again."


def pytest_addoption(parser: pytest.Parser) -> None:
    """Its options."""
    group = parser.getgroup("grader", "linear classifier grader")
    group.addoption(
        SPEC_OPTION,
        metavar="SPEC",
        help="Make a test of each check of this spec: a name, a .toml file or a folder.",
    )
    group.addoption(
        SUBMISSION_OPTION, metavar="PATH", help="The submission: a notebook, a module, a folder or a .zip."
    )
    group.addoption(QUICK_OPTION, action="store_true", help="Skip the checks that time or train.")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, Any, Any]:
    """Load no conftest.py of the student's: it could replace everything here."""
    path = getattr(early_config.known_args_namespace, "submission", None)
    if path:
        folder = _students_folder(Path(path), early_config.invocation_params.dir)
        _load_no_conftest(early_config, folder)
    return (yield)


def _students_folder(submission: Path, here: Path) -> Path:
    """What is the student's: a folder, or the file's folder, unless pytest runs there or below it."""
    path = submission.resolve()
    if path.is_dir() or here.resolve().is_relative_to(path.parent):
        return path
    return path.parent


def _load_no_conftest(config: pytest.Config, folder: Path) -> None:
    """Of this folder; those beside it are the course's. Without a place in pytest to hold it off, of no folder at all."""
    manager = config.pluginmanager
    load = getattr(manager, "_importconftest", None)
    if load is None:
        config.known_args_namespace.noconftest = True
        return

    def loaded(path: Path, *settings: Any, **named: Any) -> Any:
        is_students = path.resolve().is_relative_to(folder)
        return ModuleType("conftest") if is_students else load(path, *settings, **named)

    vars(manager)["_importconftest"] = loaded


def pytest_configure(config: pytest.Config) -> None:
    """Register what makes the tests, if it is asked for. UsageError for options that do not go together."""
    spec, submission = config.getoption(SPEC_OPTION), config.getoption(SUBMISSION_OPTION)
    if spec is None and submission is None:
        if config.getoption(QUICK_OPTION):
            raise pytest.UsageError(f"{QUICK_OPTION} needs {SPEC_OPTION} and {SUBMISSION_OPTION}")
        return
    if not spec or not submission:
        missing = SUBMISSION_OPTION if spec else SPEC_OPTION
        raise pytest.UsageError(f"{missing} is missing: give {SPEC_OPTION} SPEC and {SUBMISSION_OPTION} PATH")
    config.pluginmanager.register(GraderTests(config, spec, Path(submission)), "grader-tests")


class GraderTests:
    """The tests of one submission, and its grading."""

    def __init__(self, config: pytest.Config, spec: str, submission: Path) -> None:
        os.environ.setdefault(
            "OPENBLAS_NUM_THREADS", "1"
        )  # as the command line does, before NumPy is imported
        from grader import formatting
        from grader.errors import GraderError
        from grader.spec import load_spec

        if not submission.exists():
            raise pytest.UsageError(
                f"{SUBMISSION_OPTION} {formatting.printable(str(submission))}: nothing found at this path"
            )
        self._submission = submission.resolve()
        self._folder = _students_folder(submission, config.invocation_params.dir)
        for word in config.args:
            path = Path(config.invocation_params.dir, word.partition("::")[0]).resolve()
            if path.exists() and self._is_inside(path) and path != self._folder:
                raise pytest.UsageError(
                    f"{formatting.printable(word)} is part of the submission, whose code pytest would run"
                    " without confinement; leave it out"
                )
        if config.inipath is not None and self._is_inside(config.inipath):
            raise pytest.UsageError(
                f"pytest is configured by {config.inipath.name} of the submission itself; run it in another folder"
            )
        try:
            self.loaded: LoadedSpec = load_spec(spec)
        except GraderError as error:
            raise pytest.UsageError(f"{SPEC_OPTION}: {error}") from error
        self._is_quick = bool(config.getoption(QUICK_OPTION))
        if self._is_quick and all(check.is_slow for check in self.loaded.spec.checks):
            raise pytest.UsageError(f"{QUICK_OPTION} leaves nothing of {self.loaded.spec.name} to grade")
        self._report: Report | None = None
        self._fault: str | None = None
        shared = getattr(config, "workerinput", {}).get(_SHARED)
        if shared is not None:
            self._take(*shared)

    def _is_inside(self, path: Path) -> bool:
        return path.resolve().is_relative_to(self._folder)

    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """The student's own files are no tests of ours, and are not imported."""
        return True if self._is_inside(collection_path) else None

    @pytest.hookimpl(wrapper=True)
    def pytest_collect_file(self, file_path: Path) -> Generator[None, list[Any], list[Any]]:
        """Nor is one that is asked for by name, which pytest does not ignore."""
        collectors = yield
        return [] if self._is_inside(file_path) else collectors

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, session: pytest.Session, items: list[pytest.Item]) -> None:
        """Add a test for each check."""
        name = self.loaded.spec.name
        tests = CheckTests.from_parent(session, name=name, nodeid=name, tests=self)
        report = session.ihook.pytest_make_collect_report(collector=tests)
        session.ihook.pytest_collectreport(report=report)  # which counts them
        items += report.result

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """With pytest-xdist: hand the one report to a worker."""
        report = self._graded()
        node.workerinput[_SHARED] = (None if report is None else report.to_json(), self._fault)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Points into the JUnit file: of the suite, since a test case has no place for properties."""
        from _pytest.junitxml import xml_key

        xml = session.config.stash.get(xml_key, None)
        if xml is None or self._report is None:
            return
        from grader import formatting

        for check in self._report.checks:
            if check.status in {"passed", "failed", "skipped"}:
                xml.add_global_property(f"points.{check.id}", formatting.points(check.points))
                xml.add_global_property(f"max_points.{check.id}", formatting.points(check.max_points))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """The score, which the number of tests does not tell."""
        report = self._report
        if report is None:
            return
        from grader import formatting

        terminalreporter.section(f"grader: {report.assignment.name}")
        if report.score is None:
            terminalreporter.line(f"No score: {_FAULT}")
        else:
            score, most = formatting.points(report.score), formatting.points(report.max_score)
            terminalreporter.line(f"{score} of {most} points")

    def seen(self, place: int) -> CheckPart | None:
        """The result of the check at this place of the student's view; None if the grading failed."""
        report = self._graded()
        return None if report is None else report.checks[place]

    @property
    def fault(self) -> str:
        """Why there is no report."""
        return self._fault or "the grader failed"

    def checks(self) -> Iterator[tuple[str, int]]:
        """The names of the tests, and the places of their checks in the student's view."""
        checks = self.loaded.spec.checks
        visible = [check.id for check in checks if check.visibility == "visible"]
        ran = [
            check
            for check in checks
            if check.visibility != "visible" and not (self._is_quick and check.is_slow)
        ]
        names = [*visible, *(f"hidden_{number}" for number in range(1, len(ran) + 1))]
        return ((name, place) for place, name in enumerate(names))

    def _graded(self) -> Report | None:
        """The student's view of the report, made once; None if the grading failed."""
        if self._report is None and self._fault is None:
            from grader.errors import GraderError

            try:
                self._report = self._grade()
            except GraderError as error:
                self._fault = str(error)
            except Exception as error:  # noqa: BLE001  whatever it is, it is ours, and its words may tell of hidden checks
                self._fault = f"this is a fault of the grader, not of the submission ({type(error).__name__})"
        return self._report

    def _grade(self) -> Report:
        from grader.execution.warm import warm_sandbox
        from grader.frontends.one_submission import grade_entry
        from grader.intake.entry import ClassEntry
        from grader.model.report import student_view

        with warm_sandbox(with_torch=self.loaded.spec.backend == "torch") as sandbox:
            entry = ClassEntry(self._submission.name, self._submission)
            report = grade_entry(entry, self.loaded, sandbox, is_quick=self._is_quick)
        return student_view(report).without_pictures

    def _take(self, text: str | None, fault: str | None) -> None:
        from grader.model.report import parse_report

        self._report, self._fault = None if text is None else parse_report(text), fault


class CheckTests(pytest.Collector):
    """The tests of a spec."""

    def __init__(self, *, tests: GraderTests, **fields: Any) -> None:
        super().__init__(**fields)
        self._tests = tests

    def collect(self) -> list[pytest.Item]:
        """A test for each check, in the order of the student's report."""
        return [
            CheckTest.from_parent(self, name=name, tests=self._tests, place=place)
            for name, place in self._tests.checks()
        ]


class CheckTest(pytest.Item):
    """The test of one check."""

    def __init__(self, *, tests: GraderTests, place: int, **fields: Any) -> None:
        super().__init__(**fields)
        self._tests = tests
        self._place = place

    def setup(self) -> None:
        """Fail for a fault of the grader: pytest calls what fails here an error."""
        check = self._tests.seen(self._place)
        if check is None:
            pytest.fail(self._tests.fault, pytrace=False)
        if check.status == "errored":
            pytest.fail(f"{check.title}: {_FAULT}", pytrace=False)

    def runtest(self) -> None:
        """Fail, skip or pass as the check did."""
        check = self._tests.seen(self._place)
        assert check is not None
        if check.status == "not_run":
            pytest.skip(check.message)
        if check.status != "passed":
            pytest.fail(_words(check), pytrace=False)  # a traceback would be one of ours

    def reportinfo(self) -> tuple[Path, None, str]:
        """Where it is said to be: the submission is, the test is not."""
        return self._tests._submission, None, self.name  # noqa: SLF001  of this module


def _words(check: CheckPart) -> str:
    from grader import formatting

    points = f"{formatting.points(check.points)} of {formatting.points(check.max_points)} points"
    lines = (f"{check.title}: {points}", check.message, check.hint)
    return formatting.printable_lines("\n".join(filter(None, lines)))
