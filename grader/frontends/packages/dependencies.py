"""What the grader needs on a platform: requirements for one spec, and the wheels that an instructor brings."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from email.parser import HeaderParser
from pathlib import Path

from grader import formatting
from grader.errors import UsageError

TORCH = "torch"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_WHEEL = re.compile(r"(?P<name>[^-]+)-[^-]+(-\d[^-]*)?-[^-]+-[^-]+-[^-]+\.whl", re.ASCII)


def needed(requirements: Sequence[str], *, with_torch: bool) -> tuple[str, ...]:
    """The requirements of grading one spec: without torch, where its functions take NumPy arrays."""
    return tuple(sorted(each for each in requirements if with_torch or name_of(each) != TORCH))


def name_of(requirement: str) -> str:
    """The project's name in a requirement, a pin or a wheel's file name, in the one way that they are compared."""
    found = _NAME.match(requirement)
    return re.sub(r"[-_.]+", "-", found[0] if found else requirement).lower()


def pins(constraints: str) -> Mapping[str, str]:
    """The tested version of each project."""
    pairs = (line.partition("==") for line in constraints.splitlines())
    return {name_of(name): version for name, _, version in pairs}


def read_wheels(folder: Path, requirements: Sequence[str], constraints: str) -> dict[str, bytes]:
    """The wheels in a folder that these requirements need, by file name.

    UsageError with everything that is missing, or has another version than the tested one.
    """
    shown = formatting.printable(str(folder))
    if not folder.is_dir():
        raise UsageError(
            f"--wheels {shown}: expected a folder of .whl files; `pip download --dest {shown}` makes one"
        )
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.glob("*.whl")):
        match = _WHEEL.fullmatch(path.name)
        if match is not None:
            found.setdefault(name_of(match["name"]), []).append(path)
    tested = pins(constraints)
    problems: list[str] = []
    wheels: dict[str, bytes] = {}
    asked = [name_of(each) for each in requirements]
    seen: set[str] = set()
    while asked:
        name = asked.pop()
        if name in seen:
            continue
        seen.add(name)
        fitting = [path for path in found.get(name, ()) if _fits(path, tested.get(name))]
        if not fitting:
            others = ", ".join(path.name for path in found.get(name, ())) or "none"
            problems.append(f"{name}=={tested[name]} (found: {others})" if name in tested else name)
        for path in fitting:
            wheels[path.name] = path.read_bytes()
            asked += _requires(path)
    if problems:
        raise UsageError(
            f"--wheels {shown}: missing {formatting.listing(sorted(problems))}; see docs/packages.md for the command that"
            " downloads them for the platform's Python"
        )
    return dict(sorted(wheels.items()))


def _fits(path: Path, version: str | None) -> bool:
    _, found, *_ = path.name.split("-")
    return version is None or found.partition("+")[0] == version  # torch-2.13.0+cpu is 2.13.0


def _requires(path: Path) -> Iterator[str]:
    """What a wheel always needs: requirements under a condition (another system, an extra) are pip's to judge."""
    try:
        with zipfile.ZipFile(path) as archive:
            (name,) = (each for each in archive.namelist() if each.endswith(".dist-info/METADATA"))
            headers = HeaderParser().parsestr(archive.read(name).decode("utf-8", "replace"))
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise UsageError(f"{formatting.printable(str(path))}: not a wheel; download it again") from error
    for each in headers.get_all("Requires-Dist", []):
        if ";" not in each:
            yield name_of(each)
