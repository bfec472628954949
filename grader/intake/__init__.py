"""Submissions, single or of a class: read as bytes and never run."""
