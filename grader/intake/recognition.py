"""Which platform a download is from: the one whose rules all names in it fit."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from grader.intake.archive import is_archive, is_kept
from grader.intake.download import Download
from grader.intake.platforms.autolab import AUTOLAB
from grader.intake.platforms.blackboard import BLACKBOARD
from grader.intake.platforms.brightspace import BRIGHTSPACE
from grader.intake.platforms.canvas import CANVAS
from grader.intake.platforms.collector import COLLECTOR
from grader.intake.platforms.github import GITHUB
from grader.intake.platforms.gradescope import GRADESCOPE
from grader.intake.platforms.moodle import MOODLE
from grader.intake.platforms.nbgrader import NBGRADER, NBGRADER_INBOUND
from grader.intake.platforms.parsed import Listed, Own, Parsed, Platform, Reading
from grader.model.format import FormatName

PLATFORMS = (
    *(GRADESCOPE, MOODLE, BLACKBOARD, BRIGHTSPACE, NBGRADER_INBOUND),
    *(CANVAS, AUTOLAB, COLLECTOR, NBGRADER, GITHUB),
)
"""In the order in which they are tried: numbers between `_`, which are Canvas's, occur in others' names too."""

_WRAPPERS = 3
"""The most folders around a class."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """A download with what each path in it says."""

    platform: Platform
    folder: Download
    found: Mapping[str, Parsed]
    listed: Mapping[str, str]
    """Paths that belong to nobody, with the reason."""


def recognise(download: Download, wanted: FormatName, roster: Collection[str]) -> Recognised | None:
    """The download as one of a platform's; None if it is of none, or not of the one that is wanted."""
    for folder, beside in folders_around(download):
        paths_at = cache(folder.paths)
        for platform in PLATFORMS:
            if wanted not in {"auto", platform.name}:
                continue
            paths = paths_at(platform.depth)
            seen = _read(platform, folder, paths, roster, is_asked_for=wanted != "auto")
            if seen is not None:
                strays = dict.fromkeys(beside, "")
                return Recognised(platform, folder, seen[0], {**strays, **seen[1]})
    return None


def nearest(download: Download, roster: Collection[str]) -> tuple[Platform, int, int] | None:
    """The platform that more than half of the names fit, though not all; how many do, and of how many."""
    for folder, _ in folders_around(download):
        paths_at = cache(folder.paths)
        for platform in PLATFORMS:
            paths = paths_at(platform.depth)
            seen = _read(platform, folder, paths, roster, is_asked_for=True)
            if seen is not None and 2 * len(seen[0]) > len(paths):
                return platform, len(seen[0]), len(paths)
    return None


def folders_around(download: Download) -> Iterator[tuple[Download, tuple[str, ...]]]:
    """The download, then the only folder in it and so on, each with the paths of stray files beside it."""
    strays: tuple[str, ...] = ()
    for _ in range(_WRAPPERS + 1):
        yield download, strays
        inner = download.paths(1)
        folders = [path for path in inner if path.endswith("/")]
        files = [path for path in inner if not path.endswith("/")]
        if len(folders) != 1 or any(map(may_be_submission, files)):
            return
        strays = (*strays, *(f"{download.prefix}{path}" for path in files))
        download = download.inside(folders[0][:-1])


def may_be_submission(path: str) -> bool:
    """Whether a stray path could be somebody's: a folder, source, weights or an archive."""
    return path.endswith("/") or is_kept(path) or is_archive(path)


def _read(
    platform: Platform,
    folder: Download,
    paths: Sequence[str],
    roster: Collection[str],
    *,
    is_asked_for: bool,
) -> tuple[Mapping[str, Parsed], Mapping[str, str]] | None:
    reader = platform.reader(folder, paths, roster)
    if reader is None:
        return None
    readings: dict[str, Reading] = {path: reader.parse(path, roster) for path in (*paths, *reader.promised)}
    found = {path: each for path, each in readings.items() if isinstance(each, Parsed)}
    strays = [path for path, each in readings.items() if each is None]
    if not found or (any(map(may_be_submission, strays)) and not is_asked_for):
        return None
    listed = {
        f"{folder.prefix}{path}": each.reason if isinstance(each, Listed) else ""
        for path, each in readings.items()
        if not isinstance(each, Parsed | Own)
    }
    return found, listed
