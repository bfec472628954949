"""Mistakes in losses and gradients that are known by name."""
