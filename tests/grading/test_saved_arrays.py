"""Saved arrays from the file to the verdict: what NumPy writes is read, nothing that a file names is run, and no file hangs."""

import io
import pickle
import pickletools
import struct
import zipfile
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from grader.checks.base.context import CheckContext
from grader.checks.training.saved import SavedCheck
from grader.checks.training.saved_file import SavedFile
from grader.data import DataSet
from grader.extract import extract
from grader.grading.sessions import Sessions
from grader.intake.archive import SAVED_BYTES, SAVED_COUNT, unread_saved
from grader.intake.submission import SourceFile, Submission, load_submission
from grader.model.assignment import Assignment, Limits, PredictorFunction
from reference import Convention
from tests.checks.images import DATA

LINEAR = SavedFile(
    file="best.npy", arrays={"W": (3073, 10)}, images="channels_last", val_bar=0.3, test_bar=0.3
)
NET = SavedFile(
    file="net.npy",
    arrays={"W1": (3072, "H"), "b1": ("H",), "W2": ("H", 10), "b2": (10,)},
    images="channels_first",
    val_bar=0.3,
    test_bar=0.3,
)
FEATURES_FILE = SavedFile(file="features.npy", arrays={"W": ("D", 10)})
ASSIGNMENT = Assignment(
    convention=Convention(),
    backend="numpy",
    functions={"predict": PredictorFunction(role="predictor")},
    limits=Limits(),
)
MODULE = SourceFile("hw.py", b"def predict(W, X):\n    return (X @ W).argmax(1)\n")
REAL = DataSet("a few images", lambda: (DATA.splits, ()), path=Path("cifar-10"))


def checked(*files, missing="fail"):
    return SavedCheck(
        kind="saved", id="saved", title="saved", points=1, hint="Look again.", files=files, missing=missing
    )


def verdict_on(sandbox, contents, *files, data=DATA, missing="fail"):
    check = checked(*files, missing=missing)
    context = CheckContext(ASSIGNMENT, 0, data=data)
    given = (MODULE, *(SourceFile(path, content) for path, content in contents.items()))
    extracted = extract(Submission("s", given), ["predict"])
    with Sessions(sandbox, extracted, ASSIGNMENT, "cpu", given) as sessions, np.errstate(all="ignore"):
        evidence = [(trial, sessions.run(trial)) for trial in check.trials(context)]
        evidence += [(trial, sessions.run(trial)) for trial in check.more_trials(context, evidence)]
    assert check.more_trials(context, evidence) == () or len(evidence) == len(files)
    return check.judge(context, evidence)


@cache
def templates():
    """(10, 3, 32, 32): ridge regression on the images of (3, 32, 32) from 0 to 255 without the mean image."""
    X, y = DATA.split("train")
    rows = 255 * (X[:, :-1] - X[:, :-1].mean(axis=0)).astype(float)
    targets = np.eye(10)[y] - 0.1
    kernel = rows @ rows.T
    return (rows.T @ np.linalg.solve(kernel + np.trace(kernel) / 50 * np.eye(len(y)), targets)).T.reshape(
        10, 3, 32, 32
    )


def linear(order=(0, 2, 3, 1)):
    return np.vstack([templates().transpose(order).reshape(10, -1).T, np.zeros((1, 10))])


def network():
    W1 = templates().reshape(10, -1).T
    return {
        "W1": np.hstack([W1, -W1]),
        "b1": np.zeros(20),
        "W2": np.vstack([np.eye(10), -np.eye(10)]),
        "b2": np.zeros(10),
    }


def npy(value, protocol=4):
    if isinstance(value, np.ndarray) and value.dtype != object:
        stream = io.BytesIO()
        np.save(stream, value)
        return stream.getvalue()
    around = np.empty((), dtype=object)
    around[()] = value
    return header("|O", ()) + pickle.dumps(around, protocol=protocol)


def header(descr, shape, fortran=False):
    text = f"{{'descr': {descr!r}, 'fortran_order': {fortran}, 'shape': {shape!r}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


def npz(compressed=False, **arrays):
    stream = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(stream, **arrays)
    return stream.getvalue()


