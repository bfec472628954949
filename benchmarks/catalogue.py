"""All benchmarks, in the order in which they run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from benchmarks import (
    battery,
    busy,
    classes,
    commands,
    grid,
    job_memory,
    measures,
    on_gpu,
    speedup,
    training,
    watching,
    whole_class,
)
from benchmarks.record import Measure

QUICK_REPETITIONS = 3


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A few measures that are made together.

    Attributes:
        minutes: about how long it takes on two idle cores.
        run: measures with so many repetitions.
        is_long: left out of a quick run.
    """

    name: str
    what: str
    minutes: float
    run: Callable[[int], Iterator[Measure]]
    repetitions: int = 7
    is_long: bool = False


BENCHMARKS = (
    Benchmark(
        "class-2019",
        "a submission of eecs498_2019 in a class, over one process",
        1.5,
        partial(classes.in_class, "class-2019", "eecs498_2019"),
        is_long=True,
    ),
    Benchmark(
        "class-2020",
        "the same for eecs498_2020",
        3.5,
        partial(classes.in_class, "class-2020", "eecs498_2020"),
        is_long=True,
    ),
    Benchmark("class-of-12", "a class of right, wrong and hostile samples, -j 1 and -j 2", 2.5, whole_class.small, 1, is_long=True),
    Benchmark("numpy-check", "one check of a NumPy spec, over its imports", 0.1, commands.numpy_check),
    Benchmark("torch-check", "one check of a torch spec, over `import torch`", 0.5, commands.torch_check),
    Benchmark("quick", "`grader check --quick`, beside `import torch`", 0.5, commands.quick),
    Benchmark("watch", "`grader check --watch`: the second grading", 0.3, watching.second_grading),
    Benchmark("memory", "peak memory of one job, and of a second one", 0.5, job_memory.peaks, 3, is_long=True),
    Benchmark("busy", "a submission with every core busy, over idle", 2.5, busy.submission, is_long=True),
    Benchmark("points-idle", "points for speed, again and again", 0.5, speedup.idle, 20, is_long=True),
    Benchmark("points-busy", "the same with every core busy", 1.5, speedup.busy, 20, is_long=True),
    Benchmark("battery", "checks without training, over their bare calls", 0.3, battery.battery, 15),
    Benchmark("null-call", "one call there and back", 0.1, measures.null_call, 15),
    Benchmark("confinement", "a fresh worker and a quick submission, over limits only", 0.7, measures.confinement, 9),
    Benchmark("training", "1,500 iterations of a student's over the reference's", 0.6, training.training, 5, is_long=True),
    Benchmark("grid", "a grid of 25 trainings at once, and one by one", 0.4, grid.grids, 5),
    Benchmark("gpu", "points for speed, battery and training on a GPU", 1.0, on_gpu.measured, is_long=True),
    Benchmark("help", "`grader --help`, over a Python that does nothing", 0.1, commands.help_text),
)  # fmt: skip
