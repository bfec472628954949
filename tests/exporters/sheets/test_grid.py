"""A sheet as bytes: read, single cells written, and every other byte as it was."""

import codecs
import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.exporters.sheets import SheetError, filled, read_grid

_PLAIN = "; for UTF-16 give utf-16-le or utf-16-be"


def texts(content, encoding=None):
    return [list(line.texts) for line in read_grid(content, encoding).lines]


@pytest.mark.parametrize(
    "content, rows",
    [
        (b"a,b\n1,2\n", [["a", "b"], ["1", "2"]]),
        (b"a;b\r\n1;2,5", [["a", "b"], ["1", "2,5"]]),
        (b"a\tb\r1\t2\r", [["a", "b"], ["1", "2"]]),
        (b'"a","b ""c"""\n"1\n2",\n', [["a", 'b "c"'], ["1\n2", ""]]),
        (b"\n\na,b\n\n1,2\n", [[""], [""], ["a", "b"], [""], ["1", "2"]]),
        (b'"Loss, gradient";"x,y";z\n1;2;3\n', [["Loss, gradient", "x,y", "z"], ["1", "2", "3"]]),
        (b"Grades of a class\nid;points\n1;2\n", [["Grades of a class"], ["id", "points"], ["1", "2"]]),
        (b"sep=;\r\na;b,c\r\n", [[], ["a", "b,c"]]),
        ("é,ñ\n\u2028,\x0b\n".encode(), [["é", "ñ"], ["\u2028", "\x0b"]]),
    ],
)
def test_a_sheet_is_read_with_its_delimiter_quotes_and_blank_rows(content, rows):
    assert texts(content) == rows


