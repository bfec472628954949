"""No verdict, tolerance, reference value or seed is ever in the worker's memory: every byte that the judge sends is read."""

import dataclasses
import json
import math
import socket
import sys
from pathlib import Path

import numpy as np
import pytest

from grader.checks.base.context import CheckContext
from grader.checks.losses.calls import case_of
from grader.checks.losses.handout import is_handout
from grader.checks.losses.truth import Truth
from grader.checks.losses.values import ValuesCheck
from grader.data import standin_data
from grader.grading.grade import grade
from grader.grading.settings import Settings
from grader.intake.submission import load_submission
from grader.model.observation import Received, Returned
from grader.model.trial import Scalar
from grader.sandbox.inside import wire
from grader.sandbox.inside.zygote import ORDER
from grader.sandbox.protocols import Budget
from grader.spec import SPEC_FOLDER, load_spec
from tests.samples import quick
from tests.sandbox.calls import extracted_of

SUBMISSIONS = Path(__file__).resolve().parents[2] / "submissions" / "eecs498_2019"
SEED = 918_273_645_546_372

KEYS = {
    "program": {"op", "chunks", "files", "modules", "stubs", "absences", "redirect_cuda"},
    "load": {
        "op",
        "id",
        "function",
        "file",
        "chunks",
        "lacks",
        "partners",
        "redirect_cuda",
        "default_device",
    },
    "call": {
        "op",
        "id",
        "function",
        "method",
        "backend",
        "device",
        "positional",
        "keywords",
        "state",
        "outputs",
        "fetch",
        "watch",
    }
    | {"echo", "canaries", "is_counted", "are_calls_counted", "is_again", "redirect_cuda"}
    | {"default_device", "disturbed", "driver"},
    "reply": {"id", "loss", "dtype", "shape"},
    "resident": {"op", "id", "backend", "device", "tensors"},
}
CHUNK_KEYS = {"number", "file", "line", "place", "source", "binds", "borrows"}
ARGUMENT_KEYS = {"kind", "value", "dtype", "shape", "offset", "inputs", "is_method", "key", "descriptor"}
NUMBERED = {"id", "shape", "offset", "echo", "value", "stride"}


@dataclasses.dataclass(frozen=True)
class Evidence:
    """All that was sent while the perfect submission was graded."""

    raw: bytes
    orders: tuple[dict, ...]
    requests: tuple[tuple[dict, bytes], ...]
    report: object

    def headers(self, op):
        return [header for header, _ in self.requests if header.get("op", "reply") == op]


class Tap:
    """Keeps what is sent through every socket of this process, below all code of ours."""

    def __init__(self, monkeypatch):
        self.streams: dict[socket.socket, bytearray] = {}
        real_sendmsg, real_sendall = socket.socket.sendmsg, socket.socket.sendall

        def sendmsg(connection, buffers, *others):
            whole = b"".join(bytes(buffer) for buffer in buffers)
            sent = real_sendmsg(connection, buffers, *others)
            self.streams.setdefault(connection, bytearray()).extend(whole[:sent])
            return sent

        def sendall(connection, data, *others):
            self.streams.setdefault(connection, bytearray()).extend(data)
            return real_sendall(connection, data, *others)

        def no_send(*_):
            raise AssertionError("sent by a way that is not tapped")

        monkeypatch.setattr(socket.socket, "sendmsg", sendmsg)
        monkeypatch.setattr(socket.socket, "sendall", sendall)
        for name in ("send", "sendto", "sendfile"):
            monkeypatch.setattr(socket.socket, name, no_send)


def orders_in(stream):
    while stream:
        order, length = ORDER.unpack(stream[: ORDER.size])
        body = bytes(stream[ORDER.size : ORDER.size + length])
        yield json.loads(body) if order == b"F" else {"process_id": int.from_bytes(body, "little")}
        stream = stream[ORDER.size + length :]


def requests_in(stream):
    while stream:
        at = wire.REQUEST_HEAD.size
        header_length, payload_length = wire.REQUEST_HEAD.unpack(stream[:at])
        header = json.loads(stream[at : at + header_length])
        at += header_length
        yield header, bytes(stream[at : at + payload_length])
        stream = stream[at + payload_length :]


@pytest.fixture(scope="module")
def loaded():
    return quick(load_spec("eecs498_2019"))


@pytest.fixture(scope="module")
def evidence(sandbox, loaded):
    with pytest.MonkeyPatch.context() as monkeypatch:
        tap = Tap(monkeypatch)
        submission = load_submission(SUBMISSIONS / "perfect_module")
        report = grade(submission, loaded, sandbox, Settings(seed=SEED))
    control = tap.streams.pop(sandbox.launcher._control)
    requests = tuple(request for stream in tap.streams.values() for request in requests_in(stream))
    raw = b"\n".join([bytes(control), *(bytes(stream) for stream in tap.streams.values())])
    for header, payload in requests:
        # Among a hundred thousand drawn numbers some have the bytes of a loss by chance.
        if header.get("op") == "resident" or is_at_a_size_of_the_handout(header):
            raw = raw.replace(payload, b"", 1)
    return Evidence(raw, tuple(orders_in(control)), requests, report)


