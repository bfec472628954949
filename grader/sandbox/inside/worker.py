"""The student's side: loads the student's code, makes the requested calls and sends back bytes.

Runs as a plain file under `python -I`, beside the other plain files of this folder only. It holds no answers,
no tolerances and no seed, and everything it says is a claim that the judge checks.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import math
import mmap
import os
import random
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import backends
import c_loops
import disturbing
import library_code
import opcode_count
import packing
import tampering
import traced_threads
import watching
import wire
import witness
from backends import Tensor, torch
from program import Program

if torch is not None:
    import cuda_redirect
    import torch_witness

_SYNCHRONIZE: Callable[[], None] | None = getattr(getattr(torch, "_C", None), "_cuda_synchronize", None)
"""Waits for the GPU, even if a student replaces torch.cuda.synchronize."""

_LOSS_PARAMETERS = (("W",), ("X", "X_batch"), ("y", "y_batch"), ("reg",))

_FORMER_NAMES: Mapping[str, Any] = {
    "Inf": np.inf,
    "NaN": np.nan,
    "alltrue": np.all,
    "asscalar": lambda array: array.item(),
    "float_": np.float64,
    "mat": np.asmatrix,
    "product": np.prod,
    "row_stack": np.vstack,
    "sometrue": np.any,
    **{each.__name__: each for each in (complex, float, int, object, str)},
}
"""Names that NumPy has dropped since these assignments were given out; old solutions still use them."""


@dataclass(frozen=True, slots=True)
class Made:
    """A call that was made: the argument objects, and the object that it returned."""

    positional: list[Any]
    result: Any


@dataclass(slots=True)
class Held:
    """Held by a worker between requests. synchronize: waits until the GPU is idle."""

    synchronize: Callable[[], None] | None
    program: Program | None = None
    functions: dict[str, Any] = field(default_factory=dict)
    drivers: dict[str, Any] = field(default_factory=dict)
    resident: dict[str, Any] = field(default_factory=dict)
    before: Made | None = None
    """The last call, unless it raised."""
    counted: list[opcode_count.Counts] = field(default_factory=list)
    """Of the counted calls so far."""

    def wrap(self, name: str, around: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
        """Have every reference to a loaded function lead to what `around` makes of it."""
        if self.program is not None:
            self.program.wrap(name, around)


class Caller:
    """Makes one call: builds the arguments, calls, and packs the result."""

    def __init__(
        self, connection: socket.socket, header: Mapping[str, Any], payload: bytearray, held: Held
    ) -> None:
        self._connection = connection
        self._header = header
        self._payload = memoryview(payload)
        self._as_tensor = header["backend"] == "torch"
        self._device: str = header["device"]
        self._held = held
        self._watch = None if header["watch"] is None else watching.Watch(header["watch"])
        self._before = held.before if header["is_again"] else None
        held.before = None

    def call(self, target: Any) -> list[wire.Buffer]:
        """The body of the answer. Raises what the student's code raised."""
        header = self._header
        positional = [self._argument(entry) for entry in header["positional"]]
        if self._before is not None:
            positional = list(map(_changed_in_place, self._before.positional, positional))
        keywords = {name: self._argument(entry) for name, entry in header["keywords"].items()}
        state = {name: self._argument(entry) for name, entry in header["state"].items()}
        if not callable(target):
            raise TypeError(f"{header['function']} is not a function but {packing.describe(target)}")
        owner: Any = None
        tracing = functools.partial(witness.tracing, header["canaries"], str(header["id"]))
        counting = functools.partial(opcode_count.counting, with_calls=header["are_calls_counted"])
        disturbed = functools.partial(disturbing.disturbed, self._held.counted, header["disturbed"])
        with (
            _redirecting_cuda(is_wanted=header["redirect_cuda"]),
            _making_on(header["default_device"]),
            _if(header["canaries"] is not None, tracing),
            _if(header["is_counted"], counting if header["disturbed"] is None else disturbed) as counts,
        ):
            if header["method"] is not None:
                owner = _lend_methods(target, state, header["state"])()
                for name, value in state.items():
                    if not callable(value):
                        setattr(owner, name, value)
                self._watch_losses_of(owner)
                target = getattr(owner, header["method"])
            result = _call(target, positional, keywords)
        witness.deliver()
        if self._device == "cuda" and self._held.synchronize is not None:
            self._held.synchronize()
        made = Made(positional, result)
        body = self._values(made, owner)
        if counts is not None:
            if header["disturbed"] is None:
                self._held.counted.append(counts)
            body += opcode_count.pack_counts(counts)
        if self._watch is not None:
            pair = isinstance(result, (tuple, list)) and len(result) > 0
            body += self._watch.pack_steps(result[0] if owner is None and pair else getattr(owner, "W", None))
        self._held.before = made
        return body

    def _watch_losses_of(self, owner: Any) -> None:
        """Its own, and the functions that its training may call instead."""
        if self._watch is not None:
            self._watch.follow(owner)
            for name in self._header["watch"]["functions"]:
                self._held.wrap(name, self._watch.of)

    def _values(self, made: Made, owner: Any) -> list[wire.Buffer]:
        """The result, the requested attributes and arguments, and the result of the call before."""
        header = self._header
        body: list[wire.Buffer] = packing.pack_result(made.result, header["outputs"])
        for name, output in header["fetch"].items():
            body += packing.pack_value(getattr(owner, name, None), output)
        for position, output in header["echo"]:
            body += packing.pack_value(made.positional[position], output)
        if header["is_again"]:
            earlier = None if self._before is None else self._before.result
            body += packing.pack_result(earlier, header["outputs"])
        return body

    def _argument(self, entry: Mapping[str, Any]) -> Any:
        match entry["kind"]:
            case "tensor":
                return self._tensor(entry)
            case "spy":
                return self._spy(entry)
            case "resident":
                return self._held.resident[entry["key"]]
            case "function":
                function = self._held.functions[entry["name"]]
                return function if self._watch is None else self._watch.of(function)
            case _:
                return entry["value"]

    def _tensor(self, entry: Mapping[str, Any]) -> Any:
        """A fresh tensor or ndarray that owns its memory."""
        array = _array_in(self._payload, entry).copy()
        return _tensor_of(array, self._device) if self._as_tensor else array

    def _spy(self, entry: Mapping[str, Any]) -> Callable[..., Any]:
        def spy(*arguments: Any, **keywords: Any) -> Any:
            given = _spy_arguments(arguments, keywords)
            body: list[wire.Buffer] = []
            for value, output in zip(given, entry["inputs"], strict=True):
                body += packing.pack_value(value, output)
            wire.send_parts(self._connection, wire.pack_answer(self._header["id"], wire.ASKED, body))
            reply, payload = wire.receive_request(self._connection)
            gradient = _array_in(payload, reply).copy()
            if self._as_tensor:
                dW = _tensor_of(gradient, self._device)
                return torch.tensor(reply["loss"], dtype=dW.dtype, device=self._device), dW
            return reply["loss"], gradient

        return spy


