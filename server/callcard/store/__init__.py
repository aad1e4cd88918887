"""Persistence: `base` is the contract, with one module for each database."""
