"""The result of a check as a notebook shows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Result:
    """What a check found: shown as HTML in a notebook, as text elsewhere.

    Attributes:
        text: the result in 80 columns.
        html: the same as a piece of a page.
        report: the student's view of the report, as `grader check --json` writes it.
    """

    text: str
    html: str
    report: dict[str, Any] = field(default_factory=dict)

    @property
    def has_passed(self) -> bool:
        """Whether every check that could be run passed."""
        statuses = (check["status"] for check in self.report["checks"])
        ran = [status for status in statuses if status not in {"not_run", "skipped"}]
        return bool(ran) and all(status == "passed" for status in ran)

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return self.html