def _array_in(memory: wire.Buffer | mmap.mmap, entry: Mapping[str, Any]) -> Any:
    shape = entry["shape"]
    flat = np.frombuffer(memory, entry["dtype"], count=math.prod(shape), offset=entry.get("offset", 0))
    return flat.reshape(shape)


def _tensor_of(array: Any, device: str) -> Any:
    """The array as a tensor on the device; bytes, which are a file's, stay on the CPU."""
    tensor = backends.needed_torch().from_numpy(array)
    return tensor if device == "cpu" or tensor.dtype == torch.uint8 else tensor.to(device)


def _changed_in_place(old: Any, new: Any) -> Any:
    """The old tensor or array, filled with the new contents; anything else is the new value."""
    if type(old) is not type(new) or not isinstance(new, Tensor | np.ndarray):
        return new
    if isinstance(new, Tensor):
        with torch.no_grad():
            old.copy_(new)
    else:
        np.copyto(old, new)
    return old


def _lend_methods(target: Any, state: dict[str, Any], entries: Mapping[str, Any]) -> Any:
    """A subclass with the lent functions as methods, which works for abstract and slotted classes too."""
    lent = {
        name: _reading_own_weights(value) if entries[name].get("is_method") else staticmethod(value)
        for name, value in state.items()
        if callable(value)
    }
    if not lent and not inspect.isabstract(target):
        return target
    concrete = type(target)(str(target.__name__), (target,), lent)
    concrete.__abstractmethods__ = frozenset()  # methods that are not called may be missing
    return concrete


