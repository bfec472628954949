"""Measure everything, print medians, and keep them with the machine's name."""

from __future__ import annotations

import json
import os
import platform
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from statistics import median

from benchmarks import battery, grid, measures, speedup
from grader import __version__
from grader.reporting import processor_name
from grader.sandbox.host import Sandbox

RESULTS = Path(__file__).with_name("results")


def main() -> None:
    """Run the measures one after the other; nothing else should run on the machine."""
    print("measuring; a minute or two ...", flush=True)
    with Sandbox() as sandbox:
        series = {
            "null call, 3073x10 float64 each way": measures.null_call(sandbox),
            "fresh worker to first answer": measures.fork_to_first_call(sandbox),
            "one submission, warm": measures.warm_submission(sandbox),
            "battery without training, CPU": battery.graded(sandbox),
        }
        repeated = speedup.stability(sandbox)
    series["speed check"] = repeated.seconds
    series["its bare calls in one process, CPU"] = battery.bare()
    series |= measures.confinement()
    series |= grid.grids()
    series["import torch, whole process"] = measures.import_torch()
    series["grader check, whole process"] = measures.check_command()
    series["grader --help, whole process"] = measures.help_command()
    medians = {name: median(seconds) for name, seconds in series.items()}
    bare = medians["import torch, whole process"] + medians["one submission, warm"]
    ratio = medians["grader check, whole process"] / bare
    over_bare = medians["battery without training, CPU"] / medians["its bare calls in one process, CPU"]
    for name, seconds in series.items():
        low, high = min(seconds) * 1e3, max(seconds) * 1e3
        print(f"{name:38} {medians[name] * 1e3:9.2f} ms  (n={len(seconds)}, {low:.2f} to {high:.2f})")
    print(f"{'check / (import torch + checks)':38} {ratio:9.2f}")
    print(f"{'battery / bare calls, CPU':38} {over_bare:9.2f}")
    for name, value in repeated.ratios.items():
        print(f"{name:38} {value:9.3f}")
    ratios = {
        "check_over_import_and_checks": ratio,
        "battery_over_bare_calls": over_bare,
        **repeated.ratios,
    }
    path = _keep(series, medians, ratios)
    print(f"written to {path}")


def _keep(series: dict[str, list[float]], medians: dict[str, float], ratios: dict[str, float]) -> Path:
    """Write the figures as JSON under the day's date."""
    now = datetime.now(UTC)
    record = {
        "measured_at": now.isoformat(timespec="seconds"),
        "machine": {
            "processor": processor_name(),
            "cores": os.cpu_count(),
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
