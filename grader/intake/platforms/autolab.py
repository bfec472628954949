"""Autolab: `student1@example.edu_3_handin.zip`, or `handin/student1@example.edu/3_handin.zip` on its disk."""

from __future__ import annotations

import re
from collections.abc import Collection

from grader.intake.platforms.parsed import Parsed, Platform, Reading, Student, first_part, joined, stateless

_EMAIL = r"[^@/\s]+@[^@/_\s]+"
"""A domain has no `_`, and a space would be another platform's."""
_VERSION = re.compile(r"[0-9]{1,9}")
_ON_DISK = re.compile(
    rf"(?:handin/)?(?P<email>{_EMAIL})/(?P<version>[0-9]{{1,9}})_(?P<file>[^/]+)(?:/(?P<rest>.*))?", re.DOTALL
)
_WITHOUT_HANDIN = re.compile(rf"({_EMAIL})/")


def parse(path: str, roster: Collection[str]) -> Reading:
    """The email stands before the last two parts of `<version>_<hand-in name>`; of several, the longest in the roster."""
    seen = _ON_DISK.fullmatch(path)
    if seen is not None:
        whole = seen["file"] if seen["rest"] is None else f"{seen['file']}/{seen['rest']}"
        return _parsed(seen["email"], seen["version"], whole)
    if (empty := _WITHOUT_HANDIN.fullmatch(path)) is not None:
        return Parsed((Student((f"email:{empty[1]}",)),), "")
    first, rest = first_part(path)
    *front, second_last, last = ["", *first.split("_")]
    front = front[1:]
    if not front or not last or not re.fullmatch(_EMAIL, front[-1]):
        return None
    emails = ["_".join(front[at:]) for at in range(len(front))]
    known = next((each for each in emails if each in roster), None)
    has_version_first = len(front) > 1 and _VERSION.fullmatch(front[0]) is not None
    if _VERSION.fullmatch(second_last) and (known == emails[0] or not has_version_first):
        return _parsed(emails[0], second_last, joined(last, path, rest))
    if not has_version_first:
        return None
    email = known if known in emails[1:] else emails[-1]
    hand_in = [*front[1 : emails.index(email)], second_last, last]
    return _parsed(email, front[0], joined("_".join(hand_in), path, rest))


def _parsed(email: str, version: str, file: str) -> Parsed:
    return Parsed((Student((f"email:{email}",)),), file, attempt=int(version))


AUTOLAB = Platform(
    "autolab", "an Autolab download", "student1@example.edu_3_handin.zip", stateless(parse), depth=2
)
