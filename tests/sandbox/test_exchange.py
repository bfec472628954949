import contextlib
import signal
import socket
import struct
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest

from grader.model.observation import Died, Raised, Refused, Returned, SpyCall, TimedOut
from grader.model.trial import NumberOutput, Spy, Trial
from grader.sandbox import decode
from grader.sandbox.exchange import Answer, Exchange, how_it_ended
from grader.sandbox.inside import wire
from grader.sandbox.launcher import Ending
from grader.sandbox.waiting import GREATEST_EXTENSION, Counts
from tests.sandbox.calls import array_of

TRIAL = Trial("a call", "f", (), (NumberOutput(),))
NUMBER = bytes([wire.VALUE, wire.DTYPES.index("float64")]) + struct.pack("<d", 2.5)


class Worker:
    """The other end of the wire: answers each request by what `answers` makes of its id."""

    def __init__(self, *answers):
        self.ours, self.theirs = socket.socketpair()
        self.ended = 0
        self.thread = threading.Thread(target=self.serve, args=(answers,))
        self.thread.start()

    def serve(self, answers):
        with self.theirs, contextlib.suppress(OSError):  # the judge may close first
            for answer in answers:
                header, _ = wire.receive_request(self.theirs)
                data = answer(header["id"])
                if data is None:
                    wait_for_the_end(self.theirs)
                    return
                self.theirs.sendall(data)

    def end(self):
        self.ended += 1
        self.ours.close()
        return "exit code 0"

    def exchange(self, seconds=5.0, greatest=decode.GREATEST_RAISED):
        return Exchange(self.ours, seconds, greatest, self.end)


def wait_for_the_end(connection):
    while connection.recv(4096):
        pass


def answer(kind, body, length=None, magic=wire.ANSWER_MAGIC, change_id=0):
    def make(request_id):
        size = len(body) if length is None else length
        return wire.ANSWER_HEAD.pack(magic, request_id ^ change_id, kind, size) + body

    return make


@pytest.fixture
def worker():
    made = []

    def make(*answers):
        made.append(Worker(*answers))
        return made[-1]

    yield make
    for each in made:
        each.ours.close()
        each.thread.join()


def test_a_right_answer_is_read(worker):
    exchange = worker(answer(wire.RETURNED, NUMBER)).exchange()

    started = time.perf_counter()
    observation = exchange.returned(exchange.ask({"op": "call"}), TRIAL, [], lambda *_: None)
    elapsed = time.perf_counter() - started

    assert isinstance(observation, Returned)
    assert float(array_of(observation.values[0])) == 2.5
    assert 0 < observation.seconds <= elapsed


def test_the_time_that_passed_in_waiting_for_a_core_comes_with_the_values(worker):
    counts = iter([Counts(waited=1_000, ran=5_000), Counts(waited=4_000, ran=6_000)])
    other = worker(answer(wire.RETURNED, NUMBER))
    exchange = Exchange(other.ours, 5.0, decode.GREATEST_RAISED, other.end, read_counts=lambda: next(counts))

    seen = exchange.ask({"op": "call"})
    assert isinstance(seen, Answer)
    observation = exchange.returned(seen, TRIAL, [], lambda *_: None)

    assert isinstance(observation, Returned)
    assert observation.waiting_seconds == pytest.approx(3e-6)
    assert observation.seconds > observation.waiting_seconds


@pytest.mark.parametrize(
    "reply, words",
    [
        (answer(wire.RETURNED, NUMBER, magic=b"LCG0"), "an unknown header"),
        (answer(wire.RETURNED, NUMBER, change_id=1), "an unknown header"),
        (answer(wire.RETURNED, b"", length=2**32 - 1), "more bytes than the answer can have"),
    ],
)
def test_an_answer_with_a_wrong_head_ends_the_worker(worker, reply, words):
    other = worker(reply)

    assert other.exchange().ask({"op": "call"}) == Died(f"it sent an invalid answer: {words}")
    assert other.ended == 1


@pytest.mark.parametrize(
    "reply, words",
    [
        (answer(wire.LOADED, NUMBER), "an unknown kind of answer"),
        (answer(99, NUMBER), "an unknown kind of answer"),
        (answer(wire.RETURNED, NUMBER[:-1]), "the answer is too short"),
        (answer(wire.RETURNED, NUMBER + b"x"), "the answer is too long"),
        (answer(wire.RETURNED, b"\x07" + NUMBER), "an unknown tag"),
    ],
)
def test_an_answer_with_a_wrong_body_ends_the_worker(worker, reply, words):
    other = worker(reply)
    exchange = other.exchange()

    observation = exchange.returned(exchange.ask({"op": "call"}), TRIAL, [], lambda *_: None)

    assert observation == Died(f"it sent an invalid answer: {words}")
    assert other.ended == 1


def test_an_exception_with_a_wrong_body_ends_the_worker(worker):
    exchange = worker(answer(wire.RAISED, b"\x00")).exchange()

    raised = exchange.raised(exchange.ask({"op": "call"}), lambda number, line: None)

    assert raised == Died("it sent an invalid answer: the answer is too short")


def test_an_exception_brings_kind_message_and_the_place_that_its_numbers_name(worker):
    body = wire.pack_text("ValueError") + wire.pack_text("no") + struct.pack("<II", 3, 14)
    exchange = worker(answer(wire.RAISED, body)).exchange()
    asked_for = []

    raised = exchange.raised(exchange.ask({}), lambda number, line: asked_for.append((number, line)))

    assert isinstance(raised, Raised)
    assert (raised.kind, raised.message, asked_for) == ("ValueError", "no", [(3, 14)])


