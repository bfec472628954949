"""How long a worker was ready to run and had no core: on a busy machine that is no fault of the student's."""

from __future__ import annotations

from pathlib import Path

_NANOSECONDS = 1e9


def waited_seconds(process_id: int) -> float:
    """Of its first thread since it started; 0 where the system does not say, or the process is gone.

    The other threads are left out: they could be started for the sake of their waiting.
    """
    try:
        _, waited, _ = Path(f"/proc/{process_id}/schedstat").read_text().split()
        return int(waited) / _NANOSECONDS
    except (OSError, ValueError):
        return 0.0
