"""Grades linear classifier assignments without ever running the student's code in the process that judges it."""

__version__ = "0.1.0"
