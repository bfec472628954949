"""Counts the work of one call: instructions of the student's own code by line, and calls of torch and NumPy.

The instructions include helpers, lambdas and threads, but no library. A loop in C without a frame of the
student's, such as list(map(torch.sum, X)), executes none: it shows in the number of calls of torch's
operators and of NumPy's functions written in Python. The numbers are a claim: the student's code shares this
process and may stop the count or change it.
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


class Counts(NamedTuple):
    """Instructions of the student's own code, and library calls by name."""

    instructions: Counter[tuple[str, int]]
    """By file name and line; line 0 for those without one."""
    calls: Counter[str]


_NUMPY = str(Path(np.__file__).parent)


@contextlib.contextmanager
def counting(*, with_calls: bool) -> Iterator[Counts]:
    """Count the instructions of the student's chunks inside, and library calls if `with_calls`."""
    counts = Counts(Counter(), Counter())
    operators = operator_trace.counting(counts.calls) if with_calls else contextlib.nullcontext()
    with operators, _recording(counts, with_calls=with_calls):
        yield counts


def _numpy_name(code: CodeType) -> str | None:
    """`NumPy's mean` for a public function of NumPy written in Python; else None."""
    is_printing = code.co_filename.endswith("arrayprint.py")  # a print left in the code is not a loop
    if is_printing or not code.co_filename.startswith(_NUMPY):
        return None
    if code.co_qualname == "vectorize.__call__":
        return "NumPy's vectorize"
    return None if code.co_name.startswith(("_", "<")) else f"NumPy's {code.co_name}"


def _numpy_calls(frame: FrameType) -> int:
    """How often one call counts: vectorize calls a function once for each entry of its arguments."""
    if frame.f_code.co_qualname != "vectorize.__call__":
        return 1
    return max((np.size(each) for each in frame.f_locals.get("args", ())), default=1)


if sys.version_info >= (3, 12):

    @contextlib.contextmanager
    def _recording(counts: Counts, *, with_calls: bool) -> Iterator[None]:
        """By instruction events, switched on in each of the student's code objects when it starts."""
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
        """By a trace function that sees each opcode of the student's frames, in new threads too."""
        watched: dict[int, tuple[CodeType, list[int], Any]] = {}

        def watch(code: CodeType) -> Any:
            """The trace function of this code's frames: it counts by offset, which is faster than by line."""
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
    """The number of instructions, the busiest lines and the most frequent calls, within the wire's caps."""
    lines: Counter[tuple[int, int]] = Counter()
    for (file_name, line), amount in counts.instructions.items():
        lines[packing.place_in(file_name, line) or (0, 0)] += amount
    busiest = lines.most_common(wire.GREATEST_LINES)
    calls = counts.calls.most_common(wire.GREATEST_CALLS)
    body: list[wire.Buffer] = [wire.pack_counts(sum(lines.values()), len(busiest))]
    body += [wire.pack_counts(*place, amount) for place, amount in busiest]
    body.append(wire.pack_counts(len(calls)))
    for name, amount in calls:
        body += [wire.pack_name(name), wire.pack_counts(amount)]
    return body