WRITTEN = {
    "as np.save writes it": lambda W: npy({"W": W}),
    "protocol 3 of NumPy 1": lambda W: npy({"W": W}, 3).replace(b"numpy._core", b"numpy.core"),
    "protocol 5": lambda W: npy({"W": W}, 5),
    "protocol 5 of a read-only array": lambda W: npy({"W": np.frombuffer(W.tobytes()).reshape(W.shape)}, 5),
    "beside a scalar and a rate": lambda W: npy(
        {"W": W, "best": np.float64(0.37), "rate": 1e-7, "losses": [2.3, 2.2]}
    ),
    "in Fortran order": lambda W: npy({"W": np.asfortranarray(W)}),
    "big-endian": lambda W: npy({"W": W.astype(">f8")}),
    "float32": lambda W: npy({"W": W.astype(np.float32)}),
    "whole numbers": lambda W: npy({"W": np.rint(1e9 * W).astype(np.int32)}),
    "a bare array": npy,
    "a bare array in Fortran order": lambda W: npy(np.asfortranarray(W)),
    "a bare big-endian array": lambda W: npy(W.astype(">f4")),
    "a pickle alone": lambda W: pickle.dumps({"W": W}),
    "an .npz": lambda W: npz(W=W),
    "a compressed .npz": lambda W: npz(compressed=True, W=W),
    "an .npz of a bare array": lambda W: npz(arr_0=W),
    "an .npz of a dict": lambda W: npz(arr_0=np.array({"W": W})),
}


@pytest.mark.parametrize("write", WRITTEN.values(), ids=WRITTEN)
def test_however_numpy_wrote_them_the_weights_are_read(sandbox, write):
    verdict = verdict_on(sandbox, {"cs231n/saved/best.npy": write(linear())}, LINEAR, data=REAL)

    assert (verdict.status, verdict.credit) == ("passed", 1.0), verdict.message
    assert verdict.measured["best_val_accuracy"] > verdict.allowed["best_val_accuracy"] == 0.3


@pytest.mark.parametrize("name", ["best.npz", "best.npy.npz"])
def test_an_npz_takes_the_place_of_the_npy(sandbox, name):
    assert verdict_on(sandbox, {name: npz(W=linear())}, LINEAR).status == "passed"


def test_tensors_are_read_as_well(sandbox):
    stream = io.BytesIO()
    torch.save({name: torch.from_numpy(each).float() for name, each in network().items()}, stream)
    file = NET.model_copy(update={"file": "net.pt"})

    assert verdict_on(sandbox, {"net.pt": stream.getvalue()}, file, data=REAL).status == "passed"


def test_both_kinds_of_weights_are_scored_on_the_images_that_each_takes(sandbox):
    contents = {"a/best.npy": npy({"W": linear()}), "a/net.npy": npy(network())}

    verdict = verdict_on(sandbox, contents, LINEAR, NET, data=REAL)

    assert verdict.credit == 1, verdict.message
    assert set(verdict.measured) == {
        f"{name}_{split}_accuracy" for name in ("best", "net") for split in ("val", "test")
    }


def test_weights_for_the_other_order_of_channels_are_told(sandbox):
    verdict = verdict_on(sandbox, {"best.npy": npy({"W": linear((0, 1, 2, 3))})}, LINEAR, data=REAL)

    assert (verdict.status, verdict.credit, verdict.hint) == ("failed", 0.0, "Look again.")
    assert verdict.message.startswith("Not accurate enough: best.npy labels 0.")
    assert "It fits images of (3, 32, 32) from 0 to 255: was it trained on those?" in verdict.message


def test_each_bar_counts_half_of_its_file_and_each_file_alike(sandbox):
    easy_and_hard = LINEAR.model_copy(update={"val_bar": 0.2, "test_bar": 0.99})
    contents = {
        "best.npy": npy({"W": linear()}),
        "features.npy": npy({"W": np.ones((170, 10)) * np.arange(10)}),
    }

    assert verdict_on(sandbox, contents, easy_and_hard, FEATURES_FILE, data=REAL).credit == 0.75


