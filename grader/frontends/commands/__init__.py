"""The commands of `grader`, one module for each kind. They import what they need when they run."""
