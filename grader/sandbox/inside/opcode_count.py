"""Counts the work of one call: instructions of the student's own code by line, and calls of torch and NumPy.

The student's own are all code objects that no library's file compiles to, whatever names they have; threads count too,
lists of indices do not. A loop in C without a frame of the student's, such as list(map(torch.sum, X)), executes no
instructions: it shows in the number of calls of torch's operators, of NumPy's functions written in Python, and of the C
functions that iterators call. The numbers are a claim, because the student's code shares this process; code that stops
the count, or has no part in it, is seen (`Counts.is_whole`).
"""

from __future__ import annotations

import contextlib
import dis
import gc
import inspect
import itertools
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType, SimpleNamespace
from typing import Any

import numpy as np

import c_loops
import index_lists
import library_code
import packing
import tampering
import traced_threads
import wire
from backends import torch

if torch is not None:
    import operator_trace


@dataclass(slots=True)
class Counts:
    """Instructions of the student's own code, and library calls by name."""

    instructions: Counter[tuple[str, int]] = field(default_factory=Counter)
    """By file name and line; line 0 for those without one."""
    calls: Counter[str] = field(default_factory=Counter)
    codes: list[CodeType] = field(default_factory=list)
    """The student's code objects that ran."""
    is_whole: bool = True
    """False if the student's code stopped the count, or ran where nothing is counted."""


_NUMPY = str(Path(np.__file__).parent)


_CANARY_FILE = f"{packing.CHUNK_FILE}canary"
_CANARY = compile("def sing(): return None", _CANARY_FILE, "exec")


@contextlib.contextmanager
def counting(*, with_calls: bool) -> Iterator[Counts]:
    """Count the instructions of the student's code inside, and library calls if `with_calls`."""
    counts = Counts()
    has_operators = with_calls and torch is not None
    operators = operator_trace.counting(counts.calls) if has_operators else contextlib.nullcontext()
    canary: dict[str, Any] = {}
    exec(_CANARY, canary)
    with tampering.watching() as tampered:
        with operators, _youngest_kept(), _recording(counts, tampered, with_calls=with_calls):
            yield counts
            canary["sing"]()
        counts.is_whole &= not tampered.has_seen()
    counts.is_whole &= any(counts.instructions.pop(place) for place in _canary_places(counts))


def _canary_places(counts: Counts) -> list[tuple[str, int]]:
    return [place for place in counts.instructions if place[0] == _CANARY_FILE]


@contextlib.contextmanager
def _youngest_kept() -> Iterator[None]:
    """No collection moves a new object from the youngest generation, where loops in C are looked for."""
    was_enabled = gc.isenabled()
    gc.collect(0)
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


_EACH_TIME = {
    "ThreadPoolExecutor.submit": "ThreadPoolExecutor.submit",
    "ndindex.__next__": "NumPy's ndindex",
    "vectorize.__call__": "NumPy's vectorize",
}
"""What libraries call for each item when they loop over a function in C: Executor.map, np.apply_along_axis."""


def _library_name(code: CodeType) -> str | None:
    """`NumPy's mean` for a public function of NumPy written in Python, or a step of a library's loop; else None."""
    if code.co_qualname in _EACH_TIME:
        return _EACH_TIME[code.co_qualname]
    is_printing = code.co_filename.endswith("arrayprint.py")  # a print left in the code is not a loop
    if is_printing or not code.co_filename.startswith(_NUMPY):
        return None
    return None if code.co_name.startswith(("_", "<")) else f"NumPy's {code.co_name}"


def _count_library(calls: Counter[str], frame: FrameType) -> None:
    """Count a call of NumPy's or the like; vectorize calls a function once for each entry of its arguments."""
    name = _library_name(frame.f_code)
    if name is None:
        return
    if frame.f_code.co_qualname == "vectorize.__call__":
        calls[name] += max((np.size(each) for each in frame.f_locals.get("args", ())), default=1)
    else:
        calls[name] += 1


