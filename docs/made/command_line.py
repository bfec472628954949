"""The reference of the command line, from its commands: usage, arguments, options, exit codes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import typer

from docs.made.markdown import code, heading, prose, table
from grader.frontends.app import app

FEW = 3


def command_line() -> str:
    """Every command in a section of its own, in the order of `grader --help`."""
    lines: list[str] = []
    for path, command in commands():
        lines += heading(2, code(path), f"command-{path.replace(' ', '-').removeprefix('grader-')}")
        lines += _section(path, command)
    return "\n".join(lines)


def commands() -> Iterator[tuple[str, Any]]:
    """Each command with the words that call it."""
    yield from _below("grader", typer.main.get_command(app))


def _below(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield path, command
        return
    for name, each in inner.items():
        yield from _below(f"{path} {name}", each)


def _section(path: str, command: Any) -> Iterator[str]:
    context = command.make_context(path, [], resilient_parsing=True)
    summary, *others = re.split(r"\n\s*\n", (command.help or "").strip())
    exits = [each for each in others if each.startswith("Exit code")]
    yield from (prose(" ".join(summary.split())), "")
    yield from ("```text", f"{path} {' '.join(command.collect_usage_pieces(context))}", "```", "")
    yield from _paragraphs(each for each in others if each not in exits)
    shown = [each for each in command.get_params(context) if not getattr(each, "hidden", False)]
    arguments = [each for each in shown if each.param_type_name == "argument"]
    options = [each for each in shown if each.param_type_name == "option" and each.name != "help"]
    if arguments:
        yield from table(
            ("Argument", "Meaning"),
            ((code(each.display_name_raw), prose(each.help or "")) for each in arguments),
        )
    if options:
        yield from table(("Option", "Meaning"), ((_names(each), _meaning(each)) for each in options))
    yield from _paragraphs(exits)


def _paragraphs(texts: Iterator[str] | list[str]) -> Iterator[str]:
    for each in texts:
        yield from (prose(" ".join(each.split())), "")


def _names(option: Any) -> str:
    names = ", ".join(code(each) for each in (*option.opts, *option.secondary_opts))
    if option.is_flag:
        return names
    return f"{names} {code(option.metavar or '|'.join(_choices(option)) or 'NAME')}"


def _choices(option: Any) -> tuple[str, ...]:
    """The words to choose from, if they are few enough to stand beside the option."""
    choices = tuple(map(str, option.type_descriptor.choices or ()))
    return choices if len(choices) <= FEW else ()


def _meaning(option: Any) -> str:
    words = [prose(option.help or "")]
    choices = option.type_descriptor.choices or ()
    if len(choices) > FEW:
        words.append(f"One of {', '.join(map(code, choices))}.")
    if option.required:
        words.insert(0, "**Required.**")
    elif option.default not in (None, False, "", ()) and not option.is_flag:
        words.append(f"Default: {code(str(option.default))}.")
    if option.envvar:
        words.append(f"Environment variable: {code(str(option.envvar))}.")
    return " ".join(words)
