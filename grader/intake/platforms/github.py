"""GitHub: a clone for each student, `softmax-student1/` with its .git."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from grader.intake.platforms.parsed import (
    Folder,
    Parsed,
    Platform,
    Reader,
    Reading,
    Student,
    common_start,
    first_part,
    joined,
)


def parse(path: str, roster: Collection[str], assignment: str) -> Reading:
    """The login follows the assignment, or begins in what all names share, if it is in the roster: the longest one.

    It is never shorter: a student who is called zz-ben must not be ben. assignment: with its `-`.
    """
    first, rest = first_part(path)
    if "/" not in path or not first.startswith(assignment) or first == assignment:
        return None
    parts = first.split("-")
    ends = ("-".join(parts[at:]) for at in range(1, assignment.count("-") + 1))
    login = next((each for each in ends if each in roster), first[len(assignment) :])
    return Parsed((Student((f"github:{login}",)),), joined("", path, rest))


def _reader(folder: Folder, paths: Sequence[str], roster: Collection[str]) -> Reader | None:  # noqa: ARG001
    clones = sorted({first for path in paths if folder.holds(f"{(first := first_part(path)[0])}/.git")})
    around = folder.name.removesuffix("-submissions")
    assignment = common_start(clones, "-")
    if around != folder.name and clones and all(each.startswith(f"{around}-") for each in clones):
        assignment = f"{around}-"
    if not assignment:
        return None

    def parse_here(path: str, roster: Collection[str]) -> Reading:
        return parse(path, roster, assignment)

    return Reader(parse_here)


GITHUB = Platform("github", "a folder of clones from GitHub", "softmax-student1/.git", _reader)
