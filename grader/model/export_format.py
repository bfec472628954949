"""The formats that results can be exported to, by name."""

from typing import Literal, get_args

ExportName = Literal["csv",]

EXPORT_NAMES: tuple[ExportName, ...] = get_args(ExportName)
