import socket
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.sandbox.inside import wire


def read_all(cursor):
    return cursor.byte(), cursor.count(), cursor.text(), cursor.dtype(), bytes(cursor.take(3)), cursor.end()


def body_of(parts):
    return b"".join(bytes(part) for part in parts)


@given(st.binary(max_size=64))
def test_random_bytes_are_read_or_are_a_wire_error(data):
    for read in (wire.Cursor.byte, wire.Cursor.count, wire.Cursor.text, wire.Cursor.dtype, read_all):
        try:
            read(wire.Cursor(data))
        except wire.WireError:
            continue


@given(st.binary(min_size=wire.ANSWER_HEAD.size, max_size=wire.ANSWER_HEAD.size), st.integers(0, 2**64 - 1))
def test_a_random_head_is_a_wire_error(head, request_id):
    with pytest.raises(wire.WireError, match="an unknown header"):
        wire.unpack_head(head, request_id)


def test_a_head_with_another_id_is_a_wire_error():
    (head,) = wire.pack_answer(7, wire.RETURNED, ())

    assert wire.unpack_head(head, 7) == (wire.RETURNED, 0)
    with pytest.raises(wire.WireError, match="an unknown header"):
        wire.unpack_head(head, 8)


def test_fields_are_read_in_the_order_in_which_they_were_packed():
    body = bytes([7]) + (70_000).to_bytes(4, "little") + wire.pack_text("dW ∇") + bytes([1]) + b"abc"

    assert read_all(wire.Cursor(body)) == (7, 70_000, "dW ∇", "float64", b"abc", None)


def test_what_is_too_short_is_a_wire_error():
    with pytest.raises(wire.WireError, match="the answer is too short"):
        wire.Cursor(b"abc").take(4)


def test_a_negative_length_is_a_wire_error():
    with pytest.raises(wire.WireError, match="the answer is too short"):
        wire.Cursor(b"abc").take(-1)


def test_what_is_left_over_is_a_wire_error():
    with pytest.raises(wire.WireError, match="the answer is too long"):
        wire.Cursor(b"a").end()


def test_a_text_over_the_cap_is_a_wire_error_though_its_bytes_are_there():
    length = wire.TEXT_CAP + 1

    with pytest.raises(wire.WireError, match="a text is too long"):
        wire.Cursor(length.to_bytes(2, "little") + b"x" * length).text()


def test_a_dtype_code_past_the_last_is_a_wire_error():
    with pytest.raises(wire.WireError, match="an unknown dtype"):
        wire.Cursor(bytes([len(wire.DTYPES)])).dtype()


def test_control_characters_and_broken_utf_8_are_shown_as_harmless_ones():
    raw = b"a\x1b[31mb\x00\xff\nc\xe2\x80\xaed"

    assert wire.Cursor(len(raw).to_bytes(2, "little") + raw).text() == "a [31mb � c d"


@given(st.text(max_size=5000))
def test_a_clipped_text_is_whole_characters_within_the_cap(text):
    encoded = wire.clip(text)

    assert len(encoded) <= wire.TEXT_CAP
    assert text.encode("utf-8", "replace").decode().startswith(encoded.decode())


def test_a_lone_surrogate_becomes_a_question_mark():
    assert wire.clip("a\ud800b") == b"a?b"


def test_a_subclass_of_str_is_clipped_by_the_rules_of_str():
    class Evil(str):
        __slots__ = ()

        def __getitem__(self, key):
            raise RuntimeError

        def encode(self, *_):
            raise RuntimeError

    assert wire.clip(Evil("plain")) == b"plain"


@given(st.lists(st.binary(max_size=40), max_size=5))
def test_a_request_comes_through_with_each_buffer_at_an_aligned_offset(buffers):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        wire.send_parts(ours, wire.pack_request({"op": "call", "λ": [1, None, "\ud800"]}, buffers))
        header, payload = wire.receive_request(theirs)

    assert header == {"op": "call", "λ": [1, None, "\ud800"]}
    at = 0
    for buffer in buffers:
        assert payload[at : at + len(buffer)] == buffer
        at += len(buffer) + -len(buffer) % wire.ALIGNMENT
    assert at == len(payload)


def test_parts_larger_than_the_sockets_buffer_arrive_whole():
    ours, theirs = socket.socketpair()
    sent = [bytes([number]) * 3_000 for number in range(200)] + [bytes(3_000_000)]
    with ours, theirs:
        thread = threading.Thread(target=wire.send_parts, args=(ours, sent))
        thread.start()
        received = wire.receive_exactly(theirs, 3_600_000)
        thread.join()

    assert received == b"".join(sent)


def test_a_slow_reader_does_not_prolong_the_deadline_of_sending():
    remaining = iter([5.0, 5.0, 0.0])  # seconds left, as a clock would say before each system call

    def left():
        seconds = next(remaining)
        if not seconds:
            raise TimeoutError
        return seconds

    ours, theirs = socket.socketpair()
    with ours, theirs:
        drip = threading.Thread(target=wire.receive_exactly, args=(theirs, 400_000))
        drip.start()
        with pytest.raises(TimeoutError):
            wire.send_parts(ours, [bytes(64 << 20)], left)
        ours.close()
        drip.join()


def test_the_other_side_closing_is_its_own_error():
    ours, theirs = socket.socketpair()
    with theirs:
        ours.sendall(b"abc")
        ours.close()
        with pytest.raises(wire.Closed):
            wire.receive_exactly(theirs, 4)


@pytest.mark.parametrize(
    "dtype, code", [("float32", "<f4"), ("bfloat16", "<f4"), ("float64", "<f8"), ("int64", "<f8")]
)
def test_narrow_floats_travel_as_float32_and_all_else_as_float64(dtype, code):
    assert wire.payload_code("array", dtype) == code
