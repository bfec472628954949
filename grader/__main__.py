"""`python -m grader`: the command line, for when the `grader` command is not on the path."""

from grader.frontends.cli import main

if __name__ == "__main__":
    main()
