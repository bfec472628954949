"""`python -m grader`: the command line, where the folder of installed commands is not on the path."""

from grader.frontends.cli import main

if __name__ == "__main__":
    main()