def is_at_a_size_of_the_handout(header):
    return any(entry["kind"] == "resident" for entry in header.get("positional", ()))


@pytest.fixture(scope="module")
def truths(loaded):
    """The reference's answer and bounds for every trial of every values check."""
    assignment = loaded.spec.assignment
    found = []
    for check in loaded.spec.checks:
        if isinstance(check, ValuesCheck):
            function = assignment.loss_function(check.function)
            for each in check.trials(CheckContext(assignment, SEED, data=standin_data())):
                if is_handout(each):
                    continue  # its X is resident
                case, dtype = case_of(each)
                found.append(Truth(function.classifier, case, assignment.convention, dtype))
    assert len(found) > 60
    return found


def test_the_submission_was_graded_under_the_tap(evidence):
    assert evidence.report.score == evidence.report.max_score
    assert len(evidence.headers("call")) > 100
    assert len(evidence.headers("reply")) > 20


def test_the_zygote_is_told_a_bound_a_folder_and_process_ids(evidence):
    assert {key for order in evidence.orders for key in order} <= {
        "memory_bytes",
        "directory",
        "user",
        "wanted",
        "device_memory_bytes",
        "process_id",
    }


def test_the_only_messages_are_programs_loads_tensors_calls_and_the_spys_replies(evidence):
    for header, _ in evidence.requests:
        assert set(header) == KEYS[header.get("op", "reply")]


def test_only_tensors_calls_and_replies_carry_bytes_and_only_as_many_as_their_shapes_say(evidence):
    for header, payload in evidence.requests:
        op = header.get("op", "reply")
        if op in {"program", "load"}:
            assert payload == b""
            continue
        if op == "reply":
            sizes = [int(np.prod(header["shape"])) * np.dtype(header["dtype"]).itemsize]
        else:
            entries = (
                header["tensors"].values()
                if op == "resident"
                else [*header["positional"], *header["keywords"].values(), *header["state"].values()]
            )
            sizes = [
                math.prod(entry["shape"]) * np.dtype(entry["dtype"]).itemsize
                for entry in entries
                if entry["kind"] == "tensor" and "descriptor" not in entry
            ]
        assert len(payload) == sum(size + -size % wire.ALIGNMENT for size in sizes)


def test_a_program_is_the_students_own_text(evidence):
    own = "".join(file.content.decode() for file in load_submission(SUBMISSIONS / "perfect_module").files)
    for header in evidence.headers("program"):
        for chunk in header["chunks"]:
            assert set(chunk) == CHUNK_KEYS
            assert chunk["source"] in own


def leaves(value, key=""):
    """(nearest key, leaf) of all that a header holds."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, key)
    else:
        yield key, value


def test_the_numbers_in_a_call_are_shapes_counts_offsets_and_hyperparameters(evidence, loaded):
    assignment = loaded.spec.assignment
    trials = [
        each
        for check in loaded.spec.checks
        for each in check.trials(CheckContext(assignment, SEED, data=standin_data()))
    ]
    hyperparameters = {
        argument.value
        for each in trials
        for argument in (*each.positional, *each.keywords.values(), *each.state.values())
        if isinstance(argument, Scalar)
    }
    for header in evidence.headers("call"):
        for key, leaf in leaves(header):
            if isinstance(leaf, bool) or not isinstance(leaf, int | float):
                continue
            assert key in NUMBERED, (key, leaf)
            if key == "value":
                assert leaf in hyperparameters


def test_the_keys_within_a_call_are_those_of_arguments_and_outputs(evidence):
    for header in evidence.headers("call"):
        entries = [*header["positional"], *header["keywords"].values(), *header["state"].values()]
        for entry in [*entries, *header["outputs"], *header["fetch"].values()]:
            assert set(entry) <= ARGUMENT_KEYS


def forms_of(number):
    """The bytes and the texts in which a number could travel."""
    yield np.float64(number).tobytes()
    yield np.float32(number).tobytes()
    yield repr(float(number)).encode()


def test_no_loss_of_the_reference_is_sent(evidence, truths):
    for truth in truths:
        for form in forms_of(truth.answer.loss):
            assert form not in evidence.raw, (truth.case.name, form)


def test_no_gradient_of_the_reference_is_sent(evidence, truths):
    for truth in truths:
        for dtype in (np.float64, np.float32):
            gradient = truth.answer.dW.astype(dtype)
            assert gradient.tobytes() not in evidence.raw, truth.case.name
            assert np.ascontiguousarray(gradient.T).tobytes() not in evidence.raw, truth.case.name
            rows = [row.tobytes() for row in gradient if np.count_nonzero(row) > 1]
            assert not any(row in evidence.raw for row in rows), truth.case.name


def test_no_tolerance_is_sent(evidence, truths):
    for truth in truths:
        bound = truth._loss_bound(truth.dtype)
        bounds = [
            bound,
            bound / abs(float(truth.answer.loss)),
            float(truth._gradient_bound(truth.dtype).max()),
        ]
        for number in bounds:
            assert np.float64(number).tobytes() not in evidence.raw
            assert repr(number).encode() not in evidence.raw
        assert truth._gradient_bound(truth.dtype).tobytes() not in evidence.raw


def test_the_tap_would_show_what_is_sent(evidence, truths):
    for truth in truths:
        assert truth.case.W.astype(truth.dtype).tobytes() in evidence.raw
        assert repr(truth.case.reg).encode() in evidence.raw


def test_no_label_of_a_judged_image_is_sent(evidence):
    splits = standin_data(SEED).splits
    for labels in (splits.val.labels, splits.test.labels):
        for dtype in (np.int64, np.int32, np.uint8, np.float64):
            assert labels[:40].astype(dtype).tobytes() not in evidence.raw
        assert repr(labels[:40].tolist())[1:-1].encode() not in evidence.raw


def test_the_seed_is_not_sent_in_any_form(evidence):
    for form in (
        str(SEED).encode(),
        SEED.to_bytes(8, "little"),
        SEED.to_bytes(8, "big"),
        f"{SEED:x}".encode(),
    ):
        assert form not in evidence.raw


def test_no_word_of_the_spec_or_of_a_verdict_is_sent(evidence, loaded):
    lines = (SPEC_FOLDER / "eecs498_2019.toml").read_text("utf-8").splitlines()
    words = [line.strip() for line in lines if len(line.strip()) > 12]
    words += [check.title for check in loaded.spec.checks]
    names = " ".join(loaded.spec.functions)
    words += [check.id for check in loaded.spec.checks if "_" in check.id and check.id not in names]
    words += ["passed", "failed", "points", "tolerance", "expected", "test_specs", "misconception"]
    assignment = loaded.spec.assignment
    words += [
        each.label
        for check in loaded.spec.checks
        for each in check.trials(CheckContext(assignment, SEED, data=standin_data()))
    ]

    assert [word for word in words if word.encode() in evidence.raw] == []


HALVES = """
def halves():
    return {halves!r}

