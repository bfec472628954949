"""Makes the golden files anew (`make golden`). Review the difference: it is what platforms will read."""

import shutil
import sys
from pathlib import Path

from tests.exporters.golden.cases import CASES, files

HERE = Path(__file__).parent


def main():
    made = {name: files(name) for name in CASES}  # before any is removed
    for name, contents in made.items():
        try:
            replace(HERE / name, contents)
        except OSError as error:
            sys.exit(f"{HERE / name}: cannot be written: {error.strerror}; git restores what is missing")


def replace(folder, contents):
    if folder.exists():
        shutil.rmtree(folder)
    for path, content in contents.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


if __name__ == "__main__":
    main()
