"""Files with a greatest size: messages are cut until they fit, points never."""

from __future__ import annotations

from collections.abc import Callable

_CAPS = (1 << 20, 1_000, 300, 80, 0)
"""Characters of a message, from all to none."""


def fitted(made: Callable[[int], bytes], greatest: int) -> bytes | None:
    """The content with the longest messages that fit; None if it is too large without any.

    made: the content, given the most characters of one message.
    """
    for cap in _CAPS:
        content = made(cap)
        if len(content) <= greatest:
            return content
    return None
