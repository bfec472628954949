"""Whether a function is still as a template leaves it: placeholders, zeros and given scaffolding, nothing computed.

Templates use a small part of Python. A function with anything else in it counts as written: an arithmetic operation, an
index into an input, a call of another function, a number other than 0.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Iterator, Sequence

from grader.extract.source.extracted import Extracted
from grader.extract.source.syntax import parsed_quietly

_LIBRARIES = frozenset({"np", "numpy", "torch"})
_MAKERS = frozenset(
    {"zeros", "zeros_like", "ones", "ones_like", "empty", "empty_like", "full", "full_like"}
    | {"tensor", "array"}
)
_BUILTINS = frozenset(
    {"int", "float", "list", "dict", "len", "print", "range", "xrange", "NotImplementedError"}
)
_METHODS = frozenset({"new_zeros", "size", "item", "append", "astype"})
_FILES = frozenset({"save", "load"})
"""Methods that a template gives; what they do is no answer, unless another method calls them."""
_ATTRIBUTES = frozenset({"shape", "ndim", "dtype", "device"})
_CLASS_COUNT = re.compile(r"(?:int\()?(?:max\([^\W\d]\w*\)|[^\W\d]\w*\.max\((?:[^\W\d]\w*)?\))\)? \+ 1")
"""max(y) + 1, np.max(y) + 1 or int(y.max()) + 1: what a template takes from the labels."""

_DOCSTRING = re.compile(r"^[ \t]+[rR]?(\"\"\"|\'\'\').*?\1", re.DOTALL | re.MULTILINE)
"""The text of an indented line: softmax_loss_vectorized's says Softmax, which changes no class of that name."""

_DTYPE = re.compile(r"(?:np|numpy|torch)\.(?:float|int)\d+")

_EMPTY = ast.Pass | ast.Continue | ast.Break | ast.Import | ast.ImportFrom | ast.expr_context | ast.boolop
_HOLDERS = (
    *(ast.Expr, ast.Assign, ast.JoinedStr, ast.FormattedValue, ast.BoolOp, ast.Tuple, ast.List, ast.Dict),
    *(ast.keyword, ast.Starred),
)
"""Statements and expressions that compute nothing themselves."""

_ASSERTED = (
    ast.Compare | ast.cmpop | ast.Attribute | ast.Name | ast.Subscript | ast.Constant | ast.expr_context
)
"""The parts of a template's assertion: assert X.shape[0] == y.shape[0]."""


def is_unwritten(extracted: Extracted, name: str, unwritten: Collection[str] = ()) -> bool:
    """Whether this function or class computes nothing but calls of these unwritten ones; False if not certain."""
    numbers = extracted.functions[name].chunks
    sources = [chunk.source for chunk in extracted.chunks if chunk.number in numbers]
    called = [each for each in unwritten if extracted.functions[each].source in sources]
    return is_template(name, sources, called)


def is_template(name: str, sources: Sequence[str], unwritten: Collection[str] = ()) -> bool:
    """Whether these statements leave `name` as a template does, but for calls of `unwritten`; False if not certain."""
    own = [source for source in sources if re.search(rf"\b{name}\b", _DOCSTRING.sub("", source))]
    if len(own) != 1:
        return False  # another statement may wrap or change it
    nodes = parsed_quietly(own[0]) or []
    if len(nodes) != 1:
        return False
    (node,) = nodes
    others = [source for source in sources if source != own[0]]
    try:
        if isinstance(node, ast.FunctionDef):
            return _computes_nothing(node, unwritten)
        return (
            isinstance(node, ast.ClassDef)
            and not node.decorator_list
            and not node.keywords
            and all(_is_template_base(base, others, unwritten) for base in node.bases)
            and all(_is_template_member(member, {*unwritten, *_methods_of(node)}) for member in node.body)
        )
    except RecursionError:
        return False


def _is_template_base(base: ast.expr, sources: Sequence[str], unwritten: Collection[str]) -> bool:
    """Whether a class inherits nothing that computes from this base."""
    if not isinstance(base, ast.Name):
        return False
    return base.id == "object" or is_template(base.id, sources, unwritten)


def _methods_of(node: ast.ClassDef) -> Iterator[str]:
    """What its methods are called with: self.compute_distances. They are templates too, or the class is none."""
    methods = (each.name for each in node.body if isinstance(each, ast.FunctionDef))
    return (f"self.{name}" for name in methods if name not in _FILES)


def _is_template_member(member: ast.stmt, unwritten: Collection[str]) -> bool:
    if isinstance(member, ast.FunctionDef):
        return member.name in _FILES or _computes_nothing(member, unwritten)
    is_docstring = isinstance(member, ast.Expr) and isinstance(member.value, ast.Constant)
    return is_docstring or isinstance(member, ast.Pass)


def _computes_nothing(function: ast.FunctionDef, unwritten: Collection[str]) -> bool:
    defaults = [*function.args.defaults, *filter(None, function.args.kw_defaults)]
    if not all(_is_number(each) or _DTYPE.fullmatch(ast.unparse(each)) for each in defaults):
        return False  # it may call its default
    template = _Template(function, unwritten)
    pending: list[ast.AST] = [*function.decorator_list, *function.body]
    while pending:
        parts = template.parts(pending.pop())
        if parts is None:
            return False
        pending += parts
    return True


