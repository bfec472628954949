"""Charts of a class, of any numbers, are SVG within their frame."""

from xml.etree import ElementTree as ET

from grader.feedback.distributions import Box, Column, Share, boxes, histogram, stack
from tests.feedback.test_charts import NUMBERS, frame


def test_a_histogram_has_a_bar_for_each_count_and_full_marks_in_their_own_color():
    columns = [Column("0", 3), Column("5", 0), Column("full", 1, is_full=True)]

    root = frame(histogram(columns, "alt"))

    bars = {each.attrib["class"]: float(each.attrib["height"]) for each in root.iter("rect")}
    assert bars == {"column": 114.0, "good": 38.0}
    frame(histogram([], "alt"))


def test_boxes_of_any_numbers_share_one_scale():
    for number in NUMBERS:
        for chart in boxes([(Box(*[number] * 5), "alt"), (Box(1, 2, 3, 4, 5), "alt")], "x"):
            if chart:
                frame(chart)
    low, high = boxes([(Box(1, 1, 1, 1, 1), "low"), (Box(100, 100, 100, 100, 100), "high")], "x")
    assert median(low) < median(high)


def median(chart):
    (line,) = (each for each in ET.fromstring(str(chart)).iter("line") if each.attrib["class"] == "median")
    return float(line.attrib["x1"])


def test_a_stack_is_for_the_eyes_alone_and_never_longer_than_the_whole():
    root = ET.fromstring(str(stack([Share(0.5, "good"), Share(0.0, "bad"), Share(9.0, "absent")])))

    assert root.get("aria-hidden") == "true"
    assert [(each.get("class"), each.get("width")) for each in root] == [
        ("track", "340"),
        ("good", "170"),
        ("absent", "340"),
    ]
