"""The values that pass through grading: assignment, trial, observation, verdict, report."""
