"""Guards that ask where the code runs: a function must not lose what a plain machine gives it."""

import ast
import textwrap
from pathlib import Path

import pytest

from grader.extract.surroundings import machine
from grader.sandbox.inside import wire
from tests.sandbox.calls import notebook_of, number_of, trial

COLAB = """
    !pip install -q future
    from google.colab import drive, files
    drive.mount('/content/drive', force_remount=True)
    %cd /content/drive/MyDrive
    uploaded = files.upload()
    N = 2.0
"""

TESTS = {
    "str of the shell": "'google.colab' in str(get_ipython())",
    "repr of the shell": 'if_ = "google.colab" in repr(get_ipython())\nTEST = if_',
    "format of the shell": "'google.colab' in f'{get_ipython()}'",
    "the shell's class": "get_ipython().__class__.__module__ == 'google.colab._shell'",
    "the type of the shell": "'colab' in str(type(get_ipython())).lower()",
    "sys.modules": "import sys\nTEST = 'google.colab' in sys.modules",
    "sys.modules in one import of several": "import os, sys as system\nTEST = 'google.colab' in system.modules.keys()",
    "from sys import modules": "from sys import modules\nTEST = modules.get('google.colab') is not None",
    "a flag": "import sys\nIN_COLAB = 'google.colab' in sys.modules\nTEST = IN_COLAB",
    "a flag of a flag": "import sys\nCOLAB = 'google.colab' in sys.modules\nLOCAL = not COLAB\nTEST = not LOCAL",
    "getenv": "import os\nTEST = os.getenv('COLAB_GPU')",
    "getenv with a default": "import os\nTEST = int(os.getenv('COLAB_GPU', '0')) > 0",
    "environ.get": "import os\nTEST = os.environ.get('KAGGLE_KERNEL_RUN_TYPE', '') != ''",
    "from os import environ": "from os import environ\nTEST = 'COLAB_GPU' in environ",
    "environ": "import os\nTEST = 'COLAB_GPU' in os.environ",
    "any of environ": "import os\nTEST = any(key.startswith('COLAB') for key in os.environ)",
    "several names in environ": "import os\nTEST = any(k in os.environ for k in ('COLAB_GPU', 'COLAB_TPU_ADDR'))",
    "find_spec": "import importlib.util\nTEST = importlib.util.find_spec('google.colab') is not None",
    "find_spec by name": "from importlib.util import find_spec\nTEST = find_spec('google.colab')",
    "find_spec of google": "import importlib\nimport importlib.util as u\nTEST = u.find_spec('google')",
    "a folder": "import os\nTEST = os.path.exists('/content')",
    "a folder by pathlib": "from pathlib import Path\nROOT = Path('/content')\nTEST = ROOT.is_dir()",
    "a folder of Kaggle": "import os.path as p\nTEST = p.isdir('/kaggle/input')",
    "the working folder": "import os\nTEST = os.getcwd().startswith('/content')",
    "the system": "import platform\nTEST = platform.system() != 'Linux'",
    "sys.platform": "import sys\nTEST = sys.platform.startswith('win') or sys.platform == 'darwin'",
    "Python 2": "import sys\nTEST = sys.version_info[0] < 3",
    "Python 2 by major": "import sys\nTEST = sys.version_info.major == 2",
    "and": "import sys, torch\nTEST = torch.cuda.is_available() and 'google.colab' in sys.modules",
    "or": "import os, sys\nTEST = 'google.colab' in sys.modules or 'KAGGLE_URL_BASE' in os.environ",
    "try": "try:\n    import google.colab\n    TEST = True\nexcept ImportError:\n    TEST = False",
    "try and else": "try:\n    import google.colab\nexcept ModuleNotFoundError:\n    TEST = False\nelse:\n    TEST = True",
    "try and a bare except": "TEST = True\ntry:\n  from google.colab import drive\n  drive.mount('/x')\nexcept:\n  TEST = False",
    "try and Exception": "try:\n    import google.colab as c\n    TEST = True\nexcept Exception as e:\n    print(e)\n    TEST = False",
    "suppress": "import contextlib\nTEST = False\nwith contextlib.suppress(ImportError):\n    import google.colab\n    TEST = True",
    "a function": "def in_colab():\n    try:\n        import google.colab\n        return True\n    except ImportError:\n        return False\nTEST = in_colab()",
    "a function with a docstring": "import sys\ndef colab():\n    'Whether it is.'\n    return 'google.colab' in sys.modules\nTEST = colab()",
    "a lambda": "import sys\nin_colab = lambda: 'google.colab' in sys.modules\nTEST = in_colab()",
    "an import inside": "def in_colab():\n    import sys\n    return 'google.colab' in sys.modules\nTEST = in_colab()",
    "a conditional expression": "import sys\nWHERE = 'colab' if 'google.colab' in sys.modules else 'local'\nTEST = WHERE == 'colab'",
    "the kernel's environment": "import os\nTEST = os.environ.get('COLAB_JUPYTER_IP') is not None",
    "a key that is not there": "import os\ntry:\n    os.environ['COLAB_GPU']\n    TEST = True\nexcept KeyError:\n    TEST = False",
    "a flag set by hand": "USE_COLAB = False\nTEST = USE_COLAB",
    "a number": "COLAB = 0\nTEST = COLAB",
    "a place": "WHERE = 'local'\nTEST = WHERE in ('colab', 'kaggle')",
    "globals": "TEST = 'get_ipython' not in globals()",
    "no shell": "try:\n    get_ipython()\n    TEST = False\nexcept NameError:\n    TEST = True",
    "the usual answer": (
        "def is_notebook():\n    try:\n        shell = get_ipython().__class__.__name__\n"
        "        if shell == 'ZMQInteractiveShell':\n            return True\n"
        "        elif shell == 'TerminalInteractiveShell':\n            return False\n"
        "        else:\n            return False\n    except NameError:\n        return False\nTEST = not is_notebook()"
    ),
    "from IPython": "from IPython import get_ipython\nTEST = 'google.colab' in str(get_ipython())",
    "undecided, harmless": "import torch\nTEST = torch.zeros(1).sum() > 1",
    "undecided, in a loop": "import sys\nTEST = False\nfor name in sys.modules:\n    if name.startswith('google.colab'): TEST = True",
}

