"""How much one call does: instructions of the student's own code by line, and what it has torch and NumPy do.

The instructions are those of helpers, lambdas and threads too, and of no library. What loops in C without a frame of the
student's, such as list(map(torch.sum, X)), executes none of them: it shows in how often torch's operators, and NumPy's
functions that are written in Python, are called. The numbers are a claim: the student's code shares this process, may
stop the count, and may write into it.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, NamedTuple

import numpy as np

import operator_trace
import packing
import wire

Instructions = Counter[tuple[str, int]]
"""Executed, by file name and line; line 0 for those that stand on none."""


class Counts(NamedTuple):
    """Instructions of the student's own, and calls by the name of what a library did."""

    instructions: Instructions
    calls: Counter[str]


_NUMPY = str(Path(np.__file__).parent)
_PRINTING = "arrayprint.py"
"""Of NumPy: a print that was left in is no loop."""

_GREATEST_NUMBER = (1 << 32) - 1


@contextlib.contextmanager
def counting(*, with_calls: bool) -> Iterator[Counts]:
    """What the student's chunks execute inside, and, where that is asked for, what is called for them."""
    counts = Counts(Counter(), Counter())
    operators = operator_trace.counting(counts.calls) if with_calls else contextlib.nullcontext()
    with operators, _recording(counts, with_calls=with_calls):
        yield counts


def _numpy_name(code: CodeType) -> str | None:
    """`NumPy's mean` for a public function of NumPy that is written in Python; None for any other, and for prints."""
    if not code.co_filename.startswith(_NUMPY) or code.co_filename.endswith(_PRINTING):
        return None
    if code.co_qualname == "vectorize.__call__":
        return "NumPy's vectorize"
    return None if code.co_name.startswith(("_", "<")) else f"NumPy's {code.co_name}"


def _numpy_calls(frame: FrameType) -> int:
    """How often one call of NumPy counts: vectorize calls a function once for each entry of its arguments."""
    if frame.f_code.co_qualname != "vectorize.__call__":
        return 1
    return max((np.size(each) for each in frame.f_locals.get("args", ())), default=1)


if sys.version_info >= (3, 12):

    @contextlib.contextmanager
    def _recording(counts: Counts, *, with_calls: bool) -> Iterator[None]:
        """By events of single instructions, in the student's code objects as each of them starts."""
        monitoring, events = sys.monitoring, sys.monitoring.events
        tool = monitoring.PROFILER_ID
        watched: dict[int, tuple[CodeType, dict[int, int]]] = {}

        def on_start(code: CodeType, _: int) -> Any:
            if with_calls and (name := _numpy_name(code)) is not None:
                counts.calls[name] += _numpy_calls(sys._getframe(1))  # noqa: SLF001  events come without a frame
                return None
            if code.co_filename.startswith(packing.CHUNK_FILE) and id(code) not in watched:
                watched[id(code)] = (code, _lines_of(code))
                monitoring.set_local_events(tool, code, events.INSTRUCTION)
            return monitoring.DISABLE

        def on_instruction(code: CodeType, offset: int) -> Any:
            counts.instructions[code.co_filename, watched[id(code)][1].get(offset, 0)] += 1

        monitoring.use_tool_id(tool, "opcode_count")
        try:
            monitoring.register_callback(tool, events.PY_START, on_start)
            monitoring.register_callback(tool, events.PY_RESUME, on_start)
            monitoring.register_callback(tool, events.INSTRUCTION, on_instruction)
            monitoring.restart_events()
            monitoring.set_events(tool, events.PY_START | events.PY_RESUME)
            yield
        finally:
            monitoring.set_events(tool, events.NO_EVENTS)
            for code, _ in watched.values():
                monitoring.set_local_events(tool, code, events.NO_EVENTS)
            for event in (events.PY_START, events.PY_RESUME, events.INSTRUCTION):
                monitoring.register_callback(tool, event, None)
            monitoring.free_tool_id(tool)

    def _lines_of(code: CodeType) -> dict[int, int]:
        return {
            offset: line
            for start, end, line in code.co_lines()
            if line is not None
            for offset in range(start, end, 2)
        }

else:

    @contextlib.contextmanager
    def _recording(counts: Counts, *, with_calls: bool) -> Iterator[None]:
        """By a trace function that asks for each opcode of the frames that are the student's, in new threads too."""
        watched: dict[int, tuple[CodeType, list[int], Any]] = {}

        def watch(code: CodeType) -> Any:
            """The trace function of this code's frames: it counts by offset, since a line has to be looked up."""
            executed = [0] * len(code.co_code)

            def on_opcode(frame: FrameType, event: str, _: Any) -> Any:
                if event == "opcode":
                    executed[frame.f_lasti] += 1
                return on_opcode

            watched[id(code)] = (code, executed, on_opcode)
            return on_opcode

        def on_call(frame: FrameType, _: str, __: Any) -> Any:
            code = frame.f_code
            if not code.co_filename.startswith(packing.CHUNK_FILE):
                if with_calls and (name := _numpy_name(code)) is not None:
                    counts.calls[name] += _numpy_calls(frame)
                return None
            frame.f_trace_opcodes = True
            frame.f_trace_lines = False
            return watched[id(code)][2] if id(code) in watched else watch(code)

        before = sys.gettrace()
        threading.settrace(on_call)
        sys.settrace(on_call)
        try:
            yield
        finally:
            sys.settrace(before)
            threading.settrace(None)
            for code, executed, _ in watched.values():
                for start, end, line in code.co_lines():
                    counts.instructions[code.co_filename, line or 0] += sum(executed[start:end])


def pack_counts(counts: Counts) -> list[wire.Buffer]:
    """All instructions; the busiest lines with chunk, line and instructions; the most frequent calls with name and number.

    The last two within the wire's caps.
    """
    lines: Counter[tuple[int, int]] = Counter()
    for (file_name, line), amount in counts.instructions.items():
        lines[packing.place_in(file_name, line) or (0, 0)] += amount
    busiest = lines.most_common(wire.GREATEST_LINES)
    numbers = [sum(lines.values()), len(busiest)]
    for (chunk_number, line), amount in busiest:
        numbers += [chunk_number, line, amount]
    calls = counts.calls.most_common(wire.GREATEST_CALLS)
    body: list[wire.Buffer] = [_packed(number) for number in (*numbers, len(calls))]
    for name, amount in calls:
        body += [
            wire.pack_text(name.encode("ascii", "replace").decode()[: wire.OPERATOR_CAP]),
            _packed(amount),
        ]
    return body


def _packed(number: int) -> bytes:
    return min(number, _GREATEST_NUMBER).to_bytes(4, "little")
