"""Classroom 50 runs this in the student's checkout. It writes ./result.json, or exits with a code that is not 0."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
CHECKOUT = Path.cwd()
WATCHDOG_SECONDS = int("@WATCHDOG_SECONDS@")

# A checkout may hold files of these names that the student wrote.
for written in (CHECKOUT / "result.json", CHECKOUT / "release-body.md"):
    if written.is_dir() and not written.is_symlink():
        shutil.rmtree(written)
    written.unlink(missing_ok=True)

environment = Path(tempfile.mkdtemp(dir=os.environ.get("RUNNER_TEMP") or None)) / "grader-venv"
variables = {**os.environ, "GRADER_VENV": str(environment), "PYTHON": sys.executable}
if subprocess.run(["sh", str(HERE / "setup.sh")], cwd=HERE, env=variables, check=False).returncode:
    sys.exit(3)
command = [str(environment / "bin" / "python"), "-I", "-m", "grader.frontends.packages.run", "classroom50"]
try:
    done = subprocess.run([*command, str(HERE), str(CHECKOUT)], timeout=WATCHDOG_SECONDS, check=False)
except subprocess.TimeoutExpired:
    print(f"grader: stopped after {WATCHDOG_SECONDS} s; make the package again with a longer --timeout")
    sys.exit(3)
sys.exit(done.returncode)
