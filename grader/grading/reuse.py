"""The results of an earlier grading of a submission, and which of them still hold now that some of it has changed.

A check's result follows from the spec, the settings and the seed, from what other checks found, and from the code and files
that its calls reached. Where all of these are as they were it stands. Where that is not certain the check is run again: a
function that may keep something between calls takes all checks with it.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from grader.checks import AnyCheck
from grader.extract import Chunk, Extracted
from grader.extract.statefulness import may_draw, may_keep_state
from grader.grading.check_result import CheckResult
from grader.grading.layouts import Runner
from grader.grading.sessions import file_named
from grader.grading.settings import Settings
from grader.grading.watching import Seen
from grader.intake.submission import SourceFile
from grader.model.assignment import Assignment
from grader.model.observation import Observation, Raised, Returned
from grader.model.trial import FileArgument, Replacement, Trial
from grader.model.verdict import Verdict
from reference.conventions import Layout


@dataclass(frozen=True, slots=True)
class Given:
    """What a check was given besides the code: it comes from the submission's other functions and checks."""

    layout: Layout
    right: tuple[Replacement, ...] = ()
    withheld: tuple[Replacement, ...] = ()
    mistakes: tuple[str, ...] = ()


@dataclass(slots=True, eq=False)
class Recorder:
    """Notes what the calls of one check reached."""

    inner: Runner
    callers: dict[str, frozenset[str]] = field(default_factory=dict)
    """Of each worker that was called, the functions that it holds."""
    files: set[str] = field(default_factory=set)
    """The names of the files that were handed over."""
    troubled: set[str] = field(default_factory=set)
    """The functions of calls that did not end, or were not made: they may cost later ones their calls."""

    def run(self, trial: Trial) -> Observation:
        """Make the call."""
        seen = self.inner(trial)
        for each in trial.positional:
            if isinstance(each, FileArgument):
                self.files.update(each.names)
        if trial.runner == "student":
            names = {trial.function, *trial.lent, *(each.function for each in trial.replaced)}
            self.callers[trial.caller] = frozenset(names)
            if not isinstance(seen, Returned | Raised):
                self.troubled |= names
        return seen

    def kept(self, result: CheckResult, given: Given, seen: Seen) -> Kept:
        """The check's result with all that it came from."""
        return Kept(result, given, seen, self.callers, frozenset(self.files), frozenset(self.troubled))


@dataclass(frozen=True, slots=True)
class Kept:
    """A result and what it came from."""

    result: CheckResult
    given: Given
    seen: Seen
    """What the calls showed of forbidden operators."""
    callers: Mapping[str, frozenset[str]]
    files: frozenset[str]
    troubled: frozenset[str]

    @property
    def functions(self) -> frozenset[str]:
        """All that it called, or needs."""
        check = self.result.check
        return frozenset((*check.functions, *check.named.values())).union(*self.callers.values())


@dataclass(frozen=True)
class Code:
    """A submission's code, to be compared with that of another time."""

    extracted: Extracted
    files: Sequence[SourceFile]
    assignment: Assignment

    def around(self) -> Hashable:
        """What every worker is told besides the chunks."""
        extracted = self.extracted
        return (
            extracted.stubs,
            extracted.absences,
            tuple(extracted.modules.items()),
            frozenset(chunk.file for chunk in extracted.chunks),
            any(each.mentions_cuda for each in extracted.functions.values()),
            any("torch" in chunk.source for chunk in extracted.chunks),
        )

    def of(self, names: Iterable[str], *, with_places: bool = False) -> Hashable:
        """All that calls of these functions execute. with_places: and the lines where it stands."""
        ordered = sorted(names)
        numbers = sorted({number for name in ordered for number in self._numbers(name)})
        position = {number: index for index, number in enumerate(numbers)}
        chunks = [self._chunks[number] for number in numbers]
        return (
            tuple(
                (each.file, each.source, each.binds, each.borrows, each.location if with_places else None)
                for each in chunks
            ),
            tuple((name, *self._loaded(name, position)) for name in ordered),
        )

    def file(self, name: str) -> bytes | None:
        """The content of a file that a check hands over."""
        found = file_named(self.files, name)
        return None if found is None else found.content

    def names_places(self, verdict: Verdict) -> bool:
        """Whether the verdict tells a line of the submission."""
        texts = [verdict.message, verdict.hint or "", *(alarm.message for alarm in verdict.alarms)]
        for each in verdict.findings:
            texts += [*each.notes, *(mistake.message for mistake in each.diagnosis)]
        is_named = any(path in text for path in self._paths for text in texts)
        return is_named or verdict.failure is not None

    @cached_property
    def keeping(self) -> frozenset[str]:
        """The functions that may keep something between calls."""
        return frozenset(name for name in self.extracted.functions if may_keep_state(self._sources(name)))

    @cached_property
    def drawing(self) -> frozenset[str]:
        """The functions that may draw random numbers, and so depend on the draws of the calls before."""
        return frozenset(name for name in self.extracted.functions if may_draw(self._sources(name)))

    @cached_property
    def _chunks(self) -> Mapping[int, Chunk]:
        return {chunk.number: chunk for chunk in self.extracted.chunks}

    @cached_property
    def _paths(self) -> frozenset[str]:
        return frozenset(path for each in self.extracted.chunks for path in (each.file, each.location.file))

    def _numbers(self, name: str) -> tuple[int, ...]:
        return self.extracted.functions[name].chunks if name in self.extracted.functions else ()

    def _sources(self, name: str) -> list[str]:
        return [self._chunks[number].source for number in self._numbers(name)]

    def _loaded(self, name: str, position: Mapping[int, int]) -> tuple[Hashable, ...]:
        """What a worker is told to load the function, or why it is missing."""
        function = self.extracted.functions.get(name)
        if function is None:
            return (self.extracted.missing.get(name),)
        partners = [
            (each, self.extracted.functions[each].file)
            for each in sorted(self.assignment.partners(name))
            if each in self.extracted.functions
        ]
        numbers = tuple(position[number] for number in function.chunks)
        return (function.file, function.source, numbers, function.lacks, function.mentions_cuda, *partners)


