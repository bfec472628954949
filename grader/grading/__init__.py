"""One submission, from its code to its report."""