def _reading_own_weights(spy: Callable[..., Any]) -> Callable[..., Any]:
    """The spy as a method (X, y, reg) of an object that holds W."""

    def loss(self: Any, *arguments: Any, **keywords: Any) -> Any:
        return spy(getattr(self, "W", None), *arguments, **keywords)

    return loss


def _spy_arguments(arguments: tuple[Any, ...], keywords: dict[str, Any]) -> tuple[Any, ...]:
    """W, X, y and reg of a call of the loss function, by position or by the courses' names."""
    left = dict(keywords)
    given = list(arguments)
    for names in _LOSS_PARAMETERS[len(arguments) :]:
        name = next((name for name in names if name in left), None)
        if name is None:
            raise TypeError(f"loss function missing the argument {names[0]!r}")
        given.append(left.pop(name))
    if left or len(given) > len(_LOSS_PARAMETERS):
        raise TypeError(f"loss function takes W, X, y, reg (got {len(arguments)} and {sorted(keywords)})")
    return tuple(given)


def _if(
    is_wanted: bool, context: Callable[[], contextlib.AbstractContextManager[Any]]
) -> contextlib.AbstractContextManager[Any]:
    return context() if is_wanted else contextlib.nullcontext()


def _redirecting_cuda(*, is_wanted: bool) -> contextlib.AbstractContextManager[Any]:
    """Run code written for CUDA on the CPU; without torch there is none."""
    return _if(is_wanted, cuda_redirect.CudaRedirect) if torch is not None else contextlib.nullcontext()


def _making_on(device: str) -> contextlib.AbstractContextManager[Any]:
    """Code that names no device makes its tensors on this one."""
    return contextlib.nullcontext() if device == "cpu" else torch.device(device)


def _call(target: Callable[..., Any], positional: list[Any], keywords: dict[str, Any]) -> Any:
    """Call by keyword if the signature has all the names, else everything by position."""
    if keywords:
        try:
            parameters = inspect.signature(target).parameters
        except (TypeError, ValueError):
            parameters = {}  # type: ignore[assignment]
        takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
        if parameters and not takes_any and not keywords.keys() <= parameters.keys():
            return target(*positional, *keywords.values())
    return target(*positional, **keywords)


def prepare() -> None:
    """Set up all workers at once, before the fork: seeds, no compilers, NumPy's former names, what counts need.

    Seeding torch's generators touches every backend: done in each worker it would cost more than the fork.
    """
    np.random.seed(0)  # noqa: NPY002  the generator that students use
    if torch is None:
        witness.install(witness.Trace())
        folder = backends.torch_folder()
        if folder is not None:
            backends.end_where_torch_is_imported(folder)
    else:
        torch.manual_seed(0)
        torch.compile = _uncompiled
        torch.jit._state.disable()  # noqa: SLF001  scripts run as the Python that they are, where their loops show
        torch_witness.install()
        witness.install(torch_witness.Trace())
    for name, value in _FORMER_NAMES.items():
        if name not in vars(np):
            setattr(np, name, value)
    c_loops.prepare()
    library_code.prepare()
    traced_threads.prepare()
    tampering.prepare()


