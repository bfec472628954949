"""The judge's matrix products run on one thread, and the caller's own as before."""

import pytest

from grader.grading import blas
from grader.grading.blas import one_thread


def test_matrix_products_run_on_one_thread_and_then_on_as_many_as_before():
    controls = blas._controls()
    if controls is None:
        pytest.skip("NumPy came without its own OpenBLAS")
    read, write = controls
    before = read()
    write(2)

    with one_thread():
        inside = read()
    after = read()
    write(before)

    assert (inside, after) == (1, 2)
