"""Small files in the formats of CIFAR-10, made by hand; the grader is told how few images a file of theirs has."""

from __future__ import annotations

import gzip
import io
import pickle
import struct
import tarfile
from pathlib import Path

import numpy as np

PER_FILE = 20
PYTHON_NAMES = (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch")


def batches():
    """(images uint8 (20, 3072), labels of 20) for each of the six files."""
    rng = np.random.Generator(np.random.PCG64(3))
    return [
        (rng.integers(256, size=(PER_FILE, 3072), dtype=np.uint8), rng.integers(10, size=PER_FILE).tolist())
        for _ in PYTHON_NAMES
    ]


def python2_pickle(images, labels):
    """The bytes that Python 2 writes for a batch, protocol 2: all text is str, which Python 3 reads as bytes."""

    def short(text):
        return b"U" + bytes([len(text)]) + text

    def entry(key, value):
        return short(key) + value + b"s"

    dtype = b"cnumpy\ndtype\n" + short(b"u1") + b"K\x00K\x01\x87R(K\x03" + short(b"|")
    dtype += b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    raw = images.tobytes()
    shape = b"M" + struct.pack("<H", len(images)) + b"M\x00\x0c\x86"
    state = b"(K\x01" + shape + dtype + b"\x89T" + struct.pack("<i", len(raw)) + raw + b"t"
    array = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85" + short(b"b") + b"\x87R"
    array += state + b"b"
    listed = b"](" + b"".join(b"K" + bytes([label]) for label in labels) + b"e"
    names = b"](" + b"".join(short(f"photo_{number}.png".encode()) for number in range(len(labels))) + b"e"
    text = entry(b"batch_label", short(b"training batch 1 of 5")) + entry(b"labels", listed)
    return b"\x80\x02}q\x01" + text + entry(b"data", array) + entry(b"filenames", names) + b"."


def python3_pickle(images, labels, protocol=2):
    return pickle.dumps({b"data": images, b"labels": labels}, protocol=protocol)


def binary_file(images, labels):
    return np.column_stack([np.array(labels, np.uint8), images]).tobytes()


def python_files():
    return {name: python2_pickle(*batch) for name, batch in zip(PYTHON_NAMES, batches(), strict=True)}


def binary_files():
    return {f"{name}.bin": binary_file(*batch) for name, batch in zip(PYTHON_NAMES, batches(), strict=True)}


def write_folder(folder: Path, files):
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def write_archive(path: Path, folder, files):
    """A .tar.gz as the published ones are: the folder's own entry first."""
    with tarfile.open(path, "w:gz") as archive:
        head = tarfile.TarInfo(folder)
        head.type = tarfile.DIRTYPE
        archive.addfile(head)
        for name, content in reversed(files.items()):
            member = tarfile.TarInfo(f"{folder}/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def packed(content: bytes) -> bytes:
    return gzip.compress(content, 1)
