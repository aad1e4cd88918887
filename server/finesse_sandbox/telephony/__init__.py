"""Agents, calls and tasks as state machines: no HTTP and no XML."""
