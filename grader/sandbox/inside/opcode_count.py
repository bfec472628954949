"""How many instructions of the student's own code one call executes, by line: helpers and lambdas too, libraries not.

What runs in C without a frame of the student's, such as list(map(torch.sum, X)), executes none of them. The numbers are
a claim: the student's code shares this process, may stop the count, and may write into it.
"""

from __future__ import annotations

import contextlib
import sys
from collections import Counter
from collections.abc import Iterator
from types import CodeType, FrameType
from typing import Any

import packing
import wire

Counts = Counter[tuple[str, int]]
"""Instructions executed by file name and line; line 0 for those that stand on none."""

_GREATEST_NUMBER = (1 << 32) - 1


@contextlib.contextmanager
def counting() -> Iterator[Counts]:
    """The instructions that the student's chunks execute inside."""
    counts: Counts = Counter()
    with _recording(counts):
        yield counts


if sys.version_info >= (3, 12):

    @contextlib.contextmanager
    def _recording(counts: Counts) -> Iterator[None]:
        """By events of single instructions, in the student's code objects as each of them starts."""
        monitoring, events = sys.monitoring, sys.monitoring.events
        tool = monitoring.PROFILER_ID
        watched: dict[int, tuple[CodeType, dict[int, int]]] = {}

        def on_start(code: CodeType, _: int) -> Any:
            if code.co_filename.startswith(packing.CHUNK_FILE) and id(code) not in watched:
                watched[id(code)] = (code, _lines_of(code))
                monitoring.set_local_events(tool, code, events.INSTRUCTION)
            return monitoring.DISABLE

        def on_instruction(code: CodeType, offset: int) -> Any:
            counts[code.co_filename, watched[id(code)][1].get(offset, 0)] += 1

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
    def _recording(counts: Counts) -> Iterator[None]:
        """By a trace function that asks for each opcode of the frames that are the student's."""

        def on_opcode(frame: FrameType, event: str, _: Any) -> Any:
            if event == "opcode":
                counts[frame.f_code.co_filename, frame.f_lineno or 0] += 1
            return on_opcode

        def on_call(frame: FrameType, _: str, __: Any) -> Any:
            if not frame.f_code.co_filename.startswith(packing.CHUNK_FILE):
                return None
            frame.f_trace_opcodes = True
            frame.f_trace_lines = False
            return on_opcode

        before = sys.gettrace()
        sys.settrace(on_call)
        try:
            yield
        finally:
            sys.settrace(before)


def pack_counts(counts: Counts) -> list[wire.Buffer]:
    """All instructions together, then the busiest lines: chunk, line and instructions of each, within the wire's caps."""
    lines: Counter[tuple[int, int]] = Counter()
    for (file_name, line), amount in counts.items():
        lines[packing.place_in(file_name, line) or (0, 0)] += amount
    busiest = lines.most_common(wire.GREATEST_LINES)
    numbers = [sum(lines.values()), len(busiest)]
    for (chunk_number, line), amount in busiest:
        numbers += [chunk_number, line, amount]
    return [min(number, _GREATEST_NUMBER).to_bytes(4, "little") for number in numbers]
