"""A line of a chunk, as a message shows it."""

from dataclasses import replace

import pytest

from grader.extract import Chunk, Extracted
from grader.model.observation import Location

CHUNKS = (
    Chunk(0, "hw.ipynb", Location("hw.ipynb", 1, 1), "import numpy as np", ("np",)),
    Chunk(1, "hw.ipynb", Location("hw.ipynb", 2, 5), "def f(x):\n    return x\x1b[31m\n\n    # end", ("f",)),
    Chunk(2, "hw.py", Location("hw.py", None, 1), f"K = {'1' * 99}", ("K",)),
)


@pytest.mark.parametrize(
    "location,line",
    [
        (Location("hw.ipynb", 1, 1), "import numpy as np"),
        (Location("hw.ipynb", 2, 5), "def f(x):"),
        (Location("hw.ipynb", 2, 6), "return x<U+001B>[31m"),
        (Location("hw.ipynb", 2, 7), None),
        (Location("hw.ipynb", 2, 9), None),
        (Location("hw.ipynb", 2, 4), None),
        (Location("other.py", None, 1), None),
        (Location("hw.py", None, 1), f"K = {'1' * 73}..."),
    ],
)
def test_a_line_is_shown_stripped_cut_and_printable(location, line):
    assert replace(Extracted.empty(), chunks=CHUNKS).line_at(location) == line
