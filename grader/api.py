"""Grading from Python: one submission, many of them with one warm process, or a class.

The student's code never runs in your process, but in separate ones that are started without `multiprocessing`: a
script needs no `if __name__ == "__main__"`. Importing this module starts nothing and imports
neither torch nor NumPy. Nothing is printed. If you grade speed, set OPENBLAS_NUM_THREADS=1 before you import NumPy:
a second thread of your process would take the core that is being timed.
"""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Literal, Self, get_args

from grader import formatting
from grader.errors import GraderError, OutputError, UsageError
from grader.execution.forecast import spec_needs_torch, submission_needs_torch
from grader.execution.warm import warm_sandbox as _sandbox
from grader.model.format import FORMATS, FormatName

if TYPE_CHECKING:
    from grader.batch.run import ClassResult, Outcome
    from grader.batch.similar.similarity import Similarities
    from grader.data import DataSet
    from grader.execution.cluster import ClusterExecutor
    from grader.execution.executor import Executor
    from grader.grading.device import OpensDevice
    from grader.grading.reuse import Earlier
    from grader.grading.settings import Settings
    from grader.intake.folder import ClassFiles
    from grader.intake.submission import Submission
    from grader.model.report import Report
    from grader.sandbox.device import Gpu
    from grader.sandbox.isolation import IsolationLevel
    from grader.sandbox.protocols import SandboxLike
    from grader.selftest.outcome import Outcome as SelftestOutcome
    from grader.selftest.outcome import Result
    from grader.spec import LoadedSpec

DeviceName = Literal["auto", "cpu", "cuda"]
IsolationName = Literal["confined", "partial", "process"]
PathLike = str | os.PathLike[str]

_Asked = tuple[Path | str, frozenset[str], bool, bool]
"""A path, or the id of a submission; the checks to run; whether quick, whether full."""

GREATEST_JOBS = 256

GREATEST_SANDBOXES = 8
"""Of a selftest; each uses one core."""


def grade_path(
    path: PathLike,
    spec: PathLike | None = None,
    *,
    quick: bool = False,
    full: bool = False,
    seed: int | None = None,
    only: Sequence[str] = (),
    device: DeviceName = "auto",
    data: PathLike | None = None,
    isolation: IsolationName = "process",
) -> Report:
    """Grade one submission.

    >>> report = grade_path("submissions/cs231n/package_folder", quick=True)
    >>> report.assignment.name, report.score == report.max_score
    ('cs231n', True)

    Args:
        path: a notebook (.ipynb), a module (.py), a folder or a .zip.
        spec: a spec's name, .toml file or folder; None to detect it from the functions in the submission.
        quick: leave out the checks that measure speed or train, which take seconds each. `score` and `max_score` then count
            only the other checks, and a flag names the points left out.
        full: train for all iterations, even if the accuracy is clear of the bars earlier. Not with quick.
        seed: random seed of all inputs, at least 0 and below 2**63; None for the spec's, or else a new one.
        only: ids of the checks to run; empty for all. If any are given, `score` is None: the report is incomplete.
        device: "cpu", "cuda", or "auto" for an NVIDIA GPU if there is one.
        data: CIFAR-10, as its folder or .tar.gz; None for the synthetic stand-in.
        isolation: refuse to grade if the student's code is isolated less than this.

    Returns:
        The whole report, for the instructor; `grader.model.report.student_view` gives the student's.
        If the grader itself failed in a check, `has_grader_faults` is true and `score` is None.

    Raises:
        SubmissionError: the submission cannot be read.
        SpecError: the spec is not found or invalid, or cannot be detected.
        UsageError: an argument has an invalid value, or the spec has no check with an id of `only`.
        DataError: the data set is missing, short or damaged.
        DeviceError: the device is not available.
        IsolationError: this machine cannot isolate the student's code as well as `isolation` requires.
        SandboxError: no process could be started for the student's code.

    """
    with Grader(
        spec, quick=quick, full=full, seed=seed, only=only, device=device, data=data, isolation=isolation
    ) as grader:
        return grader.grade(path)


