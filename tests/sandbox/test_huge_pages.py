"""The zygote's memory is copied into huge pages while it lies there: all must be as it was, also in its children."""

import json
import subprocess
import sys
from pathlib import Path

from grader.sandbox.fork_launcher import ForkLauncher
from grader.sandbox.host import Sandbox
from grader.sandbox.inside import zygote
from grader.sandbox.protocols import Budget
from tests.sandbox.calls import extracted_of, number_of, trial

INSIDE = Path(zygote.__file__).parent

SCRIPT = """
import json, os, sys
sys.path.insert(0, sys.argv[1])
import huge_pages
numbers = list(range(2_000_000))
text = bytearray(b"grader" * 3_000_000)
collapsed = huge_pages.collapse()
again = huge_pages.collapse()
read, write = os.pipe()
if os.fork() == 0:
    numbers[7] = 0
    os.write(write, b"%d" % (numbers[-1] + text.count(b"r")))
    os._exit(0)
os.wait()
print(json.dumps([collapsed, again, numbers[7], numbers[-1], text.count(b"r"), int(os.read(read, 20))]))
"""


def test_the_memory_keeps_its_contents_and_children_have_their_own():
    shown = subprocess.run(
        [sys.executable, "-I", "-c", SCRIPT, str(INSIDE)], check=True, capture_output=True, text=True
    )
    collapsed, again, seventh, last, letters, told = json.loads(shown.stdout)

    assert collapsed >= 0
    assert again >= 0
    assert (seventh, last, letters, told) == (7, 1_999_999, 6_000_000, 7_999_999)


def test_workers_answer_before_and_after_their_memory_is_moved():
    extracted = extracted_of("import torch\n\n\ndef f(x):\n    return float(torch.ones(3).sum()) + x\n", "f")
    with Sandbox(ForkLauncher()) as sandbox:
        for number in range(zygote.FORKS_OF_A_CLASS + 2):
            with sandbox.session(extracted, Budget(), redirect_cuda=False) as session:
                assert number_of(session.run(trial("f", float(number)))) == 3.0 + number
