"""The frame of all pages: one HTML file each, with its own style sheet, its own policy, and every word escaped."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined, Template

from grader import formatting

_PACKAGE = "grader.feedback"
_SHARED_STYLE = "page.css"


def style(name: str, package: str = _PACKAGE) -> str:
    """The style sheet of a page: what all pages share, and its own."""
    return resource(_SHARED_STYLE) + resource(name, package)


def policy(css: str, script: str = "") -> str:
    """The page may use its own style sheet, its own script, and without a script the images within it; nothing else."""
    own = f"script-src {_hashed(script)}" if script else "img-src data:"
    return f"default-src 'none'; style-src {_hashed(css)}; {own}; base-uri 'none'; form-action 'none'"


def template(name: str, package: str = _PACKAGE) -> Template:
    """A template of a package, which may use those of this one."""
    return _environment(package).get_template(name)


@cache
def resource(name: str, package: str = _PACKAGE) -> str:
    """The text of a file that lies beside a package's modules."""
    return files(package).joinpath(name).read_text(encoding="utf-8")


@cache
def _environment(package: str) -> Environment:
    def load(name: str) -> str:
        is_own = files(package).joinpath(name).is_file()
        return resource(name, package if is_own else _PACKAGE)

    environment = Environment(
        loader=FunctionLoader(load),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_seen,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "points": formatting.points,
        "shortened": formatting.shortened,
        "number": formatting.rough,
        "listing": formatting.listing,
        "several": formatting.several,
        "visible": formatting.printable_lines,
    }
    return environment


def _seen(value: object) -> object:
    """Words in which everything can be seen, as a mark that turns the direction of writing, and nothing covers its neighbors; HTML of ours stays as it is."""
    return (
        formatting.unstacked(formatting.printable_lines(value))
        if isinstance(value, str) and not hasattr(value, "__html__")
        else value
    )


def _hashed(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
