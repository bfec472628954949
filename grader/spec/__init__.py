"""Assignments as instructors write them: a TOML file, read, checked and recognised."""

from grader.spec.load import (
    CODE_FILES,
    FOLDER_SPEC,
    SPEC_FOLDER,
    LoadedSpec,
    Outline,
    Spec,
    find_spec,
    load_spec,
    outlines,
    shipped_specs,
    spec_schema,
)

__all__ = [
    "CODE_FILES",
    "FOLDER_SPEC",
    "SPEC_FOLDER",
    "LoadedSpec",
    "Outline",
    "Spec",
    "find_spec",
    "load_spec",
    "outlines",
    "shipped_specs",
    "spec_schema",
]
