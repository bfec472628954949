"""Checks of loss functions: values, gradients, stability, side effects and style."""
