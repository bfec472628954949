import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.model.observation import Received, Unexpected
from grader.model.trial import (
    ArrayOutput,
    LabelsOutput,
    NumberOutput,
    Scalar,
    SeriesOutput,
    Spy,
    Tensor,
    Trial,
)
from grader.sandbox import decode
from grader.sandbox.inside import wire

FLOAT32, FLOAT64, INT64 = (wire.DTYPES.index(name) for name in ("float32", "float64", "int64"))

OUTPUTS = (NumberOutput(), ArrayOutput((2, 3)), LabelsOutput(4), SeriesOutput(5))
SPY = Spy(np.zeros(3), np.zeros((3, 2, 4)), batch=3, columns=2)
TRIAL = Trial(
    "a call",
    "f",
    (Tensor(np.zeros((2, 3))), Tensor(np.zeros(4, np.int64)), Scalar(1.0)),
    OUTPUTS,
    echo=(0, 1),
)


def value(dtype, data):
    return bytes([wire.VALUE, dtype]) + data


def doubles(*numbers):
    return np.array(numbers, "<f8").tobytes()


COUNTED = Trial("a call", "f", (), (NumberOutput(),), is_counted=True)


def likely(length):
    """Bytes that often begin as a value does, so that the deeper branches are reached."""
    starts = st.sampled_from([b"", value(FLOAT64, b""), value(INT64, b""), bytes([wire.OTHER])])
    return st.builds(bytes.__add__, starts, st.binary(max_size=length))


def read(data, output):
    (seen,) = decode.decode_values(wire.Cursor(data), (output,))
    return seen


@given(likely(120), st.sampled_from(OUTPUTS))
def test_any_bytes_give_a_value_or_a_wire_error(data, output):
    try:
        seen = read(data, output)
    except wire.WireError:
        return
    assert isinstance(seen, Received | Unexpected)


@given(likely(300), st.integers(0, 255))
def test_any_bytes_for_a_whole_answer_give_values_or_a_wire_error(data, kind):
    for decoder in (
        lambda: decode.decode_returned(kind, wire.Cursor(data), TRIAL),
        lambda: decode.decode_returned(kind, wire.Cursor(value(FLOAT64, doubles(1)) + data), COUNTED),
        lambda: decode.decode_raised(kind, wire.Cursor(data)),
        lambda: decode.decode_spy_call(wire.Cursor(data), SPY),
    ):
        try:
            decoder()
        except wire.WireError:
            continue


def test_a_number_is_read_with_the_dtype_that_the_student_had():
    seen = read(value(FLOAT32, doubles(1.5)), NumberOutput())

    assert isinstance(seen, Received)
    assert (seen.array.shape, float(seen.array), seen.dtype) == ((), 1.5, "float32")


def test_an_array_is_read_in_its_shape():
    seen = read(value(FLOAT64, doubles(*range(6))), ArrayOutput((2, 3)))

    assert isinstance(seen, Received)
    assert seen.array.tolist() == [[0, 1, 2], [3, 4, 5]]


def test_an_array_of_no_elements_is_read():
    seen = read(value(FLOAT64, b""), ArrayOutput((0, 3)))

    assert isinstance(seen, Received)
    assert seen.array.shape == (0, 3)


def test_a_series_shorter_than_its_capacity_is_read_as_long_as_it_is():
    seen = read(value(FLOAT64, (2).to_bytes(4, "little") + doubles(1, 2)), SeriesOutput(5))

    assert isinstance(seen, Received)
    assert seen.array.tolist() == [1, 2]


def test_a_series_longer_than_its_capacity_is_counted_and_not_kept():
    data = value(FLOAT64, (70).to_bytes(4, "little") + doubles(1, 2, 3, 4, 5))

    assert read(data, SeriesOutput(5)) == Unexpected("a list of 70 numbers")


def test_a_series_that_claims_more_than_it_sends_is_a_wire_error():
    with pytest.raises(wire.WireError, match="too short"):
        read(value(FLOAT64, (70).to_bytes(4, "little") + doubles(1, 2)), SeriesOutput(5))


@pytest.mark.parametrize("output", OUTPUTS, ids=lambda output: type(output).__name__)
def test_a_description_comes_in_the_place_of_any_value(output):
    assert read(bytes([wire.OTHER]) + wire.pack_text("None"), output) == Unexpected("None")


@pytest.mark.parametrize(
    "data, words",
    [
        (bytes([2]), "an unknown tag"),
        (value(len(wire.DTYPES), doubles(1)), "an unknown dtype"),
        (value(FLOAT64, doubles(1)[:-1]), "the answer is too short"),
        (bytes([wire.OTHER]) + b"\xff\xff" + b"x" * 65535, "a text is too long"),
    ],
)
def test_a_malformed_value_is_a_wire_error(data, words):
    with pytest.raises(wire.WireError, match=words):
        read(data, NumberOutput())


def test_an_answer_with_bytes_left_over_is_a_wire_error():
    trial = Trial("a call", "f", (), (NumberOutput(),))

    with pytest.raises(wire.WireError, match="the answer is too long"):
        decode.decode_returned(wire.RETURNED, wire.Cursor(value(FLOAT64, doubles(1)) + b"x"), trial)