@pytest.mark.parametrize(
    "mark, codec",
    [(codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")],
)
def test_a_byte_order_mark_says_the_encoding_and_stays(mark, codec):
    before = mark + 'Name\tGrade\r\n"Zoë 😀"\t\r\n'.encode(codec)

    after = filled(read_grid(before), {(1, 1): "7.50"})

    assert after == mark + 'Name\tGrade\r\n"Zoë 😀"\t7.50\r\n'.encode(codec)


def test_bytes_of_another_encoding_are_asked_about_and_kept():
    before = 'id;name;points\n1;"Zoë";\n'.encode("cp1252")

    with pytest.raises(SheetError) as error:
        read_grid(before)

    assert str(error.value) == (
        "line 2 is not UTF-8; save it as CSV (UTF-8), or give its encoding, as in --set encoding=cp1252"
    )
    grid = read_grid(before, "cp1252")
    assert filled(grid, {(1, 2): "7,50"}) == 'id;name;points\n1;"Zoë";7,50\n'.encode("cp1252")


@pytest.mark.parametrize(
    "content, encoding, words",
    [
        (b"", None, "the file is empty"),
        (b"\n,,\n", None, "the sheet is empty"),
        (b"PK\x03\x04", None, "this is a spreadsheet's own file; open it there and save it as CSV (UTF-8)"),
        (
            "a,b".encode("utf-16-le"),
            None,
            "it looks like UTF-16 without a byte order mark; say so with --set encoding=utf-16-le (or utf-16-be)",
        ),
        (b"a,b", "no-such", "there is no encoding 'no-such'; give one such as cp1252 or utf-16-le"),
        (b"a,b", "rot13", "there is no encoding 'rot13'; give one such as cp1252 or utf-16-le"),
        (b"a,\xff", "ascii", "it is not in the encoding ascii"),
        (b"a,b\n", "utf-16", f"its bytes are not valid utf-16{_PLAIN}"),
        (codecs.BOM_UTF16_LE + b"a", None, "it starts like utf-16-le but is not; export it again"),
        (
            b'a,b\n1,"2\n3,4\n',
            None,
            "line 2: a quote is left open, or a cell has more than 100,000 characters",
        ),
        (
            b'a,b\n"1"2,3\n',
            None,
            'line 2: a quoted cell contains a single "; write it as ""',
        ),
    ],
)
def test_what_cannot_be_read_is_said_in_words(content, encoding, words):
    with pytest.raises(SheetError) as error:
        read_grid(content, encoding)

    assert str(error.value) == words


def test_a_cell_that_was_quoted_stays_quoted_and_another_only_if_it_must_be():
    grid = read_grid(b'a,b,c\n"1", 2 ,\n')

    after = filled(grid, {(1, 0): "x", (1, 1): "y", (1, 2): "7,50"})

    assert after == b'a,b,c\n"x",y,"7,50"\n'


def test_a_row_that_is_too_short_gets_the_delimiters_that_it_lacks():
    grid = read_grid(b"id,points,note\n1\n2,3\n\n4")

    after = filled(grid, {(1, 2): "x", (2, 1): "9", (4, 1): "7"})

    assert after == b"id,points,note\n1,,x\n2,9\n\n4,7"


def test_rows_can_be_left_out():
    grid = read_grid(b"id,points\r\n1,\r\n2,\r\n3,")

    assert filled(grid, {(2, 1): "5"}, frozenset({1, 3})) == b"id,points\r\n2,5\r\n"


def test_a_character_that_the_encoding_lacks_is_said():
    with pytest.raises(SheetError) as error:
        filled(read_grid(b"a,b\n1,\n", "latin-1"), {(1, 1): "∂W"})

    assert str(error.value) == ("the sheet's encoding (latin-1) has no '∂'; save the sheet as CSV (UTF-8)")


CELLS = st.text(st.sampled_from(" a1.,;\t\"'é=#\r\n\u2028"), max_size=6)
NEWLINES = st.sampled_from(["\n", "\r\n", "\r"])


@st.composite
def sheets(draw):
    """A sheet as some platform may write it, and the rows that are in it."""
    delimiter, newline = draw(st.sampled_from(",;\t")), draw(NEWLINES)
    width = draw(st.integers(2, 4))
    rows = draw(st.lists(st.lists(CELLS, min_size=width, max_size=width), max_size=4))
    lines = []
    for row in [[f"h{at}" for at in range(width)], *rows]:
        cells = []
        for cell in row:
            must_be = any(each in cell for each in '",;\t\r\n')
            is_quoted = must_be or draw(st.booleans())
            cells.append('"' + cell.replace('"', '""') + '"' if is_quoted else cell)
        lines.append(delimiter.join(cells))
        lines += [""] * draw(st.integers(0, 1))
    text = newline.join(lines) + draw(st.sampled_from(["", newline]))
    mark, codec = draw(
        st.sampled_from([(b"", "utf-8"), (codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le")])
    )
    return mark + text.encode(codec), mark, codec, delimiter


@settings(max_examples=150, deadline=None)
@given(sheets(), st.data())
def test_only_the_named_cells_of_any_sheet_change(sheet, data):
    content, mark, codec, delimiter = sheet
    grid = read_grid(content)
    places = [
        (row, column) for row, line in enumerate(grid.lines) for column in range(len(line.cells)) if row
    ]
    chosen = data.draw(st.lists(st.sampled_from(places), unique=True, max_size=3)) if places else []
    edits = {place: data.draw(st.sampled_from(["7.50", "7,50", "é", '"'])) for place in chosen}

    after = filled(grid, edits)

    def rows(each):
        text = each[len(mark) :].decode(codec)
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))

    expected = rows(content)
    for (row, column), text in edits.items():
        expected[row][column:] = [text, *expected[row][column + 1 :]]
    assert [row or [""] for row in rows(after)] == [row or [""] for row in expected]
    undone = filled(
        read_grid(after), {(row, column): grid.lines[row].cells[column].text for row, column in edits}
    )
    if all(grid.lines[row].cells[column].is_quoted for row, column in edits):
        assert undone == content
    assert filled(grid, {}) == content