def test_on_the_stand_in_the_form_alone_counts_and_the_bars_are_told(sandbox):
    contents = {
        "best.npy": npy({"W": np.roll(linear(), 3, axis=1)}),
        "features.npy": npy({"W": linear()[:170]}),
    }

    verdict = verdict_on(sandbox, contents, LINEAR, FEATURES_FILE)

    assert (verdict.status, verdict.credit, verdict.measured) == ("passed", 1.0, {})
    assert verdict.message == (
        "best.npy and features.npy hold finite numbers in the right shapes. Their accuracy was not measured:"
        " this run used stand-in images, not the CIFAR-10 images they were trained on. With CIFAR-10"
        " (--data) it counts:"
        " best.npy 0.3 on the validation images, 0.3 on the test images."
    )


def test_files_that_are_not_there_are_told_in_one_sentence(sandbox):
    verdict = verdict_on(sandbox, {}, LINEAR, NET)

    assert (verdict.status, verdict.credit) == ("failed", 0.0)
    assert verdict.message == (
        "best.npy and net.npy are not in the submission, or each larger than 64 MiB: run the cells of the notebooks that save"
        " the weights, and hand in the files they write."
    )


def test_files_that_are_not_there_can_cost_nothing_and_bad_ones_still_do(sandbox):
    contents = {"net.npy": b"not weights"}

    verdict = verdict_on(sandbox, contents, LINEAR, NET, missing="ignore")

    assert (verdict.status, verdict.credit) == ("failed", 0.5)
    assert verdict.message.startswith(
        "best.npy is not in the submission, or larger than 64 MiB. That costs no points: not every course"
        " collects saved weights."
    )


# --- Files that nobody should run ------------------------------------------------------------------------------------

BAD_NET = network()
START = 1e-3 * np.random.default_rng(0).normal(size=(3072, 20))


class Calls:
    """A call of anything, as a pickle states it."""

    def __init__(self, function, *arguments, state=None):
        self.call = (function, arguments) if state is None else (function, arguments, state)

    def __reduce__(self):
        return self.call


def reconstruct(shape, dtype, raw, fortran=False):
    """An array with this state, whether it fits together or not."""
    return Calls(np.empty(0).__reduce__()[0], np.ndarray, (0,), b"b", state=(1, shape, dtype, fortran, raw))


def packed(*members):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return stream.getvalue()


def recursive():
    around: list[object] = []
    around.append(around)
    return npy({"W": around, "me": around})


def billion_laughs():
    """Lists of lists that share: small in a file, endless for whoever walks them."""
    value: list[object] = ["x"]
    for _ in range(60):
        value = [value, value]
    return npy({"W": value})


def huge_memo():
    return header("|O", ()) + b"\x80\x04N" + b"r\xff\xff\xff\x7f" + b"."


NO_FORM = "best.npy is damaged or was not written by np.save: loading it raised"
ADVICE = "; save a dict of arrays with np.save(path, params)."
F8 = np.dtype("f8")

