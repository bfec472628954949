"""The implementations in right/ and wrong/ of a spec's own folder, and small changes to a right one."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from grader import formatting
from grader.checks.questions.answers import AnswersCheck
from grader.errors import SpecError
from grader.extract import extract
from grader.intake.submission import SourceFile, Submission, load_submission
from grader.selftest.mutants import changes_in
from grader.spec import FOLDER_SPEC, LoadedSpec, Spec

RIGHT, WRONG = "right", "wrong"

_SUFFIXES = frozenset({".py", ".ipynb", ".zip"})


@dataclass(frozen=True, slots=True)
class OwnImplementation:
    """A file or folder that the instructor knows to be right or wrong, or a change to a right one."""

    full_name: str
    kind: Literal["right", "wrong", "mutant"]
    about: str
    """The first line of the module's docstring, or what was changed; may be empty."""

    submission: Submission
    functions: tuple[str, ...]
    """Those of the spec that it is about: all that it defines, or the one that was changed."""

    defined: frozenset[str]
    """Those of the spec that it defines; it is judged by the checks that need no others."""

    diagnosis: frozenset[str] = frozenset()
    """The mistake that it is named after; empty if it has no such name, and then any may be named."""

    awaits: None = None
    restriction: None = None

    @property
    def may_be_right(self) -> bool:
        """Nobody has looked at a mutant."""
        return self.kind == "mutant"

    @property
    def has_named_mistake(self) -> bool:
        return bool(self.diagnosis)

    def is_misnamed(self, named: frozenset[str]) -> bool:
        """Whether a diagnosis with these mistakes lacks its own, or names another."""
        return bool(self.diagnosis) and named != self.diagnosis

    def fits(self, _: Spec) -> bool:
        return True

    def is_right_for(self, _: Spec) -> bool:
        return self.kind == "right"


def own_implementations(loaded: LoadedSpec) -> tuple[OwnImplementation, ...]:
    """All in right/ and wrong/ beside the spec, in the order of their names.

    SpecError for one that defines no function of the spec, SubmissionError for one that cannot be read.
    """
    if loaded.path.name != FOLDER_SPEC:
        return ()
    return tuple(
        _made(loaded, place) for kind in (RIGHT, WRONG) for place in _places(loaded.path.parent / kind)
    )


def mutants_of(
    loaded: LoadedSpec, implementations: tuple[OwnImplementation, ...]
) -> Iterator[OwnImplementation]:
    """Small changes to the first right module that defines the most functions; each may be right all the same."""
    modules = [
        each
        for each in implementations
        if each.kind == RIGHT and [file.path.endswith(".py") for file in each.submission.files] == [True]
    ]
    if not modules:
        return
    origin = max(modules, key=lambda each: len(each.functions))
    (file,) = origin.submission.files
    text = file.content.decode("utf-8-sig", "replace")
    for function in loaded.spec.functions:
        with suppress(SyntaxError, ValueError):
            for change in changes_in(text, function):
                name = f"{function}, {change.name}"
                changed = Submission(name, (SourceFile(file.path, change.source.encode()),))
                yield replace(
                    origin,
                    full_name=name,
                    kind="mutant",
                    about=f"{origin.full_name}: {change.about[:1].lower()}{change.about[1:]}",
                    submission=changed,
                    functions=(function,),
                )


def costs_beside(implementation: OwnImplementation, lost: Collection[str], spec: Spec) -> tuple[str, ...]:
    """The checks of other functions that take points for its named mistake, because the question has no right function.

    lost: ids of the checks that took points.
    """
    answers = [check for check in spec.checks if isinstance(check, AnswersCheck)]
    known = [check for check in answers if not implementation.diagnosis.isdisjoint(check.mistake_names)]
    if implementation.kind != WRONG or not known or any(each.replacement(spec.assignment) for each in known):
        return ()
    own = {each.function for each in known}
    return tuple(each.id for each in answers if each.id in lost and each.function not in own)


def _places(folder: Path) -> list[Path]:
    """The files and folders in it that can be submissions."""
    try:
        found = sorted(folder.iterdir()) if folder.is_dir() else []
    except OSError as error:
        raise SpecError(
            f"{formatting.printable(str(folder))}: cannot be read: {error.strerror or error}"
        ) from error
    return [
        place
        for place in found
        if not place.name.startswith((".", "__")) and (place.is_dir() or place.suffix.lower() in _SUFFIXES)
    ]


def _made(loaded: LoadedSpec, place: Path) -> OwnImplementation:
    kind: Literal["right", "wrong"] = "right" if place.parent.name == RIGHT else "wrong"
    submission = load_submission(place)
    spec = loaded.spec
    extracted = extract(submission, list(spec.functions), spec.files)
    functions = tuple(name for name in spec.functions if name in extracted.functions)
    if not functions:
        names = formatting.listing(list(spec.functions), "or")
        raise SpecError(
            f"{formatting.printable(str(place))}: defines no function of {spec.name}: expected {names}"
        )
    is_named = kind == WRONG and place.stem in _mistakes_of(spec)
    return OwnImplementation(
        full_name=f"{kind}/{place.name}",
        kind=kind,
        about=_first_line(submission),
        submission=submission,
        functions=functions,
        defined=frozenset(functions),
        diagnosis=frozenset({place.stem}) if is_named else frozenset(),
    )


def _mistakes_of(spec: Spec) -> set[str]:
    """The names of the mistakes that the spec's questions know."""
    checks = (check for check in spec.checks if isinstance(check, AnswersCheck))
    return {name for check in checks for name in check.mistake_names}


def _first_line(submission: Submission) -> str:
    """The first paragraph of the docstring of a module, as one line."""
    if len(submission.files) != 1 or not submission.files[0].path.endswith(".py"):
        return ""
    with suppress(SyntaxError, ValueError):
        words = ast.get_docstring(ast.parse(submission.files[0].content)) or ""
        return " ".join(words.partition("\n\n")[0].split())
    return ""
