"""Runs the student's code in other processes and brings back observations."""
