"""The parts of the site that are made from the grader's own code whenever it is built."""
