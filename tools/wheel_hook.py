"""The build hook: what a wheel holds and a checkout has elsewhere, or in another form.

Sources that are also solutions go into the wheel as reference/in_worker/closed.py wants them, and constraints.txt to where packages for
a platform look for the tested versions. An editable install gets neither: the files would make another package of our name.
"""

from __future__ import annotations

import runpy
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ClosedSources(BuildHookInterface):  # type: ignore[type-arg]  # hatchling's type argument is its business
    """Adds the files; pyproject.toml leaves out the modules that the sources are made of."""

    _made: Path | None = None

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make the sources and add both, unless the checkout itself is being installed (`pip install -e`)."""
        if version == "editable":
            return
        constraints = Path(self.root, "constraints.txt")
        build_data["force_include"][str(constraints)] = "grader/frontends/packages/constraints.txt"
        own = runpy.run_path(str(Path(self.root, "reference/in_worker/closed.py")))  # its package needs NumPy
        self._made = Path(tempfile.mkdtemp())
        for folder in own["CLOSED_FOLDERS"]:
            for path in sorted(Path(self.root, folder).glob("[!_]*.py")):
                name = f"{folder}{path.stem}{own['CLOSED_SUFFIX']}"
                made = self._made / name
                made.parent.mkdir(parents=True, exist_ok=True)
                made.write_text(own["closed"](path.read_text(encoding="utf-8")), encoding="utf-8")
                build_data["force_include"][str(made)] = name

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002
        """Take them away again."""
        if self._made is not None:
            shutil.rmtree(self._made)