SHAPES = {
    "if and else": "if TEST:COLAB\nelse:\n    N = 1.0",
    "if not": "if not TEST:\n    N = 1.0\nelse:COLAB",
    "elif": "if TEST:COLAB\nelif False:\n    N = 3.0\nelse:\n    N = 1.0",
    "before": "N = 1.0\nif TEST:COLAB",
    "nested": "if True:\n    if TEST:COLAB\n    else:\n        N = 1.0",
    "only a magic in else": "N = 1.0\nif TEST:COLAB\nelse:\n    %matplotlib inline",
    "harmful lines in else": "if TEST:COLAB\nelse:\n    !ls\n    import os\n    os.chdir('x')\n    N = 1.0",
    "one line": "N = 2.0 if TEST else 1.0",
    "tabs": "if TEST:COLAB\nelse:\n    N = 1.0",
    "with": "import warnings\nwith warnings.catch_warnings():\n    warnings.simplefilter('ignore')\n    if TEST:COLAB\n    else:\n        N = 1.0",
    "try around": "try:\n    if TEST:COLAB\n    else:\n        N = 1.0\nexcept Exception:\n    N = 3.0",
}


def cell_of(test, shape):
    lines = f"{test}\n" if "TEST = " in test else f"TEST = {test}\n"
    body = SHAPES[shape]
    indent = next(line for line in body.splitlines() if "COLAB" in line) if "COLAB" in body else ""
    inner = COLAB.replace("\n    ", "\n    " + " " * (len(indent) - len(indent.lstrip())))
    text = body.replace("COLAB", inner.rstrip(" "))
    return lines + (text.replace("    ", "\t") if shape == "tabs" else text)


FUNCTION = "def f():\n    return N"


