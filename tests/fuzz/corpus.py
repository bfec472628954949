"""The material of the fuzz inputs: the sample submissions, and pieces that trip readers of Python and notebooks."""

from __future__ import annotations

import json
import zipfile
from functools import cache
from pathlib import Path

from grader.spec import LoadedSpec, load_spec

SAMPLES = Path(__file__).resolve().parents[2] / "submissions"


@cache
def spec() -> LoadedSpec:
    return load_spec("eecs498_2019")


@cache
def names() -> tuple[str, ...]:
    """The functions that are graded."""
    return tuple(spec().spec.functions)


@cache
def modules() -> tuple[str, ...]:
    """Every sample module's text, and hand-written ones."""
    found = [path.read_text("utf-8") for path in sorted(SAMPLES.glob("*/*/*.py"))]
    for path in sorted(SAMPLES.glob("*/*/*.zip")):
        with zipfile.ZipFile(path) as archive:
            found += [archive.read(name).decode() for name in archive.namelist() if name.endswith(".py")]
    return (*found, *WRITTEN)


@cache
def notebooks() -> tuple[bytes, ...]:
    """Every sample notebook."""
    return tuple(path.read_bytes() for path in sorted(SAMPLES.glob("*/*/*.ipynb")))


@cache
def cells() -> tuple[str, ...]:
    """Every code cell of the sample notebooks, and hand-written ones."""
    documents = [json.loads(content) for content in notebooks()]
    found = [
        "".join(cell["source"])
        for document in documents
        for cell in document["cells"]
        if cell["cell_type"] == "code"
    ]
    return (*found, *WRITTEN)


@cache
def archives() -> tuple[bytes, ...]:
    return tuple(path.read_bytes() for path in sorted(SAMPLES.glob("*/*/*.zip")))


WRITTEN = (
    "print 'loss', loss\nexec 'x = 1'\nraise ValueError, 'no'\ndef svm_loss_naive((W, X), y):\n\treturn 0777L, `W`, W <> X\n",
    "from __future__ import braces\nfrom __future__ import annotations, print_function\nimport torch\n",
    "%matplotlib inline\n%load_ext autoreload\n%%time\n!pip install torch \\\n  --upgrade\nx = !ls -l\nfiles, y = %sql select 1\n",
    "%%bash\nrm -rf /\n",
    "%%capture out --no-stdout\ndef softmax_loss_naive(W, X, y, reg):\n    return 0.0, W\n",
    "svm_loss_naive?\n??torch.nn\ntorch.*sum*?\n%timeit svm_loss_naive(W, X, y, 0.1)\nget_ipython().run_line_magic('cd', '/')\n",
    "    def svm_loss_naive(W, X, y, reg):\n        return 1\n",
    "@torch.no_grad()\n@decorated(lambda f: f)\nasync def svm_loss_naive(W, *, X, **k):\n    async with a as b, c:\n        yield await d\n",
    "class LinearSVM(LinearClassifier, metaclass=M):\n    a: int = 3\n    loss = svm_loss_vectorized\n    def train(self): return super().train()\n",
    "match command:\n    case [x, *rest] | {'k': x, **rest} if x > 3: y = x\n    case Point(x=0) as p: pass\n    case _: svm_loss_naive = None\n",
    "try:\n    from own import *\nexcept* (ImportError, ValueError) as e:\n    raise\nelse:\n    pass\nfinally:\n    x: 'list[int]' = []\n",
    "svm_loss_naive = softmax_loss_naive = lambda W, X, y, reg: (W := W + 1, [z for z in (q := X)], {**y}, (yield))\n",
    "f = f'{x!r:>{w}}' 'a' rb'\\x00' f\"{'nested'}\" u'\\N{BULLET}' '\\N{NO SUCH}' b'é'\nassert (x, 'always')\n1 is 1\n'\\d'\n",
    "from . import helper\nfrom .. import *\nfrom .a.b import c as d, e\nimport a.b.c, a.b as z\nfrom m0 import *\nfrom m1 import *\nimport m1, m2 as q\nq.f()\n",
    "TABLE = {}\nTABLE['a'] = 1\nTABLE.update(b=2)\nTABLE.x.y[3].z += 4\ndel TABLE['a']\nglobal TABLE\nnonlocal q\nreturn\nbreak\n",
    "torch.set_default_dtype(torch.float64)\nnp.random.seed(0)\nwarnings.filterwarnings('ignore')\ndata = torch.load('x.pt')\nwhile data: data = data[1:]\n",
    "if __name__ == '__main__':\n    svm_loss_naive(1, 2, 3, 4)\nwith open('/etc/passwd') as f, open('x', 'w') as g: g.write(f.read())\n",
    "#!/usr/bin/env python\n# -*- coding: latin-1 -*-\n# vim: set fileencoding=cp1252 :\ns = '\xe9\x80'\n",
)

