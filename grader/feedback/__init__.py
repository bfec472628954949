"""Feedback for students, derived from a report: causes in words, and the page that shows them beside the code."""
