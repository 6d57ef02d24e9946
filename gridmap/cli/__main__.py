"""``python -m gridmap.cli``: the command line without its script."""

from gridmap.cli import main

main()