TOKENS = (
    *("'''", '"""', "'", '"', "f'", "f'''{", "rb'", "(", ")", "[", "]", "{", "}", "\\", "\\\n", "\n", "\n\n"),
    *(
        "%",
        "%%",
        "!",
        "?",
        "??",
        "%%time\n",
        "%%bash\n",
        "%%writefile x.py\n",
        "!!ls",
        "$",
        "`",
        "\r",
        "\r\n",
    ),
    *(
        "\x0c",
        "\x0b",
        "\x1c",
        "\x85",
        "\u2028",
        "\ufeff",
        "\0",
        "\x1a",
        "\x7f",
        "\ud800",
        "\udfff",
        "\U0001f600",
    ),
    *(
        "é",
        "\uff41",
        "\U0001d41d\U0001d41e\U0001d41f",
        "²",
        "\u0301",
        "\u202e",
        "\u200b",
        "\xa0",
        "\t",
        "    ",
        " ",
        ":",
        ";",
        ",",
        ".",
        "...",
    ),
    *("=", ":=", "==", "->", "*", "**", "@", "~", "-", "not ", "lambda: ", "lambda x=", "yield ", "await "),
    *("return ", "break", "continue", "pass", "del ", "global x", "nonlocal x", "raise", "assert ", "print "),
    *(
        "def ",
        "class ",
        "async def ",
        "import ",
        "from ",
        "from . import ",
        " import *",
        "from __future__ import x",
    ),
    *(
        "if ",
        "elif ",
        "else:",
        "for ",
        "while ",
        "try:",
        "except:",
        "except* E:",
        "finally:",
        "with ",
        "match ",
        "case ",
    ),
    *(
        "1e999",
        "0x",
        "0777",
        "1_",
        "1__0",
        "0b2",
        "1j",
        "1L",
        "9" * 5000,
        "0x" + "f" * 5000,
        "1." + "0" * 3000,
        "# type: ignore",
    ),
    *(
        "#",
        "# coding: utf-7\n",
        "# coding: \xff\n",
        "<<<<<<< HEAD\n",
        "=======\n",
        ">>>>>>> b\n",
        "__debug__",
        "None = 1",
    ),
    *(
        "svm_loss_naive",
        "LinearSVM",
        "torch",
        "__import__('os').system('x')",
        "exec('x')",
        "cuda",
        "x",
        "self",
    ),
)

OPENERS = (
    *(
        "(",
        "[",
        "{",
        "{1: ",
        "f(",
        "f(a=",
        "a[",
        "lambda: ",
        "lambda x=(",
        "lambda x: (",
        "not ",
        "-",
        "~",
        "await ",
        "*",
    ),
    *(
        "x if y else ",
        "x if (",
        "(yield ",
        "[x for x in ",
        "{x for x in ",
        "{x: x for x in ",
        "(x for x in ",
        "f'{",
        "f'{x:{",
    ),
    *(
        "a.",
        "a().",
        "a[0].",
        "a @ ",
        "a ** ",
        "a < ",
        "a and ",
        "a or ",
        "1 + ",
        "(a := ",
        "print (",
        "with (",
        "import (",
        "x:(",
    ),
)
CLOSERS = ("", "x", "1", "!", "=", ":", "x y", "1 1", "for", "*", ")", "]", "x)", "x]", "x}", "''", "'")

ENCODINGS = (
    *(
        "utf-8",
        "utf-8-sig",
        "utf-16",
        "utf-16-le",
        "utf-16-be",
        "utf-32",
        "utf-7",
        "latin-1",
        "cp1252",
        "cp037",
        "cp437",
    ),
    *(
        "koi8-r",
        "gb18030",
        "gbk",
        "big5",
        "euc-jp",
        "shift_jis",
        "shift_jisx0213",
        "hz",
        "iso2022_jp",
        "mac-roman",
        "johab",
    ),
    *(
        "punycode",
        "idna",
        "unicode_escape",
        "raw_unicode_escape",
        "rot13",
        "base64",
        "zlib",
        "bz2",
        "hex",
        "uu",
        "quopri",
    ),
    *(
        "undefined",
        "mbcs",
        "oem",
        "ascii",
        "utf8",
        "U8",
        "cp65001",
        "tis-620",
        "no-such-code",
        "",
        "..",
        "\0",
        "x" * 300,
    ),
)
