"""The instructor's own words: a due date, a late policy, extensions, overrides, and what they do to the scores."""
