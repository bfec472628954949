"""Makes the golden files anew (`make golden`). Review the difference: it is what platforms will read."""

import shutil
from pathlib import Path

from tests.exporters.golden.cases import CASES, files

HERE = Path(__file__).parent


def main():
    for name in CASES:
        folder = HERE / name
        shutil.rmtree(folder, ignore_errors=True)
        for path, content in files(name).items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)


if __name__ == "__main__":
    main()
