"""What right code may do beside arithmetic: bodies of functions, each of which returns 1 in a worker."""

WORKS = {
    "torch.nn": "import torch.nn.functional as F\nreturn float(F.relu(torch.tensor(1.0)))",
    "torch.distributions": "import torch.distributions\nreturn float(torch.distributions.Normal(0, 1).mean + 1)",
    "torch.utils.data": (
        "from torch.utils.data import DataLoader, TensorDataset\n"
        "return sum(1 for _ in DataLoader(TensorDataset(torch.ones(4, 2)), batch_size=4, shuffle=True))"
    ),
    "torch.linalg": "return float(torch.linalg.inv(torch.eye(3))[0, 0])",
    "torch.fft": "return float(torch.fft.fft(torch.tensor([1.0])).real[0])",
    "a matrix product of two threads": "torch.set_num_threads(2)\nreturn float((torch.ones(300, 300) @ torch.ones(300, 300))[0, 0]) / 300",
    "backward": "x = torch.ones(1, requires_grad=True)\n(x * x / 2).backward()\nreturn float(x.grad)",
    "torch.save": "torch.save({'W': torch.ones(2)}, 'a.pt')\nreturn float(torch.load('a.pt')['W'][0])",
    "numpy.save": "np.save('a', np.ones(2))\nreturn float(np.load('a.npy')[0])",
    "numpy.savez": "np.savez_compressed('a', x=np.ones(2))\nreturn float(np.load('a.npz')['x'][0])",
    "numpy.memmap": (
        "x = np.memmap('a', dtype='f8', mode='w+', shape=(1000,))\nx[:] = 1\nx.flush()\n"
        "return float(np.memmap('a', dtype='f8', mode='r', shape=(1000,))[999])"
    ),
    "numpy.random": "return float(np.random.default_rng().random() < 1)",
    "numpy.testing": "import numpy.testing\nnumpy.testing.assert_allclose(1, 1)\nreturn 1",
    "numpy.linalg": "return float(np.linalg.svd(np.eye(2))[1][0])",
    "decimal": "import decimal\nreturn float(decimal.Decimal('0.5') * 2)",
    "fractions": "import fractions\nreturn float(fractions.Fraction(2, 2))",
    "statistics": "import statistics\nreturn statistics.mean([1, 1])",
    "sqlite3": "import sqlite3\nreturn sqlite3.connect(':memory:').execute('select 1').fetchone()[0]",
    "encodings": "return sum(len('x'.encode(name)) for name in ('cp1252', 'koi8_r', 'shift_jis', 'utf_7')) / 4",
    "idna": "return len('x'.encode('idna'))",
    "unicodedata": "import unicodedata\nreturn unicodedata.digit('1')",
    "threads": (
        "seen = []\nthreads = [threading.Thread(target=seen.append, args=(1,)) for _ in range(8)]\n"
        "[each.start() for each in threads]\n[each.join() for each in threads]\nreturn sum(seen) / 8"
    ),
    "a pool of threads": (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "with ThreadPoolExecutor(4) as pool: return sum(pool.map(float, [0.25] * 4))"
    ),
    "a timer": (
        "import signal\nsignal.signal(signal.SIGALRM, lambda *_: None)\nsignal.setitimer(signal.ITIMER_REAL, 0.01)\n"
        "signal.pause()\nreturn 1"
    ),
    "a signal to oneself": "import signal\nsignal.signal(signal.SIGUSR1, lambda *_: None)\nsignal.raise_signal(signal.SIGUSR1)\nos.kill(os.getpid(), signal.SIGUSR1)\nreturn 1",
    "asyncio": "import asyncio, selectors\nselectors.DefaultSelector().close()\nreturn 1",
    "temporary files": (
        "import tempfile\nwith tempfile.NamedTemporaryFile('w+') as file, tempfile.TemporaryFile() as other:\n"
        "    file.write('x')\n    other.write(b'x')\n"
        "    return float(os.path.dirname(file.name) == os.getcwd() == tempfile.gettempdir())"
    ),
    "temporary folders": "import tempfile\nwith tempfile.TemporaryDirectory() as name: return float(os.path.isdir(name))",
    "folders": "import shutil\nos.makedirs('a/b/c')\nopen('a/b/c/d', 'w').close()\nshutil.rmtree('a')\nreturn 1",
    "temporary files in their folder": "import tempfile\nwith tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile(dir=folder) as file:\n    return file.write(b'x')",
    "copies": "import shutil\nopen('a', 'w').write('x')\nshutil.copyfile('a', 'b')\nreturn len(open('b').read())",
    "pickle": "import pickle\npickle.dump([1], open('a', 'wb'))\nreturn pickle.load(open('a', 'rb'))[0]",
    "csv, gzip, zipfile": "import bz2, csv, gzip, lzma, zipfile\ngzip.open('a.gz', 'w').write(b'x')\nreturn 1",
    "the local time": "import datetime\nreturn datetime.datetime.now().astimezone().utcoffset() is not None",
    "strftime": "import time\nreturn float(bool(time.strftime('%Y %Z %c', time.localtime())))",
    "os.cpu_count": "return os.cpu_count() >= 1",
    "multiprocessing.cpu_count": "import multiprocessing\nreturn multiprocessing.cpu_count() >= 1",
    "the load": "import resource\nreturn resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > 0",
    "warnings": "import warnings\nwarnings.warn('x')\nnp.log(np.zeros(1))\nreturn 1",
    "logging": "import logging\nlogging.basicConfig(filename='log')\nlogging.warning('x')\nreturn len(open('log').readlines())",
    "a traceback": (
        "import linecache, traceback\ntry: torch.ones(2) @ torch.ones(3)\nexcept RuntimeError: text = traceback.format_exc()\n"
        "return float('in body' in text and bool(linecache.getline(os.__file__, 1)))"
    ),
    "the source of a library": "import inspect\nreturn float('def mean' in inspect.getsource(__import__('statistics')))",
    "random": "import random\nrandom.seed()\nreturn float(random.SystemRandom().random() < 1)",
    "secrets": "import secrets\nreturn len(secrets.token_bytes(1)) * len(os.urandom(1))",
    "hashlib": "import hashlib\nreturn len(hashlib.sha256(b'x').digest()) / 32",
    "getpass": "import getpass\nreturn len(getpass.getuser()) > 0",
    "the home folder": "from pathlib import Path\nreturn float(str(Path.home()) == os.path.expanduser('~') == os.getcwd())",
    "platform": (
        "import platform\nplatform.uname(), platform.processor(), platform.python_version(), platform.machine()\n"
        "return len(platform.platform()) > 0"
    ),
    "uuid": "import uuid\nreturn float(len({uuid.uuid1(), uuid.uuid4()}) == 2 and uuid.getnode() > 0)",
    "locale": "import locale\nlocale.setlocale(locale.LC_ALL, '')\nlocale.localeconv()\nreturn float('UTF-8' in locale.getlocale())",
    "ctypes": "import ctypes\nreturn ctypes.CDLL(None).abs(-1)",
    "time": "import time\ntime.sleep(0.001)\nreturn float(time.perf_counter() > 0 and time.process_time() >= 0)",
    "timeit": "import timeit\nreturn timeit.timeit('1', number=1) < 60",
    "cProfile": "import cProfile\ncProfile.Profile().runcall(int)\nreturn 1",
    "dataclasses, enum, typing": "import collections, copy, dataclasses, enum, functools, heapq, itertools, operator, typing\nreturn 1",
    "importlib.metadata": "import importlib.metadata\nreturn len(importlib.metadata.version('torch')) > 0",
    "output": "print('x' * 10000)\nsys.stdout.flush()\nsys.stderr.write('x')\nreturn 1",
    "input that is empty": "return float(sys.stdin.read() == '')",
    "scipy": "from scipy.special import expit\nreturn float(expit(0)) * 2",
    "torch.compile is not asked for": "import torch._dynamo\nreturn 1",
    "operators of many threads": (
        "torch.set_num_threads(4)\nx = torch.randn(500, 500)\n"
        "y = (x @ x).exp().sum(0).sort().values\nreturn float(len(torch.nn.functional.softmax(y, 0)) / 500)"
    ),
    "operators in threads of Python": (
        "threads = [threading.Thread(target=lambda: torch.randn(300, 300) @ torch.randn(300, 300)) for _ in range(4)]\n"
        "[each.start() for each in threads]\n[each.join() for each in threads]\nreturn 1"
    ),
    "torch.profiler": (
        "from torch.profiler import profile\nwith profile() as seen: torch.ones(9).sum()\nreturn float(len(seen.key_averages()) > 0)"
    ),
    "half precision": "x = torch.ones(64, 64, dtype=torch.bfloat16)\nreturn float((x @ x)[0, 0] / 64)",
    "convolution": "return float(torch.nn.functional.conv2d(torch.ones(2, 3, 32, 32), torch.ones(8, 3, 3, 3))[0, 0, 0, 0]) / 27",
    "quantization": "x = torch.quantize_per_tensor(torch.ones(4), 1.0, 0, torch.qint8)\nreturn float(x.dequantize()[0])",
    "sparse": "return float(torch.eye(3).to_sparse().to_dense()[0, 0])",
    "torch.jit": "f = torch.jit.script(torch.nn.Linear(2, 2))\nreturn float(f(torch.ones(2)).shape[0] / 2)",
    "random of torch": "torch.manual_seed(0)\ntorch.seed()\ntorch.Generator().seed()\nreturn float(torch.randperm(5).sum()) / 10",
    "torch.from_file": "np.ones(4, 'f4').tofile('a')\nreturn float(torch.from_file('a', size=4)[0])",
    "torch.load, mapped": "torch.save({'W': torch.ones(2)}, 'a.pt')\nreturn float(torch.load('a.pt', mmap=True)['W'][0])",
    "torch.__config__": "return float(bool(torch.__config__.show() and torch.__config__.parallel_info() and torch.get_num_threads()))",
    "torch.cuda that is not there": "return float(not torch.cuda.is_available() or 1)",
    "NumPy of many threads": "x = np.ones((700, 700))\nnp.linalg.eigh(x)\nreturn float((x @ x)[0, 0]) / 700",
    "numpy.show_config": "np.show_config()\nreturn 1",
    "numpy.loadtxt": "np.savetxt('a', np.ones((2, 2)))\nreturn float(np.loadtxt('a')[0, 0]) * float(np.genfromtxt('a')[0, 0])",
    "numpy, 200 MB": "x = np.zeros(25_000_000)\nx += 1\nreturn float(x[-1])",
    "walks of folders": (
        "from pathlib import Path\nPath('a/b').mkdir(parents=True)\nPath('a/b/c').write_text('x')\n"
        "seen = [*os.walk('.'), *Path('.').rglob('*'), *os.scandir('.'), *__import__('glob').glob('**', recursive=True)]\n"
        "return float(len(seen) > 4 and Path('a/b/c').stat().st_size == 1 and os.access('a', os.R_OK) and Path('a/b/c').resolve().exists())"
    ),
    "another folder": "os.makedirs('a')\nos.chdir('a')\nopen('b', 'w').close()\nos.chdir('..')\nold = os.umask(0o22)\nos.umask(old)\nreturn float(os.path.exists('a/b'))",
    "reads and writes of every kind": (
        "with open('a', 'wb+', buffering=0) as file:\n"
        "    n = file.fileno()\n    os.pwrite(n, b'abcd', 0); os.pwritev(n, [b'e'], 4); os.writev(n, [b'x', b'y'])\n"
        "    os.fsync(n); os.fdatasync(n); os.ftruncate(n, 3); os.lseek(n, 0, 0); os.posix_fadvise(n, 0, 0, 1)\n"
        "    held = [bytearray(2)]\n    os.preadv(n, held, 0); os.readv(n, held)\n    os.fstatvfs(n)\n"
        "    return float(os.pread(n, 3, 0) == b'xyc' and file.isatty() is False)"
    ),
    "room on the disk": "import shutil\nreturn float(shutil.disk_usage('.').total > 0)",
    "locks of files": "import fcntl\nwith open('a', 'w') as file:\n    fcntl.flock(file, fcntl.LOCK_EX)\n    fcntl.lockf(file, fcntl.LOCK_EX)\nreturn 1",
    "pipes": (
        "import fcntl\nreading, writing = os.pipe()\nos.set_blocking(reading, False)\nos.set_inheritable(reading, True)\n"
        "os.write(writing, b'x')\nother = os.dup(reading)\nos.dup2(other, 40)\nos.get_inheritable(40)\n"
        "return len(os.read(40, 5))"
    ),
    "waiting for pipes": (
        "import select, selectors\nreading, writing = os.pipe()\nos.write(writing, b'x')\n"
        "poll, epoll = select.poll(), select.epoll()\npoll.register(reading, 1)\nepoll.register(reading, 1)\n"
        "seen = poll.poll(100), epoll.poll(0.1), select.select([reading], [], [], 0.1)[0]\nreturn float(all(seen))"
    ),
    "events": "number = os.eventfd(1)\nreturn os.eventfd_read(number)",
    "maps of files": (
        "import mmap\nopen('a', 'wb').write(b'x' * 8192)\nwith open('a', 'r+b') as file, mmap.mmap(file.fileno(), 0) as seen:\n"
        "    seen[0] = 121\n    seen.flush()\n    seen.madvise(mmap.MADV_SEQUENTIAL)\n    return float(seen[0] == 121)"
    ),
    "private maps": "import mmap\nreturn mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE).write(b'x')",
    "temporary files that are spooled": "import tempfile\nwith tempfile.SpooledTemporaryFile(max_size=1) as file: return file.write(b'xx') / 2",
    "sqlite3 in a file": "import sqlite3\nwith sqlite3.connect('a.db') as made: made.execute('create table t (x)')\nreturn 1",
    "archives": "import zipfile, tarfile\nopen('a', 'w').close()\nzipfile.ZipFile('a.zip', 'w').write('a')\ntarfile.open('a.tar', 'w').add('a')\nreturn 1",
    "alarms": "import signal\nsignal.signal(signal.SIGALRM, lambda *_: None)\nsignal.alarm(1)\nsignal.alarm(0)\nsignal.getitimer(signal.ITIMER_REAL)\nreturn 1",
    "signals of threads": (
        "import signal\nsignal.signal(signal.SIGUSR1, lambda *_: None)\nsignal.pthread_kill(threading.get_ident(), signal.SIGUSR1)\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})\nsignal.raise_signal(signal.SIGUSR2)\nsignal.sigpending()\n"
        "return float(signal.sigwait({signal.SIGUSR2}) == signal.SIGUSR2 and signal.sigtimedwait({signal.SIGUSR2}, 0.001) is None)"
    ),
    "faulthandler": "import faulthandler\nfaulthandler.enable(open('a', 'w'))\nfaulthandler.dump_traceback_later(100, file=open('b', 'w'))\nfaulthandler.cancel_dump_traceback_later()\nreturn 1",
    "tracemalloc": "import tracemalloc\ntracemalloc.start()\ntracemalloc.stop()\nreturn 1",
    "queues and locks": (
        "import queue\nseen = queue.Queue()\nthreading.Timer(0.01, seen.put, (1,)).start()\nreturn seen.get(timeout=5) * threading.Lock().acquire(timeout=0.1)"
    ),
    "a deep recursion in a thread with a great stack": (
        "threading.stack_size(64 << 20)\nsys.setrecursionlimit(20_000)\nseen = []\ndef down(n): return n and down(n - 1)\n"
        "thread = threading.Thread(target=lambda: seen.append(down(10_000)))\nthread.start()\nthread.join()\nthreading.stack_size(0)\nreturn len(seen)"
    ),
    "a limit lowered": "import resource\nsoft, hard = resource.getrlimit(resource.RLIMIT_STACK)\nresource.setrlimit(resource.RLIMIT_STACK, (soft, hard))\nresource.prlimit(os.getpid(), resource.RLIMIT_STACK)\nreturn 1",
    "clocks": (
        "import time\n[time.clock_gettime(each) + time.clock_getres(each) for each in (0, 1, 2, 3, 4, 5, 6, 7)]\n"
        "time.clock_gettime(time.pthread_getcpuclockid(threading.get_ident()))\ntime.get_clock_info('thread_time')\n"
        "os.times()\nreturn float(time.thread_time() >= 0 and time.time() > 0)"
    ),
    "priorities that are read": (
        "os.getpriority(os.PRIO_PROCESS, 0)\nos.sched_getscheduler(0)\nos.sched_getparam(0)\nos.sched_rr_get_interval(0)\n"
        "os.sched_get_priority_max(os.SCHED_FIFO)\nos.sched_yield()\nreturn float(os.getpriority(os.PRIO_PROCESS, os.getpid()) >= 0)"
    ),
    "the processors": "return float(len(os.sched_getaffinity(0)) == len(os.sched_getaffinity(os.getpid())) > 0)",
    "the processors, asked by a thread": (
        "seen = []\nthread = threading.Thread(target=lambda: seen.append(len(os.sched_getaffinity(0))))\nthread.start()\nthread.join()\nreturn float(seen[0] > 0)"
    ),
    "who it is": (
        "[getattr(os, name)() for name in ('getpid', 'getppid', 'getpgrp', 'getuid', 'geteuid', 'getgid', 'getegid', 'getresuid', 'getgroups', 'getcwd', 'uname')]\n"
        "return float(os.getpgid(0) == os.getpgid(os.getpid()) and os.getsid(0) == os.getsid(os.getpid()))"
    ),
    "children that are not there": "try: os.waitpid(-1, os.WNOHANG)\nexcept ChildProcessError: return 1",
    "a program that does not start": "import subprocess\ntry: subprocess.run(['true'])\nexcept PermissionError: return 1",
    "os.system": "return float(os.system('true') != 0)",
    "the stack of a thread, in C": (
        "import ctypes\nlibc = ctypes.CDLL(None)\nlibc.pthread_self.restype = ctypes.c_ulong\nseen = []\n"
        "def ask():\n    room = ctypes.create_string_buffer(256)\n    seen.append(libc.pthread_getattr_np(ctypes.c_ulong(libc.pthread_self()), room))\n"
        "thread = threading.Thread(target=ask)\nthread.start()\nthread.join()\nreturn float(seen == [0])"
    ),
    "names of threads, in C": "import ctypes\nreturn float(ctypes.CDLL(None).prctl(15, ctypes.c_char_p(b'mine'), 0, 0, 0) == 0)",
    "pandas": "import pandas\nreturn float(pandas.DataFrame({'x': [1.0]}).x.mean())",
    "scipy.optimize": "from scipy.optimize import minimize\nreturn float(minimize(lambda x: (x * x).sum(), np.ones(2)).success)",
    "matplotlib": "import matplotlib\nmatplotlib.use('Agg')\nimport matplotlib.pyplot as plt\nplt.plot([1])\nplt.savefig('a.png')\nreturn 1",
    "sklearn": "from sklearn.linear_model import LogisticRegression\nLogisticRegression().fit([[0], [1]], [0, 1])\nreturn 1",
}
NOT_EVERYWHERE = {
    "scipy": "scipy",
    "scipy.optimize": "scipy",
    "pandas": "pandas",
    "matplotlib": "matplotlib",
    "sklearn": "sklearn",
}
