"""Feed hostile inputs to the loader, the extractor, the restrictions and the decoder; see --help."""

from __future__ import annotations

import argparse
import contextlib
import logging
import mmap
import os
import resource
import struct
import sys
import time
import traceback
import warnings
from pathlib import Path
from typing import Any

from tests.fuzz.targets import TARGETS, Target, case_of, save

CPU_SECONDS = 5.0
CPU_SECONDS_PER_BYTE = 30e-6
"""Most CPU time for one input, and for each of its bytes."""

MEMORY_BYTES = 1 << 30
"""Most memory the process may ever use beyond what it began with."""

HUNG_SECONDS = 300.0
"""Most wall-clock time for one input; the machine may be busy, and a busy loop exceeds its CPU time first."""

_SILENCE_SECONDS = 10.0


class OverBudget(Exception):
    """Raised when an input cost more time or memory than its bound."""


def main() -> int:
    """Run every target in its own process; 1 if an input failed."""
    options = _options()
    names = [options.target] if options.target else list(TARGETS)
    began, done = time.perf_counter(), 0
    for name in names:
        number = -(-options.inputs * TARGETS[name].share // sum(TARGETS[each].share for each in names))
        failed_at = _watched(name, options, number)
        if failed_at is not None:
            folder = _folder(options, name, failed_at)
            save(TARGETS[name], case_of(name, options.seed, failed_at), folder / "input")
            print(f"{name}: input {failed_at} failed; see {folder}", flush=True)
            print(
                f"again: python -m tests.fuzz --target {name} --seed {options.seed} --first {failed_at} --inputs 1"
            )
            return 1
        done += number
    print(f"{done:,} inputs, seed {options.seed}, no failure, {time.perf_counter() - began:.0f} s")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument(
        "--inputs", type=int, default=100_000, help="number of inputs, shared among the targets"
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="seed of all inputs; each is made from it and its number"
    )
    parser.add_argument("--first", type=int, default=0, help="number of the first input of each target")
    parser.add_argument("--target", choices=list(TARGETS), help="run only this target")
    parser.add_argument("--out", default="build/fuzz", help="folder for failing inputs and their tracebacks")
    return parser.parse_args()


def _folder(options: argparse.Namespace, name: str, number: int) -> Path:
    return Path(options.out) / f"{name}-{options.seed}-{number}"


def _watched(name: str, options: argparse.Namespace, number: int) -> int | None:
    """Feed the inputs in a child that notes each number; the number of the input that failed, crashed or hung."""
    first: int = options.first
    board = mmap.mmap(-1, 8)
    board[:] = struct.pack("<q", first)
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        os._exit(_feed(name, options, range(first, first + number), board))
    began = heard = last = time.perf_counter()
    at = first
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        now = time.perf_counter()
        current: int = struct.unpack("<q", board[:])[0]
        if current != at:
            at, heard = current, now
        if ended or now - last > _SILENCE_SECONDS:
            rate = (at - first) / max(now - began, 1e-9)
            print(f"{name}: {at - first:,} of {number:,} inputs, {rate:.0f} a second", flush=True)
            last = now
        if ended:
            return None if status == 0 else at
        if now - heard > HUNG_SECONDS:
            os.kill(child, 9)
            os.waitpid(child, 0)
            print(f"{name}: input {at} hung for {HUNG_SECONDS:.0f} s", flush=True)
            return at
        time.sleep(0.05)


def _feed(name: str, options: argparse.Namespace, numbers: range, board: mmap.mmap) -> int:
    """The child's part: an exit status."""
    resource.setrlimit(resource.RLIMIT_DATA, (4 * MEMORY_BYTES, 4 * MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    logging.getLogger("grader").setLevel(logging.CRITICAL)
    warnings.simplefilter("error")
    warm = case_of(name, 0, 0)
    with contextlib.suppress(Exception):
        TARGETS[name].feed(warm)  # late imports must not count as an input's memory
    greatest_bytes = _peak_bytes() + MEMORY_BYTES
    for number in numbers:
        board[:] = struct.pack("<q", number)
        try:
            _feed_one(TARGETS[name], case_of(name, options.seed, number), greatest_bytes)
        except BaseException:  # noqa: BLE001  any exception is a finding
            folder = _folder(options, name, number)
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "traceback.txt").write_text(traceback.format_exc(), encoding="utf-8", errors="replace")
            traceback.print_exc()
            sys.stderr.flush()
            return 1
    board[:] = struct.pack("<q", numbers.stop)
    return 0


def _feed_one(target: Target, case: Any, greatest_bytes: int) -> None:
    """Feed one input; raises OverBudget if it costs too much, and whatever the target raises."""
    began = time.process_time()
    target.feed(case)
    seconds = time.process_time() - began
    bound = CPU_SECONDS + CPU_SECONDS_PER_BYTE * target.size(case)
    if seconds > bound:
        raise OverBudget(f"{seconds:.1f} s of CPU time, at most {bound:.1f}")
    if _peak_bytes() > greatest_bytes:
        raise OverBudget(f"more than {MEMORY_BYTES >> 20} MiB of memory")


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


if __name__ == "__main__":
    sys.exit(main())
