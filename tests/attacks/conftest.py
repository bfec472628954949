collect_ignore = ["submissions", "twins"]  # a student's test_*.py or conftest.py must not run in this process
