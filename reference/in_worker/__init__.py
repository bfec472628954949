"""Our plain modules that run in a worker: drivers, timed implementations, the reader of saved weights."""
