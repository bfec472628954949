"""The one submission that a platform hands over: where its files are, whose it is, which attempt."""

from __future__ import annotations

import json
import math
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from grader import formatting
from grader.frontends.packages.platforms import PlatformName
from grader.intake.entry import ClassEntry
from grader.intake.platforms.parsed import Student

_METADATA = "submission_metadata.json"


def hand_in(platform: PlatformName, root: Path) -> ClassEntry:
    """The submission below the platform's folder. What its metadata does not tell stays unknown: it costs no grade."""
    match platform:
        case "gradescope":
            return _gradescope(root, metadata(root))
        case "prairielearn":
            return ClassEntry("submission", (root / "student").absolute())
        case "classroom50":
            return ClassEntry("submission", root.absolute(), submitted_at=_commit_time(root))


def metadata(root: Path) -> dict[str, Any]:
    """Gradescope's words on the submission; empty if there are none."""
    try:
        found = json.loads((root / _METADATA).read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def remarks(found: dict[str, Any]) -> Iterator[str]:
    """What Gradescope's metadata says of the time and of earlier attempts, for the instructor."""
    earlier = _list(found.get("previous_submissions"))
    if earlier:
        scores = (each.get("score") for each in earlier if isinstance(each, dict))
        words = ("no score" if score is None else formatting.points(score) for score in map(_score, scores))
        yield f"attempt {len(earlier) + 1}; earlier scores: {', '.join(words)}"
    handed_in, assignment = _time(found.get("created_at")), found.get("assignment")
    due = _time(assignment.get("due_date")) if isinstance(assignment, dict) else None
    if handed_in is not None and due is not None and handed_in > due:
        late = formatting.seconds((handed_in - due).total_seconds())
        yield f"submitted {late} after the due date; Gradescope applies the late policy, this grader does not"


def _gradescope(root: Path, found: dict[str, Any]) -> ClassEntry:
    number = str(found.get("id", ""))
    students = [student for each in _list(found.get("users")) if (student := _student(each)) is not None]
    return ClassEntry(
        f"submission_{number}" if number.isascii() and number.isalnum() else "submission",
        (root / "submission").absolute(),
        students=tuple(students),
        attempt=len(_list(found["previous_submissions"])) + 1 if "previous_submissions" in found else None,
        submitted_at=_time(found.get("created_at")),
    )


def _student(user: object) -> Student | None:
    if not isinstance(user, dict):
        return None
    keys = tuple(
        f"{kind}:{user[field]}"
        for kind, field in (("email", "email"), ("gradescope", "id"))
        if isinstance(user.get(field), str | int) and user[field]
    )
    name = user.get("name")
    return Student(keys, name if isinstance(name, str) else None) if keys else None


def _score(value: object) -> float | None:
    """A number, which Gradescope writes as text in some places."""
    try:
        found = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else None
    except (ValueError, OverflowError):
        return None
    return found if found is not None and math.isfinite(found) else None


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _time(value: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return None if found is None or found.tzinfo is None else found.astimezone(UTC)


def _commit_time(root: Path) -> datetime | None:
    """Of the commit that is checked out: the submission's, which a regrade does not change."""
    command = ["git", "-C", str(root), "log", "-1", "--format=%cI"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return _time(done.stdout.strip())
