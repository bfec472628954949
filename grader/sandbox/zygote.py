"""Imports torch once and forks a worker per submission; runs no torch op, holds no secret.

Started as a plain file: `python -I zygote.py DESCRIPTOR fork|single HIDDEN...`. DESCRIPTOR is this end of the judge's
control socket (on Windows "stdin", from which it is read). In `fork` mode each request b"F" comes with a worker's end of a wire and is answered with the new
worker's process id; b"W" and a process id waits for a killed worker and answers its wait status. In `single` mode,
for systems without fork, READY is sent, and then the first request turns this very process into the worker. HIDDEN are folders that are taken
off sys.path, so that the grader's own code cannot be imported.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import struct
import sys
from pathlib import Path

PROCESS_ID = struct.Struct("<q")
ORDER = struct.Struct("<cI")
UNKNOWN_STATUS = -1
"""Answers b"W" for a process that is no child of this zygote: an earlier one's, which died with it."""

READY = b"R"
"""In `single` mode, sent when torch has been imported."""


def _import_everything(hidden: frozenset[str]) -> None:
    """What a worker needs, and what would be imported lazily in it after it lost the right to read files."""
    here = str(Path(__file__).resolve().parent)
    sys.path[:] = [here, *(entry for entry in sys.path if os.path.realpath(entry or ".") not in hidden)]
    import limits

    limits.die_with_parent()
    import torch

    torch.set_num_threads(1)
    import encodings.idna
    import encodings.latin_1
    import encodings.utf_8  # noqa: F401

    import worker  # noqa: F401

    sys.path.remove(here)


def _become_worker(connection: socket.socket, settings: dict[str, object]) -> None:
    import worker

    worker.serve(connection, int(str(settings["memory_bytes"])), str(settings["directory"]))


def _serve_forks(control: socket.socket) -> None:
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, ORDER.size, 1)
        if len(message) < ORDER.size:
            os._exit(0)
        order, length = ORDER.unpack(message)
        body = control.recv(length, socket.MSG_WAITALL) if length else b""
        if order == b"F":
            _fork(control, descriptors[0], json.loads(body))
        else:
            control.sendall(PROCESS_ID.pack(_wait(PROCESS_ID.unpack(body)[0])))


def _fork(control: socket.socket, descriptor: int, settings: dict[str, object]) -> None:
    process_id = os.fork()
    if process_id == 0:
        control.close()
        gc.enable()
        _become_worker(socket.socket(fileno=descriptor), settings)
        os._exit(0)
    os.close(descriptor)
    control.sendall(PROCESS_ID.pack(process_id))


def _wait(process_id: int) -> int:
    try:
        return os.waitpid(process_id, 0)[1]
    except ChildProcessError:
        return UNKNOWN_STATUS


def _control_socket(place: str) -> socket.socket:
    if sys.platform == "win32":
        return socket.fromshare(sys.stdin.buffer.read())
    return socket.socket(fileno=int(place))


def main() -> None:
    """Import, then serve until the judge closes the control socket."""
    descriptor, mode, *hidden = sys.argv[1:]
    control = _control_socket(descriptor)
    if os.name == "posix":
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the judge's to handle
    _import_everything(frozenset(os.path.realpath(entry) for entry in hidden))
    gc.collect()
    gc.freeze()
    gc.disable()  # the children's memory stays shared for longer
    if mode == "fork":
        _serve_forks(control)
    else:
        import wire

        control.sendall(READY)
        settings, _ = wire.receive_request(control)
        _become_worker(control, settings)


if __name__ == "__main__":
    main()
