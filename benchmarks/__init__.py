"""The grader's own speed: `make bench` measures, prints a table and writes it to benchmarks/results/."""