HOSTILE = {
    "empty": (lambda: b"", f"{NO_FORM} ValueError."),
    "not an array": (lambda: b"W = 3", f"{NO_FORM} "),
    "cut off": (lambda: npy({"W": linear()})[:5000], f"{NO_FORM} "),
    "a call": (
        lambda: npy({"W": Calls(print, "executed")}),
        "best.npy holds a pickle that names builtins.print; only",
    ),
    "a call of the shell": (
        lambda: npy({"W": Calls(__import__("os").system, "true")}),
        "system; only arrays are read",
    ),
    "a call through numpy": (
        lambda: npy({"W": Calls(np.load, "/etc/passwd")}),
        "best.npy holds a pickle that names numpy.",
    ),
    "numpy's own eval": (
        lambda: npy({"W": Calls(np.lib.format.open_memmap, "x")}),
        "best.npy holds a pickle that names numpy.",
    ),
    "ndarray called": (lambda: npy({"W": Calls(np.ndarray, (1 << 20, 1 << 20))}), f"{NO_FORM} ValueError."),
    "huge dimensions": (
        lambda: npy({"W": reconstruct((1 << 40, 1 << 40), F8, b"")}),
        f"{NO_FORM} ValueError.",
    ),
    "negative dimensions": (
        lambda: npy({"W": reconstruct((-3073, -10), F8, bytes(3073 * 80))}),
        f"{NO_FORM} ValueError.",
    ),
    "dimensions that are no numbers": (
        lambda: npy({"W": reconstruct(("a", None), F8, b"")}),
        f"{NO_FORM} ValueError.",
    ),
    "truth for a dimension": (
        lambda: npy({"W": reconstruct((True, 10), F8, bytes(80))}),
        f"{NO_FORM} ValueError.",
    ),
    "many axes": (
        lambda: npy({"W": reconstruct((1,) * 64, F8, bytes(8))}),
        "holds an array with more than 4 axes",
    ),
    "too few bytes": (lambda: npy({"W": reconstruct((3073, 10), F8, b"12345678")}), f"{NO_FORM} ValueError."),
    "bytes that are a list": (
        lambda: npy({"W": reconstruct((3073, 10), F8, [0.0])}),
        f"{NO_FORM} ValueError.",
    ),
    "objects": (
        lambda: npy({"W": np.array([[{}], [3]], dtype=object)}),
        f"best.npy holds an array of objects in its dict, where numbers are expected{ADVICE}",
    ),
    "objects beside it": (
        lambda: npy({"W": linear(), "more": np.array([None])}),
        f"best.npy holds an array of objects in its dict, where numbers are expected{ADVICE}",
    ),
    "structured": (
        lambda: npy({"W": np.zeros(3, "i4,f8")}),
        "holds an array of dtype |V12 under 'W', where numbers",
    ),
    "subarrays": (
        lambda: npy({"W": np.zeros(3, [("a", "f8", (2, 2))])}),
        "holds an array of dtype |V32 under 'W'",
    ),
    "texts": (lambda: npy({"W": np.array(["a"])}), "holds an array of dtype <U1 under 'W', where numbers"),
    "complex": (lambda: npy({"W": np.zeros((3073, 10), complex)}), "holds an array of dtype <c16 under 'W'"),
    "nine arrays": (
        lambda: npy({f"W{number}": np.zeros(1) for number in range(9)}),
        f"best.npy holds more than 8 arrays{ADVICE}",
    ),
    "a key that is a number": (
        lambda: npy({"W": linear(), 3: 4}),
        f"best.npy holds a dict with a key that is not a string{ADVICE}",
    ),
    "no W": (
        lambda: npy({"weights": linear()}),
        f"best.npy holds a dict without the key 'W' (it has 'weights'){ADVICE}",
    ),
    "a list for W": (
        lambda: npy({"W": [1.0]}),
        f"best.npy holds a value of type list under 'W', not an array{ADVICE}",
    ),
    "a list": (lambda: npy([1.0]), f"best.npy holds a value of type list, not a dict of arrays{ADVICE}"),
    "itself": (recursive, f"best.npy holds a value of type list under 'W', not an array{ADVICE}"),
    "a billion laughs": (
        billion_laughs,
        f"best.npy holds a value of type list under 'W', not an array{ADVICE}",
    ),
    "a memo of gigabytes": (huge_memo, f"{NO_FORM} ValueError."),
    "millions of instructions": (
        lambda: header("|O", ()) + b"\x80\x04" + b"N0" * (4 << 20) + b"N.",
        "best.npy holds more than arrays (the pickle's instruction ",
    ),
    "nested a million deep": (
        lambda: header("|O", ()) + b"\x80\x04" + b"]" * 40_000 + b"a" * 39_999 + b".",
        "best.npy holds more than arrays",
    ),
    "a class": (
        lambda: header("|O", ()) + b"\x80\x04(ibuiltins\nobject\n.",
        "best.npy holds more than arrays (the pickle's instruction INST); nothing in it was run",
    ),
    "a persistent id": (lambda: header("|O", ()) + b"\x80\x04Px\n.", "the pickle's instruction PERSID"),
    "a header of huge dimensions": (lambda: header("<f8", (1 << 62, 1 << 62)), f"{NO_FORM} ValueError."),
    "a header of negative dimensions": (
        lambda: header("<f8", (-1, 10)) + bytes(80),
        f"{NO_FORM} ValueError.",
    ),
    "a header of records": (
        lambda: header([("a", "<f8")], (3,)) + bytes(24),
        f"best.npy holds a structured array, not a dict of arrays{ADVICE}",
    ),
    "a header of subarrays": (lambda: header(("<f8", (2, 2)), (3,)) + bytes(96), "holds a structured array"),
    "a header that is a call": (
        lambda: header("|O", ()).replace(b"'fortran_order': False", b"'fortran_order':print()"),
        f"{NO_FORM} ",
    ),
    "a header of brackets": (
        lambda: b"\x93NUMPY\x01\x00" + struct.pack("<H", 9000) + b"[" * 9000,
        f"{NO_FORM} ",
    ),
    "a header beyond the file": (
        lambda: b"\x93NUMPY\x02\x00\xff\xff\xff\xff" + bytes(20),
        f"{NO_FORM} ValueError.",
    ),
    "an .npz of zeros without end": (
        lambda: packed(("W.npy", header("<f8", (1 << 24,)) + bytes(1 << 27))),
        f"best.npy holds more than 64 MiB of arrays{ADVICE}",
    ),
    "an .npz of many": (
        lambda: packed(*((f"{number}.npy", npy(np.zeros(1))) for number in range(9))),
        f"best.npy holds more than 8 arrays{ADVICE}",
    ),
    "an .npz of a call": (
        lambda: packed(("W.npy", npy(Calls(print, "executed")))),
        "best.npy holds a pickle that names builtins.print; only arrays are read",
    ),
    "an .npz in an .npz": (lambda: packed(("W.npy", npz(W=np.zeros(1)))), "best.npy "),
    "not finite": (
        lambda: npy({"W": np.full((3073, 10), np.nan)}),
        "W in best.npy has numbers that are not finite.",
    ),
    "beyond floats": (
        lambda: npy({"W": np.full((3073, 10), np.longdouble("1e4000"))}),
        "W in best.npy has numbers that are not finite.",
    ),
    "transposed": (
        lambda: npy({"W": linear().T}),
        "W in best.npy has the shape (10, 3073); expected (3073, 10). It is transposed.",
    ),
    "without the bias": (
        lambda: npy({"W": linear()[:-1]}),
        "W in best.npy has the shape (3072, 10); expected (3073, 10).",
    ),
    "no columns": (
        lambda: npy({"W": np.zeros((3073, 0))}),
        "W in best.npy has the shape (3073, 0); expected (3073, 10).",
    ),
    "a number": (lambda: npy(np.float64(3)), f"best.npy holds a single number, not a dict of arrays{ADVICE}"),
    "zeros": (
        lambda: npy({"W": np.zeros((3073, 10))}),
        "best.npy was not trained: all numbers in W are the same.",
    ),
    "noise": (
        lambda: npy({"W": np.random.default_rng(0).normal(size=(3073, 10))}),
        "best.npy was not trained: it is noise. The weights of neighboring pixels are unrelated",
    ),
}


