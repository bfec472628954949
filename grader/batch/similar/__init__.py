"""Submissions that share more code than independent ones do."""
