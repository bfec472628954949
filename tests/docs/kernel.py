"""Executes cells in a kernel of Jupyter's: JSON of their texts in, JSON of the outputs' texts out."""

import json
import sys

import nbformat
from nbclient import NotebookClient

from tests.pace import HANG_SECONDS

cells = [nbformat.v4.new_code_cell(text) for text in json.load(sys.stdin)]
notebook = nbformat.v4.new_notebook(cells=cells)
NotebookClient(notebook, timeout=HANG_SECONDS, kernel_name="python3").execute()
outputs = [
    "".join(each.get("text") or each.get("data", {}).get("text/plain", "") for each in cell.outputs)
    for cell in cells
]
json.dump(outputs, sys.stdout)
