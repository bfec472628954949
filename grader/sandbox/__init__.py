"""Runs the student's code in processes of its own and brings back what it did."""
