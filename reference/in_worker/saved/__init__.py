"""The readers of a student's saved weights: plain modules that run in a worker without any student code."""

from __future__ import annotations

from pathlib import Path

SAVED_FUNCTION = "load_weights"

SHAPE_READERS = {"npy": "npy_shapes", "pt": "pt_shapes"}
ARRAY_READERS = {"npy": "npy_arrays", "pt": "pt_arrays"}
"""By format: what gives the shapes of the arrays in a file, and what gives the arrays."""

SAVED_FUNCTIONS = (SAVED_FUNCTION, *SHAPE_READERS.values(), *ARRAY_READERS.values())


def saved_sources() -> dict[str, str]:
    """The sources of the modules, by file name: weights.py for torch.save, arrays.py for np.save and np.savez."""
    folder = Path(__file__).parent
    return {name: (folder / name).read_text(encoding="utf-8") for name in ("weights.py", "arrays.py")}
