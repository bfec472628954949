import json

import numpy as np

from grader.model.trial import ArrayOutput, NumberOutput, Scalar, SeriesOutput, Spy, Tensor, Trial
from grader.sandbox.inside import wire
from grader.sandbox.request import describe_call, describe_program
from tests.sandbox.calls import extracted_of


def test_a_call_states_shapes_and_offsets_and_sends_the_contents_beside_them():
    W, y = np.arange(6.0).reshape(3, 2).T, np.array([1, 0, 1])
    trial = Trial("a call", "f", (Tensor(W), Tensor(y), Scalar(0.5)), (NumberOutput(), ArrayOutput((2, 3))))

    header, buffers, spy = describe_call(trial, redirect_cuda=False)

    assert header["positional"] == [
        {"kind": "tensor", "dtype": "<f8", "shape": [2, 3], "offset": 0},
        {"kind": "tensor", "dtype": "<i8", "shape": [3], "offset": 48},
        {"kind": "scalar", "value": 0.5},
    ]
    assert [np.frombuffer(buffers[0]).tolist(), np.frombuffer(buffers[1], "<i8").tolist()] == [
        [0, 2, 4, 1, 3, 5],
        [1, 0, 1],
    ]
    assert spy is None


def test_offsets_fit_the_padding_of_the_wire():
    arrays = [np.full(count, count, np.float32) for count in (1, 4, 5, 0, 3)]
    trial = Trial("a call", "f", tuple(Tensor(array) for array in arrays), ())

    header, buffers, _ = describe_call(trial, redirect_cuda=False)

    payload = b"".join(bytes(part) for part in wire.pack_request({}, buffers)[2:])
    for entry, array in zip(header["positional"], arrays, strict=True):
        sent = np.frombuffer(payload, entry["dtype"], count=array.size, offset=entry["offset"])
        assert sent.tolist() == array.tolist()


def test_a_spy_is_described_by_shapes_alone():
    spy = Spy(np.array([0.123456]), np.full((1, 3, 2), 0.654321), batch=4, columns=3)
    trial = Trial("a call", "f", (spy, Scalar(None)), (SeriesOutput(1),), state={"loss": spy})

    header, buffers, found = describe_call(trial, redirect_cuda=True)

    assert found is spy
    assert buffers == ()
    assert "123456" not in json.dumps(header)
    assert "654321" not in json.dumps(header)
    assert header["positional"][0]["inputs"] == [
        {"kind": "array", "shape": [3, 2]},
        {"kind": "array", "shape": [4, 3]},
        {"kind": "labels", "shape": [4]},
        {"kind": "number", "shape": []},
    ]


def test_a_trials_label_and_its_deadline_are_not_sent():
    trial = Trial("a telling label", "f", (), (NumberOutput(),), seconds=7.75)

    header, _, _ = describe_call(trial, redirect_cuda=False)

    assert "telling" not in json.dumps(header)
    assert "7.75" not in json.dumps(header)


def test_a_program_is_what_was_extracted_and_no_more():
    extracted = extracted_of("import matplotlib\n\ndef unused(): pass\n\ndef f(): return matplotlib\n", "f")

    program = describe_program(extracted, redirect_cuda=True)

    assert program == {
        "op": "program",
        "chunks": [
            {
                "number": 0,
                "file": "hw.py",
                "line": 1,
                "place": "hw.py, line 1",
                "source": "import matplotlib",
                "binds": ["matplotlib"],
                "borrows": ["matplotlib"],
            },
            {
                "number": 1,
                "file": "hw.py",
                "line": 5,
                "place": "hw.py, line 5",
                "source": "def f(): return matplotlib",
                "binds": ["f"],
                "borrows": [],
            },
        ],
        "files": ["hw.py"],
        "modules": {},
        "stubs": ["matplotlib"],
        "absences": {
            "matplotlib": {
                "subject": "matplotlib",
                "predicate": "cannot be used here",
                "is_package": True,
                "starred": [],
            }
        },
        "redirect_cuda": False,
    }
