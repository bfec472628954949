"""When two writings of a name or id are the same."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from grader import formatting

_EXCEL_TEXT = re.compile(r'="(.*)"', re.DOTALL)


def plain_name(cell: str) -> str:
    """A cell on one line, without what cannot be seen, such as marks of the direction of writing."""
    if cell.isprintable():  # nothing in it is a control or a mark
        return " ".join(cell.split())
    return " ".join("".join(" " if each.isspace() else each for each in cell if _is_seen(each)).split())


def _is_seen(character: str) -> bool:
    return character.isspace() or not formatting.is_unseen(character)


def id_text(cell: str) -> str:
    """An id without what spreadsheets and Brightspace put around it: ="0012", '0012, #0012."""
    text = plain_name(cell)
    if (seen := _EXCEL_TEXT.fullmatch(text)) is not None:
        text = seen[1].strip()
    return text.lstrip("'#").strip()


def folded(text: str) -> str:
    """Equal for ids, and for names, that differ only in case, width or in what cannot be seen."""
    if text.isascii():
        return text.casefold()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", plain_name(text)).casefold())


def name_key(name: str) -> str:
    """Equal for one name written as "Student One" and as "One, Student"."""
    text = folded(plain_name(name))
    last, comma, first = text.partition(",")
    return f"{first.strip()} {last.strip()}" if comma and "," not in first else text


def run_together(name: str) -> Iterator[str]:
    """A name as Canvas's file names have it: lower case, letters and digits alone, and any of its words may come first."""
    words = [word for each in name_key(name).split() if (word := squeezed(each))]
    for at in range(len(words)):
        yield "".join((*words[at:], *words[:at]))


def squeezed(text: str) -> str:
    """The letters and digits alone, folded."""
    return "".join(each for each in folded(text) if each.isalnum())


def have_a_word_in_common(name: str, other: str) -> bool:
    """Whether a word of one name is in the other, which may be written without spaces; else they are two persons'."""
    for left, right in ((name, other), (other, name)):
        whole = squeezed(right)
        if any(len(word) > 1 and word in whole for word in map(squeezed, re.split(r"[\s,.\-]+", left))):
            return True
    return squeezed(other) in run_together(name)