def scan():
    found = 0
    with open('/proc/self/maps') as maps, open('/proc/self/mem', 'rb', buffering=0) as memory:
        for line in maps:
            bounds, rights = line.split()[:2]
            if not rights.startswith('rw'):
                continue
            at, end = (int(bound, 16) for bound in bounds.split('-'))
            while at < end:
                try:
                    memory.seek(at)
                    chunk = memory.read(min(end - at, 1 << 22))
                except (OSError, ValueError):
                    break
                for first, second in halves():
                    place = chunk.find(first)
                    while place >= 0:
                        place += len(first)
                        found += chunk[place:place + len(second)] == second
                        place = chunk.find(first, place)
                if len(chunk) < 1 << 22:
                    break
                at += len(chunk) - 64
    return found

def objects():
    import gc, sys
    seed = int(halves()[0][0]) * 10 ** 8 + int(halves()[0][1])
    own = ('gra' + 'der', 'refer' + 'ence', 'test_' + 'specs')
    found = sum(name.partition('.')[0] in own for name in sys.modules)
    for thing in gc.get_objects():
        if type(thing) in (tuple, list, dict, set):
            inside = [*thing, *(thing.values() if type(thing) is dict else ())]
            found += any(type(each) is int and each == seed for each in inside)
    return found

def svm_loss_naive(W, X, y, reg):
    return float(scan() + objects()), W * 0
"""


def split(data):
    """Two parts, neither of which is the whole: the search must not find itself."""
    middle = len(data) - 8 if len(data) > 8 else 4
    return data[:middle], data[middle:]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("planted, expected", [("", False), (f"planted = b'{SEED}'", True)])
def test_a_student_who_searches_the_workers_memory_finds_no_seed(
    unconfined_sandbox, loaded, planted, expected
):
    forms = (str(SEED).encode(), SEED.to_bytes(8, "little"), SEED.to_bytes(8, "big"))
    source = HALVES.format(halves=[split(form) for form in forms])
    source = source.replace(
        "def svm_loss_naive(W, X, y, reg):\n", f"def svm_loss_naive(W, X, y, reg):\n    {planted}\n"
    )
    assignment = loaded.spec.assignment
    check = next(check for check in loaded.spec.checks if isinstance(check, ValuesCheck))
    trials = check.trials(CheckContext(assignment, SEED, data=standin_data()))
    extracted = extracted_of(source, "svm_loss_naive")
    with unconfined_sandbox.session(extracted, Budget(), redirect_cuda=False) as session:
        seen = [session.run(dataclasses.replace(each, seconds=60)) for each in (trials[0], trials[-1])]

    for observation in seen:
        assert isinstance(observation, Returned), observation
        assert isinstance(observation.values[0], Received)
        assert (float(observation.values[0].array) > 0) == expected
