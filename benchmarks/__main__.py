"""Measure everything, print medians, and keep them with the machine's name."""

from __future__ import annotations

import json
import os
import platform
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from statistics import median

from benchmarks import battery, grid, measures, on_gpu, one_process, speedup, training
from grader import __version__
from grader.grading.environment import processor_name
from grader.sandbox.host import Sandbox

RESULTS = Path(__file__).with_name("results")


_RATIOS = {
    "check_over_import_and_checks": (
        "grader check, whole process",
        ("import torch, whole process", "one submission, warm"),
    ),
    "battery_over_bare_calls": (
        "battery without training, CPU",
        ("its bare calls in one process, CPU",),
    ),
    "whole_over_one_warm_process": ("whole submission, CPU", ("its checks in one warm process, CPU",)),
    "student_training_over_reference": ("1,500 iterations, student", ("1,500 iterations, reference",)),
}
"""Medians over the sum of others. The whole submission has no checks that time calls or count instructions."""


def main() -> None:
    """Run the measures one after the other; nothing else should run on the machine."""
    print("measuring; some minutes ...", flush=True)
    with Sandbox() as sandbox:
        series = {
            "null call, 3073x10 float64 each way": measures.null_call(sandbox),
            "fresh worker to first answer": measures.fork_to_first_call(sandbox),
            "one submission, warm": measures.warm_submission(sandbox),
            "one submission in full, warm": measures.warm_submission(sandbox, 3, in_full=True),
            "battery without training, CPU": battery.graded(sandbox),
            "whole submission, CPU": one_process.graded(sandbox),
            "1,500 iterations, student": training.students(sandbox),
        }
        repeated = speedup.stability(sandbox)
    series["speed check"] = repeated.seconds
    gpu = on_gpu.measured()
    series |= gpu.series
    series["its bare calls in one process, CPU"] = battery.bare()
    series["its checks in one warm process, CPU"] = one_process.in_one_process()
    series["1,500 iterations, reference"] = training.references()
    series |= measures.confinement()
    series |= grid.grids()
    series["import torch, whole process"] = measures.import_torch()
    series["grader check, whole process"] = measures.check_command()
    series["grader --help, whole process"] = measures.help_command()
    medians = {name: median(seconds) for name, seconds in series.items()}
    for name, seconds in series.items():
        low, high = min(seconds) * 1e3, max(seconds) * 1e3
        print(f"{name:38} {medians[name] * 1e3:9.2f} ms  (n={len(seconds)}, {low:.2f} to {high:.2f})")
    ratios = (
        {
            name: medians[over] / sum(medians[each] for each in under)
            for name, (over, under) in _RATIOS.items()
        }
        | dict(repeated.ratios)
        | gpu.ratios
    )
    for name, value in ratios.items():
        print(f"{name:38} {value:9.3f}")
    path = _keep(series, medians, ratios, gpu)
    print(f"written to {path}")


def _keep(
    series: dict[str, list[float]], medians: dict[str, float], ratios: dict[str, float], gpu: on_gpu.OnGpu
) -> Path:
    """Write the figures as JSON under the day's date."""
    now = datetime.now(UTC)
    record = {
        "measured_at": now.isoformat(timespec="seconds"),
        "machine": {
            "processor": processor_name(),
            "cores": os.cpu_count(),
            "gpu": gpu.name,
            "gpu_isolation_missing": list(gpu.missing),
            "system": platform.platform(),
            "python": platform.python_version(),
            "torch": metadata.version("torch"),
            "grader": __version__,
        },
        "median_seconds": {name: round(value, 7) for name, value in medians.items()},
        "repetitions": {name: len(seconds) for name, seconds in series.items()},
        **{name: round(value, 3) for name, value in ratios.items()},
    }
    path = RESULTS / f"{now:%Y-%m-%d}.json"
    path.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    return path


if __name__ == "__main__":
    main()
