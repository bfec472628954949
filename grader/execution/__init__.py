"""Jobs, and the executors that run them: in this process, on several cores, or on other machines."""
