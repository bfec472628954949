"""Charts of any numbers are SVG with finite coordinates within their frame."""

import re
from itertools import product
from xml.etree import ElementTree as ET

import pytest

from grader.feedback import charts
from grader.feedback.charts import Bar, Piece, Span

NUMBERS = [0.0, 1.0, -1.0, 1e100, -1e100, 5e-324, 1.0 + 1e-15, 2.302585092994046]


def frame(svg):
    """The elements of a chart, all of whose coordinates are numbers in its frame or a little beyond."""
    root = ET.fromstring(str(svg))
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    for element in root.iter():
        for name, value in element.attrib.items():
            if name in {"x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "width", "height", "points"}:
                numbers = [float(each) for each in re.split("[ ,]", value)]
                assert all(-60 <= each <= max(width, height) + 60 for each in numbers), (name, value)
    assert root.attrib["role"] == "img"
    return root


def test_curves_of_any_numbers():
    for values in [[each] for each in NUMBERS] + [list(each) for each in product(NUMBERS, repeat=2)]:
        root = frame(charts.curve(values, 100.0, "loss", "alt"))
        assert len(root.findall("circle")) == 1


def test_a_curve_has_a_point_for_each_number_between_round_ticks():
    root = frame(charts.curve([9.0, 5.0, 2.5], 300.0, "loss", "from 9 to 2.5"))
    (line,) = root.findall("polyline")
    assert len(line.attrib["points"].split()) == 3
    texts = [each.text for each in root.findall("text")]
    assert texts == ["loss", "0", "2.5", "5", "7.5", "10", "0", "100", "200", "300", "iterations"]
    assert root.attrib["aria-label"] == "from 9 to 2.5"


def test_a_curve_and_the_references_share_their_axes():
    root = frame(charts.curve([9.0, 5.0, 2.5], 300.0, "loss", "alt", beside=[100.0, 1.0]))
    own, beside, *_ = (each.attrib["points"].split() for each in root.findall("polyline"))
    assert (len(own), len(beside)) == (3, 2)
    assert all(22 <= float(point.split(",")[1]) <= 150 for point in (*own, *beside))
    texts = [each.text for each in root.findall("text")]
    assert {"100", "reference", "yours"} <= set(texts)


def test_spans_of_any_numbers():
    numbers = [each for each in NUMBERS if each >= 0]
    for low, high, bound in product(numbers, numbers, [None, *numbers]):
        if svg := charts.span(Span(low, low, high, bound), "alt"):
            frame(svg)


@pytest.mark.parametrize(
    "middle,is_least,tone",
    [(2.0, False, "good"), (4.0, False, "bad"), (2.0, True, "bad"), (4.0, True, "good")],
)
def test_a_span_is_good_on_the_wanted_side_of_its_bound(middle, is_least, tone):
    root = frame(charts.span(Span(middle - 1, middle, middle + 1, 3.0, is_least=is_least), "alt"))
    assert root.find("circle").attrib["class"] == tone


def test_bars_below_what_is_needed_are_bad():
    root = frame(charts.shares([Bar("val", 0.3, 0.37), Bar("test", 0.4, 0.35), Bar("other", 0.1)], "alt"))
    tones = [each.attrib["class"] for each in root.findall("rect") if each.attrib["class"] != "track"]
    assert tones == ["bad", "good", "good"]


def test_the_score_has_a_piece_for_each_check_with_points():
    root = frame(
        charts.score_bar([Piece(8, 8), Piece(1, 4), Piece(0, 0), Piece(0, 4, is_waiting=True)], "alt")
    )
    kinds = [each.attrib["class"] for each in root.findall("rect")]
    assert kinds == ["lost", "earned", "lost", "earned", "waiting", "earned"]
    assert charts.score_bar([Piece(0, 0)], "alt") == ""


def test_a_grid_frames_the_best_pair():
    pairs = [(rate, reg) for rate in (1e-3, 1e-2) for reg in (0.0, 1.0, 10.0)]
    root = frame(charts.grid(pairs, (1e-2, 1.0), ("rate", "reg"), "alt", [0.1, 0.2, 0.3, 0.4, 0.5, 0.0]))
    cells = [each.attrib["class"] for each in root.findall("rect")]
    assert [each for each in cells if "best" in each] == ["depth-5 best"]
    assert len(cells) == 6
    assert "0.500" in [each.text for each in root.findall("text")]


def test_words_in_a_chart_are_escaped():
    svg = charts.shares([Bar("<script>&", 0.5)], '"><script>')
    assert "<script>" not in svg
    assert ET.fromstring(str(svg)).attrib["aria-label"] == '"><script>'


def test_a_picture_of_signed_numbers_has_signs_too():
    red, blue, white = bytes((178, 24, 43)), bytes((33, 102, 172)), bytes((247, 247, 247))
    root = frame(charts.pixels(red + blue + white, 3, 1, ("class", "feature"), "dW"))
    signs = [each.text for each in root.iter() if "sign" in each.attrib.get("class", "").split()]
    assert signs == ["+", "\N{MINUS SIGN}"]


def test_the_numbers_of_an_axis_are_within_the_frame():
    root = frame(charts.curve([1.25e100, 9e99], 100.0, "loss", "loss"))
    ends = [
        each for each in root.iter() if each.attrib.get("text-anchor") == "end" and "e+" in (each.text or "")
    ]
    assert ends
    assert all(float(each.attrib["x"]) >= 6 * len(each.text or "") for each in ends)