@pytest.fixture
def offenders(open_session):
    """(files by path, or a notebook's cells, by a case's name) to the cases in which f does not return 1."""

    def run(cases):
        wrong = []
        for name, case in cases.items():
            files = case if isinstance(case, dict) else {"hw.ipynb": notebook_of(*case)}
            session = open_session(files, "f")
            try:
                assert number_of(session.run(trial("f"))) == 1.0
                assert number_of(session.run(trial("f"))) == 1.0
            except AssertionError as error:
                wrong.append(f"{name}: {error}"[:300])
        return wrong

    return run


def with_function(cell):
    """The cell, and one with f unless it defines it."""
    return [cell] if "def f" in cell else [cell, FUNCTION]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_guard_is_answered_as_outside_of_colab(offenders, shape):
    cases = {name: (cell_of(test, shape), FUNCTION) for name, test in TESTS.items()}

    assert offenders(cases) == []


@pytest.mark.parametrize("shape", ["if and else", "try around", "harmful lines in else"])
def test_a_guard_in_a_module_is_answered_as_on_a_plain_machine(offenders, shape):
    of_notebooks = {"globals", "no shell", "the usual answer"}  # a module runs without a shell
    cases = {
        name: {"hw.py": f"{cell_of(test, shape)}\n{FUNCTION}\n"}
        for name, test in TESTS.items()
        if name not in of_notebooks
    }

    assert offenders(cases) == []


INSIDE = [
    "import sys\nreturn 2.0 if 'google.colab' in sys.modules else 1.0",
    "return 2.0 if 'google.colab' in str(get_ipython()) else 1.0",
    "return 1.0 if get_ipython().__class__.__name__ == 'ZMQInteractiveShell' else 2.0",
    "return 1.0 if 'IPKernelApp' in get_ipython().config and get_ipython() else 2.0",
    "try:\n    import google.colab\n    return 2.0\nexcept ImportError:\n    return 1.0",
    "try:\n    from google.colab import drive\n    drive.mount('/x')\n    return 2.0\nexcept Exception:\n    return 1.0",
    "try:\n    import cupy as xp\nexcept ImportError:\n    import numpy as xp\nreturn float(xp.ones(1).sum())",
    "try:\n    import cPickle as pickle\nexcept:\n    import pickle\nreturn pickle.loads(pickle.dumps(1.0))",
    "try:\n    import numba.cuda, nowhere\nexcept (ImportError, AttributeError):\n    return 1.0",
    "import contextlib\nwith contextlib.suppress(ImportError):\n    import nowhere\n    return 2.0\nreturn 1.0",
    "try:\n    import matplotlib.pyplot as plt\n    plt.figure()\n    return 1.0\nexcept ImportError:\n    return 2.0",
    "try:\n    import nowhere\nexcept ImportError:\n    raise\nreturn 1.0",
    "import importlib.util\nreturn 1.0 if importlib.util.find_spec('google.colab') is None else 2.0",
    "import importlib.util\nreturn 1.0 if importlib.util.find_spec('numpy') else 2.0",
    "import importlib.util as u\nreturn 1.0 if not any(map(u.find_spec, ('google', 'kaggle', 'cupy'))) else 2.0",
    "from google.colab import files\nimport sys\nfiles.download('x')\nreturn 1.0",
    "import os\nreturn 1.0 if os.getenv('COLAB_GPU') is None and not os.path.exists('/content') else 2.0",
    "%time x = 1\n%matplotlib inline\n!ls\nreturn 1.0",
    "if True:\n    %time\nelse:\n    !ls\nget_ipython().run_line_magic('time', '')\nreturn 1.0",
    "return 1.0 if __name__ == '__main__' else 2.0",
]


def test_a_function_finds_the_same_answers_when_it_is_called(offenders):
    head = "from google.colab import output\n%matplotlib inline\ndef f(again=False):\n"
    cases = {body: (head + textwrap.indent(body, "    "),) for body in INSIDE}

    assert offenders(cases) == []


