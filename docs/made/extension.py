"""What our pages need of Sphinx: parts made from the grader's code, and links to what is in the repository but not in the site."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from pygments.lexers.python import PythonLexer
from sphinx.addnodes import pending_xref
from sphinx.util.docutils import SphinxDirective

from docs.made.checks import checks
from docs.made.command_line import command_line
from docs.made.exports import exports
from docs.made.schemas import class_rules, report, spec

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

ROOT = Path(__file__).resolve().parents[2]

PARTS: Mapping[str, Callable[[], str]] = {
    "checks": checks,
    "class": class_rules,
    "command-line": command_line,
    "exports": exports,
    "report": report,
    "spec": spec,
}


class Made(SphinxDirective):
    """The Markdown of a part, with its headings."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Read the part as if it stood in the page."""
        self.env.note_reread()
        return self.parse_text_to_nodes(PARTS[self.arguments[0]](), allow_section_headings=True)


def exception_link(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, words: nodes.Element
) -> nodes.Element | None:
    """From the bare name that docstrings use to where the exception is described."""
    if (node.get("refdomain"), node["reftype"]) != ("py", "exc"):
        return None
    name = f"grader.errors.{node['reftarget']}"
    return env.domains.python_domain.resolve_xref(env, node["refdoc"], app.builder, "exc", name, node, words)


def settle_folders(app: Sphinx, document: nodes.document) -> None:
    """A link to a folder leads to its index; where it has none, or lies outside of the site, only the words stay."""
    page = ROOT / "docs" / app.env.docname
    for node in list(document.findall(pending_xref)):
        target = node["reftarget"].rstrip("/")
        if node["reftype"] != "myst" or not target:
            continue
        if f"{target}/index" in app.env.found_docs:
            node.attributes |= {"refdomain": "doc", "reftarget": f"{target}/index", "reftargetid": None}
        elif any((folder / target).exists() for folder in (ROOT, page.parent)):
            node.replace_self(node.children)


def ease_reading(
    _app: Sphinx, _page: str, _template: str, context: dict[str, Any], _document: nodes.document | None
) -> None:
    """Levels for headings that have none, and code and tables that the keyboard can scroll: what screen readers miss in the theme."""
    tree = str(context.get("furo_navigation_tree", ""))
    context["furo_navigation_tree"] = tree.replace('role="heading"', 'role="heading" aria-level="2"')
    if "body" in context:
        body = context["body"].replace("<pre>", '<pre tabindex="0">')
        context["body"] = body.replace('<div class="table-wrapper', '<div tabindex="0" class="table-wrapper')


def setup(app: Sphinx) -> dict[str, Any]:
    """Register them."""
    app.add_directive("made", Made)
    app.add_lexer("ipython", PythonLexer)
    app.connect("doctree-read", settle_folders)
    app.connect("missing-reference", exception_link)
    app.connect("html-page-context", ease_reading, priority=900)
    return {"parallel_read_safe": True}
