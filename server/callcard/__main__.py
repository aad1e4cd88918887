"""Run the command: `python -m callcard`."""

from callcard.cli.main import main

main()
