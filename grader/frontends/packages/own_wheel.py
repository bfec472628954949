"""This grader's own wheel, made again from the files that are running: from a checkout or where it is installed."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from grader import __version__
from grader.errors import UsageError
from grader.frontends.packages.bundle import Member, text, zipped
from reference.in_worker.closed import CLOSED_FOLDERS, CLOSED_SUFFIX, closed

DISTRIBUTION = "linear-classifier-grader"
PACKAGES = ("grader", "reference", "test_specs")

LEFT_OUT = ("grader/selftest/catalogue/",)
"""Right solutions, in the words of the handouts. pyproject.toml leaves out the same."""

CONSTRAINTS = "grader/frontends/packages/constraints.txt"
"""The tested versions of all dependencies; in a checkout, constraints.txt at its root."""

_ROOT = Path(__file__).resolve().parents[3]
"""The folder of the packages: a checkout, or site-packages."""


def wheel_name() -> str:
    """The wheel's file name, which pip reads."""
    return f"{DISTRIBUTION.replace('-', '_')}-{__version__}-py3-none-any.whl"


def own_wheel(root: Path = _ROOT) -> bytes:
    """The wheel's bytes. UsageError if the grader is not installed, or another version of it is."""
    own = _distribution()
    info = f"{DISTRIBUTION.replace('-', '_')}-{__version__}.dist-info"
    files = {name: Member(content) for name, content in _package_files(root)}
    files[CONSTRAINTS] = Member(_constraints_path(root).read_bytes())
    for name in ("METADATA", "entry_points.txt", "licenses/LICENSE"):
        files[f"{info}/{name}"] = text(own.read_text(name) or "")
    tag = "Wheel-Version: 1.0\nGenerator: grader package\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files[f"{info}/WHEEL"] = text(tag)
    record = f"{info}/RECORD"
    lines = [
        f"{name},sha256={_digest(each.content)},{len(each.content)}\n" for name, each in sorted(files.items())
    ]
    files[record] = text("".join(lines) + f"{record},,\n")
    return zipped(files)


def constraints(root: Path = _ROOT) -> str:
    """The tested versions, a line each."""
    lines = _constraints_path(root).read_text(encoding="utf-8").splitlines()
    lines = [line.partition("#")[0].strip() for line in lines]
    return "".join(f"{line}\n" for line in lines if line)


def _constraints_path(root: Path) -> Path:
    shipped = root / CONSTRAINTS
    return shipped if shipped.is_file() else root / "constraints.txt"


def requirements() -> tuple[str, ...]:
    """The dependencies of this grader without extras, as pip reads them."""
    return tuple(each for each in _distribution().requires or () if "extra ==" not in each)


def _distribution() -> metadata.Distribution:
    try:
        own = metadata.distribution(DISTRIBUTION)
    except metadata.PackageNotFoundError as error:
        raise UsageError(
            f"the grader is running without being installed; install it first: pip install {DISTRIBUTION}, or"
            " make setup"
            " in a checkout"
        ) from error
    if own.version != __version__:
        raise UsageError(
            f"version {own.version} of the grader is installed, but {__version__} is running; install this one"
        )
    return own


def _package_files(root: Path) -> Iterator[tuple[str, bytes]]:
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*")):
            name = path.relative_to(root).as_posix()
            is_left_out = name.startswith(LEFT_OUT) or "__pycache__" in path.parts or name == CONSTRAINTS
            if not path.is_file() or is_left_out or path.suffix == ".pyc" or path.name.startswith("."):
                continue
            if name.startswith(CLOSED_FOLDERS) and path.suffix == ".py" and not path.name.startswith("_"):
                shipped = name.removesuffix(".py") + CLOSED_SUFFIX
                yield shipped, closed(path.read_text(encoding="utf-8")).encode()
            else:
                yield name, path.read_bytes()


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
