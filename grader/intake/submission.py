"""One submission: source files as bytes, read from a notebook, a module, a folder or a .zip."""

from __future__ import annotations

import codecs
import hashlib
import io
import os
import re
import stat
import tokenize
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

from grader import formatting
from grader.errors import SubmissionError, SubmissionNotFound, SubmissionUnavailable, UnsupportedFile
from grader.intake.archive import (
    FILE_BYTES,
    FILE_COUNT,
    PATH_BYTES,
    TOTAL_BYTES,
    is_archive,
    is_kept,
    is_passed_over,
    is_saved,
    is_source,
    is_too_long,
    is_zip,
    list_archive,
    read_archive,
    unread_saved,
)

FOLDER_ENTRIES = 100_000
"""Most entries in the folder of a submission."""

_ACCEPTED = "a notebook (.ipynb), a module (.py)"
_ONE_FOLDER = "give the folder of one student"

_NESTED_ARCHIVES = 2
"""How many archives may lie in one another around the files."""

_SHOWN_FILES = 3
"""The most files named where no notebook or module is among them."""

# O_NONBLOCK: opening a FIFO must not wait for a writer. The names are missing on Windows.
_OPEN_FLAGS = os.O_RDONLY + sum(
    getattr(os, name, 0) for name in ("O_NONBLOCK", "O_NOFOLLOW", "O_CLOEXEC", "O_BINARY")
)

# Encodings of Python source files. Others that Python knows (punycode, idna, unicode_escape, base64) are not used for
# source text, and some take quadratic time.
_SOURCE_ENCODING = re.compile(
    r"ascii|utf-?(?:8|16|32)|iso8859|latin|cp\d|koi8|gb|big5|euc|shift_jis|mac|tis|johab|hz"
)


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One notebook, module or file of saved weights; `path` is relative to the submission, with `/` between parts."""

    path: str
    content: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True)
class Part:
    """One file or folder of a hand-in that lies in several places of a class."""

    place: str
    """Below the folder of the class; a member's name in its .zip."""

    name: str
    """Its path within the hand-in; "" for a folder whose files are directly in it."""


@dataclass(frozen=True, slots=True)
class Submission:
    """One student's files, in the order of their paths."""

    id: str
    files: tuple[SourceFile, ...]
    notes: tuple[str, ...] = ()
    """On files that were not read."""

    @property
    def sources(self) -> tuple[SourceFile, ...]:
        """The notebooks and modules."""
        return tuple(file for file in self.files if not is_saved(file.path))

    @property
    def sha256(self) -> str:
        """A hash of the paths and contents; the order of the files does not matter."""
        digest = hashlib.sha256()
        for path, content in sorted((file.path, file.sha256) for file in self.files):
            name = path.encode("utf-8", "backslashreplace")
            digest.update(b"%d:%s:%s\n" % (len(name), name, content.encode("ascii")))
        return digest.hexdigest()


def load_submission(path: Path) -> Submission:
    """Read a .ipynb, a .py, a folder or a .zip; nothing is unpacked to disk, no link is followed.

    Raises SubmissionNotFound, UnsupportedFile, UnsafeArchive, or SubmissionError where reading fails.
    """
    try:
        mode = path.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise SubmissionNotFound.at(
            path, f"nothing found at this path; give {_ACCEPTED}, a folder or a .zip"
        ) from None
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error
    if stat.S_ISDIR(mode):
        name = formatting.printable(path.name or path.resolve().name) or "submission"
        return Submission(name, *_read_folder(path))
    identifier = formatting.printable(path.stem)
    if not stat.S_ISREG(mode):
        raise _not_regular(mode, path)
    if is_source(path.name):
        return Submission(identifier, (SourceFile(formatting.printable(path.name), _read_file(path)),))
    if is_zip(path.name):
        with _opened_regular(path) as stream:
            return Submission(identifier, *unpacked(stream, path, "archive"))
    suffix = formatting.printable(path.suffix.lower())
    found = f"a {suffix} file" if suffix else "a file without a suffix"
    raise UnsupportedFile.unlike(
        path, f"{_ACCEPTED}, a folder or a .zip", found, "hand in the notebook or module itself"
    )


def source_paths(path: Path) -> Iterator[tuple[str, Path]]:
    """(name, path) of each file that `load_submission` looks at; none if nothing found at this path. Raises as it does."""
    if not path.is_dir():
        if path.exists():
            yield formatting.printable(path.name), path
        return
    for relative, file in _files_below(path, lambda name: is_kept(name) or is_archive(name)):
        yield formatting.printable(relative), file


def decode_source(content: bytes) -> str:
    """The text of a Python file with Unix line ends; never raises, and never loses a byte silently.

    Encodings are tried in this order: the byte order mark's, the coding line's, UTF-8, Latin-1.
    """
    if content.startswith(codecs.BOM_UTF8):
        text = content.decode("utf-8-sig", "replace")
    elif content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = content.decode("utf-16", "replace")
    else:
        text = _decode_unmarked(content)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _decode_unmarked(content: bytes) -> str:
    for encoding in (_declared_encoding(content), "utf-8"):
        try:
            return content.decode(encoding)
        except (LookupError, ValueError):
            continue
    return content.decode("latin-1")