@dataclass(kw_only=True)
class _Options:
    """How to grade; `grade_path` describes the fields."""

    quick: bool = False
    full: bool = False
    seed: int | None = None
    only: Sequence[str] = ()
    device: DeviceName = "auto"
    data: PathLike | None = None
    isolation: IsolationName = "process"
    for_page: bool = False
    """Give the report the curves of the reference too, for `grader.feedback.page.student_page`: 0.1 to 0.2 CPU s each."""

    def __post_init__(self) -> None:
        """Refuse wrong values before any process is started."""
        if self.quick and self.full:
            raise UsageError(
                "a quick run leaves out training and a full one trains to the end; choose one of them"
            )
        _check_seed(self.seed)
        _check_texts("only", self.only, "check ids")
        for name, seen, names in (
            ("device", self.device, get_args(DeviceName)),
            ("isolation", self.isolation, get_args(IsolationName)),
        ):
            if seen not in names:
                raise UsageError(f"{name} must be {formatting.choices(names)}, not {seen!r}")

    def settings(
        self, loaded: LoadedSpec, sandbox: OpensDevice, cluster: ClusterExecutor | None = None
    ) -> Settings:
        """The same for this spec on this machine. The sandbox's workers open the GPU if there is one to grade on.

        cluster: where the class is graded, if not here; then its workers open theirs.
        """
        from grader.grading.device import choose_device
        from grader.grading.settings import Settings
        from grader.sandbox.isolation import IsolationLevel

        self._check_only(loaded)
        if self.quick and not self.only and all(check.is_slow for check in loaded.spec.checks):
            raise UsageError(
                f"a quick run of {loaded.spec.name} leaves nothing to grade: all of its checks time or train"
            )
        assignment = loaded.spec.assignment
        if cluster is None:
            chosen = choose_device(self.device, assignment, sandbox, IsolationLevel(self.isolation))
        else:
            chosen = cluster.choose_device(self.device, assignment)
        settings = Settings(
            seed=_drawn(self.seed, loaded),
            only=frozenset(self.only) or None,
            device=chosen.device,
            data=self._data_set,
            device_name=chosen.name,
            device_note=chosen.note,
            is_quick=self.quick,
            is_full=self.full,
            for_page=self.for_page,
        )
        settings.data_name(loaded.spec.checks)  # refuses damaged files now, not at the first check
        return settings

    def _check_only(self, loaded: LoadedSpec) -> None:
        """Students see the message: it names no hidden check."""
        checks = loaded.spec.checks
        visible = [check.id for check in checks if check.visibility == "visible"]
        for name in self.only:
            if name not in {check.id for check in checks}:
                meant = formatting.near(name, visible)
                words = f"{loaded.spec.name} has no check {name!r}" + (f" ({meant})" if meant else "")
                raise UsageError(f"{words}; choose from {', '.join(visible)}" if visible else words)

    @cached_property
    def _data_set(self) -> DataSet | None:
        """Read once, however many submissions there are; None for the stand-in, which comes from the seed."""
        from grader.data import open_data

        return None if self.data is None else open_data(Path(self.data))


@dataclass(frozen=True, slots=True)
class Regrading:
    """A report for which only the checks that a change may affect were run again.

    ran: the ids of those checks; the other results are from the earlier grading.
    """

    report: Report
    ran: frozenset[str]


