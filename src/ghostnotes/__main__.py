"""`python -m ghostnotes`: the command line, wherever its script is not on the path."""

from ghostnotes.cli import main

main()