@pytest.mark.parametrize("kind", ["timed out", "", "E\nScore: 100 of 100", "x" * 81])
def test_an_exception_cannot_be_called_as_something_else(worker, kind):
    body = wire.pack_text(kind) + wire.pack_text("no") + struct.pack("<II", 3, 14)
    exchange = worker(answer(wire.RAISED, body)).exchange()

    raised = exchange.raised(exchange.ask({}), lambda number, line: None)

    assert isinstance(raised, Raised)
    assert (raised.kind, raised.message) == ("an exception", "no")


def test_a_worker_that_closes_the_wire_has_died(worker):
    other = worker(answer(wire.RETURNED, NUMBER, length=200))

    assert other.exchange().ask({"op": "call"}) == Died("exit code 0")


def test_a_worker_that_was_gone_before_the_request_has_died(worker):
    other = worker()
    other.thread.join()

    assert other.exchange().ask({"op": "call"}) == Died("exit code 0")


def test_no_answer_within_the_deadline_is_a_time_out(worker):
    other = worker(lambda request_id: None)

    assert other.exchange(seconds=0.05).ask({"op": "call"}) == TimedOut(0.05)
    assert other.ended == 1


def test_the_deadline_is_extended_by_the_time_that_the_worker_had_no_core(worker):
    is_past_the_deadline = threading.Event()

    def late(request_id):
        is_past_the_deadline.wait()
        return answer(wire.RETURNED, NUMBER)(request_id)

    def waited():
        is_past_the_deadline.set()  # it is asked only then
        return 60.0

    exchange = Exchange(worker(late).ours, 0.5, decode.GREATEST_RAISED, lambda: "", waited)

    assert isinstance(exchange.ask({"op": "call"}), Answer)


def test_a_function_is_not_charged_while_the_grader_itself_was_stopped(worker, monkeypatch):
    away = [0.0]

    def late(request_id):
        away[0] = 60.0
        return answer(wire.RETURNED, NUMBER)(request_id)

    clock = SimpleNamespace(perf_counter=lambda: time.perf_counter() + away[0])
    monkeypatch.setattr("grader.sandbox.exchange.time", clock)
    exchange = worker(late).exchange(seconds=5.0)

    assert isinstance(exchange.ask({"op": "call"}), Answer)
    assert exchange.seconds < 60.0


def test_a_deadline_is_not_extended_for_ever(worker):
    other = worker(lambda request_id: None)
    exchange = Exchange(other.ours, 0.05, decode.GREATEST_RAISED, other.end, waited=lambda: 1e9)
    started = time.perf_counter()

    assert exchange.ask({"op": "call"}) == TimedOut(0.05)
    assert time.perf_counter() - started >= 0.05 * (1 + GREATEST_EXTENSION)


def test_the_deadline_is_on_the_whole_answer_and_not_on_each_byte(worker):
    pause = threading.Event()

    def drip(request_id):
        whole = answer(wire.RETURNED, NUMBER)(request_id)
        for byte in whole:
            if other.ended:
                break
            other.theirs.sendall(bytes([byte]))
            pause.wait(0.05)
        return b""

    other = worker(drip)

    assert other.exchange(seconds=0.2).ask({"op": "call"}) == TimedOut(0.2)


def test_a_request_that_nobody_reads_is_a_time_out():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        exchange = Exchange(ours, 0.1, 100, lambda: "")

        assert exchange.ask({"op": "call"}, (bytes(8 << 20),)) == TimedOut(0.1)


def spy_question():
    other = bytes([wire.OTHER]) + wire.pack_text("None")
    return answer(wire.ASKED, 4 * other)


def test_each_question_of_the_spy_is_logged_and_answered_until_there_are_too_many(worker):
    other = worker(spy_question(), spy_question(), spy_question())
    exchange = other.exchange(greatest=9000)
    spy = Spy(np.array([1.0, 2.0]), np.zeros((2, 3, 4)), batch=2, columns=3)
    log: list[SpyCall] = []

    first = exchange.ask({"op": "call"})
    second = exchange.reply(first, spy, log)
    third = exchange.reply(second, spy, log)

    assert isinstance(third, Answer)
    assert exchange.reply(third, spy, log) == Refused(
        "stopped: the loss function was called more than 2 times"
    )
    assert len(log) == 2
    assert other.ended == 1


def test_a_question_where_no_spy_was_lent_is_refused(worker):
    exchange = worker(spy_question()).exchange(greatest=9000)

    assert exchange.reply(exchange.ask({}), None, []) == Refused(
        "stopped: the loss function was called more than 0 times"
    )


def test_a_question_with_a_wrong_body_is_no_answer(worker):
    exchange = worker(answer(wire.ASKED, b"")).exchange()
    spy = Spy(np.array([1.0]), np.zeros((1, 3, 4)), batch=2, columns=3)

    assert exchange.reply(exchange.ask({}), spy, []) == Died(
        "it sent an invalid answer: the answer is too short"
    )


@pytest.mark.parametrize(
    "status, words",
    [
        (None, "for an unknown reason"),
        (0, "exit code 0"),
        (3 << 8, "exit code 3"),
        (signal.SIGSEGV, "signal SIGSEGV"),
        (signal.SIGABRT | 128, "signal SIGABRT"),
        (40, "signal 40"),
        (signal.SIGKILL, "for an unknown reason"),
    ],
)
def test_how_a_process_ended_in_words(status, words):
    assert how_it_ended(Ending(status)) == words


def test_what_a_worker_was_ended_for_goes_before_the_signal():
    ending = Ending(signal.SIGKILL, "it ran out of its 4 GiB memory limit")

    assert how_it_ended(ending) == "it ran out of its 4 GiB memory limit"
