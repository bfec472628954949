"""Archives that a course's own script collects: `student1_00000001_A2.zip` and `a1_code_submission.zip`."""

from __future__ import annotations

import re
from collections.abc import Collection

from grader.intake.platforms.parsed import (
    Listed,
    Parsed,
    Platform,
    Reading,
    Student,
    first_part,
    joined,
    stateless,
)

_UNIQUENAME = re.compile(r"(?P<name>[A-Za-z][A-Za-z0-9]*)_(?P<id>[0-9]{8})_A[0-9]{1,2}(?P<suffix>\.zip)?")
_NAMELESS = re.compile(r"a[0-9]{1,2}_(?:code|inline)_submission(?:-[0-9]{1,2}| \([0-9]{1,2}\))?\.(?:zip|pdf)")


def parse(path: str, roster: Collection[str]) -> Reading:  # noqa: ARG001
    """`uniquename_umid_A2.zip`, or the folder that it was unpacked to; an archive that names nobody is listed."""
    first, rest = first_part(path)
    if is_nameless(path):
        return Listed("it names no student")
    seen = _UNIQUENAME.fullmatch(first)
    if seen is None or ("/" in path) != (seen["suffix"] is None):
        return None
    return Parsed(
        (Student((f"username:{seen['name']}", f"id:{seen['id']}")),),
        joined("" if "/" in path else first, path, rest),
    )


def is_nameless(path: str) -> bool:
    """Whether it is a collector's archive that only the folder or name around it ascribes to a student."""
    return _NAMELESS.fullmatch(path) is not None


COLLECTOR = Platform(
    "collector", "a folder of a course collector's archives", "student1_00000001_A2.zip", stateless(parse)
)
