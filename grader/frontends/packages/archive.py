"""The archive of each platform: which files it holds, and where."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import assert_never

from grader.frontends.packages import own_wheel
from grader.frontends.packages.bundle import Member, Members, text
from grader.frontends.packages.grading import SETTINGS_FILE, PackageSettings
from grader.frontends.packages.platforms import PlatformName
from grader.spec import CODE_FILES, FOLDER_SPEC, SPEC_FOLDER, LoadedSpec

_FILES = Path(__file__).resolve().parent / "files"

_FAULT = "The grader failed, not your code. Nothing was graded and no attempt is used; please submit again."

CLASSROOM50_GREATEST_BYTES = 10 << 20
"""Of what a student's run downloads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageContents:
    """What a package is made of."""

    platform: PlatformName
    loaded: LoadedSpec
    settings: PackageSettings
    wheel: bytes
    requirements: Sequence[str]
    constraints: str
    wheels: Mapping[str, bytes]
    """The dependencies', by file name; empty if pip downloads them."""
    torch_index: str | None = None
    """The index that pip takes torch from; None for its usual one."""
    image: str = "linear-classifier-grader"
    """PrairieLearn's name of the image that grades."""


def spec_path(loaded: LoadedSpec) -> str:
    """The spec as a package names it: a shipped one by its name, the instructor's own by its path in the package."""
    if loaded.path.parent.resolve() == SPEC_FOLDER.resolve():
        return loaded.spec.name
    if loaded.path.name == FOLDER_SPEC:
        return f"spec/{loaded.spec.name}/{FOLDER_SPEC}"
    return f"spec/{loaded.spec.name}.toml"


def members(contents: PackageContents) -> Members:
    """The files of the archive."""
    match contents.platform:
        case "gradescope":
            return {**_installation(contents), **_grading(contents), **_script("run_autograder", contents)}
        case "prairielearn":
            return _prairielearn(contents)
        case "classroom50":
            name = contents.loaded.spec.name.replace("_", "-")
            files = {**_installation(contents), **_grading(contents), **_script("autograder.py", contents)}
            return _below(name, files)
    assert_never(contents.platform)


def _installation(contents: PackageContents) -> dict[str, Member]:
    """The grader's wheel, and what installs it."""
    files = {
        own_wheel.wheel_name(): Member(contents.wheel),
        "requirements.txt": text("".join(f"{each}\n" for each in contents.requirements)),
        "constraints.txt": text(contents.constraints),
        **_script("setup.sh", contents),
    }
    files |= {f"wheels/{name}": Member(content) for name, content in contents.wheels.items()}
    if contents.torch_index is not None:
        files["torch_index.txt"] = text(f"{contents.torch_index}\n")
    return files


def _grading(contents: PackageContents) -> dict[str, Member]:
    """The settings, and the spec if it is the instructor's own: what decides on points, no right or wrong implementations."""
    loaded = contents.loaded
    files = {SETTINGS_FILE: text(contents.settings.to_json())}
    place = spec_path(loaded)
    if "/" in place:
        files[place] = Member(loaded.path.read_bytes())
        folder = place.rpartition("/")[0]
        own = {name: content for name, content in loaded.files if name in CODE_FILES}
        files |= {f"{folder}/{name}": Member(content) for name, content in own.items()}
    return files


def _prairielearn(contents: PackageContents) -> dict[str, Member]:
    spec = contents.loaded.spec
    fault = {"gradable": False, "message": _FAULT, "format_errors": _FAULT}
    question = {
        "info.json": text(json.dumps(_info(contents), indent=2) + "\n"),
        "question.html": text(
            _template("question.html")
            .replace("@TITLE@", escape(spec.title))
            .replace("@FILES@", escape(", ".join(spec.files) or "linear_classifier.py"))
        ),
        **_below("tests", _grading(contents)),
        "tests/fault.json": text(json.dumps(fault) + "\n"),
        **_below("tests", _script("run.sh", contents)),
    }
    # The image checks itself with the question's settings; without an own spec, which must not lie in an image.
    image = {**_installation(contents), "Dockerfile": text(_template("Dockerfile"))}
    return {**_below(f"questions/{spec.name}", question), **_below("image", image)}


def _info(contents: PackageContents) -> dict[str, object]:
    spec = contents.loaded.spec
    return {
        "uuid": str(_uuid(spec.name)),
        "title": spec.title,
        "topic": "Linear classifiers",
        "type": "v3",
        "gradingMethod": "External",
        "singleVariant": True,
        "externalGradingOptions": {
            "enabled": True,
            "image": contents.image,
            "entrypoint": ["/grade/tests/run.sh"],
            "timeout": contents.settings.limit_seconds,
        },
    }


def _uuid(name: str) -> uuid.UUID:
    """The same for every package of an assignment, so that a new one takes the old one's place. Version 4, as asked for."""
    digest = uuid.uuid5(uuid.NAMESPACE_OID, f"{own_wheel.DISTRIBUTION}/{name}")
    return uuid.UUID(bytes=digest.bytes, version=4)


def _script(name: str, contents: PackageContents) -> dict[str, Member]:
    seconds = str(contents.settings.watchdog_seconds)
    return {name: text(_template(name).replace("@WATCHDOG_SECONDS@", seconds), is_program=True)}


def _template(name: str) -> str:
    return (_FILES / name).read_text(encoding="utf-8")


def _below(folder: str, files: Members) -> dict[str, Member]:
    return {f"{folder}/{name}": member for name, member in files.items()}
