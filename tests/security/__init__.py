"""Attacks on the service through its socket; `python -m tests.security` prints the figures."""
