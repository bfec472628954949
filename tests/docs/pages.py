"""What a page of the documentation asks its reader to do: files to write, changes to make, commands to run.

A fenced block with a caption is a file, or with `diff` a change to one. The lines of a `console` block that begin with `$ ` are
commands, those below one its output, where `...` stands for any text or, alone, for any lines. An `ipython` block is a
cell of a notebook, and a `text` block right after it the cell's output. A comment before the block
says what else there is to know: <!-- exit code 1 -->, <!-- numbers vary --> from run to run, and with them where lines end, or <!-- not run: why -->.
README.md keeps plain blocks, which
GitHub and terminals show alike: there each line that begins with a known command is one.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).resolve().parents[2]
PAGES = (
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "docs" / "reference").glob("*.md")),
)
COMMANDS = ("grader", "make", "source", "python")


@dataclass(frozen=True, slots=True)
class File:
    """A file that the page shows whole."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    """Lines of a file that take the place of others."""

    name: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Command:
    """A command; shown is its output, None if the page does not show it, and not_run the reason why no test runs it."""

    words: tuple[str, ...]
    shown: str | None = None
    exit_code: int = 0
    numbers_vary: bool = False
    not_run: str | None = None

    def __str__(self) -> str:
        return shlex.join(self.words)


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a notebook; shown is its output, None if the page does not show it."""

    text: str
    shown: str | None = None
    numbers_vary: bool = False


Step = File | Change | Command | Cell


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def steps(text: str) -> list[Step]:
    """In the order of the page."""
    return list(_steps(MarkdownIt().parse(text)))


def _steps(tokens: list[Token]) -> Iterator[Step]:
    remark = ""
    for token, after in zip(tokens, [*tokens[1:], None], strict=True):
        if token.type == "html_block":
            remark = token.content
        elif token.type == "fence":
            caption = re.match(r":caption: (.+)\n", token.content)
            if caption is not None:
                yield _file(token.info, caption[1], token.content[caption.end() :])
            elif token.info == "console":
                yield from _console(token.content, remark)
            elif token.info == "ipython":
                shown = after.content if after is not None and after.info == "text" else None
                yield Cell(token.content, shown, "numbers vary" in remark)
            remark = ""
        elif token.type == "code_block":
            yield from _plain(token.content, remark)
            remark = ""


def _file(info: str, name: str, text: str) -> File | Change:
    text = text.removeprefix("\n")
    if "diff" not in info.split():
        return File(name, text)
    lines = text.splitlines(keepends=True)
    old = "".join(line[1:] for line in lines if line[0] in " -")
    return Change(name, old, "".join(line[1:] for line in lines if line[0] in " +"))


def _console(text: str, remark: str) -> Iterator[Command]:
    lines = text.replace("\\\n", " ").splitlines()
    starts = [number for number, line in enumerate(lines) if line.startswith("$ ")]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        shown = "\n".join(lines[start + 1 : end]).strip("\n")
        yield _command(lines[start][2:], shown or None, remark)


def _plain(text: str, remark: str) -> Iterator[Command]:
    for line in text.splitlines():
        if line.partition(" ")[0] in COMMANDS:
            yield _command(line, None, remark)


def _command(line: str, shown: str | None, remark: str) -> Command:
    code = re.search(r"exit code (\d+)", remark)
    not_run = re.search(r"not run: (.+?) *-->", remark)
    return Command(
        tuple(shlex.split(line, comments=True)),
        shown,
        int(code[1]) if code else 0,
        "numbers vary" in remark,
        not_run[1] if not_run else None,
    )


def inline_commands(text: str) -> list[tuple[str, ...]]:
    """The commands of ours in the sentences of a page."""
    inner = (
        child
        for token in MarkdownIt("commonmark").enable("table").parse(text)
        for child in token.children or ()
    )
    written = (child.content for child in inner if child.type == "code_inline")
    return [tuple(each.split()) for each in written if each.startswith("grader ")]


def links(text: str) -> list[str]:
    """The addresses of a page's links and pictures that are files here."""
    inner = (
        child
        for token in MarkdownIt("commonmark").enable("table").parse(text)
        for child in token.children or ()
    )
    found = (child.attrs.get("href", child.attrs.get("src")) for child in inner)
    return [str(each) for each in found if each and not re.match(r"[a-z]+:|#", str(each))]


def is_shown(shown: str, output: str, *, numbers_vary: bool = False) -> bool:
    """Whether a page shows this output, up to the spaces at the ends of lines."""
    if numbers_vary:
        shown, output = map(_without_numbers, (shown, output))
    pattern = ""
    for line in shown.splitlines():
        if line.strip() == "...":
            pattern += r"(?:.*\n)*?"
        else:
            pattern += r".*?".join(map(re.escape, line.rstrip().split("..."))) + r"\n"
    seen = "".join(f"{line.rstrip()}\n" for line in output.strip("\n").splitlines())
    return re.fullmatch(pattern, seen) is not None


def _without_numbers(text: str) -> str:
    """In one line, with a sign in place of each number."""
    return " ".join(re.sub(r"\d+(?:[.,]\d+)*(?:e[+-]?\d+)?", "#", text).split())
