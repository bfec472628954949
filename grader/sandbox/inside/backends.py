"""The array libraries of this process: NumPy, and torch if the zygote was started with it.

A process has torch from its start or never. One without it ends as soon as anything in it imports torch, and the judge
starts one that has it: so whatever torch runs is seen by its witness, and a wrong guess of the judge's costs only time.
Code that gets past the hook finds torch's folder closed by Landlock.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable
from typing import Any

import wire

torch: Any = sys.modules.get("torch")
"""None in a process without it."""


class _NoTensor:
    """In the place of torch.Tensor in a process without torch: nothing is one."""


Tensor: Any = _NoTensor if torch is None else torch.Tensor


def needed_torch() -> Any:
    """Torch, for what cannot do without it; a process that has none ends here."""
    return __import__("torch")


def torch_folder() -> str | None:
    """Where torch is installed, found without importing it."""
    found = importlib.util.find_spec("torch")
    folders = None if found is None else found.submodule_search_locations
    return os.path.realpath(folders[0]) if folders else None


def end_where_torch_is_imported(folder: str) -> None:
    """Have this process, and those forked from it, end at once where torch is imported or one of its files opened."""
    sys.addaudithook(_ending(f"{folder}{os.sep}", os._exit, os.path.realpath))


def _ending(
    folder: str, end: Callable[[int], Any], real: Callable[[str], str]
) -> Callable[[str, tuple[Any, ...]], None]:
    code = wire.TORCH_WANTED

    def hear(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "import":
            name, file = arguments[:2]
            if type(name) is str and (name == "torch" or name.startswith("torch.")):
                end(code)
        elif event in {"open", "ctypes.dlopen"}:
            file = arguments[0]
        else:
            return
        if type(file) is str and real(file).startswith(folder):
            end(code)

    return hear