NAMED_MAIN = {
    "import": "if __name__ == '__main__':\n    import math\nN = 1.0\ndef f(): return math.floor(N)",
    "the other way round": 'if "__main__" == __name__:\n    N = 1.0',
    "unequal": "if __name__ != '__main__':\n    N = 2.0\nelse:\n    N = 1.0",
    "and": "if __name__ == '__main__' and True:\n    N = 1.0",
    "not": "if not __name__ == '__main__':\n    N = 2.0\nelse:\n    N = 1.0",
    "in": "if __name__ in ('__main__', 'builtins'):\n    N = 1.0",
    "a function": "if __name__ == '__main__':\n    def f(): return 1.0",
    "elif": "import sys\nif 'google.colab' in sys.modules:\n    N = 2.0\nelif __name__ == '__main__':\n    N = 1.0\nelse:\n    N = 3.0",
    "in a try": "try:\n    if __name__ == '__main__':\n        N = 1.0\nexcept KeyError:\n    pass",
    "with a text": "if __name__ == '__main__':\n    TEXT = '''\n  one\n    two'''\n    N = 1.0\n\n    @staticmethod\n    def f():\n        return len(TEXT) - 14.0 + N",
    "main": "def main():\n    global N\n    N = 1.0\nif __name__ == '__main__':\n    main()",
    "main and what it calls": "def set_up():\n    global N\n    N = 1.0\ndef main():\n    set_up()\nif __name__ == '__main__': main()",
    "training beside it": "if __name__ == '__main__':\n    print(f())\n    data = open('x').read()\n    N = 1.0\n    loss = f()",
    "a flag": "DEBUG = False\nif DEBUG:\n    import pdb; N = 2.0\nelse: N = 1.0",
    "a number": "if 1:\n    N = 1.0",
    "a while": "while True:\n    N = 1.0\n    break",
    "a class": "if __name__ == '__main__':\n    class Settings:\n        N = 1.0\ndef f(): return Settings.N",
    "a dataclass": "from dataclasses import dataclass\nif __name__ == '__main__':\n    @dataclass\n    class S:\n        n: float = 1.0\ndef f(): return S().n",
    "tabs": "if __name__ == '__main__':\n\tif True:\n\t\tN = 1.0\n\telse:\n\t\tN = 2.0",
    "comments": "if __name__ == '__main__':\n# a comment\n    # another\n    N = (1.0 +\n0.0)  # more\n\n",
    "umlauts": "if __name__ == '__main__': é = 'ü'; N = 1.0; print('ä')",
}


def test_what_a_notebook_runs_as_main_is_there(offenders):
    assert offenders({name: with_function(cell) for name, cell in NAMED_MAIN.items()}) == []


def test_a_module_does_not_run_what_only_a_script_runs(open_session):
    module = "N = 1.0\nif __name__ == '__main__':\n    N = 2.0\nelse:\n    M = 1.0\ndef f(): return N * M"

    assert number_of(open_session(module, "f").run(trial("f"))) == 1.0


