"""A file made from reports, not yet written anywhere."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Artifact:
    """The result of an exporter.

    Attributes:
        name: the usual file name.
        media_type: as in `text/csv`.
        content: the bytes of the file; text is UTF-8.
    """

    name: str
    media_type: str
    content: bytes
