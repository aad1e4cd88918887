"""Finesse's XML as the sandbox writes and reads it: upper camel over HTTP, lower camel in events.

Independent of `callcard.finesse.messages` on purpose, so that client and sandbox check each other.
"""