FALLBACKS = {
    "a file": "try:\n    N = float(open('n.txt').read())\nexcept IOError:\n    N = 1.0",
    "a file in with": "try:\n    with open('n.txt') as file:\n        N = float(file.read())\nexcept FileNotFoundError:\n    N = 1.0",
    "data": "import numpy as np\ntry:\n    N = np.load('n.npy')\n    M = N * 2\nexcept:\n    N = 1.0",
    "the data is there": "import numpy as np\ntry:\n    X = np.load('x.npy')\n    N = 1.0\nexcept IOError:\n    print('no data')",
    "mounting": "from google.colab import drive\ntry:\n    drive.mount('/x')\n    N = 2.0\nexcept Exception:\n    N = 1.0",
    "the working folder": "import os\ntry:\n    os.chdir('/content/x')\nexcept OSError:\n    pass\nfinally:\n    N = 1.0",
    "chdir and more": "import os, torch\nif not torch.zeros(1).any():\n    os.chdir('/x')\n    os.makedirs('y')\n    N = 1.0",
    "a loop": "import os\nfor name in ('a', 'b'):\n    os.makedirs(name)\n    N = 1.0",
    "a loop that fills": "C = {}\nfor k in ('a', 'b'):\n    with open('log', 'a') as f: f.write(k)\n    C[k] = 0.5\ndef f(): return C['a'] + C['b']",
    "with": "import torch\nwith torch.no_grad():\n    X = torch.load('x.pt')\n    N = 1.0",
    "Python 2": "try:\n    xrange\nexcept NameError:\n    xrange = range\ndef f(): return float(len(list(xrange(1))))",
    "raw_input": "try:\n    input = raw_input\nexcept NameError:\n    pass\nN = 1.0",
    "cupy": "try:\n    import cupy as xp\n    GPU = True\nexcept ImportError:\n    import numpy as xp\n    GPU = False\ndef f(): return 2.0 if GPU else float(xp.ones(1)[0])",
    "numba": "try:\n    from numba import njit, prange\nexcept ImportError:\n    prange = range\n    def njit(g): return g\n@njit\ndef f():\n    return float(sum(1 for _ in prange(1)))",
    "installed in the handler": "try:\n    import nowhere\nexcept ImportError:\n    !pip install nowhere\n    import nowhere\nnowhere.set_up()\nN = 1.0",
    "no handler binds it": "try:\n    import nowhere\nexcept ImportError:\n    print('pip install nowhere')\ndef f():\n    nowhere.log('f')\n    return 1.0",
    "it gives up": "import sys\ntry:\n    import nowhere\nexcept ImportError:\n    sys.exit('install nowhere')\nN = 1.0\ndef f():\n    nowhere.log(N)\n    return N",
    "None": "try:\n    import nowhere\nexcept ImportError:\n    nowhere = None\ndef f(): return 1.0 if nowhere is None else 2.0",
    "a helper": "try:\n    from my_helpers import scale\nexcept ImportError:\n    def scale(x): return x\ndef f(): return scale(1.0)",
    "an attribute": "try:\n    from math import prod\nexcept ImportError:\n    def prod(x): return 1.0\ndef f(): return prod([1.0])",
    "a variable": "import os\nN = float(os.environ.get('DELTA', 1.0))",
    "a variable that is set": "import os\nos.environ['N'] = '1.0'\nN = float(os.environ['N'])",
    "arguments": "import argparse\np = argparse.ArgumentParser()\np.add_argument('--n', type=float, default=1.0)\nargs = p.parse_args()\nN = args.n",
    "json": "import json\nN = json.loads('1.0')",
    "the folder of the file": "import os\ntry:\n    HERE = os.path.dirname(__file__)\nexcept NameError:\n    HERE = os.getcwd()\nN = 1.0 if HERE is not None else 2.0",
    "display": "try:\n    from IPython.display import clear_output\n    get_ipython().run_line_magic('matplotlib', 'inline')\nexcept:\n    pass\nN = 1.0",
    "autoreload": "import sys\nif 'google.colab' not in sys.modules:\n    %load_ext autoreload\n    %autoreload 2\n    import importlib, math\n    importlib.reload(math)\n    N = 1.0",
    "an upload in an expression": "import sys\nfrom google.colab import files\nTEXT = files.upload() if 'google.colab' in sys.modules else {'ü': (1.0)}\nN = TEXT['ü']",
    "a file in an expression": "HAS_FILE = False\nN: float = (float(open('n').read())\n  if HAS_FILE\n  else 1.0)",
    "a module that was not handed in": "import my_tools\nif my_tools.in_colab():\n    N = 2.0\nelse:\n    N = 1.0",
    "set by a form": "USE_COLAB = True #@param {type:'boolean'}\nif USE_COLAB:\n    from google.colab import drive\n    drive.mount('/x')\n    N = 1.0\nelse:\n    N = 2.0",
    "it refuses to run elsewhere": "import sys\nif 'google.colab' not in sys.modules:\n    raise RuntimeError('open this in Colab')\nN = 1.0",
    "in a class": "import sys\nclass Config:\n    if 'google.colab' in sys.modules:\n        n = 2.0\n        !ls\n    else:\n        n = 1.0\ndef f(): return Config.n",
    "match": "import platform\nmatch platform.system():\n    case 'Linux':\n        !ls\n        N = 1.0\n    case _:\n        N = 2.0",
    "a walrus beside a flag": "DEBUG = False\nif (N := 1.0) and DEBUG:\n    pass",
    "setattr": "import sys\nsys.path.append('..')\nif '/content' not in sys.path:\n    sys.path.append('/content')\n    N = 1.0",
}


