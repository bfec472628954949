"""A trial as a request: shapes and dtypes as text, contents as raw bytes, and none of the answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from grader.extract import Extracted
from grader.model.trial import (
    Argument,
    Array,
    Device,
    FileArgument,
    FunctionArgument,
    ResidentTensor,
    Scalar,
    Spy,
    Tensor,
    Trial,
    Watch,
)
from grader.sandbox import decode
from grader.sandbox.inside import wire
from grader.sandbox.sharing import SharedArrays


def describe_program(extracted: Extracted, redirect_cuda: bool) -> dict[str, Any]:
    """The submission's code, chunk by chunk, with its own modules and the stubbed ones."""
    chunks = [
        {
            "number": chunk.number,
            "file": chunk.file,
            "line": chunk.location.line,
            "place": str(chunk.location),
            "source": chunk.source,
            "binds": list(chunk.binds),
            "borrows": list(chunk.borrows),
        }
        for chunk in extracted.chunks
    ]
    return {
        "op": "program",
        "chunks": chunks,
        "files": sorted({chunk.file for chunk in extracted.chunks} | set(extracted.modules.values())),
        "modules": dict(extracted.modules),
        "stubs": list(extracted.stubs),
        "absences": {
            each.dotted: {
                "subject": each.subject,
                "predicate": each.predicate,
                "is_package": each.is_package,
                "starred": list(each.starred),
            }
            for each in extracted.absences
        },
        "redirect_cuda": redirect_cuda and any(each.mentions_cuda for each in extracted.functions.values()),
    }


def describe_call(
    trial: Trial, *, redirect_cuda: bool, device: Device = "cpu", default_device: Device = "cpu"
) -> tuple[dict[str, Any], tuple[wire.Buffer, ...], Spy | None]:
    """Header and payload of the call, and the spy among its arguments.

    device: where its tensors go. default_device: where code that names no device makes its own.
    """
    packer = _ArgumentPacker()
    header = {
        "op": "call",
        "function": trial.function,
        "method": trial.method,
        "backend": trial.backend,
        "device": device,
        "positional": [packer.pack(argument) for argument in trial.positional],
        "keywords": {name: packer.pack(argument) for name, argument in trial.keywords.items()},
        "state": {name: packer.pack(argument) for name, argument in trial.state.items()},
        "outputs": [decode.describe_output(output) for output in trial.outputs],
        "fetch": {name: decode.describe_output(output) for name, output in trial.fetch.items()},
        "echo": list(zip(trial.echo, map(decode.describe_output, decode.echo_outputs(trial)), strict=True)),
        "is_counted": trial.is_counted,
        "are_calls_counted": trial.are_calls_counted,
        "disturbed": trial.disturbed,
        "is_again": trial.is_again,
        "redirect_cuda": redirect_cuda,
        "default_device": default_device,
        "driver": None if trial.driver is None else trial.driver.name,
        "watch": _described_watch(trial.watch),
    }
    return header, tuple(packer.buffers), packer.spy


def describe_resident(
    tensors: Sequence[ResidentTensor], backend: str, shared: SharedArrays, device: Device = "cpu"
) -> tuple[dict[str, Any], tuple[wire.Buffer, ...], tuple[int, ...]]:
    """Header, payload and descriptors of tensors that replace all resident ones of a worker."""
    packer = _ArgumentPacker()
    entries: dict[str, dict[str, Any]] = {}
    descriptors: list[int] = []
    for each in tensors:
        shared_at = shared.descriptor(each.array)
        if shared_at is None:
            entries[each.key] = packer.pack(Tensor(each.array))
        else:
            descriptor, offset = shared_at
            entries[each.key] = _described(each.array) | {"descriptor": len(descriptors), "offset": offset}
            descriptors.append(descriptor)
    header = {"op": "resident", "backend": backend, "device": device, "tensors": entries}
    return header, tuple(packer.buffers), tuple(descriptors)


def _described_watch(watch: Watch | None) -> dict[str, Any] | None:
    if watch is None:
        return None
    return {
        "shape": list(watch.shape),
        "stride": watch.stride,
        "functions": list(watch.functions),
        "reads_own": watch.reads_own,
    }


def _described(array: Array) -> dict[str, Any]:
    return {"kind": "tensor", "dtype": array.dtype.str, "shape": list(array.shape)}


class _ArgumentPacker:
    def __init__(self) -> None:
        self.buffers: list[wire.Buffer] = []
        self.spy: Spy | None = None
        self._offset = 0

    def pack(self, argument: Argument) -> dict[str, Any]:
        match argument:
            case Tensor(array=array):
                return self._pack_tensor(array)
            case Scalar(value=value):
                return {"kind": "scalar", "value": value}
            case Spy():
                self.spy = argument
                inputs = [decode.describe_output(output) for output in decode.spy_outputs(argument)]
                return {"kind": "spy", "inputs": inputs, "is_method": argument.is_method}
            case ResidentTensor(key=key):
                return {"kind": "resident", "key": key}
            case FunctionArgument(name=name):
                return {"kind": "function", "name": name}
            case FileArgument(name=name):
                raise TypeError(f"the bytes of {name} were not filled in")

    def _pack_tensor(self, array: Array) -> dict[str, Any]:
        contiguous = np.ascontiguousarray(array)
        entry = _described(array) | {"offset": self._offset}
        self.buffers.append(contiguous.reshape(-1).view(np.uint8).data)
        self._offset += array.nbytes + -array.nbytes % wire.ALIGNMENT
        return entry