@dataclass(eq=False)
class Grader(_Options):
    """Grades one submission after another, and keeps its warm process between them: only the first waits for NumPy or torch.

    >>> with Grader("cs231n", quick=True) as grader:
    ...     scores = [
    ...         grader.grade(f"submissions/cs231n/{name}").score for name in ("package_folder", "python_2")
    ...     ]

    The arguments are those of `grade_path`, and may be changed between calls, except for `data`. `for_page` adds the
    reference's loss curves to reports, for a page to show beside the student's. Without a spec, it is detected for each
    submission; without a seed, each submission gets a new one. Calls from several threads wait for one another.
    """

    spec: PathLike | None = None
    _running: ExitStack = field(default_factory=ExitStack, init=False, repr=False)
    _sandbox: SandboxLike | None = field(default=None, init=False, repr=False)
    _turn: Lock = field(default_factory=Lock, init=False, repr=False)
    _earlier: dict[_Asked, Earlier] = field(default_factory=dict, init=False, repr=False)

    _is_open: bool = field(default=False, init=False, repr=False)

    def __enter__(self) -> Self:
        """Start the process that the student's code will run in, if the spec tells whether it needs torch."""
        self._is_open = True
        if self.spec is not None:
            self._start(needs_torch=spec_needs_torch(self.spec))
        return self

    def __exit__(self, *_: object) -> None:
        """End all processes."""
        with self._turn:
            self._is_open = False
            self._end()

    def _end(self) -> None:
        self._sandbox = None
        self._running.close()

    def _start(self, *, needs_torch: bool) -> SandboxLike:
        if self._sandbox is None:
            self._sandbox = self._running.enter_context(_sandbox(with_torch=needs_torch))
        return self._sandbox

    def grade(
        self, path: PathLike | Submission, progress: Callable[[int, int, str], None] | None = None
    ) -> Report:
        """Grade one submission; see `grade_path` for the report and the errors.

        Args:
            path: a notebook (.ipynb), a module (.py), a folder or a .zip; or a submission that has already been read.
            progress: called before each check with its number from 0, the number of checks, and its title.

        """
        return self._grade(path, progress, None)

    def regrade(
        self, path: PathLike | Submission, progress: Callable[[int, int, str], None] | None = None
    ) -> Regrading:
        """Grade one submission again after a change: run only the checks that the change may affect.

        Apart from times, the report equals that of `grade` with the same seed. The seed stays the same for a path from its
        first `regrade` on. A check that is not run again keeps its earlier time too. Results are kept until the `with` block
        ends, separately for each choice of checks.

        Args:
            path: as for `grade`; a submission that has already been read is compared with the earlier one of its id.
            progress: as for `grade`.

        """
        from grader.grading.reuse import Earlier

        place = Path(path) if isinstance(path, str | os.PathLike) else path.id
        asked = place, frozenset(self.only), self.quick, self.full
        earlier = self._earlier.get(asked) or Earlier()
        report = self._grade(path, progress, earlier)
        self._earlier[asked] = earlier
        return Regrading(report, earlier.ran)

    def _grade(
        self,
        path: PathLike | Submission,
        progress: Callable[[int, int, str], None] | None,
        earlier: Earlier | None,
    ) -> Report:
        from grader.intake.submission import load_submission

        with self._turn:
            if not self._is_open:
                raise RuntimeError("a Grader works inside its `with` block only")
            self.__post_init__()  # they may have been changed
            submission = load_submission(Path(path)) if isinstance(path, str | os.PathLike) else path
            sandbox = self._start(needs_torch=submission_needs_torch(submission))
            from grader.grading.grade import grade
            from grader.sandbox.isolation import IsolationLevel, require

            loaded = load_spec_for(submission, self.spec)
            settings = self.settings(loaded, sandbox)
            if (
                self.isolation != "process"
            ):  # every machine isolates so much, and asking waits for the imports
                require(sandbox.isolation, IsolationLevel(self.isolation))
            if (
                earlier is not None
                and earlier.basis is not None
                and self.seed is None
                and loaded.spec.seed is None
            ):
                settings = replace(settings, seed=earlier.basis.settings.seed)
            kept = {} if earlier is None else {"earlier": earlier}
            try:
                return grade(submission, loaded, sandbox, settings, progress, **kept)
            except BaseException as error:
                # Ctrl-C may come between a question to a process and its answer.
                if not isinstance(error, GraderError):
                    self._end()
                raise