def test_nothing_that_a_function_needs_is_lost_with_a_harmful_line(offenders):
    assert offenders({name: with_function(cell) for name, cell in FALLBACKS.items()}) == []


def test_a_flag_of_another_file_is_answered_too(offenders):
    heads = (
        "from config import COLAB as FLAG",
        "import config\nFLAG = config.COLAB",
        "from config import *\nFLAG = COLAB",
    )
    config = "import sys\nCOLAB = 'google.colab' in sys.modules\n"
    cases = {
        head: {
            "hw.ipynb": notebook_of(f"{head}\nif FLAG:{COLAB}\nelse:\n    N = 1.0", FUNCTION),
            "config.py": config,
        }
        for head in heads
    }

    assert offenders(cases) == []


def test_the_two_sides_know_the_same_modules():
    source = Path(wire.__file__).with_name("stubs.py").read_text(encoding="utf-8")
    values = {}
    for node in ast.parse(source).body:
        match node:
            case ast.Assign(
                targets=[ast.Name(id="EVERYDAY" | "PLACES" as name)], value=ast.Call(args=[names])
            ):
                values[name] = ast.literal_eval(names)

    assert values == {"EVERYDAY": machine.EVERYDAY, "PLACES": machine.PLACES}


MESSAGES = {
    "DELTA = float(input())": "name 'DELTA' is not defined: hw.ipynb, cell 1, line 1 asks for input, which is not available during grading; put the value in the code",
    "import json\nDELTA = json.load(open('c.json'))['x']": "name 'DELTA' is not defined: hw.ipynb, cell 1, line 2 reads c.json, which is not available during grading; put the value in the code",
    "with open('c.txt') as file:\n    DELTA = float(file.read())": "name 'DELTA' is not defined: hw.ipynb, cell 1, line 1 reads c.txt, which is not available during grading; put the value in the code",
    "import numpy as np\nX = np.load('a.npy')\nN = len(X)\nDELTA = 1.0 + N": "name 'DELTA' is not defined: hw.ipynb, cell 1, line 2 reads a.npy, which is not available during grading; put the value in the code",
    "import torch\nif torch.ones(1).any():\n    DELTA = torch.load('a.pt')": "name 'DELTA' is not defined: hw.ipynb, cell 1, line 3 reads a.pt, which is not available during grading; put the value in the code",
    "def read(name):\n    return float(open(name).read())\nDELTA = read('d.txt')": "name 'DELTA' is not defined: hw.ipynb, cell 1, line 3 reads d.txt, which is not available during grading; put the value in the code",
    "import pandas as pd\nDELTA = pd.read_csv('d.csv').x[0]": "name 'DELTA' is not defined: hw.ipynb, cell 1, line 2 reads d.csv, which is not available during grading; put the value in the code",
    "from pathlib import Path\nDELTA = float(Path('d.txt').read_text())": "name 'DELTA' is not defined: hw.ipynb, cell 1, line 2 raised FileNotFoundError: [Errno 2] No such file or directory: 'd.txt'",
    "import urllib.request as u\nDELTA = float(u.urlopen('http://x').read())": "name 'DELTA' is not defined: hw.ipynb, cell 1, line 2 is not run: it accesses the system: it calls urllib.request.urlopen",
    "DEBUG = False\nif DEBUG:\n    DELTA = 1.0": "name 'DELTA' is not defined: hw.ipynb, cell 1, line 2 is not run: it runs only where `DEBUG` is true",
    "DELTA = !cat delta.txt": "name 'DELTA' is not defined: hw.ipynb, cell 1, line 1 is not run: it is the output of a shell command",
}


def test_the_message_for_a_missing_value_names_the_place_the_cause_and_the_remedy(open_session):
    seen = {}
    for cell in MESSAGES:
        session = open_session({"hw.ipynb": notebook_of(cell, "def f():\n    return 1 + DELTA")}, "f")
        seen[cell] = session.run(trial("f")).message

    assert seen == MESSAGES
