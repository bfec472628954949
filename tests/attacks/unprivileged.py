"""Grades a class of attacks as the user that it is started as, and prints what came of it as JSON.

`python -m tests.attacks.unprivileged FOLDER` makes a class in the folder and grades it. `command_as_nobody` is for
root: it gives up every privilege first, in a mount namespace in which the interpreter can be reached.
"""

from __future__ import annotations

import json
import os
import shlex
import stat
import sys
from pathlib import Path

NOBODY = 65534

CORE = (
    "cache_by_address",
    "compare_tensor_subclass",
    "disk_closed_folder",
    "disk_deep_and_large",
    "disk_files_without_a_name",
    "disk_folders_of_no_mode",
    "disk_large_files",
    "disk_space_reserved",
    "environment_searched",
    "exit_at_once",
    "files_by_handle_and_link",
    "files_changed_outside",
    "files_devices",
    "files_read",
    "files_watched",
    "frames_searched_for_answers",
    "kill_by_descriptor_and_timer",
    "kill_everybody",
    "limits_raised",
    "loop_that_swallows_exceptions",
    "meddle_with_processes",
    "memory_private",
    "memory_shared_in_every_way",
    "modules_grader_imported",
    "network_of_every_kind",
    "spawn_daemon",
    "spawn_in_every_way",
    "spawn_thread_bomb",
    "unconfine",
    "wire_forged_answer",
)
"""Attacks on what differs with the user: files, processes, limits; and one of each other family."""


def main(folder: Path) -> None:
    """Make the class, grade it, and print the isolation, each score and message, and what is left."""
    from grader.sandbox.host import Sandbox
    from tests.attacks.attack import ATTACKS, words_of
    from tests.attacks.leftovers import Snapshot
    from tests.attacks.school_class import grade_class, make_class, reports_in

    core = [attack for attack in ATTACKS if attack.name in CORE]
    school_class = make_class(folder / "class", core, ())
    with Sandbox() as sandbox:
        isolation = sandbox.isolation
        before = Snapshot.take(sandbox)
        grade_class(school_class.folder, sandbox, folder / "out")
        left = before.left_since(sandbox)
    reports = reports_in(folder / "out")
    print(  # noqa: T201
        json.dumps(
            {
                "user": [os.getuid(), os.getgid(), *os.getgroups()],
                "isolation": isolation.level.value,
                "missing": isolation.missing,
                "limits": dict(school_class.limits),
                "scores": {name: report.score for name, report in reports.items()},
                "words": {name: words_of(report) for name, report in reports.items()},
                "left": left,
            }
        )
    )


def command_as_nobody(python: list[str]) -> list[str]:
    """The command that runs an interpreter's command line as nobody: no root, no group, no capability.

    What lies in a folder that only root may enter is bound to the same path below an open one, in a namespace of
    its own.
    """
    mounts = ["set -e", "aside=$(mktemp -d)"]
    needed = {
        Path(sys.prefix).resolve(),
        Path(sys.base_prefix).resolve(),
        Path(__file__).resolve().parents[2],
    }
    for folder in sorted(needed):
        closed = [each for each in (folder, *folder.parents) if not each.stat().st_mode & stat.S_IXOTH]
        if not closed:
            continue
        outermost = shlex.quote(str(closed[-1]))
        whole = shlex.quote(str(folder))
        mounts += [
            f"mount --bind {whole} $aside",
            f"mountpoint -q {outermost} || mount -t tmpfs -o mode=755 tmpfs {outermost}",
            f"mkdir -p {whole}",
            f"mount --move $aside {whole}",
        ]
    setpriv = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--bounding-set=-all"]
    script = "\n".join([*mounts, shlex.join(["exec", *setpriv, "--inh-caps=-all", *python])])
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", script]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