def grade_class(
    path: PathLike,
    spec: PathLike,
    out: PathLike,
    *,
    quick: bool = False,
    full: bool = False,
    seed: int | None = None,
    device: DeviceName = "auto",
    data: PathLike | None = None,
    isolation: IsolationName = "confined",
    select: Sequence[str] = (),
    rules: PathLike | None = None,
    regrade: bool = False,
    anyway: bool = False,
    jobs: int | Literal["auto"] = 1,
    scheduler: str | None = None,
    format: FormatName = "auto",  # noqa: A002  as the option
    roster: PathLike | None = None,
    announce: Callable[[ClassFiles], None] | None = None,
    progress: Callable[[Outcome | None, int, int], None] | None = None,
    working: Callable[[Sequence[str]], None] | None = None,
) -> ClassResult:
    """Grade a class. Each report is on disk as soon as it is made; after a stop the same call resumes.

    Nothing is graded if most of the first ten submissions to grade have no function of the spec, or if `out` has the class
    graded with another spec.

    >>> result = grade_class("submissions/cs231n", "cs231n", out, quick=True, select=["package_folder"])
    >>> [(outcome.id, outcome.how) for outcome in result.outcomes]
    [('package_folder', 'graded')]

    Args:
        path: the download of a platform, or a folder or a .zip with one notebook, module, archive or folder for each
            submission.
        spec: a spec's name, .toml file or folder.
        out: folder for reports/ID.json, the students' pages feedback/ID.html, the class's page index.html and gradebook.csv;
            created if missing.
        quick: as for `grade_path`.
        full: as for `grade_path`; submissions whose training stopped early are graded again.
        device: as for `grade_path`.
        data: as for `grade_path`.
        seed: one for the whole class; submissions whose reports have another one are graded again.
        isolation: refuse to grade with less isolation than this; submissions graded with less are graded again.
        select: shell patterns (`team_*`) of the ids to grade; empty for all.
        rules: class.toml, with due date, late policy, extensions and overrides. A copy stays in `out` and
            applies to later calls without it.
        regrade: grade unchanged submissions too.
        anyway: grade even a class that looks like another assignment's, or has reports of another spec.
        jobs: how many submissions to grade at a time, each in a process of its own; "auto" for as many as this machine's
            cores and free memory allow (one on a GPU). Not used with a scheduler.
        scheduler: address of a Dask scheduler (tcp://HOST:PORT), whose workers then grade: docs/cluster.md. `data` is then
            the path of the data set on the workers too.
        format: the platform of the download; "auto" recognizes it by the names in it.
        roster: a CSV with the ids, logins, emails or names of the class, exported from a platform or made by hand. A copy
            stays in `out` and applies to later calls without it. Students who did not submit then have a line in the
            gradebook too.
        announce: called once with the class found in the download, before anything is graded.
        progress: called with each outcome, the number done and the number of submissions; first with None and 0.
        working: called with the ids being graded, whenever they change.

    Returns:
        The outcomes in the order of the submissions. A submission that cannot be read, or that the grader failed on, has
        a report that says so.

    Raises:
        SubmissionError: `path` is not a class, or a pattern of `select` matches no submission.
        RosterError: the roster cannot be read, or has two students under one id.
        OutputError: a report cannot be written, or another run is writing to `out`.
        SpecError: as for `grade_path`, or most submissions have no function of the spec, or `out` has them graded with
            another one.
        RulesError: `rules`, or the rules or overrides in `out`, are not valid.
        UsageError: `format` is unknown, `scheduler` is not an address or its library is not installed, or as for
            `grade_path`.
        ClusterError: the cluster cannot be reached, or none of its workers can grade.
        DataError, DeviceError, IsolationError, SandboxError: as for `grade_path`.

    """
    _check_texts("select", select, "patterns")
    _check_format(format)
    with_torch = spec_needs_torch(spec)
    count = _job_count(jobs, may_use_gpu=with_torch and device != "cpu")
    submissions, reports = Path(path), Path(out)
    if data is not None and scheduler is not None:
        data = Path(data).absolute()  # a worker has another current folder
    options = _Options(
        quick=quick, full=full, seed=seed, device=device, data=data, isolation=isolation, for_page=True
    )
    with ExitStack() as running:
        executor: Executor
        device_owner: OpensDevice = _DeviceProbe()
        cluster = None
        if scheduler is None:
            executor, device_owner = _executor(running, count, with_torch=with_torch)
        else:
            executor = cluster = _cluster(running, scheduler, isolation, with_torch=with_torch)
        from grader.batch import ClassRun, ReportStore
        from grader.batch.enrolment import enrolment
        from grader.batch.first_look import LOOKED_AT, require_own, require_same_spec
        from grader.batch.pages import PagesOfRun
        from grader.batch.results import own_rules
        from grader.intake.folder import find_class, selected
        from grader.sandbox.isolation import IsolationLevel
        from grader.spec import load_spec

        loaded = load_spec(os.fspath(spec))
        if reports.resolve() == submissions.resolve():
            raise OutputError(
                f"--out {reports} is the class folder itself; choose another folder",
                path=reports,
            )
        store = ReportStore(reports)
        store.require_files()
        enrolled = enrolment(store, None if roster is None else Path(roster))
        expected = loaded.spec.file_names
        found = find_class(
            submissions, besides=reports, format=format, roster=enrolled.ids, expected=expected
        )
        found, record = enrolled.joined(found, loaded.spec)
        whole_class = found.entries
        entries = selected(whole_class, select)
        own_files, remarks = own_rules(store, None if rules is None else Path(rules))
        if not anyway:
            new = (entry for entry in entries if regrade or not store.has_report(entry.id))
            require_own(list(islice(new, LOOKED_AT)), loaded.spec)
            require_same_spec(store.read_record(), loaded.spec, reports)
        store.prepare()
        if announce is not None:
            announce(found)
        settings = options.settings(loaded, device_owner, cluster)
        run = ClassRun(
            loaded,
            settings,
            store,
            regrade=regrade,
            pinned_seed=seed,
            least_isolation=IsolationLevel(isolation),
        )
        pages = PagesOfRun(store, entries, working)
        result = run.grade(
            entries,
            executor,
            whole_class=whole_class,
            record=record,
            own_files={**own_files, **dict(enrolled.own_files)},
            progress=progress,
            working=working,
            pages=pages,
        )
        return replace(
            result,
            skipped=found.skipped,
            earlier=found.earlier,
            remarks=(*remarks, *result.remarks),
            without_page=pages.failed,
        )


