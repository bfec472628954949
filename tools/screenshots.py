"""Makes docs/images: grades a small class of samples, and takes pictures of a student's page and of the class's, light and dark.

The seed is fixed, so another run gives nearly the same pictures: only measured times differ.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import Browser, sync_playwright
from playwright.sync_api import Error as BrowserError

from grader.errors import OutputError
from grader.output_files import write_atomically

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
SAMPLES = ROOT / "submissions" / "eecs498_2019"

CLASS = {
    "Amara Osei": "perfect_module",
    "Ben Carter": "equals_minus_one",
    "Chloe Martin": "perfect_notebook",
    "Diego Ruiz": "reg_gradient_without_2",
    "Elif Demir": "no_max_subtraction",
    "Farah Khan": "loop_in_vectorized",
    "Grace Lee": "misses_last_row",
    "Hugo Berg": "unfilled_template",
    "Ines Costa": "equals_minus_one",
    "Jonas Weber": "perfect_notebook_helpers",
    "Kofi Mensah": "raises",
    "Lena Novak": "gradient_outside_if",
    "Mateo Silva": "broken_cell",
    "Nora Haddad": "writes_into_inputs",
    "Omar Aziz": None,
}
"""Made-up students, and the sample that each hands in; None for nothing."""

SHOWN = "Ben Carter"
SEED = "20"

PICTURES = (("student_page", 1000, ".cause"), ("class_page", 1180, ".notices"))
"""Names of the pictures, the width of the window, and the first element of such that is the last in the picture."""

MARGIN = 32
"""Below that element."""

MOST_BYTES = 200_000


def main() -> None:
    """Grade the class in a temporary folder, and write the pictures."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("make screenshots needs Chromium: apt-get install chromium")
    IMAGES.mkdir(exist_ok=True)
    if not os.access(IMAGES, os.W_OK):
        sys.exit("docs/images: cannot be written")
    try:
        for name, picture in pictures(chromium).items():
            write_atomically(IMAGES / name, picture)
            sys.stdout.write(f"docs/images/{name}: {len(picture) // 1000} kB\n")
    except subprocess.CalledProcessError as error:
        sys.exit(f"grader batch ended with exit code {error.returncode}; no picture was taken")
    except BrowserError as error:
        sys.exit(f"{chromium} could not take the pictures: {error.message.strip().splitlines()[0]}")
    except OutputError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)


def pictures(chromium: str) -> dict[str, bytes]:
    """The pictures by their names, all of them before any is written."""
    made = {}
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        pages = graded(Path(folder))
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for (name, width, last), page in zip(PICTURES, pages, strict=True):
            for scheme, suffix in (("light", ""), ("dark", "_dark")):
                picture = shrunk(shot(browser, page, scheme, width, last))
                if len(picture) > MOST_BYTES:
                    sys.exit(f"{name}{suffix}.png has {len(picture):,} bytes, more than {MOST_BYTES:,}")
                made[f"{name}{suffix}.png"] = picture
        browser.close()
    return made


def graded(folder: Path) -> tuple[Path, Path]:
    """The page of one student and that of the class, as `grader batch` writes them."""
    handed_in, out, roster = folder / "class", folder / "graded", folder / "students.csv"
    lines = ["id,name"]
    for name, sample in CLASS.items():
        identifier = identifier_of(name)
        lines.append(f"{identifier},{name}")
        if sample is not None:
            shutil.copytree(SAMPLES / sample, handed_in / identifier)
    roster.write_text("\n".join(lines) + "\n", encoding="utf-8")
    command: list[str | Path] = [sys.executable, "-m", "grader", "batch", handed_in]
    command += ["--spec", "eecs498_2019", "--out", out]
    # The samples are our own, so they may run on a machine that cannot confine them.
    command += ["--roster", roster, "--format", "folder", "--seed", SEED, "--isolation", "process"]
    subprocess.run(command, cwd=ROOT, check=True)
    return out / "feedback" / f"{identifier_of(SHOWN)}.html", out / "index.html"


def identifier_of(name: str) -> str:
    """The id of a made-up student."""
    return name.lower().replace(" ", ".")


def shot(browser: Browser, page: Path, scheme: str, width: int, last: str) -> bytes:
    """The top of a page down to an element, at twice the resolution."""
    with browser.new_context(
        viewport={"width": width, "height": 900},
        device_scale_factor=2,
        color_scheme="dark" if scheme == "dark" else "light",
    ) as context:
        tab = context.new_page()
        tab.goto(page.as_uri())
        end = tab.locator(last).first.bounding_box() or {"y": 0, "height": 900}
        height = int(end["y"] + end["height"]) + MARGIN
        return tab.screenshot(clip={"x": 0, "y": 0, "width": width, "height": height}, full_page=True)


def shrunk(picture: bytes) -> bytes:
    """The same PNG with 256 colors, a third of the bytes."""
    with Image.open(BytesIO(picture)) as image:
        few = image.convert("RGB").quantize(256, dither=Image.Dither.NONE)
    content = BytesIO()
    few.save(content, "PNG", optimize=True)
    return content.getvalue()


if __name__ == "__main__":
    main()
