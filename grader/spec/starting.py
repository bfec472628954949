"""A spec folder to start from: a small assignment that is graded and selftested as it is."""

from __future__ import annotations

import os
import re
from pathlib import Path

from grader import formatting
from grader.errors import SpecError
from grader.output_files import write_folder
from grader.spec.load import FOLDER_SPEC, shipped_specs
from grader.spec.own_folder import require_out_of_reach

_TEMPLATE = Path(__file__).resolve().parent / "template"
_PLACEHOLDER = b"NAME"


def write_new_spec(folder: Path) -> tuple[Path, ...]:
    """Write the folder, whose name is the spec's; the files written.

    SpecError if it is there already or its name will not do, OutputError if it cannot be written.
    """
    name, shown = folder.name, formatting.printable(str(folder))
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise SpecError(
            f"{shown}: the folder's name becomes the spec's: it must be lower-case letters, digits and _, with a letter first"
        )
    if name in shipped_specs():
        raise SpecError(f"{shown}: {name} is the name of a shipped spec; choose another")
    require_out_of_reach(folder)
    if os.path.lexists(folder):
        raise SpecError(f"{shown}: already exists, and was left unchanged; choose another name")
    files = {
        source.relative_to(_TEMPLATE): source.read_bytes()
        for source in sorted(_TEMPLATE.rglob("*"))
        if source.suffix in {".py", ".toml"}
    }
    spec = Path(FOLDER_SPEC)
    files[spec] = files[spec].replace(_PLACEHOLDER, name.encode())
    write_folder(folder, files.items())
    return tuple(folder / each for each in files)
