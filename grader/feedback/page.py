"""The student's page: one HTML file that needs no network and runs no script."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from grader import formatting
from grader.checks import KINDS, class_of
from grader.feedback import remarks
from grader.feedback.annotations import Place, annotations_of, place_of
from grader.feedback.causes import OPTIONAL, absent_lines
from grader.feedback.charts import Piece, score_bar
from grader.feedback.document import policy, resource, style, template
from grader.feedback.figures import pictures
from grader.feedback.listing import Listing, anchor_of, listings
from grader.feedback.paragraphs import Paragraph, paragraphs, place_of_match, places, to_fix
from grader.feedback.score import REGRADE_REASONS, score, standing, why_no_score
from grader.intake.submission import Submission
from grader.model.artifact import Artifact
from grader.model.report import CheckPart, Report, WherePart, student_view
from grader.model.student_result import StudentResult

_TEMPLATE, _STYLE = "student_page.html.jinja", "student_page.css"
_FRAME = "page.html.jinja"

_LOOKS = {
    "passed": "passed",
    "failed": "failed",
    "skipped": "skipped",
    "errored": "the grader failed",
    "waiting": "waits for a missing function",
}

_FUNCTION_STATUSES = {
    "correct": "correct",
    "incorrect": "incorrect",
    "missing": "missing",
    "not_written": "not written yet",
    "unjudged": "not tested",
}

_REST = "More checks"
"""The title of checks that share no name with another one."""

_HIDDEN = "Hidden checks"

_LONGEST_NAME = 200
"""Characters of a student's name above the page."""


@dataclass(frozen=True, slots=True)
class Row:
    """A check in the table.

    Attributes:
        title: without the title of its group.
        look: its status; "waiting" if it waits for a function that is not there.
        anchor: the paragraph that tells why it did not pass; empty if there is none.
    """

    check: CheckPart
    title: str
    look: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Group:
    """Checks of one function, or of the same part of the assignment."""

    title: str
    rows: tuple[Row, ...]

    @property
    def points(self) -> tuple[float, float]:
        """Earned and possible."""
        return (
            sum(row.check.points for row in self.rows),
            sum(row.check.max_points for row in self.rows),
        )


def student_page(
    report: Report, submission: Submission | None = None, results: Sequence[StudentResult] = ()
) -> Artifact:
    """The page that a student may see: score, causes of lost points, checks, pictures and annotated code.

    submission: the files that were graded; without them, or if they have changed since, no code is shown.
    results: of its students in a class, whose rules and overrides may change the score.
    """
    seen = student_view(report)
    counted = standing(seen, results)
    checks = [check for check in seen.checks if check.status != "not_run"]
    told = paragraphs(seen, checks)
    absent = list(absent_lines(seen, checks))
    is_same = submission is not None and submission.sha256 == seen.submission.sha256
    sources = submission.sources if submission is not None and is_same else ()
    code = listings(sources, annotations_of(seen, checks, told))
    link = _Links(code)
    waiting = _waiting(seen, checks, told)
    drawn = pictures(checks)
    tellers = {cause.teller.id for paragraph in told for cause in paragraph.causes}
    css = style(_STYLE)
    html = template(_TEMPLATE).render(
        report=seen,
        css=Markup(css),  # noqa: S704  ours
        policy=policy(css),
        who=_who(seen),
        circumstances=tuple(_circumstances(seen)),
        score=score(seen.model_copy(update={"score": counted.score})),
        counted=counted,
        fingerprint=fingerprint(report),
        standing=standing_fingerprint(report, results),
        no_score=why_no_score(seen) if counted.score is None or not seen.max_score else "",
        bar=score_bar(
            [
                Piece(check.points, check.max_points, check.id in waiting or check.status == "errored")
                for check in checks
            ],
            f"{score(seen)} points graded: a piece for each check, full as far as its points were earned",
        ),
        tally=_tally(checks),
        to_fix=to_fix(told, absent),
        absent=absent,
        optional=OPTIONAL,
        paragraphs=told,
        flags=[flag for flag in remarks.flags(seen, checks) if flag.kind != "unreadable"],
        unreadable=[flag.message for flag in seen.flags if flag.kind == "unreadable"],
        groups=_groups(checks, told, waiting),
        pictures=[each for each in drawn if each.check.id not in tellers],
        figures={each.check.id: each.figures for each in drawn if each.check.id in tellers},
        on_images=_on_images(checks, [each.check.id for each in drawn]),
        claims=seen.claims,
        functions=seen.functions,
        notes=remarks.notes(seen, checks),
        listings=code,
        has_changed=submission is not None and not is_same,
        left_out=[file.path for file in sources if file.path not in {each.path for each in code}],
        numbers=[check for check in checks if check.measured],
        link=link,
        prose=_Prose(seen, link),
        looks=_LOOKS,
        function_statuses=_FUNCTION_STATUSES,
    )
    return Artifact(f"{seen.submission.id}.html", "text/html", html.encode())