def _declared_encoding(content: bytes) -> str:
    """The encoding named by a PEP 263 line in the first two lines, else "utf-8"."""
    # The line itself is ASCII; a comment before it may be in any encoding.
    start = re.sub("\r\n?", "\n", content[:1000].decode("ascii", "replace")).encode()
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(start).readline)
    except SyntaxError:  # an unknown encoding
        return "utf-8"
    name = codecs.lookup(encoding).name
    return name if _SOURCE_ENCODING.match(name) else "utf-8"


def load_parts(
    root: Path, identifier: str, parts: Sequence[Part]
) -> tuple[tuple[SourceFile, ...], tuple[str, ...]]:
    """The files of a hand-in in several places below `root`, and notes on the archives beside them.

    Raises as `load_submission` does, with a path that ends in `identifier`.
    """
    links = [
        f"{part.name or part.place} (a symbolic link)" for part in parts if (root / part.place).is_symlink()
    ]
    return _read_files(root / identifier, partial(_files_in, root, parts), "submission", links)


def _read_folder(root: Path) -> tuple[tuple[SourceFile, ...], tuple[str, ...]]:
    """The files below a folder, and notes on the archives beside them."""
    return _read_files(root, partial(_files_below, root), "folder")


def _read_files(
    root: Path,
    below: Callable[[Callable[[str], bool]], Iterator[tuple[str, Path]]],
    kind: str,
    others: Sequence[str] = (),
) -> tuple[tuple[SourceFile, ...], tuple[str, ...]]:
    """The files with the wanted names that `below` finds, and notes; `others` are named where there is no source."""
    files: list[SourceFile] = []
    total = 0
    found = sorted(below(is_kept))
    sizes = {}
    for relative, path in found:
        if is_saved(relative):
            with _within(root, relative):
                sizes[relative] = _size_of(path)
    unread = unread_saved(sizes)
    for relative, path in found:
        if relative in unread:
            continue
        if len(files) == FILE_COUNT:
            raise SubmissionError.unlike(
                root, f"at most {FILE_COUNT:,} notebooks and modules in one submission", "more", _ONE_FOLDER
            )
        with _within(root, relative):
            content = _read_file(path)
        total += len(content)
        if total > TOTAL_BYTES:
            raise SubmissionError.unlike(
                root,
                f"at most {TOTAL_BYTES >> 20} MiB of notebooks and modules",
                "more",
                f"{_ONE_FOLDER}, and clear the outputs of the notebooks",
            )
        files.append(SourceFile(formatting.printable(relative), content))
    archives = sorted(below(is_archive))
    if any(is_source(file.path) for file in files):
        return tuple(files), unopened(relative for relative, _ in archives)
    if len(archives) != 1 or not is_zip(archives[0][0]):
        seen = [relative for relative, _ in below(lambda _: True)]
        raise no_source(root, kind, [relative for relative, _ in archives], [*seen, *others])
    # As some platforms deliver a submission: the only archive is it.
    relative, path = archives[0]
    with _within(root, relative), _opened_regular(path) as stream:
        return unpacked(stream, path, "archive")


def _files_in(
    root: Path, parts: Sequence[Part], is_wanted: Callable[[str], bool]
) -> Iterator[tuple[str, Path]]:
    """As `_files_below`, of parts: the path within the hand-in and on disk."""
    for part in parts:
        path = root / part.place
        try:
            mode = path.lstat().st_mode
        except OSError as error:
            raise unreadable(path, error) from error
        if stat.S_ISDIR(mode):
            prefix = f"{part.name}/" if part.name else ""
            for relative, file in _files_below(path, is_wanted):
                yield f"{prefix}{relative}", file
        elif stat.S_ISREG(mode) and is_wanted(part.name.rpartition("/")[2]):
            yield part.name, path


def _files_below(root: Path, is_wanted: Callable[[str], bool]) -> Iterator[tuple[str, Path]]:
    """(relative path, path) of each regular file with a wanted name; links are ignored.

    SubmissionError for a path that is too long, a folder inside that may not be listed, and too many entries.
    """
    pending = [("", root)]
    seen = 0
    while pending:
        prefix, folder = pending.pop()
        try:
            with _within(root, prefix), os.scandir(folder) as entries:
                for entry in entries:
                    seen += 1
                    if seen > FOLDER_ENTRIES:
                        raise SubmissionError.unlike(
                            root,
                            "the folder of one submission",
                            f"more than {FOLDER_ENTRIES:,} entries in it",
                            _ONE_FOLDER,
                        )
                    if is_passed_over(entry.name):
                        continue
                    relative = f"{prefix}{entry.name}"
                    is_folder = entry.is_dir(follow_symlinks=False)
                    if not is_folder and not (is_wanted(entry.name) and entry.is_file(follow_symlinks=False)):
                        continue
                    if is_too_long(relative):
                        raise SubmissionError.unlike(
                            root,
                            f"paths of at most {PATH_BYTES:,} bytes in one submission",
                            f"a longer one ({formatting.printable(relative[:60])}...)",
                            "hand in only the notebook or modules",
                        )
                    if is_folder:
                        pending.append((f"{relative}/", Path(entry.path)))
                    else:
                        yield relative, Path(entry.path)
        except OSError as error:
            raise unreadable(folder, error) from error


