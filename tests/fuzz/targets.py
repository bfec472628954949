"""One function per surface: it feeds an input and checks the result."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import socket
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from random import Random
from typing import Any
from unittest import mock

import numpy as np

from grader.errors import SubmissionError, SubmissionUnavailable
from grader.extract import Extracted, extract
from grader.grading import grade as grading
from grader.grading import reporting
from grader.grading.environment import environment
from grader.grading.settings import Settings
from grader.intake.entry import load_entry
from grader.intake.folder import find_class
from grader.intake.submission import Submission, load_submission
from grader.model.observation import Died, Location, Raised, Refused, Returned, SpyCall, TimedOut
from grader.model.report import EnvironmentPart, FlagPart, parse_report, student_view
from grader.model.trial import NumberOutput, Tensor, Trial
from grader.restrictions import find_violations, findings_of
from grader.sandbox import decode
from grader.sandbox.exchange import Answer, Ended, Exchange
from grader.sandbox.fake import CONFINED, FakeSandbox
from grader.sandbox.inside import wire
from grader.sandbox.request import describe_call, describe_program
from tests.fuzz import answers, corpus, handed, sources

SETTINGS = Settings(seed=0, only=frozenset())
"""No check runs: the report shows only the extraction."""


@dataclass(frozen=True, slots=True)
class Target:
    """One surface that inputs are fed to."""

    make: Callable[[Random], Any]
    """An input from random numbers alone."""
    feed: Callable[[Any], None]
    """Raises where the grader does."""
    size: Callable[[Any], int]
    """The bytes of an input."""
    save: Callable[[Any, Path], None]
    share: int
    """Of a run's inputs, relative to the other targets."""


def load(case: handed.Handed) -> None:
    """Load it as one submission and as a class."""
    with tempfile.TemporaryDirectory(prefix="fuzz") as folder:
        path = case.lay(Path(folder))
        _loaded(lambda: load_submission(path))
        try:
            found = find_class(path)
        except SubmissionError as error:
            _shown(error)
            return
        hand_ins = found.entries
        assert len({hand_in.id.casefold() for hand_in in hand_ins}) == len(hand_ins)
        for name in (*found.skipped, *found.earlier, *(hand_in.id for hand_in in hand_ins)):
            _plain(name)
        for hand_in in hand_ins:
            assert "/" not in hand_in.id
            assert len(hand_in.id.encode()) <= 200
            _loaded(partial(load_entry, hand_in), is_in_class=hand_in.parts is not None)


def _loaded(action: Callable[[], Submission], *, is_in_class: bool = False) -> None:
    """is_in_class: whether it lies in the archive of a class, whose damage is not the student's."""
    try:
        submission = action()
    except SubmissionError as error:
        _shown(error, is_damage_ours=is_in_class)
        return
    _plain(submission.id)
    assert submission.files
    assert len(submission.sha256) == 64
    for file in submission.files:
        _plain(file.path)
        assert ".." not in file.path.split("/")


def _shown(error: SubmissionError, *, is_damage_ours: bool = False) -> None:
    _plain(str(error))
    # A pipe, a link or damage is the student's fault; a file on the disk can be read.
    is_damage = is_damage_ours and "found a damaged one" in str(error)
    assert is_damage or not isinstance(error, SubmissionUnavailable), error
    FlagPart(kind="unreadable", message=str(error), audience="both").model_dump_json().encode()


def _plain(text: str) -> None:
    """Assert that this is one line that can be encoded."""
    text.encode()
    assert "\n" not in text
    assert "\0" not in text


def extract_and_report(submission: Submission) -> None:
    """Everything done with a submission short of running it."""
    try:
        extracted = extract(submission, corpus.names())
    except SubmissionError as error:
        _shown(error)
        return
    _described(extracted)
    with (
        mock.patch.object(grading, "extract", return_value=extracted),
        mock.patch.object(reporting, "environment", return_value=_environment()),
    ):
        report = grading.grade(submission, corpus.spec(), FakeSandbox(), SETTINGS)
    assert not report.has_grader_faults
    assert set(report.functions) == set(corpus.names())
    assert extracted.functions.keys() | extracted.missing.keys() == set(corpus.names())
    parse_report(report.to_json())
    student_view(report).to_json().encode()


def look_for_violations(case: sources.Traced) -> None:
    """The violations of a submission, whatever its source and its traces say."""
    try:
        extracted = extract(case.submission, corpus.names())
    except SubmissionError as error:
        _shown(error)
        return
    violations = find_violations(corpus.spec().spec.assignment, extracted, case.traces)
    for each in violations:
        assert each.function in extracted.functions
        _plain(each.message)
        _plain(each.note)
    assert len({(each.function, each.kind, each.policy) for each in violations}) == len(violations)
    assert len(findings_of(violations)) == sum(each.policy != "flag" for each in violations)


@cache
def _environment() -> EnvironmentPart:
    """Made once: it reads the metadata of packages."""
    return environment(SETTINGS, CONFINED)