def fingerprint(report: Report) -> str:
    """Equal for two pages only if they are but for their standing. It is in the page, which need not be made again while it is.

    Curves and pictures do not count, as each grading has its own time.
    """
    texts = (resource(_FRAME), resource(_TEMPLATE), style(_STYLE))
    return _digest(student_view(report.without_pictures).to_json(), *texts)


def standing_fingerprint(report: Report, results: Sequence[StudentResult] = ()) -> str:
    """The same for the score that counts and the changes to it, which a class's rules and overrides decide."""
    return _digest(repr(standing(report, results)))


def with_standing(page: str, report: Report, results: Sequence[StudentResult]) -> str:
    """A page of this report with the standing that these results give; its code stays."""
    new = student_page(report, None, results).content.decode()
    for start, end in (("<title>", "</title>"), ('<meta name="standing"', ">"), ("<header>", "</header>")):
        page = page.replace(_part(page, start, end), _part(new, start, end), 1)
    return page


def _part(page: str, start: str, end: str) -> str:
    """The first part of a page between such markup, which no word of a student's can be."""
    at = page.index(start)
    return page[at : page.index(end, at)]


def _digest(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


class _Links:
    """The ids of the lines of code that the page shows."""

    def __init__(self, code: Sequence[Listing]) -> None:
        self._paths = [each.path for each in code]
        self._ids = {
            line.anchor
            for each in code
            for stretch in each.stretches
            for block in stretch.blocks
            for line in block.lines
        }

    def __call__(self, where: WherePart | None) -> str:
        """The address of the line in the page; empty if it is not shown."""
        if where is None:
            return ""
        place: Place = place_of(where)
        anchor = anchor_of(place, self._paths)
        return f"#{anchor}" if anchor in self._ids else ""


def _groups(
    checks: Sequence[CheckPart], told: Sequence[Paragraph], waiting: frozenset[str]
) -> tuple[Group, ...]:
    """The checks by the name that their titles begin with; those that are alone with theirs last, hidden ones after them."""
    anchors = {name: paragraph.anchor for paragraph in told for name in paragraph.check_ids}

    def row(check: CheckPart, title: str) -> Row:
        look = "waiting" if check.id in waiting else check.status
        return Row(check, title, look, anchors.get(check.id, ""))

    visible = [check for check in checks if check.visibility == "visible"]
    often = Counter(map(_name_of, visible))
    named = [name for name in often if name and often[name] > 1]
    groups = [
        Group(
            name,
            tuple(row(check, check.title[len(name) + 2 :]) for check in visible if _name_of(check) == name),
        )
        for name in named
    ]
    rest = [check for check in visible if _name_of(check) not in named]
    hidden = [check for check in checks if check.visibility == "hidden"]
    for title, each in ((_REST if groups else "All", rest), (_HIDDEN, hidden)):
        if each:
            groups.append(Group(title, tuple(row(check, check.title) for check in each)))
    return tuple(groups)


def _name_of(check: CheckPart) -> str:
    """The name before the colon of its title; empty if there is none."""
    name, colon, _ = check.title.partition(": ")
    return name if colon else ""


def _waiting(report: Report, checks: Sequence[CheckPart], told: Sequence[Paragraph]) -> frozenset[str]:
    """The checks that wait for a function that is missing or not written."""
    absent = {name for name, part in report.functions.items() if part.status in {"missing", "not_written"}}
    elsewhere = {name for paragraph in told for name in paragraph.check_ids}
    return frozenset(
        check.id
        for check in checks
        if check.status != "passed" and check.id not in elsewhere
        if absent & {*check.functions, *check.caused_by}
    )


def _tally(checks: Sequence[CheckPart]) -> str:
    passed = sum(check.status == "passed" for check in checks)
    if not checks:
        return "No check was run"
    return f"{passed} of {formatting.count(len(checks), 'check')} passed"


def _who(report: Report) -> str:
    """The students by name, or the submission by its id."""
    part = report.submission
    people = part.members or ((part.student,) if part.student is not None else ())
    names = [formatting.shortened(each.name or each.id, _LONGEST_NAME) for each in people]
    return formatting.listing(names) or formatting.shortened(part.id, _LONGEST_NAME)


def _circumstances(report: Report) -> Iterator[tuple[str, str]]:
    """Facts about the submission and the grading, by name."""
    part, made = report.submission, report.environment
    if part.submitted_at:
        yield "Submitted", _day(part.submitted_at)
    if part.late_mark:
        yield "Marked", part.late_mark
    if part.attempt is not None:
        yield "Attempt", str(part.attempt)
    yield "Graded", _day(report.started_at)
    if report.previous is not None:
        before = report.previous
        words = f"{formatting.points(before.score)} of {formatting.points(before.max_score)}, on {_day(before.graded_at)}"
        why = formatting.listing([REGRADE_REASONS[each] for each in before.reasons])
        yield "Previous score", f"{words}; graded again because of {why}" if why else words
    yield "Submission", part.id
    yield "Random seed", str(made.seed)
    yield "Device", made.device_words
    yield "Data", made.data
    yield "Grader", f"{made.grader_version}, Python {made.python}, torch {made.torch}"


def _day(text: str) -> str:
    """A time of the report in words; the text itself if it is none."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return text
    zone = f" {time.tzname()}" if time.tzinfo is not None else ""
    return f"{time.day} {time:%B %Y, %H:%M}{zone}"


def _on_images(checks: Sequence[CheckPart], drawn: Sequence[str]) -> list[CheckPart]:
    """The checks on images that passed and are not told beside a picture: how many were right, or why nobody counted."""
    return [
        check
        for check in checks
        if check.status == "passed" and check.kind in KINDS and class_of(check.kind).scores_images
        if check.id not in drawn
    ]


class _Prose:
    """Words of a report as HTML: `this` is code, and a line of the submission that they name is a link to it."""

    def __init__(self, report: Report, link: _Links) -> None:
        self._places, self._link = places(report), link

    def __call__(self, words: str) -> Markup:
        parts = formatting.unstacked(words).split("`")
        return Markup().join(
            Markup("<code>{}</code>").format(part)
            if at % 2 and at < len(parts) - 1
            else self._linked(part if at < len(parts) - 1 or not at % 2 else f"`{part}")
            for at, part in enumerate(parts)
        )

    def _linked(self, words: str) -> Markup:
        html, end = Markup(), 0
        for match in self._places.finditer(words):
            html += words[end : match.start()]
            href, end = self._link(place_of_match(match)), match.end()
            html += Markup('<a href="{}">{}</a>').format(href, match[0]) if href else match[0]
        return html + words[end:]
