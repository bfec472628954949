"""Ids of submissions: readable, distinct, and valid file names on every system."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

from grader import formatting

GREATEST_ID_BYTES = 120
"""In UTF-8: file names have at most 255, and a temporary file's is longer than the report's."""

_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?: *\..*)?$", re.IGNORECASE)
"""Windows reserves these names for devices, whatever suffix follows."""


_WITHOUT_SHAPE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)
"""Letters and marks without a shape that are not controls: fillers, blanks and variation selectors."""


def unique_ids(names: Sequence[str], stems: Sequence[str]) -> list[str]:
    """The stems, or the whole names where stems collide, as file names that are valid and distinct on every system."""
    times = Counter(stems)
    plain = [_file_name(stem if times[stem] == 1 else name) for name, stem in zip(names, stems, strict=True)]
    clashes = Counter(map(_folded, plain))
    taken: set[str] = set()
    identifiers = []
    for name, wanted in zip(names, plain, strict=True):
        identifier = wanted if clashes[_folded(wanted)] == 1 else f"{wanted}-{_digest(name)}"
        while _folded(identifier) in taken:  # a file was named after another's digest
            identifier = f"{identifier}-{_digest(name)}"
        taken.add(_folded(identifier))
        identifiers.append(identifier)
    return identifiers


def _folded(name: str) -> str:
    """Equal for names that are the same file on some system, or look the same.

    They differ in case, in how an accent or a full-width letter is written, or in marks that have no shape.
    """
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name).casefold())
    return _WITHOUT_SHAPE.sub("", folded)


def _file_name(name: str) -> str:
    """A readable file name that is valid on every system."""
    seen = "".join("_" if formatting.is_unseen(each) else each for each in name)
    cleaned = re.sub(r'[<>:"/\\|?*\ufffd]', "_", seen).strip(" .")
    if len(cleaned.encode()) > GREATEST_ID_BYTES:
        cut = cleaned.encode()[:GREATEST_ID_BYTES].decode("utf-8", "ignore")
        cleaned = f"{cut}-{_digest(name)}"
    if _RESERVED.match(cleaned):
        cleaned = f"_{cleaned}"
    return cleaned or f"submission-{_digest(name)}"


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:8]