class _Template:
    """The parts that one function may have."""

    def __init__(self, function: ast.FunctionDef, unwritten: Collection[str]) -> None:
        nodes = list(ast.walk(function))
        parameters = {node.arg for node in nodes if isinstance(node, ast.arg)}
        bound = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
        assigned = [
            (name.id, node.value)
            for node in nodes
            if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None
            for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
            for name in ast.walk(target)
            if isinstance(name, ast.Name)
        ]
        filled = {name for name, value in assigned if not _is_none(value)}
        nonzero = {name for name, value in assigned if not _is_zero(value)}
        self._parameters = parameters
        self._known = bound | parameters
        self._unwritten = set(unwritten) - self._known
        self._zeros = {name for name, _ in assigned} - nonzero - parameters
        self._placeholders = {name for name, _ in assigned} - filled - parameters
        self._class_counts = {name for name, value in assigned if _counts_classes(value)}

    def parts(self, node: ast.AST) -> Iterable[ast.AST] | None:
        """The parts of a node that remain to be looked at; None for a node that no template has."""
        if isinstance(node, _EMPTY):
            return ()
        if isinstance(node, _HOLDERS):
            return ast.iter_child_nodes(node)
        if isinstance(node, ast.For | ast.ListComp | ast.IfExp):
            return _parts_of_loop_or_choice(node)
        if isinstance(node, ast.stmt):
            return self._parts_of_statement(node)
        if isinstance(node, ast.Call):
            if (default := _default_of(node)) is not None:
                return default
            owner = self._owner_called(node)
            return None if owner is None else (*owner, *node.args, *node.keywords)
        if isinstance(node, ast.BinOp | ast.Compare):
            return _parts_of_operation(node)
        return self._parts_of_value(node)

    def _parts_of_statement(self, node: ast.stmt) -> Iterable[ast.AST] | None:
        match node:
            case ast.Return(value=value):
                returned = value.elts if isinstance(value, ast.Tuple) else filter(None, [value])
                return None if any(map(self._is_class_count, returned)) else ast.iter_child_nodes(node)
            case ast.If(
                test=ast.Compare(left=checked, ops=[ast.Is()]) as test,
                body=[
                    ast.Assign(
                        targets=[target],
                        value=ast.BinOp(
                            ast.Constant(),
                            ast.Mult(),
                            ast.Call(func=ast.Attribute(attr="randn" | "rand" | "normal")) as draw,
                        ),
                    )
                ],
            ) if ast.unparse(target) == ast.unparse(checked):  # if W is None: W = 0.001 * randn(D, C)
                return (test, *draw.args, *draw.keywords, *node.orelse)
            case ast.AnnAssign(target=target, value=value):
                return (target,) if value is None else (target, value)
            case ast.AugAssign(target=ast.Name(id=name), value=ast.Constant(value=int() | float() as number)):
                is_plus = isinstance(node.op, ast.Add | ast.Sub) and number == 0
                is_times = isinstance(node.op, ast.Mult | ast.Div) and number != 0
                return () if name in self._zeros and (is_plus or is_times) else None
            case ast.Assert(test=test):
                return () if all(isinstance(part, _ASSERTED) for part in ast.walk(test)) else None
            case ast.If():
                return ast.iter_child_nodes(node)
            case ast.Raise(exc=ast.Name(id="NotImplementedError")):
                return ()
            case ast.Raise(
                exc=ast.Call(ast.Name("ValueError"), [ast.BinOp(ast.Constant(str()), ast.Mod()) as text])
            ):
                return (text,)  # "Invalid value %d for num_loops" % num_loops
            case ast.Raise(exc=ast.Call(func=ast.Name(id="NotImplementedError"), args=args)):
                return args
        return None

    def _is_class_count(self, node: ast.expr) -> bool:
        """Whether this is the number of classes: a template uses it for shapes and does not return it."""
        return _counts_classes(node) or (isinstance(node, ast.Name) and node.id in self._class_counts)

    def _parts_of_value(self, node: ast.AST) -> Iterable[ast.AST] | None:
        match node:
            case ast.Constant(value=value):
                is_zero = not isinstance(value, bool) and value == 0
                return () if value is None or value is ... or isinstance(value, str) or is_zero else None
            case ast.Name(id=name):
                return () if name in self._known else None
            case ast.Attribute(value=ast.Name(id=name)) if name == "self" or name in _LIBRARIES - self._known:
                return ()
            case ast.Attribute(value=value, attr=attribute) if attribute in _ATTRIBUTES:
                return (value,)
            case ast.Subscript(value=ast.Attribute() as value, slice=ast.Constant()):
                return (value,)
            case ast.Subscript(ast.Name(id=name) as value, ast.Constant(value=str()), ctx=context) if (
                isinstance(context, ast.Store) or name in self._parameters
            ):
                return (value,)  # config["velocity"] = v, W1 = params["W1"]
            case ast.Subscript(ast.Attribute(ast.Name("self")), ast.Name() as key, ctx=ast.Store()):
                return (key,)  # self.params[k] = v.astype(dtype)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return (operand,)
        return None

    def _owner_called(self, call: ast.Call) -> Iterable[ast.AST] | None:
        """The object whose method is called, if any; None for a call that no template has."""
        match call.func:
            case ast.Name(id=name) if name in _BUILTINS or name in self._unwritten:
                return ()
            case ast.Attribute(value=ast.Name(id="self"), attr=name) if f"self.{name}" in self._unwritten:
                return ()
            case ast.Attribute(value=ast.Name(id=library), attr=name) if library in _LIBRARIES:
                return () if name in _MAKERS else None
            case ast.Attribute(value=ast.Call(func=ast.Name(id="super")), attr="__init__"):
                return ()
            case ast.Name(id=name) if name not in self._parameters:
                return None
            case ast.Name() | ast.Attribute(value=ast.Name(id="self")):
                names = {each.id for each in call.args if isinstance(each, ast.Name)}
                return () if names & self._placeholders else None
            case ast.Attribute(value=owner, attr=name) if name in _METHODS:
                return (owner,)
        return None


