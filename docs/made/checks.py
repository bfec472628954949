"""The shipped specs and their checks, as students see them."""

from __future__ import annotations

from docs.made.markdown import code, heading, prose, table
from grader import formatting
from grader.spec import load_spec, shipped_specs


def checks() -> str:
    """A section for each spec: its functions, and its checks with their points."""
    lines: list[str] = []
    for name in shipped_specs():
        spec = load_spec(name).spec
        lines += heading(2, code(name), f"checks-{name}")
        words = [f"{prose(spec.title)}. {formatting.points(spec.max_score)} points."]
        if spec.source:
            words.append(
                f"Source: <{spec.source}>."
                if spec.source.startswith("http")
                else f"Source: {prose(spec.source)}."
            )
        lines += [" ".join(words), ""]
        visible = [check for check in spec.checks if check.visibility == "visible"]
        lines += table(
            ("Check", "Id", "Kind", "Points"),
            (
                (
                    prose(check.title) + (" (not with `--quick`)" if check.is_slow else ""),
                    code(check.id),
                    f"[{code(check.kind)}](#spec-{type(check).__name__.lower()})",
                    formatting.points(check.points),
                )
                for check in visible
            ),
        )
    return "\n".join(lines)