@dataclass(frozen=True)
class Basis:
    """What all results of one grading rest on."""

    spec_sha256: str
    settings: Settings
    code: Code
    layouts: Mapping[str, Layout] = field(default_factory=dict)

    def is_like(self, other: Basis) -> bool:
        """Whether the results of one may stand in the other, where code and files allow it."""
        same = (self.spec_sha256, self.settings) == (other.spec_sha256, other.settings)
        return same and self.code.around() == other.code.around()


@dataclass(eq=False)
class Earlier:
    """The latest grading of a submission, for the next one to build on. Empty before the first."""

    basis: Basis | None = None
    kept: Mapping[str, Kept] = field(default_factory=dict)
    """By check, the results that can be used again."""
    ran: frozenset[str] = frozenset()
    """The checks that the latest grading ran."""

    def standing(self, checks: Sequence[AnyCheck], basis: Basis) -> Standing:
        """The results that a grading on this basis may use, as far as code and files tell."""
        before = self.basis
        if before is None or not before.is_like(basis):
            return Standing(basis.code)
        standing = Standing(basis.code, self.kept, self.kept)
        stale = {check.id: check for check in checks if not self._holds(check.id, before.code, basis.code)}
        if any(not standing.touched(check).isdisjoint(basis.code.keeping) for check in stale.values()):
            return Standing(basis.code)
        linked = dict(stale)
        while linked:
            links = frozenset[str]().union(*map(standing.links, linked.values()))
            rest = (check for check in checks if check.id not in stale)
            linked = {
                check.id: check for check in rest if not standing.recorded_links(check).isdisjoint(links)
            }
            stale |= linked
        return replace(
            standing, results={name: each for name, each in self.kept.items() if name not in stale}
        )

    def layouts(self, names: Collection[str], basis: Basis) -> Mapping[str, Layout] | None:
        """The layouts that were found for these functions; None if they may be others now."""
        before = self.basis
        if before is None or not before.is_like(basis) or before.layouts.keys() != set(names):
            return None
        return before.layouts if before.code.of(names) == basis.code.of(names) else None

    def _holds(self, name: str, before: Code, now: Code) -> bool:
        if (kept := self.kept.get(name)) is None:
            return False
        with_places = before.names_places(kept.result.verdict)
        codes = (code.of(kept.functions, with_places=with_places) for code in (before, now))
        files = ([code.file(each) for each in sorted(kept.files)] for code in (before, now))
        return next(codes) == next(codes) and next(files) == next(files)


@dataclass(frozen=True)
class Standing:
    """The results that still stand, beside all that are known."""

    code: Code
    known: Mapping[str, Kept] = field(default_factory=dict)
    results: Mapping[str, Kept] = field(default_factory=dict)

    def touched(self, check: AnyCheck) -> frozenset[str]:
        """The functions that the check calls: those it names, and all that it called before."""
        named = frozenset((*check.functions, *check.named.values()))
        return named | self.known[check.id].functions if check.id in self.known else named

    def recorded_links(self, check: AnyCheck) -> frozenset[str]:
        """What the check has in common with others whose calls its own may depend on: workers that draw, troubled functions."""
        if (kept := self.known.get(check.id)) is None:
            return frozenset()
        drawing = (caller for caller, names in kept.callers.items() if names & self.code.drawing)
        return frozenset(drawing) | (kept.functions & self._troubled)

    def links(self, check: AnyCheck) -> frozenset[str]:
        """The same for a check that is run again and may call other functions than before."""
        touched = self.touched(check)
        return self.recorded_links(check) | (touched & (self.code.drawing | self._troubled))

    def can_run_alone(self, check: AnyCheck) -> bool:
        """Whether the results of other checks stand if this one, which stood, is run again."""
        links = self.links(check)
        others = (kept.result.check for name, kept in self.results.items() if name != check.id)
        is_linked = any(not self.recorded_links(other).isdisjoint(links) for other in others)
        return not is_linked and self.touched(check).isdisjoint(self.code.keeping)

    @cached_property
    def _troubled(self) -> frozenset[str]:
        return frozenset[str]().union(*(kept.troubled for kept in self.known.values()))
