import ctypes
import mmap
import multiprocessing.shared_memory
import os

managed = []


def tried(name, action):
    try:
        result = action()
    except BaseException:
        return
    managed.append((name, result))

def call(number, *arguments):
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    given = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    result = libc.syscall(ctypes.c_long(number), *given)
    if result < 0:
        raise OSError(ctypes.get_errno(), "refused")
    return result

def svm_loss_naive(W, X, y, reg):
    tried("shared anonymous", lambda: mmap.mmap(-1, 1 << 20))
    tried("shared, validated", lambda: call(9, 0, 1 << 20, 3, 0x23, -1, 0))
    tried("memfd", lambda: os.memfd_create("left_by_attack"))
    tried("secret", lambda: call(447, 0))
    tried("System V memory", lambda: call(29, 0, 1 << 20, 0o1600))
    tried("System V semaphores", lambda: call(64, 0, 100, 0o1600))
    tried("System V messages", lambda: call(68, 0, 0o1600))
    tried("mailbox", lambda: ctypes.CDLL(None).mq_open(b"/left_by_attack", 0o102, 0o600, None) + 1 or 1 / 0)
    tried("POSIX", lambda: multiprocessing.shared_memory.SharedMemory("left_by_attack", create=True, size=1 << 20))
    tried("/dev/shm", lambda: open("/dev/shm/left_by_attack", "wb"))
    tried("/dev/zero", lambda: mmap.mmap(os.open("/dev/zero", os.O_RDWR), 1 << 20))
    raise AssertionError(f"managed: {managed}")