def _described(extracted: Extracted) -> None:
    header, *_ = _parsed(wire.pack_request(describe_program(extracted, redirect_cuda=True)))
    numbers = [chunk["number"] for chunk in header["chunks"]]
    assert numbers == sorted(set(numbers))
    for function in extracted.functions.values():
        assert set(function.chunks) <= set(numbers)
        assert function.location.line >= 1
        trial = Trial("fuzz", function.name, (Tensor(np.zeros((2, 2))),), (NumberOutput(),))
        call, buffers, _ = describe_call(trial, redirect_cuda=function.mentions_cuda)
        _parsed(wire.pack_request(call, buffers))
    for left in extracted.left_out:
        _plain(str(left.location))
        json.dumps([left.summary, left.reason, left.binds]).encode()


def _parsed(parts: list[wire.Buffer]) -> tuple[dict[str, Any], list[wire.Buffer]]:
    return json.loads(bytes(parts[1])), parts[2:]


def receive(case: answers.Sent) -> None:
    """Decode it directly, and through an exchange whose worker sent everything at once."""
    trial = answers.TRIALS[case.trial]
    for decoder in (
        lambda: decode.decode_returned(case.kind, wire.Cursor(case.body), trial),
        lambda: decode.decode_raised(case.kind, wire.Cursor(case.body)),
        lambda: decode.decode_spy_call(wire.Cursor(case.body), answers.SPY),
    ):
        try:
            decoder()
        except wire.WireError as error:
            _plain(str(error))
    ended: list[int] = []
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.setblocking(False)
        written = theirs.send(case.stream) if case.stream else 0
        if not case.is_silent:
            theirs.shutdown(socket.SHUT_WR)
        assert written == len(case.stream)
        observation = _conversation(case, trial, ours, ended)
    assert isinstance(observation, Returned | Raised | TimedOut | Died | Refused)
    assert len(ended) == isinstance(observation, TimedOut | Died | Refused)
    _words(observation)


def _conversation(case: answers.Sent, trial: Trial, ours: socket.socket, ended: list[int]) -> object:
    """The conversation that sandbox.host has."""
    spy = answers.SPY if answers.SPY in trial.positional else None
    greatest = decode.greatest_length(trial, spy)

    def end_worker() -> str:
        ended.append(1)
        return "exit code 0"

    exchange = Exchange(ours, 0.01 if case.is_silent else 30, greatest, end_worker)
    exchange.request_id = case.request_id
    calls: list[SpyCall] = []
    answer: Answer | Ended | Refused = exchange.ask({"op": "call"})
    while isinstance(answer, Answer) and answer.kind == wire.ASKED:
        answer = exchange.reply(answer, spy, calls)
    if not isinstance(answer, Answer):
        return answer
    if answer.kind == wire.RAISED:
        return exchange.raised(answer, lambda number, line: Location("hw.py", number, line))
    return exchange.returned(answer, trial, calls, lambda number, line: Location("hw.py", number, line))


def _words(observation: object) -> None:
    match observation:
        case Raised(kind=kind, message=message):
            _plain(kind + message)
        case Died(how=how):
            _plain(how)
        case Returned() as returned:
            for value in (*returned.values, *returned.echoes, *returned.fetched.values()):
                _plain(getattr(value, "description", ""))


def _save_handed(case: handed.Handed, folder: Path) -> None:
    folder.mkdir(parents=True)
    case.lay(folder)


def _save_submission(submission: Submission, folder: Path) -> None:
    entries = tuple((os.fsencode(file.path), file.content) for file in submission.files)
    _save_handed(handed.Handed(b"", entries), folder)


def _save_traced(case: sources.Traced, folder: Path) -> None:
    _save_submission(case.submission, folder)


def _save_sent(case: answers.Sent, folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "sent.pickle").write_bytes(pickle.dumps(case))


def save(target: Target, case: Any, folder: Path) -> None:
    """Write the input to a folder, to look into a failure."""
    shutil.rmtree(folder, ignore_errors=True)
    target.save(case, folder)


TARGETS = {
    "loader": Target(
        handed.handed,
        load,
        lambda case: sum(len(c) for _, c in case.entries if isinstance(c, bytes)),
        _save_handed,
        4,
    ),
    "extractor": Target(
        sources.submission,
        extract_and_report,
        lambda case: sum(len(file.content) for file in case.files),
        _save_submission,
        3,
    ),
    "restrictions": Target(
        sources.traced,
        look_for_violations,
        lambda case: sum(len(file.content) for file in case.submission.files),
        _save_traced,
        3,
    ),
    "decoder": Target(answers.sent, receive, lambda case: len(case.stream), _save_sent, 9),
}


def case_of(name: str, seed: int, number: int) -> Any:
    """The input of this number: the same in every run with the seed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # in making it, not in reading it
        return TARGETS[name].make(Random(f"{seed}:{name}:{number}"))