class _Watched:
    """A code object of the student's, and how often each of its instructions ran."""

    def __init__(
        self, code: CodeType, lists: list[index_lists.IndexList], loops: c_loops.CLoops | None
    ) -> None:
        self.code = code
        self.executed = [0] * len(code.co_code)
        self.lists = index_lists.by_offset(code, lists) if lists else {}
        self._loops = loops
        self.marks = bytearray(len(code.co_code))
        """Nonzero for instructions that ask for more than to be counted: in lists, and right after calls."""
        for offset in _after_calls(code.co_code) if loops is not None else ():
            self.marks[offset] = 1
        for offset in self.lists:
            self.marks[offset] = 1

    def look(self, offset: int, frame: FrameType) -> None:
        """What the mark of an instruction asks for, right before it runs."""
        if self._loops is not None:
            self._loops.look()
        index_list, part = self.lists.get(offset, (None, None))
        if index_list is not None and part is not None:
            index_list.examine(frame, part)

    @property
    def has_gaps(self) -> bool:
        """Whether an instruction ran more often than those that lead to it: the count was stopped meanwhile."""
        ran, incoming = Counter[int](), Counter[int]()
        free = {entry.target for entry in _exception_table(self.code)}
        starts: dict[int, int] = {}
        start: int | None = None
        instructions = list(dis.get_instructions(self.code))
        for each in instructions:  # of a wide one, either its prefix or itself is announced
            start = each.offset if start is None else start
            starts[each.offset] = start
            ran[start] = max(ran[start], self.executed[each.offset])
            start = start if each.opname == "EXTENDED_ARG" else None
        for each in instructions:
            if each.opcode in dis.hasjrel or each.opcode in dis.hasjabs:
                incoming[starts[each.argval]] += ran[starts[each.offset]]
        for this, following in itertools.pairwise(instructions):
            if this.opname != "EXTENDED_ARG":
                incoming[starts[following.offset]] += ran[starts[this.offset]]
            if this.opname in _NOT_COUNTED:
                free.add(starts[following.offset])
        return any(ran[each] > incoming[each] for each in ran if each and each not in free)

    def add_to(self, counts: Counter[tuple[str, int]]) -> None:
        """Add what ran by line, without lists of indices."""
        for offset, (index_list, _) in self.lists.items():
            if index_list.is_innocent:
                self.executed[offset] = 0
        for start, end, line in self.code.co_lines():
            counts[self.code.co_filename, line or 0] += sum(self.executed[start:end])


_NOT_COUNTED = frozenset({"RESUME", "COPY_FREE_VARS", "MAKE_CELL", "RETURN_GENERATOR"})
"""Instructions at the start of a frame, which are not always announced."""

_CALLS = frozenset(dis.opmap[name] for name in ("CALL", "CALL_FUNCTION_EX", "CALL_KW") if name in dis.opmap)
_CACHE, _EXTENDED_ARG = dis.opmap.get("CACHE", 0), dis.EXTENDED_ARG
_RESUMED = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
"""Frames that can be closed while they wait, which no event announces."""


def _after_calls(instructions: bytes) -> Iterator[int]:
    """The offsets of what follows a call."""
    is_after = False
    for offset in range(0, len(instructions), 2):
        opcode = instructions[offset]
        if opcode == _CACHE:
            continue
        if is_after:
            yield offset
        is_after = opcode in _CALLS or (is_after and opcode == _EXTENDED_ARG)


def _exception_table(code: CodeType) -> Any:
    """Its entries, which have a target; not in typeshed."""
    return vars(dis.Bytecode(code))["exception_entries"]


class _Watch:
    """The student's code objects that ran."""

    def __init__(self, *, with_calls: bool) -> None:
        self.watched: dict[int, _Watched] = {}
        self._lists: dict[str, list[index_lists.IndexList]] | None = {} if with_calls else None
        self._loops = c_loops.CLoops() if with_calls else None

    def told(self) -> contextlib.AbstractContextManager[None]:
        """Inside, loops in C are told of that no iterator shows."""
        return contextlib.nullcontext() if self._loops is None else self._loops.told()

    def on(self, code: CodeType) -> _Watched:
        """The record of a code object, which is new if there is none."""
        if id(code) not in self.watched:
            self.watched[id(code)] = _Watched(code, self._lists_of(code.co_filename), self._loops)
        return self.watched[id(code)]

    def _lists_of(self, file_name: str) -> list[index_lists.IndexList]:
        if self._lists is None:
            return []
        if file_name not in self._lists:
            self._lists[file_name] = index_lists.index_lists_of(file_name)
        return self._lists[file_name]

    def add_to(self, counts: Counts, tampered: tampering.Watch) -> None:
        """Add what ran, once it is over."""
        if self._loops is not None:
            self._loops.add_to(counts.calls)
        if tampered.has_frames and sys.version_info < (3, 12):
            counts.is_whole &= not any(each.has_gaps for each in self.watched.values())
        for each in self.watched.values():
            each.add_to(counts.instructions)
            if each.code.co_filename != _CANARY_FILE:
                counts.codes.append(each.code)


_getframe = sys._getframe  # noqa: SLF001  it has no public name

