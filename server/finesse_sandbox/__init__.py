"""The stand-in Finesse: enough of the server, the desktop and the gadget container to develop gadgets and clients against.

It is our own work from public facts, not the vendor's code. Where the facts are uncertain a comment says so.
"""
