"""Pure functions from reports to the files of other systems, one module for each format."""

from grader.exporters.gradebook import gradebook

__all__ = ["gradebook"]