def serve(connection: socket.socket) -> None:
    """Answer requests until the judge closes the wire; never returns. Prepare and confine first."""
    nowhere = Path(os.devnull)
    sys.stdin = nowhere.open(encoding="utf-8")
    sys.stdout = nowhere.open("w", encoding="utf-8", errors="replace")
    sys.stderr = nowhere.open("w", encoding="utf-8", errors="replace")
    random.seed(0)  # not before the fork, which makes Python reseed it
    code = 1
    try:
        with contextlib.suppress(wire.WireError, OSError):
            _answer_all(connection)
        code = 0
    finally:
        os._exit(code)  # at once: the student's threads and exit handlers could keep the process alive


def _uncompiled(model: Any = None, **_: Any) -> Any:
    """Replaces torch.compile, because a worker cannot start a compiler: gives the function itself."""
    return (lambda function: function) if model is None else model


def _load(program: Program | None, header: Mapping[str, Any]) -> Any:
    if program is None:
        raise wire.WireError("no program")
    with (
        _redirecting_cuda(is_wanted=header["redirect_cuda"]),
        _making_on(header["default_device"]),
    ):
        wanted = (header["chunks"], header["lacks"], header["file"], header["partners"])
        return program.load(header["function"], *wanted)


def _resident(header: Mapping[str, Any], payload: bytearray, descriptors: list[int]) -> dict[str, Any]:
    """Resident tensors or arrays by key. They share the request's bytes, or map its memory: no copies."""
    tensors = {}
    for key, entry in header["tensors"].items():
        memory: bytearray | mmap.mmap = payload
        if "descriptor" in entry:
            memory = mmap.mmap(descriptors[entry["descriptor"]], 0, flags=mmap.MAP_PRIVATE)
        array = _array_in(memory, entry)
        tensors[key] = _tensor_of(array, header["device"]) if header["backend"] == "torch" else array
    return tensors


def _driver(header: Mapping[str, Any]) -> Any:
    """The function of one of the judge's modules, executed here; none of its lines is the student's."""
    namespace: dict[str, Any] = {"__name__": "driver"}
    exec(compile(header["source"], "driver", "exec"), namespace)
    return namespace[header["name"]]


def _replace(program: Program | None, header: Mapping[str, Any]) -> None:
    if program is None:
        raise wire.WireError("no program")
    program.replace(header["function"], header["attribute"], header["file"], _driver(header))


def _answer_all(connection: socket.socket) -> None:
    held = Held(_SYNCHRONIZE)
    while True:
        descriptors: list[int] = []
        header, payload = wire.receive_request(connection, descriptors)
        if header["op"] == "program":
            for descriptor in descriptors:
                witness.connect(descriptor)
            held.program = Program(header)
            continue
        try:
            kind, body = _answer(connection, header, payload, descriptors, held)
        except wire.WireError:
            raise
        except BaseException as error:
            kind, body = wire.RAISED, packing.pack_raised(error)
        for descriptor in descriptors:
            os.close(descriptor)  # mapped memory stays mapped
        wire.send_parts(connection, wire.pack_answer(header["id"], kind, body))


def _answer(
    connection: socket.socket,
    header: Mapping[str, Any],
    payload: bytearray,
    descriptors: list[int],
    held: Held,
) -> tuple[int, list[wire.Buffer]]:
    """Do what the request asks; the kind and body of the answer. Raises what the student's code raised."""
    match header["op"]:
        case "load":
            held.functions[header["function"]] = _load(held.program, header)
        case "resident":
            held.resident = _resident(header, payload, descriptors)
        case "driver":
            held.drivers[header["name"]] = _driver(header)
        case "replace":
            _replace(held.program, header)
        case _:
            driver = header["driver"]
            target = held.functions[header["function"]] if driver is None else held.drivers[driver]
            return wire.RETURNED, Caller(connection, header, payload, held).call(target)
    return wire.LOADED, []
