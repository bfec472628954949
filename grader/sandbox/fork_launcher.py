"""Workers forked from one zygote, one of them ahead of its use."""

from __future__ import annotations

import contextlib
import json
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace

from grader.errors import DeviceError, SandboxError
from grader.sandbox.device import Gpu
from grader.sandbox.inside import tiers, wire
from grader.sandbox.inside.zygote import ORDER, PROCESS_ID, UNKNOWN_STATUS
from grader.sandbox.isolation import (
    FirstWords,
    Isolation,
    IsolationLevel,
    not_isolated,
    receive_first_words,
)
from grader.sandbox.launcher import (
    ANSWER_SECONDS,
    DEVICE_SECONDS,
    Ending,
    Terms,
    WorkerProcess,
    kill_group,
    socket_pair,
    start_process,
    tiers_beside_a_device,
)
from grader.sandbox.watch import Watch
from grader.sandbox.workspace import Workspace


@dataclass(slots=True)
class _Ordered:
    """A fork that was ordered. The rest is known once the zygote, and then the worker, have answered."""

    connection: socket.socket
    directory: str
    process_id: int | None = None
    first_words: FirstWords | None = None


class ForkLauncher:
    """Forks workers from one zygote, and replaces a zygote that ends or lacks torch. wanted_tiers: as in `Terms`."""

    def __init__(self, wanted_tiers: int = tiers.ALL, *, with_torch: bool = True) -> None:
        self._terms = Terms(wanted_tiers)
        self._workspace = Workspace()
        self._watch = Watch()
        self._ahead: _Ordered | None = None
        self._has_torch = with_torch
        self._is_torch_added = self._is_torch_broken = False
        self._zygote, self._control = start_process("fork", self._workspace.folder, with_torch=with_torch)

    @property
    def has_torch(self) -> bool:
        return self._has_torch

    def prepare(self, memory_bytes: int, *, needs_torch: bool = True) -> None:
        """Order the first worker, which is forked as soon as everything has been imported."""
        if needs_torch:
            self._get_torch()
        is_another = memory_bytes != self._terms.memory_bytes
        self._terms = replace(self._terms, memory_bytes=memory_bytes)
        with contextlib.suppress(OSError, wire.WireError):  # `start` replaces a zygote that has ended
            if is_another:
                self._end_ahead()
            if self._ahead is None:
                self._ahead = self._order()

    def isolation(self) -> Isolation:
        if self._terms.isolation is None:
            self._ahead = self._renewing(self._next)
        assert self._terms.isolation is not None
        return self._terms.isolation

    def open_device(self, device_memory_bytes: int, least: IsolationLevel = IsolationLevel.process) -> Gpu:
        """Find the strongest isolation that lets workers use the GPU."""
        self._get_torch()
        before = self._terms
        fault = ""
        for wanted in tiers_beside_a_device(before.wanted_tiers):
            self._terms = replace(
                before, wanted_tiers=wanted, device_memory_bytes=device_memory_bytes, isolation=None
            )
            opened = self._renewing(self._first_with_device)
            words = opened.first_words
            assert words is not None
            if words.gpu is None:
                fault = words.fault
                continue
            if words.isolation.level.rank >= least.rank:
                self._terms = self._terms.accept(words)
                self._ahead = opened
                return words.gpu
            fault = f"it works only if {not_isolated(words.isolation.missing)}"
            self._end_ordered(opened)
            break  # with fewer tiers it would open too, and be isolated less
        self._terms = before
        raise DeviceError(fault)

    def _first_with_device(self) -> _Ordered:
        """A fresh worker that has reported on the GPU; it is ended already if it could not open it."""
        self._end_ahead()
        ordered = self._order()
        self._learn_id(ordered)
        try:
            self._hear(ordered)
        except (OSError, wire.WireError) as error:
            is_late = isinstance(error, TimeoutError)
            fault = f"it did not answer within {DEVICE_SECONDS:g} s" if is_late else "its process ended"
            ordered.first_words = FirstWords(Isolation.of_tiers(0), fault=fault)
        assert ordered.first_words is not None
        if ordered.first_words.gpu is None:
            self._end_ordered(ordered)
        return ordered

    def settle(self) -> None:
        if self._ahead is not None:
            with contextlib.suppress(OSError, wire.WireError):  # `start` handles whatever is wrong with it
                self._learn_id(self._ahead)
                self._hear(self._ahead)

    def start(self) -> WorkerProcess:
        """Hand out the worker forked ahead, and order the next."""
        ordered = self._renewing(self._take)
        assert ordered.process_id is not None
        self._watch.add(ordered.process_id, self._terms.memory_bytes, ordered.directory)
        return WorkerProcess(ordered.connection, ordered.process_id, ordered.directory)

    def _renewing(self, action: Callable[[], _Ordered]) -> _Ordered:
        """Do it, with a new zygote if the old one has ended. SandboxError when that one ends too."""
        try:
            return action()
        except (OSError, wire.WireError):
            self._replace_zygote()
        try:
            return action()
        except (OSError, wire.WireError) as error:
            if self._is_torch_added:
                # The others of a class that needs no torch are graded without.
                self._has_torch, self._is_torch_added, self._is_torch_broken = False, False, True
                self._replace_zygote()
                return self._renewing(action)
            library = "torch" if self._has_torch else "numpy"
            raise SandboxError(
                f"the process that imports {library} ended before it could be used;"
                f" does `{sys.executable} -c 'import {library}'` work?"
            ) from error

    def _take(self) -> _Ordered:
        ordered = self._next()
        try:
            self._ahead = self._order()
        except OSError:  # the zygote has ended, and this worker with it
            self._discard(ordered)
            raise
        return ordered

    def _next(self) -> _Ordered:
        """The worker forked ahead, once it has reported its isolation. If it is dead, another.

        An unconfined worker before it may have killed it.
        """
        for is_last in (False, True):
            ordered = self._ahead = self._ahead or self._order()
            self._learn_id(ordered)
            self._ahead = None
            try:
                self._terms = self._terms.accept(self._hear(ordered))
            except (SandboxError, OSError, wire.WireError) as error:
                self._end_ordered(ordered)
                if is_last or isinstance(error, SandboxError):
                    raise
            else:
                return ordered
        raise AssertionError  # the last attempt returns or raises

    def _hear(self, ordered: _Ordered) -> FirstWords:
        """A worker's first words, waited for once."""
        if ordered.first_words is None:
            has_device = self._terms.has_device
            ordered.connection.settimeout(DEVICE_SECONDS if has_device else ANSWER_SECONDS)
            ordered.first_words = receive_first_words(ordered.connection, has_device=has_device)
        return ordered.first_words

    def _order(self) -> _Ordered:
        directory, user = self._workspace.make()
        ours, theirs = socket_pair()
        text = json.dumps(self._terms.settings(directory, user)).encode()
        ordered = _Ordered(ours, directory)
        with theirs:
            try:
                socket.send_fds(self._control, [ORDER.pack(b"F", len(text)), text], [theirs.fileno()])
            except OSError:
                self._discard(ordered)
                raise
        return ordered

    def _learn_id(self, ordered: _Ordered) -> int:
        if ordered.process_id is None:
            answer = wire.receive_exactly(self._control, PROCESS_ID.size)
            self._control.settimeout(ANSWER_SECONDS)
            ordered.process_id = int(PROCESS_ID.unpack(answer)[0])
        return ordered.process_id

    def end(self, worker: WorkerProcess) -> Ending:
        worker.connection.close()
        kill_group(worker.process_id)
        exceeded = self._watch.remove(worker.process_id)
        try:
            if self._ahead is not None:
                self._learn_id(self._ahead)  # answers come in the order of the requests
            body = PROCESS_ID.pack(worker.process_id)
            self._control.sendall(ORDER.pack(b"W", len(body)) + body)
            status = int(PROCESS_ID.unpack(wire.receive_exactly(self._control, PROCESS_ID.size))[0])
        except (OSError, wire.WireError):
            self._control.close()  # a late answer would pass for another's; `start` replaces the zygote
            return Ending(None, exceeded, is_launcher_lost=True)
        finally:
            self._workspace.remove(worker.directory)
        is_known = status != UNKNOWN_STATUS
        return Ending(status if is_known else None, exceeded, is_launcher_lost=not is_known)

    def close(self) -> None:
        self._end_zygote()
        self._watch.close()
        self._workspace.close()

    def _end_ahead(self) -> None:
        if self._ahead is not None:
            ahead, self._ahead = self._ahead, None
            self._end_ordered(ahead)

    def _end_ordered(self, ordered: _Ordered) -> None:
        try:
            process_id = self._learn_id(ordered)
        except (OSError, wire.WireError):
            self._discard(ordered)
            raise
        self.end(WorkerProcess(ordered.connection, process_id, ordered.directory))

    def _get_torch(self) -> None:
        if not self._has_torch and not self._is_torch_broken:
            self._has_torch = self._is_torch_added = True
            self._replace_zygote()

    def _replace_zygote(self) -> None:
        self._end_zygote()
        self._zygote, self._control = start_process(
            "fork", self._workspace.folder, with_torch=self._has_torch
        )

    def _end_zygote(self) -> None:
        self._control.close()
        self._zygote.kill()
        self._zygote.wait()
        if self._ahead is not None:
            self._discard(self._ahead)
            self._ahead = None

    def _discard(self, ordered: _Ordered) -> None:
        ordered.connection.close()
        if ordered.process_id is not None:
            kill_group(ordered.process_id)
        self._workspace.remove(ordered.directory)