def _parts_of_operation(node: ast.BinOp | ast.Compare) -> Iterable[ast.AST] | None:
    match node:
        case ast.BinOp(ast.List(), ast.Mult()) | ast.BinOp(ast.Constant(value=str()), ast.Mod()):
            return (node.left, node.right)
        case ast.Compare(ops=[ast.Is() | ast.IsNot()]):
            return (node.left, *node.comparators)
        case ast.Compare(left=ast.BinOp(ast.Name(), ast.Mod(), ast.Constant()), ops=[ast.Eq()]):
            return node.comparators
        case ast.Compare(
            ast.Name() | ast.Attribute(ast.Name("self")),
            [ast.Eq() | ast.NotEq()],
            [ast.Constant(int() | str())],
        ):  # if num_loops == 2, mode == "test", self.normalization != "batchnorm"
            return (node.left,)
        case ast.BinOp(ast.Constant(1), ast.Add(), length) if _is_length(length):
            return ()  # 1 + len(hidden_dims)
        case ast.BinOp(ast.Attribute(ast.Name("self")) | ast.Call() as count, ast.Sub(), ast.Constant(1)):
            is_count = isinstance(count, ast.Attribute) or _is_length(count)
            return () if is_count else None  # self.num_layers - 1
    return () if _counts_classes(node) else None


def _parts_of_loop_or_choice(node: ast.For | ast.ListComp | ast.IfExp) -> Iterable[ast.AST] | None:
    match node:
        case ast.For(iter=looped) if _is_range(looped):
            return ast.iter_child_nodes(node)
        case ast.For(
            target=target,
            iter=ast.Attribute(ast.Name("self"))
            | ast.Call(ast.Attribute(ast.Attribute(ast.Name("self")), "items"), []),
        ):
            return (target, *node.body, *node.orelse)  # for k, v in self.params.items()
        case ast.ListComp(made, [ast.comprehension(target, looped, [])]) if _is_range(looped):
            return (made, target, looped)  # [{"mode": "train"} for i in range(self.num_layers - 1)]
        case ast.IfExp(test, ast.Constant(str()), ast.Constant(str())):
            return (test,)  # "test" if y is None else "train"
    return None


def _is_range(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"range", "xrange"}
    )


def _is_length(node: ast.expr) -> bool:
    """Whether it is len(x) of a name."""
    match node:
        case ast.Call(ast.Name("len"), [ast.Name()]):
            return True
    return False


def _default_of(call: ast.Call) -> Iterable[ast.AST] | None:
    """The parts of config.setdefault("momentum", 0.9) or config.get("velocity", ...), which a template gives; None for another call."""
    match call:
        case ast.Call(
            func=ast.Attribute(ast.Name() as owner, "setdefault" | "get"), args=[ast.Constant(), default]
        ):
            return (owner,) if isinstance(default, ast.Constant) else (owner, default)
    return None


def _is_number(node: ast.expr) -> bool:
    """Whether it is a constant, or a product of some: 3 * 32 * 32."""
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.Mult) and _is_number(node.left) and _is_number(node.right)
    return isinstance(node, ast.Constant)


def _is_none(node: ast.expr) -> bool:
    if isinstance(node, ast.Tuple):
        return all(map(_is_none, node.elts))
    return isinstance(node, ast.Constant) and node.value is None


def _is_zero(node: ast.expr) -> bool:
    match node:
        case ast.Tuple(elts=parts):
            return all(map(_is_zero, parts))
        case ast.Constant(value=int() | float() as number):
            return number == 0
        case ast.Call(func=ast.Attribute(value=ast.Name(id=library), attr="zeros" | "zeros_like")):
            return library in _LIBRARIES
    return False


def _counts_classes(node: ast.expr) -> bool:
    return isinstance(node, ast.BinOp) and _CLASS_COUNT.fullmatch(ast.unparse(node)) is not None
