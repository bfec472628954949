"""Writes the convention of an assignment into the text of a module that runs in a worker."""

from __future__ import annotations

from reference.conventions import Convention


def in_convention(text: str, convention: Convention) -> str:
    """The text with its constants REGULARIZER_COEFFICIENT, DELTA and LAYOUT, where it has them, set to the convention's."""
    for name, value in (
        ("REGULARIZER_COEFFICIENT", convention.regularizer_coefficient),
        ("DELTA", convention.delta),
        ("LAYOUT", convention.layout),
    ):
        start = text.find(f"\n{name} = ") + 1
        if start:
            text = f"{text[:start]}{name} = {value!r}{text[text.index(chr(10), start) :]}"
    return text
