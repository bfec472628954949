"""Changes to texts, bytes and JSON that keep most of the input, so readers get past its first line."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.fuzz import corpus


def count(rng: Random, greatest: int) -> int:
    """From 1 to `greatest`, small ones more often: each doubling is as likely as the last."""
    return min(greatest, int(2 ** rng.uniform(0, greatest.bit_length())))


def mutated_text(rng: Random, text: str, others: tuple[str, ...] = ()) -> str:
    """The text after one to eight changes."""
    for _ in range(count(rng, 8)):
        text = rng.choice(_TEXT_CHANGES)(rng, text, others or corpus.WRITTEN)[:200_000]
    return text


def _slice(rng: Random, text: str) -> tuple[int, int]:
    start = rng.randint(0, len(text))
    return start, min(len(text), start + count(rng, 400))


def _replace(rng: Random, text: str, others: tuple[str, ...]) -> str:
    start, end = _slice(rng, text)
    end = rng.choice((start, start + 1, end))
    return text[:start] + rng.choice(corpus.TOKENS) + text[end:]


def _cut(rng: Random, text: str, others: tuple[str, ...]) -> str:
    start, end = _slice(rng, text)
    return rng.choice((text[:start], text[start:], text[:start] + text[end:]))


def _repeat(rng: Random, text: str, others: tuple[str, ...]) -> str:
    start, end = _slice(rng, text)
    times = count(rng, 2 + 20_000 // (end - start + 1))
    return text[:end] + text[start:end] * times + text[end:]


def _splice(rng: Random, text: str, others: tuple[str, ...]) -> str:
    other = rng.choice(others)
    start, end = _slice(rng, other)
    at = rng.randint(0, len(text))
    return rng.choice(
        (text[:at] + other[start:end] + text[at:], text[:at] + other[start:], text + "\n" + other)
    )


def _nest(rng: Random, text: str, others: tuple[str, ...]) -> str:
    at = rng.choice((0, len(text), rng.randint(0, len(text))))
    openers = rng.choices(corpus.OPENERS, k=rng.choice((1, 1, 2, 3)))
    return text[:at] + "".join(openers) * count(rng, 4000) + rng.choice(corpus.CLOSERS) + text[at:]


def _lines(rng: Random, text: str, others: tuple[str, ...]) -> str:
    lines = text.split("\n")
    first, second = rng.randrange(len(lines)), rng.randrange(len(lines))
    match rng.randrange(7):
        case 0:
            lines[first], lines[second] = lines[second], lines[first]
        case 1:
            lines[first:first] = [lines[second]] * count(rng, 300)
        case 2:
            lines[first] = rng.choice((" ", "    ", "\t", "\f", "")) + lines[first].lstrip()
        case 3:
            return rng.choice((";", "\r", "\r\n", "\\\n", "\n\n", " ", "\x0c")).join(lines)
        case 4:
            rng.shuffle(lines)
        case 5:
            lines[first] += rng.choice(("\\", "?", " #", "'''", "(", ":", ";", " " * 3000))
        case _:
            lines = [" " * count(rng, 8) + line for line in lines]
    return "\n".join(lines)


_TEXT_CHANGES = (_replace, _replace, _replace, _cut, _repeat, _splice, _nest, _lines, _lines)


def mutated_bytes(rng: Random, content: bytes, others: tuple[bytes, ...] = ()) -> bytes:
    """The bytes after one to eight flips, cuts, repeats and insertions."""
    for _ in range(count(rng, 8)):
        start = rng.randint(0, len(content))
        end = min(len(content), start + count(rng, 200))
        match rng.randrange(8):
            case 0:
                content = content[:start] + bytes([rng.randrange(256)]) + content[start + 1 :]
            case 1:
                content = content[:start] + rng.randbytes(end - start) + content[end:]
            case 2:
                content = rng.choice((content[:start], content[start:], content[:start] + content[end:]))
            case 3:
                content = content[:end] + content[start:end] * count(rng, 50) + content[end:]
            case 4:
                content = content[:start] + rng.choice(_BYTES) + content[start:]
            case 5 if others:
                other = rng.choice(others)
                content = content[:start] + other[rng.randint(0, len(other)) :]
            case 6 if start < len(content):
                flipped = content[start] ^ (1 << rng.randrange(8))
                content = content[:start] + bytes([flipped]) + content[start + 1 :]
            case _:
                size = rng.choice((1, 2, 4, 8))
                value = rng.choice((0, 1, 0x7F, 0x80, 0xFF, 2**31, 2**32 - 1, 2**63, 2**64 - 1)) % (
                    1 << 8 * size
                )
                content = content[:start] + value.to_bytes(size, "little") + content[start + size :]
    return content


_BYTES = (
    *(b"\0", b"\xff", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\xff\xfe\0\0", b"\0\0\xfe\xff", b"\xed\xa0\x80", b"\xc0\x80"),
    *(b"\r", b"\n", b"\\ud800", b"\\u0000", b"NaN", b"-Infinity", b"1e999", b"9" * 5000, b"[" * 3000, b'{"a":' * 3000, b'"', b"\\"),
    *(b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07", b"# coding: utf-16\n", b"<html>", b"<<<<<<< a\n"),
)  # fmt: skip


def wrong_value(rng: Random) -> Any:
    """A JSON value of some type that a field does not expect."""
    return rng.choice(
        (
            *(
                None,
                True,
                False,
                0,
                -1,
                3,
                4,
                4.5,
                1e308,
                2**70,
                float("nan"),
                float("inf"),
                "",
                "code",
                "\ud800",
                "\0",
            ),
            *(
                [],
                {},
                [[]],
                [None],
                {"": {}},
                ["x", 1, None, ["y"]],
                {"cells": []},
                [{"cell_type": "code"}],
                "x = 1\n" * 50,
            ),
        )
    )


def mutated_json(rng: Random, document: Any) -> Any:
    """The document with one to six values replaced, removed, repeated, moved or wrapped, at any depth."""
    holder = [document]
    for _ in range(count(rng, 6)):
        places = list(_places(holder, 400))
        container, key = rng.choice(places)
        match rng.randrange(6):
            case 0 | 1:
                container[key] = wrong_value(rng)
            case 2 if container is not holder:
                del container[key]
            case 3:
                other, other_key = rng.choice(places)
                container[key] = _copy(other[other_key])
            case 4:
                container[key] = rng.choice(
                    ([container[key]], {"cells": container[key]}, {"source": container[key]})
                )
            case _ if isinstance(container, list):
                container[key:key] = [container[key]] * count(rng, 100)
            case _:
                container[rng.choice(("source", "input", "code", "cells", "worksheets", "nbformat", "x"))] = (
                    _copy(container[key])
                )
        if not holder:
            return None
    return holder[0]


def _places(value: Any, limit: int) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    pending = [value]
    while pending and len(found) < limit:
        item = pending.pop(0)
        keys = range(len(item)) if isinstance(item, list) else list(item)
        for key in keys:
            found.append((item, key))
            if isinstance(item[key], list | dict):
                pending.append(item[key])
    return found


def _copy(value: Any, depth: int = 6) -> Any:
    """A copy to a depth, so that a document moved into itself ends."""
    if depth == 0:
        return None
    if isinstance(value, list):
        return [_copy(item, depth - 1) for item in value]
    if isinstance(value, dict):
        return {key: _copy(item, depth - 1) for key, item in value.items()}
    return value
