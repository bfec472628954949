"""One table of a run at 80 columns, beside the run that it is compared with."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from benchmarks.compare import Comparison, noise
from benchmarks.record import Measure

WIDTH = 80
HEADER = f"{'':35}{'median':>13}{'noise':>8}{'now/then':>10}  verdict"


def rows(comparisons: Sequence[Comparison]) -> Iterator[str]:
    """A line for each measure below the name of its benchmark; the median, how sure it is, and what changed."""
    yield HEADER
    benchmark = None
    for each in comparisons:
        group, _, name = each.measure.name.partition(": ")
        if group != benchmark:
            benchmark = group
            yield group
        ratio = "" if each.ratio is None else f"{each.ratio:.2f}"
        uncertain = noise(each.measure)
        shown = "" if uncertain is None else f"±{uncertain:.0%}"
        yield f"  {name:33.33}{_amount(each.measure):>13}{shown:>8}{ratio:>10}  {each.word}".rstrip()


def _amount(measure: Measure) -> str:
    if measure.unit == "s" and abs(measure.median) < 0.1:
        return f"{measure.median * 1e3:.3g} ms"
    return f"{measure.median:.4g} {measure.unit}"


def wrapped(sentence: str) -> str:
    """A sentence in lines of at most 80 columns; its indentation stays."""
    indent = " " * (len(sentence) - len(sentence.lstrip()))
    return textwrap.fill(
        sentence.lstrip(), WIDTH, initial_indent=indent, subsequent_indent=f"{indent}  " if indent else ""
    )
