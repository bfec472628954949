"""`grader package`: an archive that grades on a learning platform."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grader import formatting
from grader.api import IsolationName
from grader.errors import OutputError, UsageError
from grader.frontends.commands.options import QuickOption
from grader.frontends.packages.platforms import LEAST_TIME_LIMIT, TIME_LIMITS, PlatformName

if TYPE_CHECKING:
    from grader.frontends.packages.archive import PackageContents


def package(
    platform: Annotated[
        PlatformName,
        typer.Argument(help="The platform it will grade on.", metavar="gradescope|prairielearn|classroom50"),
    ],
    spec: Annotated[
        str,
        typer.Option(
            "--spec", help="A spec's name, a .toml file or a folder with one.", metavar="NAME|FILE|FOLDER"
        ),
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="The .zip to write.", metavar="FILE")],
    wheels: Annotated[
        Path | None,
        typer.Option(
            "--wheels",
            help="Include these wheels of the dependencies, so that the platform downloads nothing when it installs them.",
            metavar="FOLDER",
        ),
    ] = None,
    isolation: Annotated[
        IsolationName, typer.Option("--isolation", help="The least isolation to grade with on the platform.")
    ] = "confined",
    quick: QuickOption = False,
    timeout: Annotated[
        int | None,
        typer.Option(
            "--timeout",
            help="The platform's time limit for one grading; the package stops itself before that.",
            metavar="SECONDS",
        ),
    ] = None,
    torch_index: Annotated[
        str | None,
        typer.Option(
            "--torch-index",
            help="Where pip finds torch on the platform: the URL that pytorch.org gives for builds without CUDA.",
            metavar="URL",
        ),
    ] = None,
    image: Annotated[
        str | None,
        typer.Option("--image", help="PrairieLearn: the name of the image you will push.", metavar="NAME"),
    ] = None,
) -> None:
    """Make an autograder package for a learning platform: this grader, a spec, and the platform's scripts.

    The same settings give the same bytes.

    Exit code 0: written; 2: nothing is written, and why.
    """
    _require_place(output)
    from grader.frontends.packages import archive, bundle, dependencies, own_wheel
    from grader.frontends.packages.grading import PackageSettings
    from grader.spec import load_spec

    loaded = load_spec(spec)
    with_torch = loaded.spec.backend == "torch"
    limit = _limit(platform, timeout)
    if quick and all(check.is_slow for check in loaded.spec.checks):
        raise UsageError(
            f"--quick leaves nothing of {loaded.spec.name} to grade: all of its checks time or train"
        )
    if image is not None and platform != "prairielearn":
        raise UsageError("--image is for prairielearn, whose questions name the image that grades them")
    if torch_index is not None and (not with_torch or wheels is not None):
        why = "--wheels brings it" if with_torch else f"{loaded.spec.name} takes NumPy arrays"
        raise UsageError(f"--torch-index: no torch is downloaded for this package: {why}")
    tested = own_wheel.constraints()
    required = dependencies.needed(own_wheel.requirements(), with_torch=with_torch)
    contents = archive.PackageContents(
        platform=platform,
        loaded=loaded,
        settings=PackageSettings(
            spec=archive.spec_path(loaded), isolation=isolation, is_quick=quick, limit_seconds=limit
        ),
        wheel=own_wheel.own_wheel(),
        requirements=required,
        constraints=tested,
        wheels={} if wheels is None else dependencies.read_wheels(wheels, required, tested),
        torch_index=torch_index,
        **({} if image is None else {"image": image}),
    )
    content = bundle.packed(archive.members(contents))
    if platform == "classroom50" and len(content) > archive.CLASSROOM50_GREATEST_BYTES:
        raise UsageError(
            f"the package is {formatting.size(len(content))}, but Classroom 50 downloads at most"
            f" {formatting.size(archive.CLASSROOM50_GREATEST_BYTES)}: leave out --wheels"
        )
    from grader.output_files import write_to

    write_to(output, content)
    typer.echo(f"Package: {formatting.printable(str(output))} ({formatting.size(len(content))})")
    for line in _next_steps(contents):
        typer.echo(line)


def _require_place(path: Path) -> None:
    """OutputError, before the work is done, if no package can be written there, or somebody's work would be replaced."""
    from grader.frontends.packages.bundle import is_package

    if path.suffix.lower() != ".zip":
        raise OutputError.at(path, "-o writes a package; give a .zip file")
    try:
        if not path.parent.is_dir():
            raise OutputError.at(path, f"cannot be written: there is no folder {path.parent}; make it first")
        if path.is_dir():
            raise OutputError.at(path, "is a folder; give the path of a file")
        if path.exists() and not is_package(path):
            raise OutputError.at(
                path, "this .zip is not a package, so it is not replaced; give -o another name"
            )
    except OSError as error:
        raise OutputError.at(path, f"cannot be written: {error.strerror or error}") from error


def _limit(platform: PlatformName, asked: int | None) -> int:
    limits = TIME_LIMITS[platform]
    if asked is None:
        return limits.usual
    if not LEAST_TIME_LIMIT <= asked <= limits.greatest:
        raise UsageError(
            f"--timeout: {platform} takes {LEAST_TIME_LIMIT} to {limits.greatest} s, not {asked}"
        )
    return asked


def _next_steps(contents: PackageContents) -> Iterator[str]:
    """What to do with the package, and what to know."""
    spec, settings = contents.loaded.spec, contents.settings
    minutes = formatting.number(settings.limit_seconds / 60, 3)
    match contents.platform:
        case "gradescope":
            yield "Upload it under Configure Autograder (base image: Ubuntu 24.04 or newer), then Test Autograder with your own solution."
            yield f"Set the assignment's autograder timeout to {minutes} min; the grading stops itself before that."
        case "prairielearn":
            yield f"Build and push image/ (docker build -t {contents.image} image), and copy questions/ into your course."
            yield f"info.json names the image {contents.image} and allows {settings.limit_seconds} s."
        case "classroom50":
            yield "Unpack it into CLASSROOM/autograders/ of your classroom50 repository; the folder's name is the assignment's."
            yield 'Set the assignment\'s runtime to {"python": "3.13"}: the grader takes Python 3.11 to 3.13.'
            if any(check.visibility == "hidden" for check in spec.checks) or contents.loaded.files:
                yield "Anyone can download it from your classroom's pages, including the spec with its hidden checks and own questions."
    if settings.is_quick:
        yield "It leaves out the checks that time or train; they are ignored in the score."
    if spec.backend == "torch" and contents.torch_index is None and not contents.wheels:
        yield "pip will install its usual build of torch, on x86-64 several GB with CUDA: --torch-index or --wheels avoids that."
    if settings.isolation != "confined":
        yield f"It also grades on machines that isolate students' code only at level {settings.isolation}: docs/threat-model.md says what that means."
