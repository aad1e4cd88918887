"""Finesse as a client sees it: `messages` speaks its XML and does no I/O, `client` carries the messages."""
