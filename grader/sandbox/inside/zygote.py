"""Imports NumPy, and torch if asked to, once, and forks a worker per function; runs no torch operator, holds no secret.

Started as a plain file: `python -I zygote.py DESCRIPTOR fork|single torch|numpy JUDGE HIDDEN...`. DESCRIPTOR is this end
of the judge's control socket (on Windows "stdin", from which it is read). With `torch` it imports torch, with `numpy` no
process forked from it ever will (see backends). Its working folder is where workers' own folders are made. JUDGE is the
judge's process id. HIDDEN are folders to take off sys.path, so that the grader's own code cannot be imported.

In `fork` mode each order b"F" comes with a worker's end of a wire and is answered with the new worker's
process id. The order b"W" with a process id reaps a killed worker, ends its orphans, and is answered
with its wait status. In `single` mode, for systems without fork, it sends READY, and the first request turns
this process into the worker. A worker first reports its tiers on its wire (tiers.HELLO), before it receives
any student code.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import signal
import socket
import struct
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from confinement import Confinement

PROCESS_ID = struct.Struct("<q")
ORDER = struct.Struct("<cI")
FORKS_OF_A_CLASS = 24
"""After the forks of about four submissions, more will come: shared memory is then made cheaper to fork."""

ARRAY_BYTES, RETAINED_BYTES = 1 << 25, 1 << 30
"""A worker reuses the memory of freed arrays of up to 32 MiB, and retains up to 1 GiB. Memory returned to
the system would be zeroed for the next batch of images, which costs a trainer up to a sixth of its time."""

UNKNOWN_STATUS = -1
"""Answers b"W" for a process that is not a child of this zygote: one that died with an earlier zygote."""

READY = b"R"
"""In `single` mode, sent once everything has been imported."""


def _import_everything(judge: int, hidden: frozenset[str], library: str) -> None:
    """Import what a worker needs, also modules that it would import after losing the right to read files."""
    here = str(Path(__file__).resolve().parent)
    sys.path[:] = [here, *(entry for entry in sys.path if os.path.realpath(entry or ".") not in hidden)]
    import privileges

    privileges.die_with_parent(judge)
    if library == "torch":
        import torch

        torch.set_num_threads(1)
        import device  # noqa: F401
    import encodings.idna
    import encodings.latin_1
    import encodings.utf_8  # noqa: F401

    import backends
    import confinement
    import huge_pages  # noqa: F401
    import linux
    import orphans  # noqa: F401
    import tiers  # noqa: F401
    import worker

    worker.prepare()
    if library != "torch" and (folder := backends.torch_folder()) is not None:
        confinement.close_folder(folder)
    with contextlib.suppress(OSError):
        # After the imports: what those free would be retained too.
        linux.keep_freed_memory(ARRAY_BYTES, RETAINED_BYTES)
    sys.path.remove(here)


def _become_worker(
    connection: socket.socket, confinement: Confinement, settings: dict[str, Any], parent: int | None
) -> None:
    import tiers
    import worker
    from confinement import Bounds

    gc.enable()
    bounds = Bounds(**settings, parent=parent)
    held = confinement.apply(connection.fileno(), bounds)
    if bounds.device_memory_bytes is not None:
        connection.sendall(_with_device(confinement, held, bounds.device_memory_bytes))
    else:
        connection.sendall(tiers.HELLO.pack(tiers.MAGIC, held))
    worker.serve(connection)


def _with_device(confinement: Confinement, held: int, memory_bytes: int) -> bytes:
    """Open the GPU; the first words of the worker."""
    import device
    import tiers

    size = 0
    try:
        text, size = device.open_device(memory_bytes)
        confinement.seal(held)
        device.try_kernels()
        held |= tiers.DEVICE
    except Exception as error:
        text = f"{type(error).__name__}: {error}"
    encoded = text.encode("utf-8", "replace")[: tiers.DEVICE_TEXT_CAP]
    parts = (tiers.HELLO.pack(tiers.MAGIC, held), tiers.DEVICE_HELLO.pack(size, len(encoded)), encoded)
    return b"".join(parts)


class _Nursery:
    """Forks workers, and remembers which children they are."""

    def __init__(self, control: socket.socket, confinement: Confinement) -> None:
        import orphans

        self._control = control
        self._confinement = confinement
        self._workers: set[int] = set()
        self._may_have_orphans = False
        self._forks = 0
        self._is_collapsed = False
        orphans.inherit()

    def serve(self) -> None:
        """Carry out orders until the judge closes the control socket."""
        while True:
            message, descriptors, _, _ = socket.recv_fds(self._control, ORDER.size, 1)
            if len(message) < ORDER.size:
                os._exit(0)
            order, length = ORDER.unpack(message)
            body = self._control.recv(length, socket.MSG_WAITALL) if length else b""
            answer = self._fork(descriptors[0], json.loads(body)) if order == b"F" else self._wait(body)
            self._control.sendall(PROCESS_ID.pack(answer))

    def _fork(self, descriptor: int, settings: dict[str, Any]) -> int:
        import huge_pages
        import tiers

        is_filtered = self._confinement.has_seccomp and settings["wanted"] & tiers.SYSTEM_CALLS
        self._may_have_orphans |= not is_filtered
        parent = os.getpid()
        self._forks += 1
        if self._forks >= FORKS_OF_A_CLASS and len(self._workers) <= 1 and not self._is_collapsed:
            # Those that are alive keep all of the old memory: only between submissions is there no more than one.
            huge_pages.collapse()
            self._is_collapsed = True
        process_id = os.fork()
        if process_id == 0:
            try:
                self._control.close()
                _become_worker(socket.socket(fileno=descriptor), self._confinement, settings, parent)
            finally:
                os._exit(1)  # whatever happened: a worker never becomes a second zygote
        os.close(descriptor)
        self._workers.add(process_id)
        return process_id

    def _wait(self, body: bytes) -> int:
        """Reap a killed worker and end its orphans; its wait status."""
        import orphans

        process_id = int(PROCESS_ID.unpack(body)[0])
        try:
            status = os.waitpid(process_id, 0)[1]
        except ChildProcessError:
            return UNKNOWN_STATUS
        self._workers.discard(process_id)
        if self._may_have_orphans:
            orphans.end_all_but(self._workers)
        return status


def main() -> None:
    """Import, then serve until the judge closes the control socket."""
    descriptor, mode, library, judge, *hidden = sys.argv[1:]
    if sys.platform == "win32":
        control = socket.fromshare(sys.stdin.buffer.read())
    else:
        control = socket.socket(fileno=int(descriptor))
    if os.name == "posix":
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the judge handles Ctrl-C
    gc.disable()  # what is imported stays, and a collection takes a tenth of the imports' time and frees nothing
    _import_everything(int(judge), frozenset(os.path.realpath(entry) for entry in hidden), library)
    import confinement

    beside = Path(__file__).resolve().parents[3]
    prepared = confinement.prepare(str(beside / name) for name in ("grader", "reference", "test_specs"))
    gc.freeze()  # keeps the children's memory shared for longer
    if mode == "fork":
        _Nursery(control, prepared).serve()
    else:
        import wire

        control.sendall(READY)
        settings, _ = wire.receive_request(control)
        _become_worker(control, prepared, settings, os.getppid() if os.name == "posix" else None)


if __name__ == "__main__":
    main()
