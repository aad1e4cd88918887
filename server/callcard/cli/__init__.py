"""The `callcard` command."""
