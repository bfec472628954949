"""The student's side: loads the student's code, makes the calls it is asked for, sends back bytes.

Runs in a process of its own, as a plain file under `python -I`, beside nothing but wire, limits, stand-ins and the
CUDA redirect. It holds no answer, no tolerance and no seed, and whatever it says is a claim that the judge checks.
"""

from __future__ import annotations
import __future__

import contextlib
import inspect
import linecache
import math
import os
import random
import socket
import sys
import types
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

import cuda_redirect
import limits
import standins
import wire

CHUNK_FILE = "submission:"
"""Code objects of chunk 7 carry the file name "submission:7", by which the judge finds the student's own line."""

MODULE_PREFIX = "submission"

_LOSS_PARAMETERS = (("W",), ("X", "X_batch"), ("y", "y_batch"), ("reg",))

_COMPILE_FLAGS = __future__.annotations.compiler_flag
_INTEGER_DTYPES = frozenset(
    {"int64", "int32", "int16", "int8", "uint8", "uint16", "uint32", "uint64", "bool", "int"}
)


class Program:
    """The submission's chunks, executed when a function that needs them is loaded, each at most once."""

    def __init__(self, description: Mapping[str, Any]) -> None:
        self._chunks: dict[int, Mapping[str, Any]] = {
            chunk["number"]: chunk for chunk in description["chunks"]
        }
        self._executed: set[int] = set()
        self._failures: dict[str, BaseException] = {}
        self._files = {path: _module_for(path) for path in description["files"]}
        standins.install(description["stand_ins"])
        for name, path in description["modules"].items():
            _register(name, self._files[path])
        if description["redirect_cuda"]:
            cuda_redirect.install()

    def load(self, name: str, numbers: list[int], lacks: Mapping[str, str], file: str) -> Any:
        """Execute what `name` needs and return it. Raises what the student's code raised."""
        namespace = vars(self._files[file])
        for number in numbers:
            if number not in self._executed:
                self._executed.add(number)
                self._execute(self._chunks[number])
        for lacking, reason in lacks.items():
            namespace.setdefault(lacking, standins.LeftOutName(lacking, reason))
        if isinstance(namespace.get(name), standins.LeftOutName) and name in self._failures:
            raise self._failures[name]
        if name not in namespace:
            raise NameError(f"name '{name}' is not defined")
        return namespace[name]

    def _execute(self, chunk: Mapping[str, Any]) -> None:
        """Run one chunk; a failure is kept for the names it should have bound and stops nothing else."""
        file_name = f"{CHUNK_FILE}{chunk['number']}"
        source = "\n" * (chunk["line"] - 1) + chunk["source"] + "\n"
        linecache.cache[file_name] = (len(source), None, source.splitlines(keepends=True), file_name)
        namespace = vars(self._files[chunk["file"]])
        try:
            code = compile(source, file_name, "exec", flags=_COMPILE_FLAGS, dont_inherit=True)
            exec(code, namespace)
        except BaseException as error:
            reason = f"making it raised {_kind_of(error)}: {_message_of(error)}"
            for name in chunk["binds"]:
                self._failures[name] = error
                namespace.setdefault(name, standins.LeftOutName(name, reason))


def _module_for(path: str) -> types.ModuleType:
    parts = path.rsplit(".", 1)[0].split("/")
    module = types.ModuleType(".".join([MODULE_PREFIX, *parts]))
    module.__package__ = ".".join([MODULE_PREFIX, *parts[:-1]])
    module.__file__ = path
    _register(module.__name__, module)
    return module


def _register(dotted: str, module: types.ModuleType) -> None:
    """Put `module` into sys.modules under `dotted`, with the packages above it."""
    parent, _, last = dotted.rpartition(".")
    if parent:
        package = sys.modules.get(parent)
        if package is None:
            package = types.ModuleType(parent)
            _register(parent, package)
        if not hasattr(package, "__path__"):
            package.__path__ = []
        setattr(package, last, module)
    sys.modules[dotted] = module


def _kind_of(error: BaseException) -> str:
    return _type_name(error)


def _message_of(error: BaseException) -> str:
    try:
        return str(error)
    except BaseException:
        return "(the exception's own message raised)"


