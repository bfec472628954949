"""A sandbox whose process is importing NumPy or torch before anything large is imported here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grader.sandbox.protocols import SandboxLike


@contextmanager
def warm_sandbox(*, with_torch: bool) -> Iterator[SandboxLike]:
    """A sandbox whose process begins to import NumPy, and torch if wanted, before anything large is imported here."""
    from grader.sandbox.launch import make_launcher

    launcher = make_launcher(with_torch=with_torch)
    try:
        from grader.sandbox.host import Sandbox
    except BaseException:
        launcher.close()
        raise
    with Sandbox(launcher) as sandbox:
        yield sandbox
