"""Right functions that also write files: more than a worker may, and as honest work does."""

from __future__ import annotations

from collections.abc import Mapping

from tests.attacks.attack import HERE, TWINS
from tests.attacks.pair import Pair

_SPEC = (
    (HERE / "attacks.toml")
    .read_text(encoding="utf-8")
    .replace("call_seconds = 1\n", "call_seconds = 15\n")
    .replace("function_seconds = 3\n", "function_seconds = 30\n")
)
_RIGHT = (TWINS / "right.py").read_text(encoding="utf-8")
_BEGIN = "    N = X.shape[0]\n"


def _writing(work: str) -> str:
    """The right module, whose loss function does something else first."""
    lines = "".join(f"    {line}\n" for line in work.strip().splitlines())
    imports = "import ctypes\nimport os\nimport shutil\nimport tempfile\nimport time\nimport numpy as np\n"
    return f"{imports}\ndef work(X):\n{lines}\n{_RIGHT.replace(_BEGIN, f'    work(X){chr(10)}{_BEGIN}', 1)}"


def _pair(cheat: str, hostile: str, says: str, honest: str) -> Pair:
    return Pair(
        cheat=cheat,
        spec=_SPEC,
        checks=("values",),
        hostile=_writing(hostile),
        honest=_writing(honest),
        points=0,
        honest_points=10,
        says=(says,),
    )


_DEEP = """
for _ in range(25):
    os.mkdir("d" * 255)
    os.chdir("d" * 255)
"""

_FILES_OF_60_MB = """
for number in range(10**6):
    with open(f"file_{number}", "wb") as file:
        for _ in range(60):
            file.write(b"x" * (1 << 20))
"""

PAIRS: Mapping[str, Pair] = {
    "bytes beyond the longest path": _pair(
        "Goes down, step by step, to where no path leads, and writes there.",
        _DEEP + _FILES_OF_60_MB,
        "wrote more than 256 MiB of files",
        'os.makedirs("runs/1/logs", exist_ok=True)\nnp.save("runs/1/logs/x.npy", X.numpy())',
    ),
    "files beyond the longest path": _pair(
        "Makes its many files where no path leads.",
        _DEEP + 'for number in range(10**6): open(f"{number}", "w").close()',
        "made more than 10,000 files",
        'for number in range(50): open(f"{number}", "w").close()',
    ),
    "folders beyond the longest path": _pair(
        "Nests folders of the longest names without end.",
        'while True:\n    os.mkdir("d" * 255)\n    os.chdir("d" * 255)',
        "nested folders more than 32 deep",
        'os.makedirs("/".join("abcdefgh"), exist_ok=True)\nopen("a/b/c/d/e/f/g/h/log", "a").write("x")',
    ),
    "many folders": _pair(
        "Makes folders that nobody may enter, in a folder of its own.",
        'os.umask(0o777)\nfor number in range(10**6): os.mkdir(f"{number}")',
        "made more than 1,000 folders",
        'with tempfile.TemporaryDirectory() as folder:\n    np.save(f"{folder}/x.npy", X.numpy())',
    ),
    "space asked for": _pair(
        "Asks the C library for space, which writes a byte in each block without fallocate.",
        'for n in range(250): os.posix_fallocate(os.open(f"{n}", os.O_CREAT | os.O_RDWR), 0, 60 << 20)',
        "wrote more than 256 MiB of files",
        'file = os.open("scratch", os.O_CREAT | os.O_RDWR)\nos.posix_fallocate(file, 0, 5 << 20)\nos.close(file)',
    ),
    "a sum of sparse files": _pair(
        "Makes files long, and writes nothing into them.",
        'for n in range(10**6):\n    with open(f"{n}", "wb") as file: file.truncate(60 << 20)',
        "wrote more than 256 MiB of files",
        'scratch = np.memmap("scratch", mode="w+", dtype="f8", shape=(1 << 20,))\nscratch[:100] = 1',
    ),
    "files written through memory": _pair(
        "Maps files and writes to the maps, which no limit on writing sees.",
        'for n in range(10**6): np.memmap(f"{n}", mode="w+", dtype="u1", shape=(60 << 20,))[::4096] = 1',
        "wrote more than 256 MiB of files",
        'X.numpy().tofile("x.bin")\nassert np.fromfile("x.bin", X.numpy().dtype).size == X.numel()',
    ),
    "a farm of links": _pair(
        "Links one file ten thousand times.",
        'open("file", "w").close()\nfor number in range(10**6): os.link("file", f"{number}")',
        "PermissionError",
        'np.save("x.npy", np.zeros(6 << 20))\nshutil.copyfile("x.npy", "y.npy")',
    ),
    "the watch switched off": _pair(
        "Takes a name that a reader of /proc would split into lines, or take for a count.",
        'ctypes.CDLL(None).prctl(15, b"a\\x0bVmPTE: x", 0, 0, 0)\ntime.sleep(0.2)\n' + _FILES_OF_60_MB,
        "wrote more than 256 MiB of files",
        'ctypes.CDLL(None).prctl(15, b"training: 7", 0, 0, 0)\ntime.sleep(0.1)',
    ),
    "names of any bytes": _pair(
        "Names files by bytes that are no text, or control the terminal.",
        _FILES_OF_60_MB.replace('f"file_{number}"', 'b"\\xff\\n\\x1b[2J" * 20 + bytes([65 + number % 20])'),
        "wrote more than 256 MiB of files",
        'open("Übung 3, Verlauf.csv", "a", encoding="utf-8").write("1,2\\n")',
    ),
}