class Caller:
    """Makes one call: builds the arguments, calls, and packs what came back."""

    def __init__(self, connection: socket.socket, header: Mapping[str, Any], payload: bytearray) -> None:
        self._connection = connection
        self._header = header
        self._payload = memoryview(payload)
        self._at = 0
        self._as_tensor = header["backend"] == "torch"

    def call(self, target: Any) -> list[wire.Buffer]:
        """The body of the answer. Raises what the student's code raised."""
        header = self._header
        positional = [self._argument(entry) for entry in header["positional"]]
        keywords = {name: self._argument(entry) for name, entry in header["keywords"].items()}
        state = {name: self._argument(entry) for name, entry in header["state"].items()}
        if not callable(target):
            raise TypeError(f"{header['function']} is no function but {describe(target)}")
        owner: Any = None
        with _redirect(header):
            if header["method"] is not None:
                owner = target()
                for name, value in state.items():
                    setattr(owner, name, value)
                target = getattr(owner, header["method"])
            result = _call(target, positional, keywords)
        body = pack_result(result, header["outputs"])
        for name, output in header["fetch"].items():
            body += pack_value(getattr(owner, name, None), output)
        for position in header["echo"]:
            entry = header["positional"][position]
            body += pack_value(positional[position], _echo_output(entry))
        return body

    def _argument(self, entry: Mapping[str, Any]) -> Any:
        if entry["kind"] == "tensor":
            return self._tensor(entry)
        if entry["kind"] == "spy":
            return self._spy(entry)
        return entry["value"]

    def _tensor(self, entry: Mapping[str, Any]) -> Any:
        """A fresh tensor or ndarray that owns its memory."""
        array = np.frombuffer(self._payload, entry["dtype"], count=entry["count"], offset=entry["offset"])
        array = array.reshape(entry["shape"]).copy()
        return torch.from_numpy(array) if self._as_tensor else array

    def _spy(self, entry: Mapping[str, Any]) -> Callable[..., Any]:
        def spy(*arguments: Any, **keywords: Any) -> Any:
            given = _spy_arguments(arguments, keywords)
            body: list[wire.Buffer] = []
            for value, output in zip(given, entry["inputs"], strict=True):
                body += pack_value(value, output)
            wire.send_parts(self._connection, wire.pack_answer(self._header["id"], wire.ASKED, body))
            reply, payload = wire.receive_request(self._connection)
            shape = reply["shape"]
            gradient = np.frombuffer(payload, reply["dtype"], count=math.prod(shape)).reshape(shape).copy()
            if self._as_tensor:
                return torch.tensor(reply["loss"], dtype=torch.from_numpy(gradient).dtype), torch.from_numpy(
                    gradient
                )
            return reply["loss"], gradient

        return spy


def _spy_arguments(arguments: tuple[Any, ...], keywords: dict[str, Any]) -> tuple[Any, ...]:
    """W, X, y and reg of a call of the loss function, by position or by the names that courses use."""
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


def _redirect(header: Mapping[str, Any]) -> contextlib.AbstractContextManager[Any]:
    return cuda_redirect.CudaRedirect() if header["redirect_cuda"] else contextlib.nullcontext()


def _call(target: Callable[..., Any], positional: list[Any], keywords: dict[str, Any]) -> Any:
    """Call by keyword where the signature has all the names, else everything by position."""
    if keywords:
        try:
            parameters = inspect.signature(target).parameters
        except (TypeError, ValueError):
            parameters = {}  # type: ignore[assignment]
        takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
        if parameters and not takes_any and not keywords.keys() <= parameters.keys():
            return target(*positional, *keywords.values())
    return target(*positional, **keywords)


