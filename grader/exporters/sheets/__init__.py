"""Filling in the sheets that learning platforms export: bytes in, bytes out, and no byte changed but in the named cells."""

from grader.exporters.sheets.filling import fill
from grader.exporters.sheets.grid import SheetError, filled, read_grid

__all__ = ["SheetError", "fill", "filled", "read_grid"]