@pytest.mark.parametrize("kind", [0, wire.LOADED, wire.RAISED, wire.ASKED, 200])
def test_only_the_kind_returned_brings_values(kind):
    trial = Trial("a call", "f", (), (NumberOutput(),))

    with pytest.raises(wire.WireError, match="an unknown kind of answer"):
        decode.decode_returned(kind, wire.Cursor(value(FLOAT64, doubles(1))), trial)


@pytest.mark.parametrize("kind", [0, wire.LOADED, wire.RETURNED, wire.ASKED, 200])
def test_only_the_kind_raised_brings_an_exception(kind):
    body = wire.pack_text("ValueError") + wire.pack_text("no") + bytes(8)

    assert decode.decode_raised(wire.RAISED, wire.Cursor(body)) == ("ValueError", "no", 0, 0)
    with pytest.raises(wire.WireError, match="an unknown kind of answer"):
        decode.decode_raised(kind, wire.Cursor(body))


def test_a_spy_call_that_is_too_long_is_a_wire_error():
    other = bytes([wire.OTHER]) + wire.pack_text("None")

    assert decode.decode_spy_call(wire.Cursor(other * 4), SPY).reg == Unexpected("None")
    with pytest.raises(wire.WireError, match="the answer is too long"):
        decode.decode_spy_call(wire.Cursor(other * 4 + b"x"), SPY)


def test_no_well_formed_answer_is_longer_than_the_greatest_length():
    full = (
        value(FLOAT64, doubles(1))
        + value(FLOAT64, doubles(*range(6)))
        + value(INT64, doubles(*range(4)))
        + value(FLOAT64, (5).to_bytes(4, "little") + doubles(*range(5)))
        + value(FLOAT64, doubles(*range(6)))
        + value(INT64, doubles(*range(4)))
    )
    texts = 6 * (bytes([wire.OTHER]) + wire.pack_text("x" * 9999))
    raised = 2 * wire.pack_text("x" * 9999) + bytes(8)

    values, counted, watched = decode.decode_returned(wire.RETURNED, wire.Cursor(full), TRIAL)

    assert (len(values), counted, watched) == (6, None, None)
    assert max(len(full), len(texts), len(raised)) <= decode.greatest_length(TRIAL, None)
    assert decode.greatest_length(TRIAL, None) < 6 * 2100


def test_the_greatest_length_counts_what_the_spy_is_asked():
    big = Spy(np.zeros(3), np.zeros((3, 500, 40)), batch=3, columns=500)

    assert decode.greatest_length(TRIAL, big) >= 8 * 500 * 40


def test_only_tensors_are_echoed():
    trial = Trial("a call", "f", (Scalar(1.0),), (), echo=(0,))

    with pytest.raises(
        TypeError, match=r"^only tensors can be echoed \(position 0 is Scalar\(value=1.0\)\)$"
    ):
        decode.returned_outputs(trial)


def number(value):
    return np.array([value], "<u4").tobytes()


def count_of(*numbers):
    return value(FLOAT64, doubles(1)) + np.array(numbers, "<u4").tobytes()


def test_a_counted_answer_brings_its_instructions_and_those_of_lines():
    body = count_of(90, 2, 7, 12, 60, 7, 13, 20, 1) + wire.pack_text("torch's mul") + number(14)

    _, counted, _ = decode.decode_returned(wire.RETURNED, wire.Cursor(body), COUNTED)

    assert counted == (90, ((7, 12, 60), (7, 13, 20)), {"torch's mul": 14})


@pytest.mark.parametrize(
    "names,words", [(wire.GREATEST_CALLS + 1, "too many calls"), (1, "a name is too long")]
)
def test_calls_beyond_the_caps_are_a_wire_error(names, words):
    body = count_of(1, 0, names) + wire.pack_text("x" * (wire.NAME_CAP + 1)) + number(1)

    with pytest.raises(wire.WireError, match=words):
        decode.decode_returned(wire.RETURNED, wire.Cursor(body), COUNTED)


def test_a_counted_answer_with_more_lines_than_the_cap_is_a_wire_error():
    with pytest.raises(wire.WireError, match="too many lines"):
        decode.decode_returned(wire.RETURNED, wire.Cursor(count_of(1, wire.GREATEST_LINES + 1)), COUNTED)


@pytest.mark.parametrize(
    "body,words",
    [
        (count_of(1), "too short"),
        (count_of(1, 1, 7, 12), "too short"),
        (count_of(1, 0, 0, 5), "too long"),
        (count_of(1, 0, 1), "too short"),
        (count_of(), "too short"),
    ],
)
def test_a_count_that_does_not_fit_is_a_wire_error(body, words):
    with pytest.raises(wire.WireError, match=words):
        decode.decode_returned(wire.RETURNED, wire.Cursor(body), COUNTED)


def test_the_greatest_length_of_a_counted_answer_holds_all_its_lines():
    plain = Trial("a call", "f", (), (NumberOutput(),))
    lines = count_of(1, wire.GREATEST_LINES, *range(3 * wire.GREATEST_LINES), wire.GREATEST_CALLS)
    for name in range(wire.GREATEST_CALLS):
        lines += wire.pack_text(f"{name:0{wire.NAME_CAP}}") + number(1)

    decode.decode_returned(wire.RETURNED, wire.Cursor(lines), COUNTED)

    beside = len(lines) - len(value(FLOAT64, doubles(1)))
    assert decode.greatest_length(COUNTED, None) == decode.greatest_length(plain, None) + beside
