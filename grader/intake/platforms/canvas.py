"""Canvas: `onestudent_LATE_101_678955_softmax.py`, all in one folder."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from grader.intake.platforms.parsed import (
    Folder,
    Parsed,
    Platform,
    Reader,
    Reading,
    Student,
    first_part,
    joined,
)

_ID = re.compile(r"[0-9]{1,20}")
_ONLINE = re.compile(r"(?:text|link)\.html")
_ANONYMOUS = re.compile(
    r"(LATE_|late_)?anon_([0-9A-Za-z]+)_(?:([0-9]{1,20})_(.+)|(?:text|link)\.html)", re.DOTALL
)
_REPEATED = re.compile(r"-(?:[1-9][0-9]?|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?=\.[^.]*$)")
"""Canvas's mark of a file name that a student used before."""


@dataclass(frozen=True, slots=True)
class Naming:
    """One way to read a name: sortable name, user, attachment, file (None for online text)."""

    name: str
    is_late: bool
    user: str
    attachment: str
    file: str | None


def parse(path: str, roster: Collection[str]) -> Reading:
    """Of several readings the one whose user is in the roster; else the first."""
    first, _ = first_part(path)
    found = tuple(namings(first))
    known = next((each for each in found if each.user in roster), None)
    anonymous = _anonymous(path)
    if anonymous is not None and (known is None or known.user != anonymous.students[0].id):
        return anonymous
    if not found:
        return None
    return _parsed(path, known or found[0], is_certain=known is not None or len(found) == 1)


def namings(first: str) -> Iterator[Naming]:
    """The ways in which a name can be read, from the left: one number may be the name's own.

    After two, a user and an attachment, the file's name may have begun, which is the student's: `ann_103_5001_102_9_x.py`
    must not be user 102's.
    """
    parts = first.split("_")
    last = len(parts) - 2
    for at in range(1, len(parts) - 1):
        if at > last:
            return
        if not _ID.fullmatch(parts[at]):
            continue
        is_late = parts[at - 1] == "LATE" or (parts[at - 1] == "late" and at > 1)
        name = "_".join(parts[: at - is_late])
        if at == len(parts) - 2 and _ONLINE.fullmatch(parts[-1]):
            last = min(last, at + 1)
            yield Naming(name, is_late, parts[at], "", None)
        elif at < len(parts) - 2 and _ID.fullmatch(parts[at + 1]) and (file := "_".join(parts[at + 2 :])):
            last = min(last, at + 1)
            yield Naming(name, is_late, parts[at], parts[at + 1], file)


def without_mark(file: str) -> str:
    """The name that the student gave a file: without the `-1` of a name that was used before."""
    return _REPEATED.sub("", file)


def _anonymous(path: str) -> Parsed | None:
    first, rest = first_part(path)
    seen = _ANONYMOUS.fullmatch(first)
    if seen is None:
        return None
    late, identifier, _, file = seen.groups()
    return Parsed(
        (Student((f"canvas-anon:{identifier}",)),),
        None if file is None else joined(file, path, rest),
        late is not None,
        label=f"anon_{identifier}",
        remark="online text" if file is None else "",
    )


def _parsed(path: str, naming: Naming, *, is_certain: bool) -> Parsed:
    _, rest = first_part(path)
    return Parsed(
        (Student((f"canvas:{naming.user}",), naming.name or None),),
        None if naming.file is None else joined(naming.file, path, rest),
        naming.is_late,
        label=f"{naming.name}_{naming.user}" if naming.name else naming.user,
        remark="online text" if naming.file is None else "",
        note=""
        if is_certain
        else f"Canvas user {naming.user} is the first of several readings of the file's name",
    )


def _reader(folder: Folder, paths: Sequence[str], roster: Collection[str]) -> Reader | None:  # noqa: ARG001
    names = {first for path in paths if (first := first_part(path)[0])}
    chosen = _consistent(names, roster)
    read = [naming for name in names if (naming := chosen.get(name) or next(namings(name), None)) is not None]
    # The numbers of lab_3_20_ann.py and lab_3_20_ben.py are not a user and an attachment.
    if len({each.user for each in read}) == 1 and len({each.attachment for each in read}) < len(read):
        return None

    def parse_here(path: str, roster: Collection[str]) -> Reading:
        naming = chosen.get(first_part(path)[0])
        return parse(path, roster) if naming is None else _parsed(path, naming, is_certain=True)

    return Reader(parse_here)


def _consistent(names: Collection[str], roster: Collection[str]) -> Mapping[str, Naming]:
    """Another reading than the first, where the first gives one user two names, or one attachment to several files.

    Without this, anna_2 and ben_2 would both be user 2, and one of them would be lost.
    """
    readings = {name: found for name in names if (found := tuple(namings(name)))}
    for name, found in readings.items():
        known = tuple(each for each in found if each.user in roster)
        readings[name] = known[:1] or found
    at = dict.fromkeys(readings, 0)
    while clashing := [
        name
        for name in _clashing({name: found[at[name] :] for name, found in readings.items()})
        if at[name] + 1 < len(readings[name])
    ]:
        for name in clashing:
            at[name] += 1
    return {name: readings[name][index] for name, index in at.items() if index}


def _clashing(readings: Mapping[str, Sequence[Naming]]) -> Iterator[str]:
    """The names whose first reading clashes with another's; readings: those left."""
    users: defaultdict[str, set[str]] = defaultdict(set)
    attachments: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for name, (naming, *_) in readings.items():
        users[naming.user].add(naming.name)
        if naming.attachment:
            attachments[naming.user, naming.attachment].append(name)
    for name, (naming, *_) in readings.items():
        same = attachments[naming.user, naming.attachment]
        if len(users[naming.user]) > 1 or _read_better(readings[each][1:2] for each in same):
            yield name


def _read_better(following: Iterable[Sequence[Naming]]) -> bool:
    """Whether the next readings give files that share an attachment one each, and one user."""
    found = [each for reading in following for each in reading]
    users = {each.user for each in found}
    return len(found) > 1 and len(users) == 1 and len({each.attachment for each in found}) == len(found)


CANVAS = Platform(
    "canvas", "a Canvas download", "onestudent_101_678901_softmax.ipynb", _reader, tidied=without_mark
)
