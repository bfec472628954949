"""The time a worker was ready to run but had no core: a busy machine must not cost a student points."""

from __future__ import annotations

from pathlib import Path

GREATEST_EXTENSION = 3.0
"""Times the limit. It is bounded because a function's own threads can keep one another off the cores."""


def waited_seconds(process_id: int) -> float:
    """The waiting time of a process's first thread; 0 if the system does not say, or the process is gone.

    Other threads do not count: a student could start them to buy time.
    """
    try:
        _, waited, _ = Path(f"/proc/{process_id}/schedstat").read_text().split()
        return int(waited) / 1e9
    except (OSError, ValueError):
        return 0.0


def extension(limit_seconds: float, waited: float) -> float:
    """Seconds by which a limit is extended for a worker that waited so long."""
    return min(waited, GREATEST_EXTENSION * limit_seconds)
