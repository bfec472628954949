"""Words of students in XML and HTML: nothing that XML 1.0 forbids, and a result as a piece of well-formed XHTML."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, SubElement, tostring

from grader import formatting
from grader.exporters.grades import Grade
from grader.exporters.seen import Seen

_NOT_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 forbids, even escaped."""


def xml_text(text: str) -> str:
    """The text with all that cannot be seen, or be in XML, made visible or dropped."""
    return _NOT_XML.sub("", formatting.printable_lines(text))


def xhtml(grade: Grade, seen: Seen) -> str:
    """The score, the checks with their words, and what else made the score. No script, style or link."""
    root = Element("div")
    SubElement(root, "p").text = f"{grade.words} points"
    checks = SubElement(root, "ul")
    for check in seen.checks:
        worth = f" ({formatting.points(check.points or 0.0)} of {formatting.points(check.max_points)})"
        _item(checks, f"{check.title}: {check.status}{worth if check.max_points else ''}", check.words)
    for line in seen.lines:
        _item(checks, line.name, line.words)
    text: str = tostring(root, encoding="unicode")
    return text


def _item(parent: Element, head: str, words: str) -> None:
    item = SubElement(parent, "li")
    SubElement(item, "b").text = xml_text(head)
    if words:
        SubElement(item, "pre").text = xml_text(words)