def compare_class(
    path: PathLike,
    spec: PathLike,
    *,
    template: PathLike | None = None,
    format: FormatName = "auto",  # noqa: A002  as the option
    progress: Callable[[int, int], None] | None = None,
) -> Similarities:
    """Find pairs of submissions that share code. They are worth a look, not a verdict. No submitted code is run.

    Args:
        path: as for `grade_class`.
        spec: a spec's name, .toml file or folder; its functions are compared, with the helpers that they need.
        template: the notebook, module or folder that was handed out; its code does not count.
        format: as for `grade_class`.
        progress: called with the number of submissions read and the total.

    Raises:
        SubmissionError: `path` is not a class, or the template cannot be read.
        SpecError: as for `grade_path`.
        UsageError: copydetect is not installed, the template has no code, or `format` is unknown.

    """
    _check_format(format)
    from grader.batch.similar.similarity import find_similar
    from grader.intake.folder import find_class
    from grader.intake.submission import load_submission
    from grader.spec import load_spec

    loaded = load_spec(os.fspath(spec))
    given = None if template is None else load_submission(Path(template))
    found = find_class(Path(path), format=format, expected=loaded.spec.file_names)
    return find_similar(found.entries, loaded.spec, given, progress)


def selftest_spec(
    spec: PathLike,
    *,
    seed: int | None = None,
    mutants: bool = True,
    progress: Callable[[SelftestOutcome, int, int], None] | None = None,
) -> Result:
    """Grade implementations that are known to be right or wrong, on several cores.

    >>> selftest_spec("softmax_sgd_lab", seed=0, mutants=False).is_clean
    True

    Args:
        spec: a spec's name, .toml file or folder.
        seed: as for `grade_path`.
        mutants: also grade mutants of the solution, if the spec is a linear classifier's, and of a right module in the
            spec's own folder.
        progress: called with each outcome, the number done and the number of implementations.

    Returns:
        The outcomes, which name the wrong implementations that pass and the right ones that fail.

    Raises:
        SpecError: the spec is not found or invalid.
        UsageError: the seed is out of range.
        SandboxError: no process could be started for the implementations.

    """
    _check_seed(seed)
    with ExitStack() as running:
        with_torch = spec_needs_torch(spec)
        sandboxes = [running.enter_context(_sandbox(with_torch=with_torch))]
        from grader.execution.threads import ThreadsExecutor
        from grader.selftest import (
            implementations_for,
            make_mutants,
            mutants_of,
            own_implementations,
            run_selftest,
        )
        from grader.spec import FOLDER_SPEC, load_spec

        loaded = load_spec(os.fspath(spec))
        own = own_implementations(loaded)
        shipped = implementations_for(loaded.spec)
        if loaded.path.name == FOLDER_SPEC:  # a shipped spec that happens to have its name is another
            shipped = tuple(each for each in shipped if each.family is None)
        if mutants:
            shipped += make_mutants() if any(each.family is None for each in shipped) else ()
            own += tuple(mutants_of(loaded, own))
        more = min(os.cpu_count() or 1, GREATEST_SANDBOXES) - 1
        sandboxes += [running.enter_context(_sandbox(with_torch=with_torch)) for _ in range(more)]
        return run_selftest(
            (*shipped, *own), loaded, ThreadsExecutor(sandboxes), _drawn(seed, loaded), progress
        )


