"""Counts the work of one call: instructions of the student's own code by line, and calls of torch and NumPy.

The instructions include helpers, lambdas and threads, but no library, and no lists of indices. A loop in C without
a frame of the student's, such as list(map(torch.sum, X)), executes none: it shows in the number of calls of torch's
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

import index_lists
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


class _Watched:
    """A code object of the student's, and how often each of its instructions ran."""

    def __init__(self, code: CodeType, lists: list[index_lists.IndexList]) -> None:
        self.code = code
        self.executed = [0] * len(code.co_code)
        self.lists = index_lists.by_offset(code, lists) if lists else {}

    def count(self, offset: int, frame: FrameType) -> None:
        """Count an instruction that is about to run in the frame."""
        self.executed[offset] += 1
        if offset in self.lists:
            index_list, part = self.lists[offset]
            if part is not None:
                index_list.examine(frame, part)

    def add_to(self, counts: Counter[tuple[str, int]]) -> None:
        """Add what ran by line, without lists of indices."""
        for offset, (index_list, _) in self.lists.items():
            if index_list.is_innocent:
                self.executed[offset] = 0
        for start, end, line in self.code.co_lines():
            counts[self.code.co_filename, line or 0] += sum(self.executed[start:end])


class _Watch:
    """The student's code objects that ran."""

    def __init__(self, *, with_lists: bool) -> None:
        self.watched: dict[int, _Watched] = {}
        self._with_lists = with_lists
        self._lists: dict[str, list[index_lists.IndexList]] = {}

    def on(self, code: CodeType) -> _Watched:
        """The record of a code object, which is new if there is none."""
        if id(code) not in self.watched:
            if self._with_lists and code.co_filename not in self._lists:
                self._lists[code.co_filename] = index_lists.index_lists_of(code.co_filename)
            self.watched[id(code)] = _Watched(code, self._lists.get(code.co_filename, []))
        return self.watched[id(code)]

    def add_to(self, counts: Counter[tuple[str, int]]) -> None:
        for each in self.watched.values():
            each.add_to(counts)


if sys.version_info >= (3, 12):

    @contextlib.contextmanager
    def _recording(counts: Counts, *, with_calls: bool) -> Iterator[None]:
        """By instruction events, switched on in each of the student's code objects when it starts."""
        monitoring, events = sys.monitoring, sys.monitoring.events
        tool = monitoring.PROFILER_ID
        watch = _Watch(with_lists=with_calls)

        def on_start(code: CodeType, _: int) -> Any:
            if with_calls and (name := _numpy_name(code)) is not None:
                counts.calls[name] += _numpy_calls(sys._getframe(1))  # noqa: SLF001  events come without a frame
                return None
            if code.co_filename.startswith(packing.CHUNK_FILE) and id(code) not in watch.watched:
                watch.on(code)
                monitoring.set_local_events(tool, code, events.INSTRUCTION)
            return monitoring.DISABLE

        def on_instruction(code: CodeType, offset: int) -> Any:
            watch.watched[id(code)].count(offset, sys._getframe(1))  # noqa: SLF001  as above

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
            for each in watch.watched.values():
                monitoring.set_local_events(tool, each.code, events.NO_EVENTS)
            for event in (events.PY_START, events.PY_RESUME, events.INSTRUCTION):
                monitoring.register_callback(tool, event, None)
            monitoring.free_tool_id(tool)
            watch.add_to(counts.instructions)

else:

    @contextlib.contextmanager
    def _recording(counts: Counts, *, with_calls: bool) -> Iterator[None]:
        """By a trace function that sees each opcode of the student's frames, in new threads too."""
        watch = _Watch(with_lists=with_calls)
        tracers: dict[int, Any] = {}

        def tracer_of(code: CodeType) -> Any:
            """The trace function of this code's frames."""
            watched = watch.on(code)
            executed, lists = watched.executed, watched.lists

            def on_opcode(frame: FrameType, event: str, _: Any) -> Any:
                if event == "opcode":
                    if lists:
                        watched.count(frame.f_lasti, frame)
                    else:
                        executed[frame.f_lasti] += 1
                return on_opcode

            tracers[id(code)] = on_opcode
            return on_opcode

        def on_call(frame: FrameType, _: str, __: Any) -> Any:
            code = frame.f_code
            if not code.co_filename.startswith(packing.CHUNK_FILE):
                if with_calls and (name := _numpy_name(code)) is not None:
                    counts.calls[name] += _numpy_calls(frame)
                return None
            frame.f_trace_opcodes = True
            frame.f_trace_lines = False
            return tracers[id(code)] if id(code) in tracers else tracer_of(code)

        before = sys.gettrace()
        threading.settrace(on_call)
        sys.settrace(on_call)
        try:
            yield
        finally:
            sys.settrace(before)
            threading.settrace(None)
            watch.add_to(counts.instructions)


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
