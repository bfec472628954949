"""Where code is taken to run: a plain machine, the branch that runs there, the files that it runs."""
