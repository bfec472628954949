"""Reads JUnit XML by its schema, and by the counts that a dashboard adds up."""

from functools import cache
from pathlib import Path
from xml.etree import ElementTree as ET

import xmlschema


@cache
def _schema():
    return xmlschema.XMLSchema(Path(__file__).with_name("junit.xsd"))


def read(content):
    """(score or None, {check: outcome}). An error of xmlschema's or ValueError for what a reader would not take."""
    text = content.decode()
    _schema().validate(text)
    (suite,) = ET.fromstring(content).iter("testsuite")
    outcomes = {case.get("name"): case[0].tag if len(case) else "passed" for case in suite.iter("testcase")}
    counts = {tag: [*outcomes.values()].count(tag) for tag in ("failure", "skipped")}
    told = tuple(int(suite.get(name, "")) for name in ("tests", "failures", "skipped"))
    if told != (len(outcomes), counts["failure"], counts["skipped"]):
        raise ValueError(f"counts {told} of {outcomes}")
    properties = {each.get("name", ""): each.get("value", "") for each in suite.iter("property")}
    return float(properties["score"]) if "score" in properties else None, outcomes
