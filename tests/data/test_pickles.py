"""Batch files in the python version: hostile and damaged ones run nothing and end in a sentence."""

import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from grader.data.pickles import read_pickle
from grader.errors import DataError
from tests.data.cifar_files import PER_FILE, batches, python2_pickle, python3_pickle

FILE = Path("somewhere/data_batch_1")


def sentence(content):
    with pytest.raises(DataError) as caught:
        read_pickle(content, FILE, PER_FILE)
    assert caught.value.path == FILE
    return str(caught.value)


class Command:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_command_is_named_and_not_run(tmp_path, protocol):
    made = tmp_path / "made"
    content = pickle.dumps({b"data": Command(made), b"labels": []}, protocol=protocol)

    assert sentence(content) == (
        f"{FILE}: this pickle uses {os.system.__module__}.system, which no CIFAR-10 file needs; nothing in it"
        " was run. Use the files of the published archive"
    )
    assert not made.exists()


@pytest.mark.parametrize(
    "name",
    ["builtins\neval", "builtins\ngetattr", "numpy\nload", "numpy.core.multiarray\nscalar", "os\nsystem"],
)
def test_only_five_names_are_known(name):
    assert f"uses {name.replace(chr(10), '.')}, which" in sentence(b"c" + name.encode() + b"\n.")


@pytest.mark.parametrize(
    "content, asked",
    [
        (b"\x80\x02cnumpy\nndarray\n)\x81.", "the instruction NEWOBJ"),
        (b"\x80\x02}\x82\x01.", "the instruction EXT1"),
        (b"\x80\x05\x96" + (1 << 60).to_bytes(8, "little") + b".", None),
        (b"\x80\x02}r\xff\xff\xff\x7f.", "2,147,483,647 objects"),
        (b"\x80\x02}q\x01P1\n.", "the instruction PERSID"),
    ],
)
def test_an_instruction_that_builds_more_than_data_is_refused_before_anything_is_built(content, asked):
    assert (f"uses {asked}, which" if asked else "found a damaged one") in sentence(content)


def test_another_encoding_is_refused():
    content = b"\x80\x02c_codecs\nencode\nX\x01\x00\x00\x00aX\x05\x00\x00\x00rot13\x86R."

    assert "uses the encoding rot13, which" in sentence(content)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no pickle",
        b"\x80\x02}q\x01",
        b"\x80\x02K\x01K\x02s.",
        b"\x80\x02h\x05.",
        b"\x80\x02]]s.",
        b"\x80\x02cnumpy\ndtype\n)R.",
    ],
)
def test_a_damaged_pickle_is_told(content):
    assert sentence(content) == (
        f"{FILE}: expected a pickle of CIFAR-10, found a damaged one or something else; unpack the archive again"
    )


def test_a_pickle_cut_short_anywhere_is_refused():
    whole = python2_pickle(*batches()[0])

    for length in range(0, len(whole), 997):
        assert "found a damaged one" in sentence(whole[:length])


@pytest.mark.parametrize(
    "found, words",
    [
        ([1, 2], "expected a dict, found list"),
        ({b"labels": [0] * PER_FILE}, "expected a dict with data and labels, found one without data"),
        (
            {b"data": [1], b"labels": [0]},
            "expected data to be a uint8 array of shape (20, 3072), found list",
        ),
    ],
)
def test_contents_of_another_kind_are_told(found, words):
    assert sentence(pickle.dumps(found, protocol=2)) == f"{FILE}: {words}; unpack the archive again"


@pytest.mark.parametrize(
    "images, words",
    [
        (np.zeros((20, 3071), np.uint8), "an array of shape (20, 3071)"),
        (np.zeros((2, 3072), np.uint8), "an array of shape (2, 3072)"),
        (np.zeros((20, 3072), np.float64), "an array of dtype f8"),
        (np.zeros((20, 3072), object), "an array of dtype O8"),
    ],
)
def test_arrays_of_another_kind_are_told(images, words):
    expected = "expected data to be a uint8 array of shape (20, 3072)"

    assert sentence(python3_pickle(images, [0] * 20)) == (
        f"{FILE}: {expected}, found {words}; unpack the archive again"
    )


def test_an_array_whose_bytes_are_too_few_is_told():
    whole = python2_pickle(*batches()[0])
    claimed = whole.replace(b"M\x14\x00M\x00\x0c\x86", b"M\x13\x00M\x00\x0c\x86")

    with pytest.raises(DataError, match="found 61,440 bytes"):
        read_pickle(claimed, FILE, 19)


def test_an_array_whose_state_is_a_number_is_told():
    content = b"\x80\x02}(U\x04datacnumpy\nndarray\n)RK\x05bU\x06labels]u."

    assert "found an array without contents" in sentence(content)


@pytest.mark.parametrize(
    "labels, words",
    [
        ([0] * 19, "expected 20 labels, found 19"),
        (["cat"] * 20, "expected labels to be a list of whole numbers, found something else"),
        ("abc", "expected labels to be a list of whole numbers, found something else"),
    ],
)
def test_labels_of_another_kind_are_told(labels, words):
    content = python3_pickle(batches()[0][0], labels)

    assert sentence(content) == f"{FILE}: {words}; unpack the archive again"


def test_an_array_in_column_order_is_read_as_it_was():
    images, labels = batches()[0]

    batch = read_pickle(python3_pickle(np.asfortranarray(images), labels), FILE, PER_FILE)

    assert np.array_equal(batch.images, images)
    assert batch.labels.tolist() == labels


def test_keys_of_text_will_do():
    images, labels = batches()[0]

    batch = read_pickle(pickle.dumps({"data": images, "labels": labels}, protocol=4), FILE, PER_FILE)

    assert batch.labels.tolist() == labels
