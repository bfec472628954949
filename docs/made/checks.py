"""The shipped specs and their checks, as students see them."""

from __future__ import annotations

from docs.made.markdown import code, heading, prose, table
from grader import formatting
from grader.spec import load_spec, shipped_specs


def checks() -> str:
    """A table of all specs, and a section for each: its checks with their points."""
    lines = heading(
        2, "Which spec is mine?", "checks-all"
    )  # before it, Sphinx would move the table to the end
    lines += table(
        ("Spec", "Assignment", "Checks"),
        (
            (f"[{code(name)}](#checks-{name})", prose(spec.title), str(len(spec.checks)))
            for name, spec in ((name, load_spec(name).spec) for name in shipped_specs())
        ),
    )
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
            ("Check", "Points", "Id", "Kind"),
            (
                (
                    prose(check.title) + (" (not with `--quick`)" if check.is_slow else ""),
                    formatting.points(check.points),
                    code(check.id),
                    f"[{code(check.kind)}](#spec-{type(check).__name__.lower()})",
                )
                for check in visible
            ),
        )
    return "\n".join(lines)
