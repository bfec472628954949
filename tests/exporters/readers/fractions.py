"""Reads the answers to edX and Coursera: a score of 1, and feedback that their pages can show."""

import json
from xml.etree import ElementTree as ET

_HARMLESS = {"div", "p", "ul", "li", "b", "pre"}


def read_edx(content):
    """The score of 1. An error for what XQueue or the page would not take."""
    data = json.loads(content)
    if set(data) != {"correct", "score", "msg"} or not isinstance(data["correct"], bool):
        raise ValueError(f"fields {data}")
    _read_markup(data["msg"])
    return _fraction(data["score"])


def read_coursera(content):
    """The score of 1. An error for what Coursera's own command would not take."""
    data = json.loads(content)
    if set(data) != {"fractionalScore", "feedback", "feedbackType"} or data["feedbackType"] != "HTML":
        raise ValueError(f"fields {data}")
    _read_markup(data["feedback"])
    return _fraction(data["fractionalScore"])


def _fraction(score):
    if isinstance(score, bool) or not isinstance(score, int | float) or not 0 <= score <= 1:
        raise ValueError(f"not a score: {score!r}")
    return score


def _read_markup(text):
    for element in ET.fromstring(text).iter():
        if element.tag not in _HARMLESS or element.attrib:
            raise ValueError(f"{element.tag} {element.attrib}")
