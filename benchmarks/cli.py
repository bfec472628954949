"""The command line: measure, print one table beside the last committed run, and keep the run.

Exit code 0 once everything is measured, whatever got slower: that is for the reader to judge. 1 if something could not
be measured.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.catalogue import BENCHMARKS, QUICK_REPETITIONS, Benchmark
from benchmarks.compare import compared, sentences
from benchmarks.machine import load, this_machine
from benchmarks.on_gpu import this_gpu
from benchmarks.record import IDLE_LOAD, RESULTS, Load, Measure, Run, keep, last_committed
from benchmarks.table import rows, wrapped
from grader.errors import GraderError

_FAULTS = (GraderError, OSError, RuntimeError, TypeError, ValueError, subprocess.SubprocessError)
"""Of one benchmark; the others are still worth measuring."""


def main(
    arguments: Sequence[str] | None = None,
    benchmarks: Sequence[Benchmark] = BENCHMARKS,
    folder: Path = RESULTS,
) -> int:
    asked = _parsed(arguments, [each.name for each in benchmarks])
    if asked.list:
        print("\n".join(map(_listed, benchmarks)))
        return 0
    chosen = [
        each
        for each in benchmarks
        if (each.name in asked.only if asked.only else not (asked.quick and each.is_long))
    ]
    is_whole = not asked.only and not asked.quick
    before = load()
    if before > IDLE_LOAD:
        print(f"The machine is not idle: load {before:g}.", file=sys.stderr)
    then = last_committed(folder)
    measures, failures, seconds = _measured(chosen, is_quick=asked.quick)
    if not measures:
        print(f"Nothing was measured. {' '.join(failures)}".rstrip())
        return 1
    run = Run(
        measured_at=datetime.now(UTC).replace(microsecond=0),
        seconds=round(seconds),
        is_quick=asked.quick,
        machine=this_machine(this_gpu()),
        load=Load(before=before, after=load()),
        measures=tuple(measures),
    )
    comparisons = compared(run, then)
    print("\n".join(rows(comparisons)), end="\n\n")
    for sentence in sentences(run, then, comparisons, failures, is_whole=is_whole):
        print(wrapped(sentence))
    if is_whole:
        print(
            wrapped(
                f"Written to {os.path.relpath(keep(run, folder))}; commit it to compare later runs with it."
            )
        )
    return 1 if failures else 0


def _parsed(arguments: Sequence[str] | None, names: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure the grader's own speed on an idle machine, beside the last committed run.",
        epilog="Only a run of all benchmarks in full is written to benchmarks/results/.",
    )
    parser.add_argument(
        "--only", action="append", choices=names, metavar="NAME", help="measure this one; may be repeated"
    )
    parser.add_argument("--quick", action="store_true", help="fewer repetitions, and no long ones")
    parser.add_argument(
        "--list", action="store_true", help="list the benchmarks; a quick run leaves out long ones"
    )
    return parser.parse_args(arguments)


def _listed(each: Benchmark) -> str:
    return f"{each.name:12}{each.minutes:4.1f} min  {'long' if each.is_long else '':4}  {each.what}"


def _measured(chosen: Sequence[Benchmark], *, is_quick: bool) -> tuple[list[Measure], list[str], float]:
    """The measures, a clause on each benchmark that failed, and the seconds of all."""
    measures: list[Measure] = []
    failures: list[str] = []
    started = time.perf_counter()
    for number, each in enumerate(chosen):
        print(f"[{number + 1} of {len(chosen)}] {each.name}", file=sys.stderr, flush=True)
        try:
            repetitions = min(QUICK_REPETITIONS, each.repetitions) if is_quick else each.repetitions
            measures += each.run(repetitions)
        except _FAULTS as fault:
            failures.append(f"{each.name} ({type(fault).__name__}: {fault})")
    return measures, failures, time.perf_counter() - started
