"""The judge's end of a worker's pipe: what counts as seen, and when a witness was switched off."""

import os
import sys
import types

import pytest

from grader.model.observation import Returned
from grader.sandbox.inside import wire
from grader.sandbox.witness import Witness
from tests.sandbox import plain
from tests.sandbox.calls import number_of, trial

ID = 7
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="descriptors cannot be sent")


@pytest.fixture
def opened():
    pair = Witness.open()
    assert pair is not None
    witness, writing = pair
    yield witness, lambda text: os.write(writing, text.encode())
    witness.close()
    os.close(writing)


def listed(*operators):
    return "".join(f'\n      {{\n        "id": 3, "name": "{name}", "ctrl_deps": 2,' for name in operators)


def noted(*names):
    return "".join(f"\n{wire.NOTE}{name}\n" for name in names)


def whole(canaries, *operators):
    """A trace with all that the judge expects in it."""
    losses = ("aten::nll_loss_forward", f"aten::{canaries['loss']}")
    first, last = (f"aten::{canaries[each]}" for each in ("first", "last"))
    return listed(first, *operators, last) + noted(f"{wire.TRACE_ENDS} {ID}", *losses)


def begun(opened):
    witness, write = opened
    write(noted(wire.TRACE_WORKS))
    canaries = witness.begin(is_traced=True)
    assert canaries is not None
    return witness, write, canaries


def test_notes_are_the_operators_of_the_call_in_which_they_came(opened):
    witness, write = opened

    write(noted("aten::kl_div"))
    assert witness.begin(is_traced=True) is None
    write(noted("aten::nll_loss_forward", "autograd"))

    assert witness.seen(ID) == ("aten.nll_loss_forward", "autograd")


def test_a_whole_trace_is_its_operators_without_the_canary_losses(opened):
    witness, write, canaries = begun(opened)

    write(whole(canaries, "aten::mm", "autograd::engine::evaluate_function: MmBackward0"))

    seen = witness.seen(ID)
    assert {"aten.mm", "autograd"} <= set(seen)
    assert {wire.WITNESS_OFF, "aten.nll_loss_forward"}.isdisjoint(seen)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text, canaries: text.replace(canaries["first"], "mm"),
        lambda text, canaries: text.replace(canaries["last"], "mm"),
        lambda text, canaries: text.replace(f"{wire.NOTE}aten::{canaries['loss']}", ""),
        lambda text, _: text.replace(f"{wire.NOTE}aten::nll_loss_forward", ""),
        lambda text, _: text.replace(f"{wire.TRACE_ENDS} {ID}", f"{wire.TRACE_ENDS} {ID + 1}"),
        lambda text, _: noted(f"{wire.TRACE_ENDS} {ID}") + text,
        lambda text, _: text + noted(f"{wire.TRACE_ENDS} 1"),
        lambda text, _: listed(*(f"aten::op{number}" for number in range(10_001))) + text,
        lambda text, _: "",
    ],
    ids=range(9),
)
def test_what_is_missing_or_forged_in_a_trace_says_that_a_witness_was_off(spoil, opened):
    witness, write, canaries = begun(opened)
    text = spoil(whole(canaries, "aten::mm"), canaries)
    for start in range(0, len(text), 10_000):
        write(text[start : start + 10_000])
        witness.read()

    assert wire.WITNESS_OFF in witness.seen(ID)


def test_a_worker_that_cannot_trace_is_not_accused(opened):
    witness, write = opened

    assert witness.begin(is_traced=True) is None
    write(noted(wire.TRACE_WORKS))

    assert (witness.seen(ID), witness.begin(is_traced=True)) == (("trace works",), None)


def test_lines_may_come_in_any_pieces_and_any_bytes(opened):
    witness, _, canaries = begun(opened)
    text = whole(canaries, "aten::mm").encode()

    for byte in text:
        witness._take(bytes([byte]))
    witness._take(b"\xff\x00" * 3_000_000)

    assert "aten.mm" in witness.seen(ID)


def test_words_that_no_report_should_hold_are_not_taken(opened):
    witness, write = opened
    witness.begin(is_traced=False)

    write(noted("witness off <b>=1+1", "aten::\x1b[2J", "x" * 200, "aten::mm"))

    assert witness.seen(ID) == ("aten.mm",)


def test_the_canaries_are_not_the_same_each_time(opened):
    witness, _, _ = begun(opened)

    drawn = [str(witness.begin(is_traced=True)) for _ in range(20)]

    assert len(set(drawn)) > 5


def test_this_torch_can_be_traced(open_session):
    session = open_session("def f(x):\n    return x + 1", "f")
    session.run(trial("f", 1.0))

    (worker,) = session._workers.values()

    assert worker.witness.can_trace


SOURCE = """\
import threading

import library_that_fits

def f(x):
    thread = threading.Thread(target=library_that_fits.fit)
    thread.start()
    thread.join()
    return library_that_fits.fit()
"""


def test_a_library_that_the_students_code_calls_is_noted(monkeypatch):
    witness = plain.module("witness")
    library = types.ModuleType("sklearn")
    exec("def fit():\n    return helper()\n\ndef helper():\n    return 1", vars(library))
    monkeypatch.setitem(sys.modules, "sklearn", library)
    monkeypatch.setitem(sys.modules, "library_that_fits", library)
    notes: list[str] = []
    monkeypatch.setattr(witness, "note", notes.append)
    namespace: dict = {}
    exec(compile(SOURCE, "submission:1", "exec"), namespace)

    with witness._profiling():
        namespace["f"](1)

    assert notes == ["sklearn.fit", "sklearn.fit"]
    assert sys.getprofile() is None


class _NamesUntouched(dict):
    def __iter__(self):
        raise AssertionError("each name that is looked at copies a page of the memory shared with the zygote")


def test_looking_for_libraries_touches_no_name_of_the_modules_that_are_loaded(monkeypatch):
    witness = plain.module("witness")
    modules = _NamesUntouched(sys.modules, sklearn=types.ModuleType("sklearn"))
    monkeypatch.setattr(sys, "modules", modules)

    with witness._profiling():
        assert sys.getprofile() is witness._profile


def test_a_note_waits_until_the_pipe_is_there_again(open_session):
    source = """\
import os, stat
import torch

def f(x):
    pipes = [n for n in range(3, 12) if is_pipe(n)]
    kept = [os.dup(n) for n in pipes]
    null = os.open(os.devnull, os.O_WRONLY)
    for n in pipes:
        os.dup2(null, n)
    loss = torch.nn.functional.kl_div(torch.zeros(1, 1), torch.ones(1, 1), reduction="sum")
    for n, copy in zip(pipes, kept):
        os.dup2(copy, n)
    return float(loss)

def is_pipe(n):
    try:
        return stat.S_ISFIFO(os.fstat(n).st_mode)
    except OSError:
        return False
"""
    seen = open_session(source, "f").run(trial("f", 1.0))

    assert number_of(seen) == 0
    assert isinstance(seen, Returned)
    assert seen.operators == ("aten.kl_div",)
