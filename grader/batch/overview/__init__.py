"""The instructor's page on a class."""
