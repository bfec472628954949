"""A spec folder to start from: a small assignment that is graded and selftested as it is."""

from __future__ import annotations

import re
from pathlib import Path

from grader import formatting
from grader.errors import SpecError
from grader.spec.load import FOLDER_SPEC, shipped_specs
from grader.spec.own_folder import require_out_of_reach

_TEMPLATE = Path(__file__).resolve().parent / "template"
_PLACEHOLDER = "NAME"


def write_new_spec(folder: Path) -> tuple[Path, ...]:
    """Write the folder, whose name is the spec's; the files written. SpecError if it is there already, or cannot be made."""
    name, shown = folder.name, formatting.printable(str(folder))
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise SpecError(
            f"{shown}: the folder's name becomes the spec's: it must be lower-case letters, digits and _, with a letter first"
        )
    if name in shipped_specs():
        raise SpecError(f"{shown}: {name} is the name of a shipped spec; choose another")
    require_out_of_reach(folder)
    written = []
    try:
        folder.mkdir(parents=True)
        for source in sorted(_TEMPLATE.rglob("*")):
            if source.is_dir() or source.suffix not in {".py", ".toml"}:
                continue
            place = folder / source.relative_to(_TEMPLATE)
            place.parent.mkdir(exist_ok=True)
            text = source.read_text(encoding="utf-8")
            place.write_text(
                text.replace(_PLACEHOLDER, name) if source.name == FOLDER_SPEC else text, encoding="utf-8"
            )
            written.append(place)
    except FileExistsError as error:
        raise SpecError(f"{shown}: already exists, and was left unchanged; choose another name") from error
    except OSError as error:
        raise SpecError(f"{shown}: cannot be written: {error.strerror or error}") from error
    return tuple(written)
