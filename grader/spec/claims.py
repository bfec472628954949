"""Numbers that an assignment's notebooks print in tagged cells: shown beside what was measured, and never worth points."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Self

from pydantic import Field, model_validator

from grader.checks import AnyCheck
from grader.errors import SpecFault
from grader.model.assignment import Model


class Claim(Model):
    """An accuracy that a student's notebook prints, and the number of a check that it is set beside."""

    title: str = Field(min_length=1, max_length=80, description="What the number is, for students.")
    tag: str = Field(min_length=1, max_length=80, description="The cell's metadata.test, or its metadata.id.")
    notebook: str = Field(
        default="",
        max_length=80,
        description="Part of the notebook's file name; left out: any notebook will do.",
    )
    before: str = Field(
        default="",
        max_length=200,
        description="The words before the number in the cell's output; left out: a number that has a line to itself.",
    )
    check: str | None = Field(default=None, description="The id of the check that measures it with --data.")
    number: str | None = Field(default=None, description="The name of its number.")

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.check is None) != (self.number is None):
            raise ValueError("check and number must both be stated, or neither")
        return self


def misfits(claims: Sequence[Claim], checks: Sequence[AnyCheck]) -> Iterator[SpecFault]:
    """Claims beside checks that are not there, or that do not measure such a number."""
    by_id = {check.id: check for check in checks}
    for position, claim in enumerate(claims):
        if claim.check is None or claim.number is None:
            continue
        where = f"claims[{position}]"
        if claim.check not in by_id:
            yield SpecFault.not_one_of(f"{where}.check", claim.check, by_id)
        elif claim.number not in by_id[claim.check].comparable:
            yield SpecFault.not_one_of(f"{where}.number", claim.number, by_id[claim.check].comparable)