def load_spec_for(submission: Submission, spec: PathLike | None = None) -> LoadedSpec:
    """The spec of this name or file; if None, the one that the submission's functions belong to.

    SpecError if it is not found, invalid, or cannot be detected.
    """
    from grader.spec import load_spec
    from grader.spec.detect import detect_spec

    return detect_spec(submission) if spec is None else load_spec(os.fspath(spec))


def _executor(running: ExitStack, count: int, *, with_torch: bool) -> tuple[Executor, OpensDevice]:
    """What runs a class, ended with `running`, and what opens the GPU in order to choose it."""
    if count == 1:
        sandbox = running.enter_context(_sandbox(with_torch=with_torch))
        from grader.execution.serial import SerialExecutor

        return SerialExecutor(sandbox), sandbox
    from grader.execution.pool import PoolExecutor

    return running.enter_context(PoolExecutor(count, with_torch=with_torch)), _DeviceProbe()


def _cluster(
    running: ExitStack, address: str, isolation: IsolationName, *, with_torch: bool
) -> ClusterExecutor:
    """The executor of a Dask scheduler, left with `running`. UsageError if the library for it is not installed."""
    try:
        from grader.execution.cluster import ClusterExecutor
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {"dask", "distributed"}:
            raise
        raise UsageError(
            "--scheduler needs Dask: install the extra `cluster`, as in pip install 'linear-classifier-grader[cluster]'"
        ) from error
    from grader.sandbox.isolation import IsolationLevel

    return running.enter_context(ClusterExecutor(address, IsolationLevel(isolation), with_torch=with_torch))


class _DeviceProbe:
    """Opens the GPU in a worker of its own, which ends at once."""

    def open_device(self, device_memory_bytes: int, least: IsolationLevel) -> Gpu:
        with _sandbox(with_torch=True) as sandbox:
            return sandbox.open_device(device_memory_bytes, least)


def _job_count(jobs: object, *, may_use_gpu: bool) -> int:
    if jobs == "auto":
        from grader.execution.capacity import capacity
        from grader.sandbox.device import is_gpu_there

        # What jobs beside one another need of a GPU's memory is unknown.
        return 1 if sys.platform == "win32" or (may_use_gpu and is_gpu_there()) else capacity().jobs
    if isinstance(jobs, bool) or not isinstance(jobs, int) or not 1 <= jobs <= GREATEST_JOBS:
        raise UsageError(f'jobs must be from 1 to {GREATEST_JOBS} or "auto", not {jobs!r}')
    if jobs > 1 and sys.platform == "win32":
        raise UsageError("on Windows submissions are graded one at a time; leave jobs at 1")
    return jobs


def _drawn(seed: int | None, loaded: LoadedSpec) -> int:
    pinned = loaded.spec.seed if seed is None else seed
    return secrets.randbits(48) if pinned is None else pinned


def _check_seed(seed: object) -> None:
    if seed is None:
        return
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 1 << 63:
        raise UsageError(f"seed must be an integer of at least 0 and below 2**63, not {seed!r}")


def _check_format(seen: object) -> None:
    if seen not in FORMATS:
        raise UsageError(f"format must be one of {formatting.choices(FORMATS)}, not {seen!r}")


def _check_texts(name: str, seen: object, words: str) -> None:
    is_string = isinstance(seen, str)
    if is_string or not isinstance(seen, Collection) or not all(isinstance(each, str) for each in seen):
        shown = "a string" if is_string else repr(seen)
        raise UsageError(f"{name} must be a list of {words}, not {shown}")
