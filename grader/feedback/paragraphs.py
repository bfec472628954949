"""The causes of lost points as a page tells them: one paragraph for each, the same mistake in several functions once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from grader.feedback.causes import OPTIONAL, causes, listed
from grader.model.report import CheckPart, Report, WherePart

_PARTS = {"loss": "The loss", "gradient": "dW"}
"""The parts of a result, as a sentence begins with them; others by their own names."""


@dataclass(frozen=True, slots=True)
class Cause:
    """A cause of lost points.

    Attributes:
        teller: the check that tells it.
        others: titles of the checks that did not pass because of it.
        words: the teller's message, without the named mistakes.
        where: the line it speaks of; None if unknown.
        is_placed: whether the words name that line.
        lost: points that it costs; a fault of the grader costs none.
    """

    teller: CheckPart
    others: str
    words: str
    where: WherePart | None
    is_placed: bool
    lost: float


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Causes that are the same named mistake, or a single cause.

    Attributes:
        anchor: its id in the page.
        mistakes: the named mistakes in words; empty if none was recognised.
        check_ids: all checks that it tells of.
    """

    anchor: str
    mistakes: str
    causes: tuple[Cause, ...]
    check_ids: frozenset[str]

    @property
    def lost(self) -> float:
        """Points that it costs."""
        return sum(cause.lost for cause in self.causes)

    @property
    def status(self) -> str:
        """The status of its checks: failed before errored before skipped."""
        found = {cause.teller.status for cause in self.causes}
        return next((each for each in ("failed", "errored", "skipped") if each in found), "failed")


def paragraphs(report: Report, checks: Sequence[CheckPart]) -> tuple[Paragraph, ...]:
    """A paragraph for each cause, in the order of the checks; the grader's own faults last."""
    alike: dict[object, list[list[CheckPart]]] = {}
    for group in causes(report, checks):
        mistakes = _mistakes(group[0])
        alike.setdefault((mistakes, group[0].hint) if mistakes else group[0].id, []).append(group)
    told = [
        Paragraph(
            anchor=f"cause-{number}",
            mistakes=_told(groups[0][0]),
            causes=tuple(_cause(report, group) for group in groups),
            check_ids=frozenset(check.id for group in groups for check in group),
        )
        for number, groups in enumerate(alike.values(), 1)
    ]
    return tuple(sorted(told, key=lambda each: each.status == "errored"))


def to_fix(told: Sequence[Paragraph], absent: Sequence[tuple[str, list[str]]]) -> int:
    """How many things a student can put right: causes that are not the grader's own faults, and lines on absent functions."""
    wrong = sum(each.status != "errored" for each in told)
    return wrong + sum(not line.startswith(OPTIONAL) for line, _ in absent)


def places(report: Report) -> re.Pattern[str]:
    """Finds the lines of the submission that words name: file, cell, line."""
    files = {part.path for part in report.submission.files}
    files |= {part.where.file for part in report.functions.values() if part.where is not None}
    names = "|".join(re.escape(file) for file in sorted(files, key=len, reverse=True)) or "(?!)"
    return re.compile(
        rf"(?<![^\s(])(?P<file>{names})(?:, cell (?P<cell>\d{{1,9}}))?, line (?P<line>\d{{1,9}})"
    )


def place_of_match(match: re.Match[str]) -> WherePart:
    """The line that a match of `places` names."""
    cell = None if match["cell"] is None else int(match["cell"])
    return WherePart(file=match["file"], cell=cell, line=int(match["line"]))


def place_in(words: str, report: Report) -> WherePart | None:
    """The first line of the submission that the words name."""
    match = places(report).search(words)
    return None if match is None else place_of_match(match)


def _mistakes(check: CheckPart) -> tuple[str, ...]:
    """The named mistakes that the check's message tells, each once."""
    found = (each.message for finding in check.findings for each in finding.diagnosis)
    return tuple(dict.fromkeys(words for words in found if words and words in check.message))


def _told(check: CheckPart) -> str:
    """The named mistakes, which begin with the name of the part that is wrong: "It" has nothing to refer to here."""
    parts = {each.message: each.part for finding in check.findings for each in finding.diagnosis}
    words = []
    for mistake in _mistakes(check):
        name = _PARTS.get(parts[mistake], parts[mistake])
        words.append(f"{name} {mistake[3:]}" if mistake.startswith("It ") else mistake)
    return " ".join(words)


def _cause(report: Report, group: Sequence[CheckPart]) -> Cause:
    teller, *others = group
    words = teller.message
    where = None if teller.status == "errored" else _where(report, teller)
    for mistake in _mistakes(teller):
        words = words.replace(mistake, "", 1)
    return Cause(
        teller=teller,
        others=listed([check.title for check in others]),
        words=_without_name(re.sub(r"  +", " ", words).strip(), teller.title.partition(": ")[0]),
        where=where,
        is_placed=where is not None and place_in(words, report) == where,
        lost=sum(check.max_points - check.points for check in group if check.status != "errored"),
    )


def _without_name(words: str, name: str) -> str:
    """The words without the function's name, which the title above them has; with it where they would begin in lower case."""
    rest = words.removeprefix(f"{name}: ")
    return rest if rest[:1].isupper() or rest.startswith("dW ") else words


def _where(report: Report, check: CheckPart) -> WherePart | None:
    if check.failure is not None and check.failure.where is not None:
        return check.failure.where
    named = place_in(check.message, report)
    if named is not None:
        return named
    wrong = [finding.function for finding in check.findings if finding.is_correct is False]
    for name in (*wrong, *check.functions):
        part = report.functions.get(name)
        if part is not None and part.where is not None:
            return part.where
    return None
