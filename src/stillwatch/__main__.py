"""`python -m stillwatch` is the command line."""

from stillwatch.cli import main

main()