@contextmanager
def _within(root: Path, relative: str) -> Iterator[None]:
    """Makes it the student's fault that something inside a submission may not be read; the root's modes are not."""
    try:
        yield
    except (SubmissionUnavailable, PermissionError) as error:
        cause = error.__cause__ if isinstance(error, SubmissionUnavailable) else error
        if not relative or not isinstance(cause, PermissionError):
            raise
        raise SubmissionError.unlike(
            root,
            "readable files and folders",
            f"{formatting.printable(relative[:200])!r} without read permission",
            "make it readable, or hand in only the notebook or modules",
        ) from error


@contextmanager
def _opened_regular(path: Path) -> Iterator[IO[bytes]]:
    """A stream of a regular file; the opened file itself is checked, so it cannot be swapped."""
    try:
        descriptor = os.open(path, _OPEN_FLAGS)
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        raise _not_regular(mode, path)
    with os.fdopen(descriptor, "rb") as stream:
        try:
            yield stream
        except OSError as error:
            raise unreadable(path, error) from error


def _read_file(path: Path) -> bytes:
    with _opened_regular(path) as stream:
        content = stream.read(FILE_BYTES + 1)
    if len(content) > FILE_BYTES:
        raise SubmissionError.unlike(
            path,
            f"a file of at most {FILE_BYTES >> 20} MiB",
            "a larger one",
            "clear the notebook's outputs and save it again",
        )
    return content


def _size_of(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError as error:
        raise unreadable(path, error) from error


def _not_regular(mode: int, path: Path) -> UnsupportedFile:
    kinds = {
        stat.S_IFLNK: "a symbolic link",
        stat.S_IFDIR: "a folder",
        stat.S_IFIFO: "a named pipe",
        stat.S_IFSOCK: "a socket",
        stat.S_IFCHR: "a device",
        stat.S_IFBLK: "a device",
    }
    found = kinds.get(stat.S_IFMT(mode), "something else")
    return UnsupportedFile.unlike(path, "a file or a folder", found, "give the file itself")


def unreadable(path: Path, error: OSError | ValueError) -> SubmissionUnavailable:
    """The error for a file that this machine cannot read."""
    reason = (error.strerror if isinstance(error, OSError) else None) or "not a path"
    return SubmissionUnavailable.at(path, f"could not be read: {reason}; check the path and its permissions")


def unpacked(
    stream: IO[bytes], path: Path, kind: str, depth: int = _NESTED_ARCHIVES
) -> tuple[tuple[SourceFile, ...], tuple[str, ...]]:
    """The files of a .zip, and notes on the archives beside them; an archive that is alone in it is opened."""
    files = tuple(SourceFile(name, content) for name, content in read_archive(stream, path))
    archives = list_archive(stream, path, is_archive)
    if any(is_source(file.path) for file in files):
        return files, unopened(archives)
    if len(archives) != 1 or not is_zip(archives[0]) or not depth:
        raise no_source(path, kind, archives, list_archive(stream, path, lambda _: True))
    ((name, packed),) = read_archive(stream, path, archives)
    return unpacked(io.BytesIO(packed), path / name, "archive", depth - 1)


def unopened(archives: Iterable[str]) -> tuple[str, ...]:
    """A note on the archives beside notebooks and modules."""
    names = [formatting.printable(name) for name in sorted(archives)]
    if not names:
        return ()
    was = "was" if len(names) == 1 else "were"
    return (f"{formatting.several(names)} {was} not opened: there are notebooks or modules too",)


def no_source(path: Path, kind: str, archives: Sequence[str], others: Sequence[str] = ()) -> UnsupportedFile:
    """The error for a folder or an archive (`kind`) without a notebook or module, which may hold `others`."""
    names = [formatting.printable(name) for name in archives]
    if len(names) > 1:
        return UnsupportedFile.unlike(
            path,
            f"{_ACCEPTED} or a single .zip in this {kind}",
            formatting.listing(names[:5]),
            "give one of them",
        )
    if names and not is_zip(names[0]):
        return UnsupportedFile.unlike(
            path, f"{_ACCEPTED} or a .zip in this {kind}", names[0], "hand in the files themselves, or a .zip"
        )
    if names:
        return UnsupportedFile.unlike(
            path,
            f"{_ACCEPTED} in this {kind}",
            f"archives in archives ({names[0]})",
            "hand in the files themselves",
        )
    seen = [formatting.printable(name) for name in sorted(others)[:_SHOWN_FILES]]
    if more := len(others) - len(seen):
        seen.append(f"{more} more")
    return UnsupportedFile.unlike(
        path,
        f"a notebook (.ipynb) or a module (.py) in this {kind}",
        f"only {formatting.listing(seen)}" if seen else "neither",
        "add the notebook or module with the functions",
    )
