"""Checks of trainers, predictors and classes, and of their accuracy on images."""
