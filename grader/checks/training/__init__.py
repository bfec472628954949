"""Checks of trainers, predictors and classes, and of what they reach on images."""