def test_no_hostile_file_gains_hangs_or_ends_anything(sandbox):
    """One test for all, as each takes hundredths of a second."""
    wrong = []
    for name, (content, words) in HOSTILE.items():
        verdict = verdict_on(sandbox, {"best.npy": content()}, LINEAR)
        if (verdict.status, verdict.credit) != ("failed", 0.0) or words not in verdict.message:
            wrong.append((name, verdict.status, verdict.message))
    assert wrong == []


NETS = {
    "W1 transposed": (
        {**BAD_NET, "W1": BAD_NET["W1"].T},
        "W1 in net.npy has the shape (20, 3072); expected (3072, H).",
    ),
    "b1 of another length": (
        {**BAD_NET, "b1": np.zeros(19)},
        "b1 in net.npy has the shape (19,); expected (H,) with H = 20.",
    ),
    "five classes": (
        {**BAD_NET, "W2": np.eye(20)[:, :5]},
        "W2 in net.npy has the shape (20, 5); expected (H, 10) with H = 20.",
    ),
    "W2 missing": (
        {name: BAD_NET[name] for name in ("W1", "b1", "b2")},
        "net.npy holds a dict without the key 'W2' (it has 'W1', 'b1', 'b2'); save a dict of arrays with np.save(path, params).",
    ),
    "W1 of zeros": (
        {**BAD_NET, "W1": np.zeros((3072, 20))},
        "net.npy was not trained: all numbers in W1 are the same.",
    ),
    "one column in W2": (
        {**BAD_NET, "W2": np.repeat(np.arange(20.0)[:, None], 10, axis=1)},
        "net.npy was not trained: the columns of W2 are all the same, so every class has the same score for every image.",
    ),
    "one weight for all pixels": (
        {**BAD_NET, "W1": np.repeat(np.arange(20.0)[None], 3072, axis=0)},
        "net.npy was not trained: W1 has the same weight for every pixel, so it can only tell bright images from dark ones.",
    ),
    "no unit that is ever on": (
        {**BAD_NET, "b1": np.full(20, -1e9)},
        "net.npy was not trained: every image gets the same scores.",
    ),
    "a start": (
        {**BAD_NET, "W1": START},
        "net.npy was not trained: its biases are zero and W1 is noise, as before the first step.",
    ),
}


