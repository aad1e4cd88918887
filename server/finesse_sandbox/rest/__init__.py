"""The REST API under /finesse/api."""