if sys.version_info >= (3, 12):
    _monitoring = SimpleNamespace(**vars(sys.monitoring))  # as it is before the student's code can change it

    @contextlib.contextmanager
    def _recording(counts: Counts, tampered: tampering.Watch, *, with_calls: bool) -> Iterator[None]:
        """By instruction events, switched on in each of the student's code objects when it starts."""
        monitoring, events = _monitoring, _monitoring.events
        watch = _Watch(with_calls=with_calls)

        def on_start(code: CodeType, _: int) -> Any:
            if library_code.is_library(code):
                if with_calls and _library_name(code) is not None:
                    _count_library(counts.calls, _getframe(1))  # events come without a frame
                    return None
            elif id(code) not in watch.watched:
                watch.on(code)
                monitoring.set_local_events(tampering.COUNTING_TOOL, code, events.INSTRUCTION)
            return monitoring.DISABLE

        def on_instruction(code: CodeType, offset: int) -> Any:
            watched = watch.watched[id(code)]
            watched.executed[offset] += 1
            if watched.marks[offset]:
                watched.look(offset, _getframe(1))

        with tampering.own_changes():
            monitoring.use_tool_id(tampering.COUNTING_TOOL, "opcode_count")
            monitoring.register_callback(tampering.COUNTING_TOOL, events.PY_START, on_start)
            monitoring.register_callback(tampering.COUNTING_TOOL, events.PY_RESUME, on_start)
            monitoring.register_callback(tampering.COUNTING_TOOL, events.INSTRUCTION, on_instruction)
            monitoring.restart_events()
            monitoring.set_events(tampering.COUNTING_TOOL, events.PY_START | events.PY_RESUME)
        try:
            with watch.told():
                yield
        finally:
            with tampering.own_changes():
                counts.is_whole &= monitoring.get_tool(tampering.COUNTING_TOOL) == "opcode_count"
                monitoring.set_events(tampering.COUNTING_TOOL, events.NO_EVENTS)
                for each in watch.watched.values():
                    counts.is_whole &= (
                        monitoring.get_local_events(tampering.COUNTING_TOOL, each.code) == events.INSTRUCTION
                    )
                    monitoring.set_local_events(tampering.COUNTING_TOOL, each.code, events.NO_EVENTS)
                for event in (events.PY_START, events.PY_RESUME, events.INSTRUCTION):
                    monitoring.register_callback(tampering.COUNTING_TOOL, event, None)
                monitoring.free_tool_id(tampering.COUNTING_TOOL)
            watch.add_to(counts, tampered)

else:
    _settrace, _gettrace = sys.settrace, sys.gettrace

    @contextlib.contextmanager
    def _recording(counts: Counts, tampered: tampering.Watch, *, with_calls: bool) -> Iterator[None]:
        """By a trace function that sees each opcode of the student's frames, in new threads too."""
        watch = _Watch(with_calls=with_calls)
        tracers: dict[int, Any] = {}
        open_frames = Counter[int]()
        this_thread = threading.get_ident()

        def tracer_of(code: CodeType) -> Any:
            """The trace function of this code's frames."""
            watched = watch.on(code)
            executed, marks = watched.executed, watched.marks
            is_resumed = bool(code.co_flags & _RESUMED)

            def on_opcode(frame: FrameType, event: str, value: Any) -> Any:
                if event == "opcode":
                    offset = frame.f_lasti
                    executed[offset] += 1
                    if marks[offset]:
                        watched.look(offset, frame)
                elif event == "return" and not is_resumed:
                    open_frames[threading.get_ident()] -= 1
                    counts.is_whole &= value is None or executed[frame.f_lasti] > 0
                return on_opcode

            tracers[id(code)] = on_opcode
            return on_opcode

        def on_call(frame: FrameType, _: str, __: Any) -> Any:
            code = frame.f_code
            if library_code.is_library(code):
                if with_calls:
                    _count_library(counts.calls, frame)
                return None
            frame.f_trace_opcodes = True
            frame.f_trace_lines = False
            if not code.co_flags & _RESUMED:
                open_frames[threading.get_ident()] += 1
            return tracers[id(code)] if id(code) in tracers else tracer_of(code)

        before = _gettrace()
        traced_threads.trace_all(on_call)
        with tampering.own_changes():
            _settrace(on_call)
        try:
            with watch.told():
                yield
        finally:
            counts.is_whole &= _gettrace() is on_call and not open_frames[this_thread]
            with tampering.own_changes():
                _settrace(before)
            traced_threads.trace_all(None)
            watch.add_to(counts, tampered)


def pack_counts(counts: Counts) -> list[wire.Buffer]:
    """Whether the count is whole, the number of instructions, the busiest lines and the most frequent calls, within the wire's caps."""
    lines: Counter[tuple[int, int]] = Counter()
    for (file_name, line), amount in counts.instructions.items():
        lines[packing.place_in(file_name, line) or (0, 0)] += amount
    busiest = lines.most_common(wire.GREATEST_LINES)
    calls = counts.calls.most_common(wire.GREATEST_CALLS)
    body: list[wire.Buffer] = [wire.pack_counts(int(counts.is_whole), sum(lines.values()), len(busiest))]
    body += [wire.pack_counts(*place, amount) for place, amount in busiest]
    body.append(wire.pack_counts(len(calls)))
    for name, amount in calls:
        body += [wire.pack_name(name), wire.pack_counts(amount)]
    return body
