"""Callcard: the caller's record in front of a Cisco Finesse agent before they say hello."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("callcard")
except PackageNotFoundError:  # a checkout that was never installed
    __version__ = "0"
