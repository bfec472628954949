"""How a package grades: settings that are made with it and read on the platform, and its limits on time."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from grader import formatting
from grader.api import IsolationName
from grader.errors import UsageError

if TYPE_CHECKING:
    from grader.spec import LoadedSpec

SETTINGS_FILE = "grading.json"

_STUDENT_SHARE, _WATCHDOG_SHARE = 0.7, 0.9
"""Of the platform's limit: what endless loops in all functions may take, and when the grading is stopped."""

_LEAST_CALL, _LEAST_TRAINING = 5.0, 10.0
"""A right function on half a core takes a tenth of these at most."""

_LEAST_MEMORY, _JUDGES_MEMORY = 512 << 20, 128 << 20
"""The least that a spec can set, and what the judge takes of a container's memory beside the worker."""

_WAITING = 2.0
"""A call on half a core takes twice its limit, because the time that it waited for a core does not count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageSettings:
    """What a package says about its grading."""

    spec: str
    """A shipped spec's name, or the path of the package's own below its folder."""
    isolation: IsolationName = "confined"
    is_quick: bool = False
    limit_seconds: int = 600
    """The platform's."""

    @property
    def watchdog_seconds(self) -> int:
        """When the grading is stopped, well before the platform would do it."""
        return int(self.limit_seconds * _WATCHDOG_SHARE)

    def to_json(self) -> str:
        """As text that ends with a newline."""
        return json.dumps(asdict(self), indent=2, sort_keys=True) + "\n"


def read_settings(folder: Path) -> PackageSettings:
    """The settings in a package's folder. UsageError if they are not there, or not such."""
    path = folder / SETTINGS_FILE
    shown = formatting.printable(str(path))
    try:
        found = PackageSettings(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise UsageError(
            f"{shown}: cannot be read: {error}; make the package again with grader package"
        ) from error
    if found.isolation not in get_args(IsolationName):
        raise UsageError(f"{shown}: unknown isolation {found.isolation!r}")
    return found


def within(loaded: LoadedSpec, limit_seconds: int, free_bytes: int | None = None) -> LoadedSpec:
    """The spec with limits on calls that fit a platform's limit even if every function loops endlessly.

    A call that runs into its limit is the student's failed check, and the last one of its function. Limits are only lowered.

    free_bytes: the memory that the platform's container allows, which code must run out of in words and not by being
    killed; None if it sets no limit.
    """
    spec, limits = loaded.spec, loaded.spec.limits
    share = limit_seconds * _STUDENT_SHARE / len(spec.functions) / _WAITING
    call, training = max(_LEAST_CALL, share), max(_LEAST_TRAINING, share)
    memory = limits.memory_bytes if free_bytes is None else max(_LEAST_MEMORY, free_bytes - _JUDGES_MEMORY)
    lowered = limits.model_copy(
        update={
            "call_seconds": min(limits.call_seconds, call),
            "load_seconds": min(limits.load_seconds, call),
            "training_seconds": min(limits.training_seconds, training),
            "memory_bytes": min(limits.memory_bytes, memory),
        }
    )
    return loaded if lowered == limits else replace(loaded, spec=spec.model_copy(update={"limits": lowered}))
