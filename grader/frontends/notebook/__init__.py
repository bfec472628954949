"""`%grader` and `grader.check` in a notebook: the cells as executed so far, graded in a process of their own.

Imported in the student's kernel: nothing here or in what it imports at the top loads NumPy, torch or pydantic.
"""

from grader.frontends.notebook.checking import check
from grader.frontends.notebook.magic import load_ipython_extension, unload_ipython_extension

__all__ = ["check", "load_ipython_extension", "unload_ipython_extension"]
