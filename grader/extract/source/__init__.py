"""From the text of cells and modules to their top-level statements."""