def _echo_output(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    kind = "labels" if entry["dtype"].endswith("i8") else "array"
    return {"kind": kind, "shape": entry["shape"], "count": entry["count"]}


def pack_result(result: Any, outputs: list[Mapping[str, Any]]) -> list[wire.Buffer]:
    """One value, or a sequence with a value for each output; anything else is described in place of each."""
    if len(outputs) == 1:
        return pack_value(result, outputs[0])
    if not isinstance(result, tuple | list) or len(result) != len(outputs):
        text = f"not there: the call gave {describe(result)}"
        return [part for _ in outputs for part in _other(text)]
    return [part for value, output in zip(result, outputs, strict=True) for part in pack_value(value, output)]


def _other(text: str) -> list[wire.Buffer]:
    return [bytes([wire.OTHER]), wire.pack_text(text)]


def pack_value(value: Any, output: Mapping[str, Any]) -> list[wire.Buffer]:
    """Tag, dtype code and bytes of a value of the kind that was asked for, or a text that describes it."""
    try:
        with torch._C.DisableTorchFunctionSubclass():  # noqa: SLF001  it has no public name
            packed = _PACKERS[output["kind"]](value, output)
    except Exception as error:
        return _other(f"a value that cannot be read ({_kind_of(error)}: {_message_of(error)})")
    return _other(describe(value)) if packed is None else packed


def _pack_number(value: Any, _: Mapping[str, Any]) -> list[wire.Buffer] | None:
    if isinstance(value, bool | int | float):
        number, dtype = float(value), "float" if isinstance(value, float) else "int"
    else:
        shape = _shape(value)
        if shape is None or math.prod(shape) != 1 or (array_and_dtype := _as_array(value)) is None:
            return None
        array, dtype = array_and_dtype
        number = float(array.reshape(-1)[0])
    return [bytes([wire.VALUE, wire.DTYPES.index(dtype)]), np.float64(number).tobytes()]


def _pack_array(value: Any, output: Mapping[str, Any]) -> list[wire.Buffer] | None:
    if _shape(value) != tuple(output["shape"]) or (array_and_dtype := _as_array(value)) is None:
        return None
    array, dtype = array_and_dtype
    code, _ = wire.float_payload(dtype)
    return [bytes([wire.VALUE, wire.DTYPES.index(dtype)]), np.ascontiguousarray(array, dtype=code).data]


def _pack_labels(value: Any, output: Mapping[str, Any]) -> list[wire.Buffer] | None:
    if _shape(value) != (output["count"],) or (array_and_dtype := _as_array(value)) is None:
        return None
    array, dtype = array_and_dtype
    if dtype not in _INTEGER_DTYPES:
        return None
    return [bytes([wire.VALUE, wire.DTYPES.index(dtype)]), np.ascontiguousarray(array, dtype="<i8").data]


def _pack_series(value: Any, output: Mapping[str, Any]) -> list[wire.Buffer] | None:
    if not isinstance(value, list | tuple):
        shape = _shape(value)
        if shape is None or len(shape) != 1:
            return None
        count = shape[0]
        if (array_and_dtype := _as_array(value[: output["capacity"]])) is None:
            return None
        value = array_and_dtype[0].tolist()
    else:
        count = len(value)
    numbers = [float(item) for item in value[: output["capacity"]]]
    length = min(count, 0xFFFFFFFF).to_bytes(4, "little")
    return [
        bytes([wire.VALUE, wire.DTYPES.index("float")]),
        length,
        np.asarray(numbers, dtype="<f8").tobytes(),
    ]


_PACKERS: dict[str, Callable[[Any, Mapping[str, Any]], list[wire.Buffer] | None]] = {
    "number": _pack_number,
    "array": _pack_array,
    "labels": _pack_labels,
    "series": _pack_series,
}


def _shape(value: Any) -> tuple[int, ...] | None:
    """The shape of a tensor or ndarray, asked before its contents are made; None for anything else."""
    return tuple(value.shape) if isinstance(value, torch.Tensor | np.ndarray | np.generic) else None


def _as_array(value: Any) -> tuple[Any, str] | None:
    """The contents of a tensor or ndarray as an ndarray, with the dtype's name; None for anything else."""
    if isinstance(value, torch.Tensor):
        plain = value.detach().cpu()
        if plain.layout != torch.strided:
            plain = plain.to_dense()
        dtype = str(plain.dtype).removeprefix("torch.")
        if dtype in {"float16", "bfloat16"}:
            plain = plain.to(torch.float32)
        array = plain.resolve_conj().resolve_neg().contiguous().numpy()
    elif isinstance(value, np.ndarray | np.generic):
        array = np.asarray(value)
        # By its letter: where a long double is no wider than a double, the two dtypes are equal.
        dtype = "longdouble" if array.dtype.char == "g" else array.dtype.name
    else:
        return None
    return (array, dtype) if dtype in wire.DTYPES else None


def describe(value: Any, depth: int = 2) -> str:
    """What kind of thing a value is, for the student's eyes; what is in sequences, down to `depth`."""
    try:
        if isinstance(value, torch.Tensor | np.ndarray):
            kind = "a tensor" if isinstance(value, torch.Tensor) else "an array"
            return f"{kind} of shape {tuple(value.shape)} and dtype {str(value.dtype).removeprefix('torch.')}"
        if value is None:
            return "None"
        if isinstance(value, tuple | list):
            words = f"a {_type_name(value)} of {len(value)}"
            if depth == 0 or not value:
                return words
            inside = ", ".join(describe(item, depth - 1) for item in value[:4])
            return f"{words} ({inside}{', ...' if len(value) > 4 else ''})"
        return f"a value of type {_type_name(value)}"
    except BaseException:
        return "a value that cannot be described"


def _type_name(value: Any) -> str:
    """The name of a value's class, whatever its metaclass would say."""
    name: str = type.__dict__["__name__"].__get__(type(value))
    return name


def _raised(error: BaseException) -> list[wire.Buffer]:
    """Kind and message of what was raised, and the innermost line of the student's own; line 0 for none."""
    number, line = 0, 0
    if isinstance(error, SyntaxError) and str(error.filename).startswith(CHUNK_FILE):
        number, line = int(str(error.filename)[len(CHUNK_FILE) :]), error.lineno or 1
    for frame, at in _frames(error):
        if frame.startswith(CHUNK_FILE):
            number, line = int(frame[len(CHUNK_FILE) :]), at
    message = str(error.msg) if isinstance(error, SyntaxError) else _message_of(error)
    return [
        wire.pack_text(_kind_of(error)),
        wire.pack_text(message),
        number.to_bytes(4, "little"),
        line.to_bytes(4, "little"),
    ]


def _frames(error: BaseException) -> Iterator[tuple[str, int]]:
    traceback = error.__traceback__
    while traceback is not None:
        yield traceback.tb_frame.f_code.co_filename, traceback.tb_lineno or 0
        traceback = traceback.tb_next


def serve(connection: socket.socket, memory_bytes: int, directory: str) -> None:
    """Answer requests until the judge closes the wire; never returns to the caller's code.

    memory_bytes, directory: see `limits.confine`.
    """
    limits.confine(connection.fileno(), memory_bytes, directory)
    nowhere = Path(os.devnull)
    sys.stdin = nowhere.open(encoding="utf-8")
    sys.stdout = nowhere.open("w", encoding="utf-8", errors="replace")
    sys.stderr = nowhere.open("w", encoding="utf-8", errors="replace")
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002  the generator that students use
    torch.manual_seed(0)
    torch.compile = _uncompiled
    code = 1
    try:
        with contextlib.suppress(wire.WireError, OSError):
            _answer_all(connection)
        code = 0
    finally:
        os._exit(code)  # at once: threads and exit handlers of the student's could keep the process


def _uncompiled(model: Any = None, **_: Any) -> Any:
    """In the place of torch.compile: the function itself, since a worker has no compiler to start."""
    return (lambda function: function) if model is None else model


def _load(program: Program | None, header: Mapping[str, Any]) -> Any:
    if program is None:
        raise wire.WireError("no program")
    with _redirect(header):
        return program.load(header["function"], header["chunks"], header["lacks"], header["file"])


def _answer_all(connection: socket.socket) -> None:
    program: Program | None = None
    targets: dict[str, Any] = {}
    while True:
        header, payload = wire.receive_request(connection)
        if header["op"] == "program":
            program = Program(header)
            continue
        try:
            if header["op"] == "load":
                targets[header["function"]] = _load(program, header)
                kind, body = wire.LOADED, []
            else:
                kind, body = (
                    wire.RETURNED,
                    Caller(connection, header, payload).call(targets[header["function"]]),
                )
        except wire.WireError:
            raise
        except BaseException as error:
            kind, body = wire.RAISED, _raised(error)
        wire.send_parts(connection, wire.pack_answer(header["id"], kind, body))