def test_what_is_wrong_with_a_network_is_told(sandbox):
    for params, words in NETS.values():
        assert words in verdict_on(sandbox, {"net.npy": npy(params)}, NET).message


def test_a_bias_with_an_axis_of_one_is_right(sandbox):
    params = {**network(), "b1": np.zeros((1, 20)), "b2": np.zeros((1, 10))}

    assert verdict_on(sandbox, {"net.npy": npy(params)}, NET, data=REAL).credit == 1


def test_a_network_that_may_not_have_been_trained_is_for_the_instructor_to_look_at(sandbox):
    few_steps = {**network(), "W1": START, "b2": 1e-4 * np.arange(10)}

    verdict = verdict_on(sandbox, {"net.npy": npy(few_steps)}, NET)

    assert (verdict.status, [flag.kind for flag in verdict.alarms]) == ("passed", ["suspect_accuracy"])


def test_a_file_that_costs_itself_costs_no_other(sandbox):
    contents = {"net.npy": HOSTILE["a memo of gigabytes"][0](), "best.npy": npy({"W": linear()})}

    verdict = verdict_on(sandbox, contents, NET, LINEAR)

    assert verdict.credit == 0.5, verdict.message


def test_every_name_that_an_array_of_this_numpy_needs_is_known():
    names = set()
    for protocol in (4, 5):
        for value in ({"W": np.eye(3)}, {"W": np.asfortranarray(np.eye(3)), "rate": np.float32(3)}):
            texts = [
                argument
                for _, argument, _ in pickletools.genops(pickle.dumps(np.array(value), protocol=protocol))
            ]
            names |= {each for each in texts if isinstance(each, str) and each.startswith("numpy")}
    assert names <= {"numpy", "numpy._core.multiarray", "numpy._core.numeric"}


# --- Which files are read --------------------------------------------------------------------------------------------


def test_the_smaller_files_are_read_where_all_would_be_too_much():
    data = {f"datasets/{number}.npy": SAVED_BYTES - 1 for number in range(4)}
    sizes = {**data, "saved/best.npy": 246_201, "saved/huge.npy": SAVED_BYTES + 1, "hw.py": 100}

    unread = unread_saved(sizes)

    assert "saved/huge.npy" in unread
    assert not {"saved/best.npy", "hw.py"} & unread
    assert len(unread & set(data)) == 3


def test_ever_so_many_arrays_keep_no_module_from_being_read(tmp_path):
    (tmp_path / "hw.py").write_bytes(MODULE.content)
    (tmp_path / "data").mkdir()
    for number in range(2_100):
        (tmp_path / "data" / f"{number}.npy").touch()

    assert len(load_submission(tmp_path).files) == SAVED_COUNT + 1
