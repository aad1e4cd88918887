"""The Finesse sandbox: a server, desktop and gadget container to develop against.

Written from public documentation, without the vendor's code. Where the documentation leaves
something open, a comment says "Assumption".
"""
